"""How long a cooldown, and along which curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.design.decision import Decision, Row, decide
from workbench.design.limits import limits, peak_of
from workbench.design.measure import measure_of
from workbench.design.plain import SHAPES, allowed, cooled, tuned
from workbench.fitted import Fit
from workbench.params import Choice, Numbers, Param, choice, numbers_in

_SHARES = Numbers(Param(0, 1, open_low=True), least=1, most=20, increasing=True)
_SHAPE = Choice(SHAPES)


def cooldown(
    fit: Fit | None,
    total: int,
    *,
    peak: float | None = None,
    warmup: float = 0.01,
    floor: float = 0.0,
    slope: float | None = None,
    shares: Sequence[float] = (0.05, 0.1, 0.2, 0.3, 0.5),
    shapes: Sequence[str] = SHAPES,
) -> Decision:
    """The cooldown of WSD that a law predicts to end lowest: its share of the run, and its curve.

    Parameters
    ----------
    fit : Fit or None
        A fitted law, or None for the convex bound.
    total : int
        Updates in the whole run.
    peak, warmup, floor, slope
        As of `optimise`.
    shares : sequence of float
        Shares of `total` to be compared; those that the warmup leaves no room for are left out. To them
        each curve's own best share is added.
    shapes : sequence of str
        Curves to be compared: linear, cosine, square, mirror_cosine, sqrt, and power with the exponent
        that is best for it (1.5 at the given shares).

    Returns
    -------
    Decision
        The best, and a row for each share and shape.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it before a run whose length is known. Differences of neighbouring rows are mostly smaller than
    their intervals: then the shorter cooldown leaves more of the run to be used again.

    References
    ----------
    Hägele et al., 2024, arXiv 2405.18392. Dremov et al., 2025, arXiv 2508.01483.
    """
    measure = measure_of(fit)
    asked = limits(total, peak_of(measure, peak), warmup, floor, slope)
    given = [share for share in numbers_in("shares", shares, _SHARES) if share <= 1 - asked.warmup + 1e-12]
    if isinstance(shapes, str) or not shapes:
        raise ValueError(f"shapes must be a list of one or more of {', '.join(SHAPES)}; got {shapes!r}")
    rows: list[Row] = []
    for shape in (choice("shapes", one, _SHAPE) for one in shapes):
        if not allowed(asked, shape):
            continue
        own = tuned(measure, asked, shape)
        recipe: dict[str, Any] = dict(own.recipe or {})
        rows += [
            ({"shape": shape, "share": share, "tuned": False}, cooled(asked, share, shape)) for share in given
        ]
        rows.append(({"shape": shape, "share": float(recipe["decay"]), "tuned": True}, own))
    if not rows:
        raise ValueError(f"shapes must have one with a limited slope, as slope is given; got {list(shapes)}")
    title = f"Cooldowns of {asked.total:,} updates, peak {asked.peak:.3g}"
    return decide(measure, title, rows, "Best: the shape {shape} over {share:.1%} of the run.")
