"""A schedule refined from the gradient norms of an earlier run. arXiv 2310.07831."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from workbench.curve import Run
from workbench.files import short
from workbench.params import Choice, Numbers, Param, Peak, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule

Array = NDArray[np.float64]

MOST = 20_000
"""Norms that one may give."""
_KNOTS = 4096
"""Updates up to which every rate is kept; of longer runs that many are, joined by straight lines."""
_EXAMPLE = (3.0, 2.0, 1.4, 1.1, 1.0, 1.0, 1.0, 1.05, 1.1, 1.2, 1.4, 1.7)

Norms = Annotated[
    tuple,
    Numbers(Param(0, 1e12, open_low=True), help="gradient norms of an earlier run, in order", most=MOST),
]
Smoothing = Annotated[
    float, Param(0, 1, slider=(0, 0.5), help="width of the median filter, as a share of the norms")
]
Kind = Annotated[str, Choice(("sgd", "adam"), help="how a norm weighs: 1 / norm^2 (sgd) or 1 / norm (adam)")]


@schedule(title="Refined from gradient norms", paper="2310.07831", family="free")
def refined(
    total: Total,
    peak: Peak = 1e-3,
    norms: Norms = _EXAMPLE,
    smoothing: Smoothing = 0.1,
    kind: Kind = "sgd",
) -> Schedule:
    """Give each update a rate by how its gradients weigh, and by how much weight is still to come.

    With G the norms after a median filter, w = 1 / G^2 (sgd) or 1 / G (adam): ``rate_t`` is
    proportional to ``w_t * (w_(t+1) + ... + w_(T-1))``, and the highest is `peak`.

    Parameters
    ----------
    total : int
        Updates in the whole run, at least 2. Where it is not the number of norms, these are read in
        between, on straight lines.
    peak : float
        Highest rate, in the trainer's unit.
    norms : sequence of float
        Norms of the gradient over an earlier run, evenly spaced, up to 20,000: l2 norms for "sgd", l1 for
        "adam". By default an example that falls and rises.
    smoothing : float
        Width of the median filter as a share of the norms, made odd so that it leans to no side.
    kind : str
        "sgd" or "adam".

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it on the norms of a finished run when a second one of the same kind is due. Constant norms give the
    straight line to 0, norms that rise at the end a faster decay, norms that fall at first a warmup. The
    last update has rate 0. The structure is known from the paper, the constants are of medium
    confidence, and no code of its authors was found. Beyond 4,096 updates the curve is kept at 4,096 of
    them, joined by straight lines.

    References
    ----------
    Defazio, Cutkosky, Mehta and Mishchenko, "When, Why and How Much? Adaptive Learning Rate Scheduling by
    Refinement", 2023, arXiv 2310.07831.
    """
    if total < 2:
        raise ValueError(f"total must be at least 2 for a refined schedule; got {total}")
    heights = _refine(_resampled(_filtered(np.array(norms), smoothing), total), kind)
    even = np.linspace(0, total - 1, min(total, _KNOTS)).round().astype(int)
    top = int(np.argmax(heights))
    at = np.unique(np.append(even, top))
    rates = peak * (heights[at] / heights[top])
    args = {"u": (*(at / total).tolist(), 1.0), "rate": (*rates.tolist(), 0.0)}
    return Schedule((Phase("refined", total, float(rates[0]), 0.0, "points", args=args),))


def refined_from_run(
    run: Run,
    total: int | None = None,
    peak: float | None = None,
    smoothing: float = 0.1,
    kind: str = "sgd",
) -> Schedule:
    """The refined schedule of the gradient norms that a run has measured.

    Parameters
    ----------
    run : Run
        With a curve "grad_norm" in its parts. Where its steps are not evenly spaced, the norms are read
        in between, on straight lines.
    total : int, optional
        Updates of the new run; those of the old one where it is not given.
    peak : float, optional
        Its highest rate; that of the old run where it is not given.
    smoothing, kind
        As for `refined`.

    Raises
    ------
    ValueError
        When the run has no gradient norms, or some that are not above 0.
    """
    if not isinstance(run, Run):
        raise ValueError(f"run must be a workbench.Run; got {short(run)}")
    if "grad_norm" not in run.parts:
        have = ", ".join(run.parts) or "none"
        raise ValueError(f"run must have gradient norms, a curve 'grad_norm' in its parts; it has {have}")
    curve = run.parts["grad_norm"]
    if len(curve) < 2 or not np.all(np.isfinite(curve.loss) & (curve.loss > 0)):
        raise ValueError("the curve 'grad_norm' of run must have 2 or more norms, all finite and above 0")
    n = min(len(curve), MOST)
    even = np.linspace(curve.step[0], curve.step[-1], n)
    spaced = n == len(curve) and np.allclose(curve.step, even, rtol=0, atol=1e-6 * float(np.ptp(even)) / n)
    norms = curve.loss if spaced else np.interp(even, curve.step, curve.loss)
    return refined(
        total=len(run.schedule) if total is None else total,
        peak=run.schedule.peak if peak is None else peak,
        norms=norms.tolist(),
        smoothing=smoothing,
        kind=kind,
    )


def _filtered(norms: Array, smoothing: float) -> Array:
    from scipy.ndimage import median_filter

    half = int(smoothing * len(norms) / 2)
    return median_filter(norms, size=2 * half + 1, mode="nearest")


def _resampled(norms: Array, total: int) -> Array:
    """Norms at the middles of `total` equal parts of the run, from those at the middles of its own."""
    middle = (np.arange(total) + 0.5) * len(norms) / total - 0.5
    return norms if total == len(norms) else np.interp(middle, np.arange(len(norms)), norms)


def _refine(norms: Array, kind: str) -> Array:
    """The rates to a factor; the scale of the norms is no matter."""
    weight = norms.min() / norms
    if kind == "sgd":
        weight *= weight
    later = np.cumsum(weight[::-1])[::-1]
    later -= weight
    weight *= later
    if not weight.max() > 0:
        raise ValueError("norms must not differ by more than a factor of 1e150")
    return weight
