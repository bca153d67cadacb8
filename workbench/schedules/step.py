"""Step decay: equal drops at equal distances."""

from typing import Annotated

from workbench.params import Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Schedule
from workbench.schedules.levels import levels

Drops = Annotated[int, Param(1, 20, slider=(1, 10), help="how often it drops")]
Gamma = Annotated[float, Param(0, 1, help="factor of every drop")]


@schedule(title="Step", family="step")
def step(
    total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.0, drops: Drops = 2, gamma: Gamma = 0.1
) -> Schedule:
    """Hold the rate and multiply it by a factor at equal distances.

    ``rate = min(1, t / W) * peak * gamma^floor(t (drops + 1) / total)``, with ends of levels at whole steps.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0.
    drops : int
        How often it drops; the run has one level more. torch's ``step_size`` is ``total / (drops + 1)``.
    gamma : float
        Factor of every drop.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it to repeat older work on images, or to see in one run what each drop is worth: the loss falls at
    once after a drop and then stalls.
    """
    shares = [k / (drops + 1) for k in range(1, drops + 1)]
    return levels(total, peak, warmup, shares, [gamma] * drops)
