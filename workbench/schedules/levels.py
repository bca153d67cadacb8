"""What stepwise schedules share: constant levels between milestones, under a warmup."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import steps


def levels(
    total: int, peak: float, warmup: float, milestones: Sequence[float], factors: Sequence[float]
) -> Schedule:
    """``min(1, t / W) * peak * (product of the factors whose milestone is at most t)``.

    `milestones` are shares of `total`, and increase. A milestone inside the warmup cuts that too, as
    trainers have it that multiply both.
    """
    rising = steps(total, warmup)
    edges = [0, *(steps(total, each) for each in milestones), total]
    phases: list[Phase] = []
    height = peak
    for level, (start, stop) in enumerate(pairwise(edges)):
        height *= factors[level - 1] if level else 1
        turn = min(max(rising, start), stop)
        if turn > start:
            phases.append(Phase("warmup", turn - start, 0.0, height, span=rising, first=start))
        if stop > turn:
            phases.append(Phase(f"level {level + 1}", stop - turn, height, height))
    return Schedule(tuple(phases))
