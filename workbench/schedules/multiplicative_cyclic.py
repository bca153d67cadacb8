"""One run, many budgets: cycles that grow by a factor, each an anneal. arXiv 2206.00832."""

from itertools import pairwise
from typing import Annotated

from workbench.params import Choice, Floor, Param, Peak, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps
from workbench.schedules.sgdr import Growth, ends

Cycles = Annotated[int, Param(1, 12, help="how many budgets one run serves")]
Rise = Annotated[
    float, Param(0, 1, unit="of each cycle", slider=(0, 0.3), help="share of each cycle that rises to peak")
]
Curve = Annotated[str, Choice(("linear", "cosine"), help="curve of the falls")]


@schedule(title="Multiplicative cyclic", paper="2206.00832", family="cyclic")
def multiplicative_cyclic(
    total: Total,
    peak: Peak = 1e-3,
    cycles: Cycles = 4,
    growth: Growth = 2.0,
    warmup: Rise = 0.05,
    shape: Curve = "linear",
    floor: Floor = 0.0,
) -> Schedule:
    """Anneal again and again, in cycles of which each is a fixed factor longer.

    Cycle i lasts ``T_0 growth^i`` and ends at ``T_0 (growth^(i + 1) - 1) / (growth - 1)``; in it the rate
    rises from the floor to the peak in its first `warmup` share and falls back to it along `shape`.

    Parameters
    ----------
    total : int
        Updates in the whole run, the end of the last cycle.
    peak : float
        Highest rate, in the trainer's unit.
    cycles : int
        Number of cycles; one too short for a single update is left out.
    growth : float
        Length of each cycle over that of the one before.
    warmup : float
        Share of each cycle that rises; 0 jumps.
    shape : str
        "linear" or "cosine".
    floor : float
        Rate at the ends of every cycle as a share of `peak`.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it to draw a whole curve of quality against budget from one run: evaluate at the end of every
    cycle. That cycles double and are annealed to zero after a short rise is medium confidence; the
    lengths of the paper's rises were not found.

    References
    ----------
    Portes, Blalock, Stephenson and Frankle, "Fast Benchmarking of Accuracy vs. Training Time with Cyclic
    Learning Rates", 2022, arXiv 2206.00832.
    """
    phases, low = [], floor * peak
    for start, stop in pairwise((0, *ends(total, cycles, growth))):
        rising = steps(stop - start, warmup)
        falling = stop - start - rising
        phases += [
            Phase("warmup", rising, low, peak) if rising else None,
            Phase("decay", falling, peak, low, shape) if falling else None,
        ]
    return join(*phases)
