"""UBA, a family with one parameter from late to early decay. arXiv 2505.24452."""

from typing import Annotated

from workbench.params import Floor, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps
from workbench.schedules.parts import warmup as warm

Early = Annotated[
    float,
    Param(0, 1e6, open_low=True, log=True, slider=(0.25, 10), help="how early it falls; 2 is a cosine"),
]


@schedule(title="UBA (unified budget-aware)", paper="2505.24452", family="decay")
def uba(
    total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.0, phi: Early = 1.0, floor: Floor = 0.0
) -> Schedule:
    """Fall along a bent half cosine, late or early by one parameter.

    ``rate = peak * (floor + (1 - floor) 2 c / (2 phi + (2 - phi) c))`` with ``c = 1 + cos(pi x)``,
    x = (t - W) / (total - W).

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    phi : float
        How early it falls: 2 is exactly the half cosine, less holds longer. Values between 0.25 and 10
        are in use (low confidence); which one suits which optimizer was not found.
    floor : float
        Rate at the end as a share of `peak`.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it to ask how early a decay should begin with everything else alike: one slider leads from nearly
    constant to nearly at once. The paper links a larger phi to a worse conditioned problem. Its formula
    is written from memory of the paper and checked by its properties, not against its code.

    References
    ----------
    Tang et al., "Stepsize anything: A unified learning rate schedule for budgeted-iteration training",
    2025, arXiv 2505.24452.
    """
    left = total - steps(total, warmup)
    decay = Phase("decay", left, peak, floor * peak, "uba", args={"phi": phi}) if left else None
    return join(warm(total, warmup, peak), decay)
