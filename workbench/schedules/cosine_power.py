"""Cosine power annealing, between a cosine and an exponential. arXiv 1903.09900."""

from typing import Annotated

from workbench.params import Floor, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps
from workbench.schedules.parts import warmup as warm

Order = Annotated[float, Param(1, 1e12, log=True, slider=(1, 1000), help="order; 1 is the half cosine")]


@schedule(title="Cosine power annealing", paper="1903.09900", family="decay")
def cosine_power(
    total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.0, p: Order = 10.0, floor: Floor = 0.0
) -> Schedule:
    """Fall along a power of base p of the half cosine: sooner than a cosine, later than an exponential.

    ``rate = peak * (floor + (1 - floor) (p^c - 1) / (p - 1))`` with ``c = (1 + cos(pi x)) / 2``,
    x = (t - W) / (total - W).

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    p : float
        Order: 1 is the half cosine, more falls sooner. The paper has 10, and 2 for CIFAR-10.
    floor : float
        Rate at the end as a share of `peak`.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it where a cosine stays high for too long. The paper's code counts epochs from 1 and divides by
    the value at the first, so that its first epoch has the peak; here update 0 has it.

    References
    ----------
    Hundt, Jain and Hager, "sharpDARTS", 2019, arXiv 1903.09900.
    """
    left = total - steps(total, warmup)
    decay = Phase("decay", left, peak, floor * peak, "cosine_power", args={"p": p}) if left else None
    return join(warm(total, warmup, peak), decay)
