"""Cosine with warm restarts (SGDR), in equal or growing cycles. arXiv 1608.03983."""

from itertools import accumulate
from typing import Annotated

from workbench.params import Floor, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import Start, join, steps
from workbench.schedules.parts import warmup as warm

Cycles = Annotated[int, Param(1, 16, help="how many falls from the peak there are")]
Growth = Annotated[
    float, Param(1, 10, slider=(1, 4), help="length of each cycle over that of the one before")
]
Gamma = Annotated[float, Param(0, 1, open_low=True, slider=(0.5, 1), help="peak of each cycle over the last")]
Rewarm = Annotated[
    float, Param(0, 1, unit="of total", slider=(0, 0.02), help="share of total that rises at each restart")
]


def ends(length: int, cycles: int, growth: float) -> list[int]:
    """Where each of the `cycles` ends that fill `length` updates, each `growth` times the one before.

    The ends are rounded and not the lengths, so that none drifts: a cycle ends at the whole step
    nearest to ``length (m**i - 1) / (m**n - 1)``, m the growth and n the cycles.
    """
    sums = list(accumulate(growth**i for i in range(cycles)))
    return [steps(length, each / sums[-1]) for each in sums]


@schedule(title="SGDR (cosine with warm restarts)", paper="1608.03983", family="cyclic")
def sgdr(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.0,
    cycles: Cycles = 3,
    growth: Growth = 2.0,
    gamma: Gamma = 1.0,
    floor: Floor = 0.0,
    rewarm: Rewarm = 0.0,
    start: Start = 0.0,
) -> Schedule:
    """Fall along half a cosine, jump back up, and again in a longer cycle.

    Cycle i has length ``T_i = T_0 growth^i`` and in it
    ``rate = peak * (floor + (gamma^i - floor) (1 + cos(pi t / T_i)) / 2)``, with T_0 such that all
    cycles fill what the warmups leave: ``T_0 (growth^cycles - 1) / (growth - 1)``.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises to `peak`, once at the beginning.
    cycles : int
        Number of cycles; one too short for a single update is left out.
    growth : float
        Length of each cycle over that of the one before: torch's ``T_mult``.
    gamma : float
        Height of each cycle over that of the one before. A cycle never starts below the floor.
    floor : float
        Rate at the end of every cycle as a share of `peak`.
    rewarm : float
        Share of `total` that rises from the floor at each restart; 0 jumps.
    start : float
        Rate of the first update of the warmup as a share of `peak`.

    Raises
    ------
    ValueError
        For an argument outside its range, or warmups that leave no room.

    Notes
    -----
    Use it to have a usable model at the end of every cycle, or members of an ensemble from one run.
    With cycles that double, the run can stop at any of their ends. A popular choice of the paper is a
    first cycle of 10 epochs and a growth of 2.

    References
    ----------
    Loshchilov and Hutter, "SGDR", 2016, arXiv 1608.03983.
    """
    rising, again = steps(total, warmup), steps(total, rewarm)
    left = total - rising - (cycles - 1) * again
    if left < 0:
        raise ValueError(
            f"warmup + (cycles - 1) * rewarm must be at most 1; got {warmup:g} + {cycles - 1} * {rewarm:g}"
        )
    phases = [warm(total, warmup, peak, start=start)]
    before = 0
    for i, end in enumerate(ends(left, cycles, growth)):
        top = max(gamma**i, floor) * peak
        if i and again:
            phases.append(Phase("rewarm", again, floor * peak, top))
        if end > before:
            phases.append(Phase("decay", end - before, top, floor * peak, "cosine"))
        before = end
    return join(*phases)
