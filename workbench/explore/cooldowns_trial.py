"""One forked training of a small task: its lanes and cost before it begins, means over seeds after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.curve import Run
from workbench.explore import cooldowns_theory as theory
from workbench.explore.cooldowns_lanes import BEFORE
from workbench.fitted import Fit
from workbench.params import Param, known, number
from workbench.plan import Plan
from workbench.schedule import Schedule
from workbench.views.table import Table

Array = NDArray[np.float64]

_SURE = 0.95


class Small(NamedTuple):
    """A task of a size that a CPU trains while one waits, and how: its first values on a page.

    `cosine_peaks` are those that cosines are tuned over, times `peak`; `quick` has the updates and seeds of a
    training that only shows that all works.
    """

    title: str
    total: int
    peak: float
    adam_peak: float
    warmup: float
    seeds: int
    cosine_peaks: tuple[float, ...]
    quick: tuple[int, int]


TASKS: Mapping[str, Small] = {
    "bigram": Small("River-valley bigram (seconds)", 2000, 60.0, 3e-2, 0.0, 8, (1.0, 2.0, 4.0), (200, 2)),
    "gpt": Small("Small GPT (minutes)", 600, 5e-3, 5e-3, 0.05, 3, (0.5, 1.0, 2.0), (20, 2)),
}
"""What can be trained here, the first being the default."""


@dataclass(frozen=True)
class Trial:
    """Lanes of one task, and seeds.

    Parameters
    ----------
    name : str
        One of `TASKS`.
    lanes : mapping of name to Schedule or Plan
        What is compared.
    seeds : int
        How many seeds, from 0 on; an interval needs two.
    adam : bool
        Train with AdamW also the task whose own optimizer is another; plans of beta2 need it.
    against : str
        Lane that the others are compared with.
    law : Fit, optional
        What says each loss before the training; the bigram's closed form where it is not given.

    Raises
    ------
    ValueError
        For an unknown task or lane, or a number of seeds outside its range.
    """

    name: str
    lanes: Mapping[str, Schedule | Plan]
    seeds: int = 8
    adam: bool = False
    against: str = ""
    law: Fit | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        known(list(TASKS), [self.name], "the trial's tasks")
        number("seeds", self.seeds, Param(1, 1000), integer=True)
        if not self.lanes:
            raise ValueError("lanes must be one or more schedules; got none")
        if self.against:
            known(list(self.lanes), [self.against], "the trial's lanes")

    @property
    def task(self) -> Any:
        """The task, of `workbench.train.tasks`."""
        from workbench.train import tasks

        # In float64 a mean over seeds has the same digits on every machine.
        return tasks.gpt() if self.name == "gpt" else tasks.bigram(precision="float64", measurements=40)

    @property
    def optimizer(self) -> Any:
        """AdamW where it is asked for and not the task's own, else None."""
        from workbench.train import optimizers

        if self.adam and self.name != "gpt":
            return optimizers.AdamW(beta2=BEFORE, weight_decay=0.0)
        return None

    @cached_property
    def said(self) -> dict[str, float]:
        """Final loss of every lane before it is trained; empty where nothing says it."""
        plain = {name: lane for name, lane in self.lanes.items() if isinstance(lane, Schedule)}
        if self.law is None and (self.name != "bigram" or self.adam):
            return {}
        return theory.said(self.task, plain, self.law)

    @cached_property
    def tree(self) -> Any:
        """What the lanes share, as `workbench.train.plan` says it: its cost is known before it begins."""
        from workbench import train

        return train.plan(list(self.lanes.values()), seed=list(range(self.seeds)))

    def measure(self) -> Measured:
        """Train everything, and wait for it."""
        from workbench import train

        runs = train.train(
            self.task, list(self.lanes.values()), seed=list(range(self.seeds)), optimizer=self.optimizer
        )
        rows = [runs[i : i + self.seeds] for i in range(0, len(runs), self.seeds)]
        return Measured(self, dict(zip(self.lanes, rows, strict=True)))


@dataclass(frozen=True)
class Measured:
    """What a trial has measured.

    Parameters
    ----------
    trial : Trial
        What was asked.
    runs : mapping of lane to runs
        One for each seed that has ended.
    """

    trial: Trial
    runs: Mapping[str, Sequence[Run]]

    @property
    def whole(self) -> bool:
        """Whether every lane has ended with every seed."""
        lanes = self.trial.lanes
        return all(len(self.runs.get(lane, ())) == self.trial.seeds for lane in lanes)

    def losses(self, lane: str, part: str = "") -> Array:
        """Final losses of a lane, or of one of its parts such as "hill", by seed."""
        curves = [run.parts[part] if part else run.curve for run in self.runs[lane]]
        return np.array([curve.loss[-1] if len(curve) else np.nan for curve in curves])

    def difference(self, lane: str) -> Interval:
        """Mean of a lane's final loss less that of the one compared with, seed by seed.

        Lanes of one seed see the same batches: their difference is the schedules'.
        """
        a = {run.facts.get("seed"): run.final_loss for run in self.runs[lane]}
        b = {run.facts.get("seed"): run.final_loss for run in self.runs.get(self.trial.against, ())}
        return interval(np.array([a[seed] - b[seed] for seed in a if seed in b]))

    def table(self) -> Table:
        """A row for each lane, the lowest loss first."""
        trial, rows = self.trial, []
        for lane in trial.lanes:
            if not self.runs.get(lane):
                continue
            all_, gain = interval(self.losses(lane)), self.difference(lane)
            row: dict[str, Any] = {"lane": lane, "loss": all_.mean, "low": all_.low, "high": all_.high}
            if trial.against:
                row[f"to {trial.against}"] = gain.mean
                row |= {"from": gain.low, "till": gain.high}
            if all("hill" in run.parts for run in self.runs[lane]):
                row["river"] = float(self.losses(lane, "river").mean())
                row["hill"] = float(self.losses(lane, "hill").mean())
            if lane in trial.said:
                row["said before"] = trial.said[lane]
            rows.append(row)
        rows.sort(key=lambda row: row["loss"])
        total = {len(each) for each in trial.lanes.values()}
        count = max((len(runs) for runs in self.runs.values()), default=0)
        notes = [f"means over {count} seeds; low, high: 95 % interval of the mean (Student's t)"]
        if trial.against:
            notes.append(f"to {trial.against}, from, till: paired by seed, below 0 is better")
        if any("hill" in row for row in rows):
            notes.append(
                "river: what certain tokens cost, hill: what uncertain ones do; they sum to the loss"
            )
        if trial.said:
            by = "the closed form of the noisy quadratic" if trial.law is None else f"the law {trial.law.law}"
            notes.append(f"said before: by {by}")
        title = f"{TASKS[trial.name].title.split(' (')[0]}, {max(total):,} updates: final loss"
        return Table(title, tuple(rows), tuple(notes))


class Interval(NamedTuple):
    """A mean and its 95 % interval, NaN where there is one value."""

    mean: float
    low: float
    high: float


def interval(values: Array) -> Interval:
    """``mean +- t s / sqrt(n)``, t of Student's distribution with n - 1 degrees of freedom."""
    from scipy.stats import t

    if not len(values):
        return Interval(np.nan, np.nan, np.nan)
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, np.nan, np.nan)
    half = float(t.ppf((1 + _SURE) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return Interval(mean, mean - half, mean + half)
