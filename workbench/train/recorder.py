"""Events become runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.curve import Curve, Run
from workbench.schedule import Schedule
from workbench.train.event import Event
from workbench.train.lane import Task, plain


@dataclass
class Recorder:
    """Collects the events of one training; `runs` may be asked for at any moment.

    Parameters
    ----------
    task : Task
        What is trained.
    schedules : sequence of Schedule
        The lanes, in order.
    seed : int
        Seed of the training, kept in the facts.
    """

    task: Task
    schedules: Sequence[Schedule]
    seed: int = 0
    _events: dict[int, list[Event]] = field(default_factory=dict, init=False)

    def add(self, event: Event) -> None:
        """Take in one event."""
        self._events.setdefault(event.lane, []).append(event)

    def runs(self) -> list[Run]:
        """One run for each schedule, in order; the status of a lane that has not ended is "stopped"."""
        return [self._run(lane, schedule) for lane, schedule in enumerate(self.schedules)]

    def _run(self, lane: int, schedule: Schedule) -> Run:
        events = self._events.get(lane, [])
        last = events[-1] if events else Event(lane, 0, len(schedule))
        parts = {name: _joined(events, name) for event in events for name in event.curves}
        return Run(
            schedule=schedule,
            curve=parts.pop("loss", Curve(np.empty(0), np.empty(0))),
            task=plain(self.task),
            facts={
                **last.facts,
                "seed": self.seed,
                "status": "stopped" if last.status == "running" else last.status,
                "updates": last.step,
            },
            parts=parts,
        )


def _joined(events: Sequence[Event], name: str) -> Curve:
    curves = [event.curves[name] for event in events if name in event.curves]
    return Curve(np.concatenate([c.step for c in curves]), np.concatenate([c.loss for c in curves]))
