"""How much each limit of an optimum matters: one is changed at a time, and the best is looked for again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.design import optimise
from workbench.design.measure import measure_of
from workbench.fitted import Fit
from workbench.params import known
from workbench.views.table import Table

CHANGES: Mapping[str, Sequence[Any]] = {
    "warmup": (0.005, 0.02, 0.05, 0.1),
    "floor": (0.0, 0.05, 0.1, 0.3),
    "slope": (2.0, 5.0, 20.0, None),
    "phases": (1, 2, 3, None),
}
"""Values that are tried for each limit, the one that was asked for left out."""


def sensitivity(
    fit: Fit | None,
    total: int,
    *,
    peak: float | None = None,
    changes: Mapping[str, Sequence[Any]] | None = None,
    **limits: Any,
) -> Table:
    """What the best schedule loses or wins when one of its limits is another.

    Parameters
    ----------
    fit : Fit or None
        A fitted law, or None for the convex bound.
    total, peak
        As of `workbench.optimise`.
    changes : mapping of limit to values, optional
        What is tried; `CHANGES` where it is not given.
    **limits
        warmup, floor, slope and phases that were asked for.

    Returns
    -------
    Table
        A row for what was asked and for each change: the predicted loss, and by how much it is higher
        than as asked, with the paired 90 % interval.

    Raises
    ------
    ValueError
        For a limit that there is not, or a value outside its range.

    Notes
    -----
    Use it to see which limits are worth arguing about. A change whose interval includes 0 cannot be told
    from none.
    """
    measure, tried = measure_of(fit), CHANGES if changes is None else changes
    known(tuple(CHANGES), (*tried, *limits), "sensitivity")
    asked = optimise(fit, total, peak=peak, **limits)
    now = {name: getattr(asked.limits, name) for name in CHANGES}
    loss = "loss" if fit is not None else "bound"
    rows: list[dict[str, Any]] = [
        {"limit": "as asked", "value": "", loss: asked.final, "higher by": 0.0, "low": 0.0, "high": 0.0}
    ]
    for name, values in tried.items():
        for value in values:
            if value == now[name]:
                continue
            other = optimise(fit, total, peak=peak, **{**limits, name: value})
            gain = measure.gain(asked.schedule, other.schedule, name)
            rows.append(
                {
                    "limit": name,
                    "value": "free" if value is None else f"{value:g}",
                    loss: other.final,
                    "higher by": gain.mean,
                    "low": gain.low,
                    "high": gain.high,
                }
            )
    told = ", ".join(f"{name} {'free' if value is None else f'{value:g}'}" for name, value in now.items())
    title = f"One limit changed at a time, by {measure.title}; as asked: {told}"
    return Table(title, tuple(rows))
