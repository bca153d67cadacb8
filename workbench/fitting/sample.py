"""Measured runs made ready for fits: what a law may see of them, all points or a few."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.curve import Run
from workbench.fitted.evaluation import about_run, prepare
from workbench.fitting.problem import Part
from workbench.fitting.weights import given, weigh
from workbench.judge import forks_at, marks, usable
from workbench.laws.quadrature import THETA, Inputs, stack
from workbench.registry import Entry

Array = NDArray[np.float64]
_MOST = 3_000
"""Points of a run that a fit uses, evenly spread: more only say the same again."""
_MOST_MARKS = 100_000
_COARSE = 0.35
"""Chunks of the quadrature where few points serve to compare fits: errors below 1e-4."""


class Sample:
    """The usable points of runs, and their inputs for one law."""

    def __init__(
        self, entry: Entry, runs: Sequence[Run], burn_in: int, weights: Sequence[ArrayLike] | None = None
    ) -> None:
        self.entry, self.runs = entry, list(runs)
        measured = [usable(run, f"run {i}", burn_in) for i, run in enumerate(runs)]
        kept = [np.unique(np.linspace(0, len(step) - 1, _MOST).astype(int)) for step, _ in measured]
        self.step = [step[at] for (step, _), at in zip(measured, kept, strict=True)]
        self.loss = [loss[at] for (_, loss), at in zip(measured, kept, strict=True)]
        self.marks = [marks(step, loss) if len(step) <= _MOST_MARKS else "" for step, loss in measured]
        self.rates = [run.schedule.array() for run in runs]
        self.points = sum(map(len, self.step))
        self.longest = max(len(rates) for rates in self.rates)
        self.names = [str(run.facts.get("name", f"run {i}")) for i, run in enumerate(runs)]
        self._own = None
        if weights is not None:
            rows = given(weights, runs)
            last = [row[-len(step) :] for row, (step, _) in zip(rows, measured, strict=True)]
            self._own = [row[at] for row, at in zip(last, kept, strict=True)]
        self._parts: dict[tuple[int, str, int], Part] = {}
        self._inputs: dict[tuple[int, int], Inputs] = {}
        self._stacks: dict[tuple[int, ...], Inputs] = {}

    def parts(self, kind: str, every: int = 1) -> list[Part]:
        """Each run's points, of every so-manieth one counted from its last."""
        return [self._part(i, kind, every) for i in range(len(self.runs))]

    def stack(self, parts: Sequence[Part]) -> Inputs:
        """The inputs of several of the parts as one, made once for the same parts."""
        key = tuple(id(part.x) for part in parts)
        if key not in self._stacks:
            self._stacks[key] = stack([part.x for part in parts]) if len(parts) > 1 else parts[0].x
        return self._stacks[key]

    def fork(self, run: int, others: Sequence[int]) -> int:
        """First step at which a run's schedule is that of none of the others any more."""
        return max((forks_at(self.rates[run], self.rates[j]) for j in others), default=0)

    def _part(self, run: int, kind: str, every: int) -> Part:
        key = (run, kind, every)
        if key not in self._parts:
            step = self.step[run]
            chosen = np.arange((len(step) - 1) % every, len(step), every)
            step = step[chosen]
            weight = weigh(kind, step) if self._own is None else self._own[run][chosen]
            if (run, every) not in self._inputs:
                theta = THETA if every == 1 else _COARSE
                about = about_run(self.runs[run])
                self._inputs[run, every] = prepare(self.rates[run], step, about, theta)
            y = np.log(self.loss[run][chosen])
            self._parts[key] = Part(self._inputs[run, every], y, weight, step, run)
        return self._parts[key]
