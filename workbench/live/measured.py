"""What came in of runs, made ready to be believed: averages over stretches, and how far they scatter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.curve import Run
from workbench.judge import forks_at, usable
from workbench.live.kinship import Lane

Array = NDArray[np.float64]
Steps = NDArray[np.intp]

_MOST = 128
"""Points of a run that are looked at, the last ones among them."""
_STRETCHES = 12
_LATE = (1, 2, 3, 4, 6, 8, 12, 16, 24)
"""Points before the end at which a stretch begins, beside the even ones."""
_IN_ALL = 400
"""Stretches of all runs: the answer takes the cube of them."""
_FEWEST = 8
"""Second differences that tell how far points scatter; with fewer, half of the fit's error is scatter."""
_NORMAL = 1.4826
"""Standard deviation of a normal over the median of its size."""


@dataclass(frozen=True, eq=False)
class Part:
    """Points of one run that no run before it has: steps (n,), log losses (n,), and where stretches begin."""

    lane: int
    step: Steps
    y: Array
    starts: Steps

    def mean(self, values: Array) -> Array:
        """Average of values (n, ...) over each stretch."""
        counts = np.diff([*self.starts, len(self.step)])
        return np.add.reduceat(values, self.starts, axis=0) / counts.reshape(-1, *[1] * (values.ndim - 1))

    @property
    def middle(self) -> Steps:
        """Step that stands for each stretch: the mean of the logarithms."""
        return np.round(np.exp(self.mean(np.log(self.step + 1.0))) - 1).astype(np.intp)

    @property
    def counts(self) -> Steps:
        """Points of each stretch."""
        return np.diff([*self.starts, len(self.step)])


def parts_of(runs: Sequence[Run], lanes: Sequence[Lane], burn_in: int) -> tuple[list[Part], list[str]]:
    """What each run adds, and sentences about runs that add nothing though they could."""
    parts, said, few = [], [], _IN_ALL // max(1, len(runs))
    seen: list[tuple[int, Steps, Array]] = []
    for i, run in enumerate(runs):
        name = str(run.facts.get("name", f"run {i}"))
        if run.facts.get("status") == "diverged":
            said.append(f"{name} has diverged and is left out: no law describes it.")
            continue
        if not _begun(run, burn_in, lanes[i]):
            continue
        if not np.all(np.isfinite(run.curve.loss) & (run.curve.loss > 0)):
            said.append(f"{name} has a loss that is not finite and positive and is left out.")
            continue
        step, loss = usable(run, name, burn_in)
        if step[-1] >= len(lanes[i].rates):
            raise ValueError(
                f"{name} must have no point beyond its schedule of {len(lanes[i].rates):,} updates; "
                f"got one at step {step[-1]:,}"
            )
        new = np.ones(len(step), dtype=bool)
        for j, there, values in seen:
            # A point of the trunk is one measurement, however many lanes come from it.
            if lanes[j].seed == lanes[i].seed:
                fork = forks_at(lanes[i].rates, lanes[j].rates)
                at = np.minimum(np.searchsorted(there, step), len(there) - 1)
                new &= ~((step < fork) & (there[at] == step) & (values[at] == loss))
        seen.append((i, step, loss))
        if new.any():
            parts.append(_part(i, lanes[i], step[new], np.log(loss[new]), few))
    return parts, said


def scatter(parts: Sequence[Part], residuals: Sequence[Array], spread: float) -> float:
    """Standard deviation of one measured log loss: by how far it is from a line through its neighbours.

    Parameters
    ----------
    parts : sequence of Part
        What was measured.
    residuals : sequence of array
        Log residuals of each part, which are smoother than the losses.
    spread : float
        Error of the fit on left-out curves, for parts with hardly a point.
    """
    found = []
    for part, residual in zip(parts, residuals, strict=True):
        if len(residual) > 2:
            x = np.log(part.step + 1.0)
            share = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
            off = residual[1:-1] - (1 - share) * residual[:-2] - share * residual[2:]
            found.append(off / np.sqrt(1 + share**2 + (1 - share) ** 2))
    off = np.concatenate([*found, np.empty(0)])
    return _NORMAL * float(np.median(np.abs(off))) if len(off) >= _FEWEST else spread / 2


def _begun(run: Run, burn_in: int, lane: Lane) -> bool:
    return bool(len(run.curve)) and run.curve.step[-1] >= max(burn_in, lane.start)


def _part(number: int, lane: Lane, step: Steps, y: Array, few: int) -> Part:
    at = np.unique(np.linspace(len(step) - 1, 0, _MOST).round().astype(np.intp))
    step, y = step[at], y[at]
    way, even = lane.way[step], min(_STRETCHES, max(2, few // 2))
    edges = np.searchsorted(way, np.linspace(way[0], way[-1], even + 1)[:-1])
    # What comes next depends on the last points most: they stand for themselves.
    last = [back for back in _LATE[: max(2, few - even)] if back < len(step)]
    return Part(number, step, y, np.unique([*edges, *(len(step) - back for back in last)]))
