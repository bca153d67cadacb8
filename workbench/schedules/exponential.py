"""Exponential decay: the same factor at every step."""

from typing import Annotated

from workbench.params import Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps
from workbench.schedules.parts import warmup as warm

Last = Annotated[
    float, Param(1e-12, 1, unit="of peak", log=True, slider=(1e-6, 1), help="last rate as a share of peak")
]


@schedule(title="Exponential", family="decay")
def exponential(total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.0, floor: Last = 0.01) -> Schedule:
    """Fall by the same factor at every step, to a floor at the end.

    ``rate = peak * floor^x``, x = (t - W) / (total - W), which is ``peak * gamma^(t - W)`` with
    ``gamma = floor^(1 / (total - W))``.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    floor : float
        Rate at the end as a share of `peak`, greater than 0. A factor gamma per step, as torch's
        ``ExponentialLR`` takes it, is ``floor = gamma^(total - W)``.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it when the scale of the right rate is unknown: every factor of 10 between peak and floor gets an
    equal share of the run. Little of it is spent near the peak.
    """
    left = total - steps(total, warmup)
    decay = Phase("decay", left, peak, floor * peak, "exp", args={"ratio": floor}) if left else None
    return join(warm(total, warmup, peak), decay)
