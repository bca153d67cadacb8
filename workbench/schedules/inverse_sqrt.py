"""Inverse square root decay after a warmup, the schedule of the first transformer. arXiv 1706.03762."""

from typing import Annotated

from workbench.params import Param, Peak, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps
from workbench.schedules.parts import warmup as rise

Rise = Annotated[
    float,
    Param(
        0,
        1,
        open_low=True,
        unit="of total",
        slider=(0.001, 0.5),
        help="share of total that rises; also the timescale of the fall",
    ),
]


@schedule(title="Inverse square root", paper="1706.03762", family="decay")
def inverse_sqrt(total: Total, peak: Peak = 1e-3, warmup: Rise = 0.1) -> Schedule:
    """Rise to the peak, then fall as one over the root of the step.

    ``rate = peak * min(t / W, sqrt(W / t))``, W = warmup * total, at least one step.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`, which is also the timescale of the fall.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it when the length is open: what comes later never changes what was. It needs a cooldown
    (``.then``) to be competitive at its end.

    References
    ----------
    Vaswani et al., "Attention Is All You Need", 2017, arXiv 1706.03762.
    """
    rising = max(1, steps(total, warmup))
    left = total - rising
    if not left:
        return join(rise(total, 1.0, peak))
    alpha = left / rising
    end = peak * (1 + alpha) ** -0.5
    fall = Phase("decay", left, peak, end, "inverse_power", args={"alpha": alpha, "p": 0.5})
    return join(Phase("warmup", rising, 0.0, peak), fall)
