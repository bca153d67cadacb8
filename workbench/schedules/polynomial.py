"""Polynomial decay, the "poly" policy of Caffe and of semantic segmentation. arXiv 1606.00915."""

from typing import Annotated

from workbench.params import Floor, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps
from workbench.schedules.parts import warmup as warm

Power = Annotated[float, Param(0, 100, open_low=True, slider=(0.25, 4), help="exponent; 1 is a line")]


@schedule(title="Polynomial", paper="1606.00915", family="decay")
def polynomial(
    total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.0, power: Power = 0.9, floor: Floor = 0.0
) -> Schedule:
    """Fall along a power of what is left of the run.

    ``rate = peak * (floor + (1 - floor) (1 - x)^power)``, x = (t - W) / (total - W).

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    power : float
        Exponent: 1 is a straight line, 0.9 the habit of segmentation, 2 falls early.
    floor : float
        Rate at the end as a share of `peak`; transformers' ``lr_end`` is ``floor * peak`` here.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it to ask how a decay to zero should bend: powers above 1 fall early and land softly, powers
    below 1 hold on and drop. `pytorch_optimizer`'s ``PolyScheduler`` is something else: it grows.

    References
    ----------
    Chen et al., "DeepLab", 2016, arXiv 1606.00915.
    """
    left = total - steps(total, warmup)
    decay = Phase("decay", left, peak, floor * peak, "power", args={"p": power}) if left else None
    return join(warm(total, warmup, peak), decay)
