"""How alike the errors of a law are at two points of runs: the less they have gone alike, the less.

A law that is too high now is too high in a while, and in a branch that has just left: its error changes
along a run with the logarithm of the step, and when the rate moves. Two runs share it up to where their
schedules part; so the distance of two points is the way between them on a tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from workbench.judge import forks_at
from workbench.laws import changes

Array = NDArray[np.float64]
Steps = NDArray[np.intp]

# Among the best of 64 choices for the last losses of the public 100M curves, cut at a quarter, a half, three
# quarters and nine tenths, by a fit of three other curves; all else they have been tested on, not chosen.
TURN = 2.0
"""A rate that goes once over its whole range counts like so many factors of e in the step."""
LENGTH = 0.5
"""Distance over which all but 1/e of what is not common is forgotten."""
COMMON = 0.1
"""Share of the variance that all points of all runs have in common: another seed, machine or text."""


@dataclass(frozen=True, eq=False)
class Lane:
    """A schedule on its way.

    Parameters
    ----------
    rates : array, shape (total,)
        Of the whole schedule.
    seed : int or None
        Lanes of two seeds have nothing but the common part alike; None is a seed of its own.
    start : int
        First step that the law describes.
    """

    rates: Array
    seed: object
    start: int

    @cached_property
    def way(self) -> Array:
        """How far each step is along the run, shape (total,)."""
        moved = np.abs(np.diff(self.rates, prepend=self.rates[0]))
        moved[: changes.rise_end(self.rates) + 1] = 0.0
        steps = np.log(np.arange(1.0, len(self.rates) + 1))
        return steps + TURN / float(self.rates.max()) * np.cumsum(moved)

    def parts(self, other: Lane) -> int:
        """First step at which it is not `other` any more, their common length where it never is."""
        if other is self:
            return len(self.rates)
        return 0 if self.seed != other.seed else forks_at(self.rates, other.rates)


@dataclass(frozen=True, eq=False)
class Sites:
    """Points on lanes.

    Parameters
    ----------
    lanes : sequence of Lane
        All of them.
    lane : array of int, shape (n,)
        Which of them each point is on.
    step : array of int, shape (n,)
        Where.
    """

    lanes: Sequence[Lane]
    lane: Steps
    step: Steps

    @cached_property
    def way(self) -> Array:
        """How far along its lane each point is, shape (n,)."""
        way = np.empty(len(self.step))
        for i, lane in enumerate(self.lanes):
            here = self.lane == i
            way[here] = lane.way[self.step[here]]
        return way

    def alike(self, other: Sites) -> Array:
        """Correlation of the law's errors at these points (n,) with those at others (m,), shape (n, m)."""
        shared = np.empty((len(self.lanes), len(other.lanes)))
        fork = np.empty_like(shared)
        for i, one in enumerate(self.lanes):
            for j, two in enumerate(other.lanes):
                at = one.parts(two)
                last = min(max(at - 1, one.start, two.start), len(one.rates) - 1, len(two.rates) - 1)
                shared[i, j], fork[i, j] = at, min(one.way[last], two.way[last])
        pair = self.lane[:, None], other.lane[None, :]
        together = np.minimum(self.step[:, None], other.step[None, :]) < shared[pair]
        here, there, fork = self.way[:, None], other.way[None, :], fork[pair]
        apart = np.where(together, np.abs(here - there), np.abs(here - fork) + np.abs(there - fork))
        return COMMON + (1 - COMMON) * np.exp(-apart / LENGTH)
