"""A constant rate, optionally after a linear warmup."""

from workbench.params import Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps
from workbench.schedules.parts import warmup as rise


@schedule(title="Constant", family="constant")
def constant(total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.0) -> Schedule:
    """Hold one rate to the end.

    ``rate = peak * t / W`` for t < W, then ``peak``, with W = warmup * total.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        The rate that is held, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it as the trunk of WSD, from which a decay can branch at any step, or as the baseline that
    shows what decay is worth.
    """
    left = total - steps(total, warmup)
    return join(rise(total, warmup, peak), Phase("stable", left, peak, peak) if left else None)
