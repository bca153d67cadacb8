"""REX, the reflected exponential: it holds high and drops late. arXiv 2107.04197."""

from typing import Annotated

from workbench.params import Floor, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps
from workbench.schedules.parts import warmup as warm

Late = Annotated[
    float, Param(0, 0.999, slider=(0, 0.95), help="how late it falls: 0 is a straight line, 1/2 is REX")
]


@schedule(title="REX", paper="2107.04197", family="decay")
def rex(total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.0, d: Late = 0.5, floor: Floor = 0.0) -> Schedule:
    """Fall slowly at first and fast at the end, along the reflected exponential.

    ``rate = peak * (floor + (1 - floor) (1 - x) / ((1 - d) + d (1 - x)))``, x = (t - W) / (total - W);
    with d = 1/2 that is ``(1 - x) / (1 - x / 2)``.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`; the paper has none.
    d : float
        How late it falls. The paper has 1/2; other values, such as the 0.9 of some code that is called
        REX too, are other curves.
    floor : float
        Rate at the end as a share of `peak`.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it for fixed budgets, short ones above all: it has nothing to tune but the peak, and the paper finds
    it good at high and low budgets alike. It lies above the straight line and ends as that does, at 0.

    References
    ----------
    Chen, Wolfe and Kyrillidis, "REX: Revisiting Budgeted Training", 2021, arXiv 2107.04197.
    """
    left = total - steps(total, warmup)
    decay = Phase("decay", left, peak, floor * peak, "rex", args={"d": d}) if left else None
    return join(warm(total, warmup, peak), decay)
