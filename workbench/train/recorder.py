"""Events become runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from workbench.curve import Curve, Run
from workbench.plan import Plan
from workbench.schedule import Schedule
from workbench.train.event import Event
from workbench.train.lanes import Lane, lanes_of
from workbench.train.log import joined
from workbench.train.problem import Task
from workbench.train.task import plain


class Recorder:
    """Collects the events of one training; `runs` may be asked for at any moment.

    Parameters
    ----------
    task : Task
        What is trained.
    schedules, seed
        As given to `workbench.train.events`.
    """

    def __init__(
        self, task: Task, schedules: Iterable[Schedule | Plan], seed: int | Sequence[int] = 0
    ) -> None:
        self.task = task
        self.lanes = lanes_of(schedules, seed)
        self._curves: list[dict[str, list[Curve]]] = [{} for _ in self.lanes]
        self._last: dict[int, Event] = {}

    def add(self, event: Event) -> None:
        """Take in one event."""
        self._last[event.lane] = event
        for name, curve in event.curves.items():
            self._curves[event.lane].setdefault(name, []).append(curve)

    def runs(self) -> list[Run]:
        """One run for each lane, in order; the status of a lane that has not ended is "stopped"."""
        return [self._run(i, lane) for i, lane in enumerate(self.lanes)]

    def _run(self, i: int, lane: Lane) -> Run:
        last = self._last.get(i, Event(i, 0, len(lane.plan)))
        parts = joined(self._curves[i])
        # A training of days has a piece for every event of it.
        self._curves[i] = {name: [curve] for name, curve in parts.items()}
        facts: dict[str, Any] = {
            **last.facts,
            "seed": lane.seed,
            "status": "stopped" if last.status == "running" else last.status,
            "updates": last.step,
        }
        if len(lane.plan.quantities) > 1:
            facts["plan"] = lane.plan.to_dict()
        return Run(
            schedule=lane.plan.learning_rate,
            curve=parts.pop("loss", Curve(np.empty(0), np.empty(0))),
            task=plain(self.task),
            facts=facts,
            parts=parts,
        )
