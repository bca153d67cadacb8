"""The 30-60-90 step schedule of ImageNet recipes. arXiv 2107.04197."""

from workbench.params import Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Schedule
from workbench.schedules.levels import levels
from workbench.schedules.step import Gamma


@schedule(title="30-60-90", paper="2107.04197", family="step")
def thirty_sixty_ninety(
    total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.0, gamma: Gamma = 0.1
) -> Schedule:
    """Drop to a tenth after 30, 60 and 90 % of the run.

    ``rate = min(1, t / W) * peak * gamma^n``, n how many of 0.3, 0.6, 0.9 are at most ``t / total``.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0.
    gamma : float
        Factor of every drop.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it as the baseline of image classification. The shares are the REX paper's reading; recipes of 90
    or 100 epochs mean epochs 30, 60 and 90, which `multi_step` can say.

    References
    ----------
    Chen, Wolfe and Kyrillidis, "REX: Revisiting Budgeted Training", 2021, arXiv 2107.04197.
    """
    return levels(total, peak, warmup, (0.3, 0.6, 0.9), (gamma,) * 3)
