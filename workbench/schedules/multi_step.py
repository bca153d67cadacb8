"""Multi-step decay: drops at given shares of the run."""

from typing import Annotated

from workbench.params import Numbers, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Schedule
from workbench.schedules.levels import levels
from workbench.schedules.step import Gamma

Milestones = Annotated[
    tuple,
    Numbers(Param(0, 1, unit="of total"), help="shares of total at which it drops", increasing=True),
]
Factors = Annotated[tuple, Numbers(Param(0, 1), help="factor of each drop; gamma where it has none", least=0)]


@schedule(title="Multi-step", family="step")
def multi_step(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.0,
    milestones: Milestones = (0.5, 0.75),
    gamma: Gamma = 0.1,
    factors: Factors = (),
) -> Schedule:
    """Hold the rate and multiply it by a factor at each milestone.

    ``rate = min(1, t / W) * peak * gamma^n``, n the number of milestones at or before update t; with
    `factors`, the product of the first n of them.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0.
    milestones : sequence of float
        Shares of `total` at which it drops, increasing, 1 to 12.
    gamma : float
        Factor of every drop.
    factors : sequence of float
        Factor of each drop, in order; a drop for which the list has none takes `gamma`.

    Raises
    ------
    ValueError
        For an argument outside its range, or more factors than milestones.

    Notes
    -----
    Use it to repeat a recipe with known milestones, in shares of the run so that it keeps its shape at
    another length. A milestone inside the warmup drops there too, as in trainers that multiply both.
    """
    if len(factors) > len(milestones):
        raise ValueError(
            f"factors must be at most as many as milestones, {len(milestones)}; got {len(factors)}"
        )
    rest = [gamma] * (len(milestones) - len(factors))
    return levels(total, peak, warmup, milestones, [*factors, *rest])
