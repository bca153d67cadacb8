"""Several schedules train side by side, as a generator of progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

import numpy as np
import torch

from workbench.curve import Curve, Run
from workbench.params import Param, number
from workbench.schedule import Schedule
from workbench.train.device import choose
from workbench.train.event import Event
from workbench.train.lane import Lane, Task, is_task
from workbench.train.recorder import Recorder

SLICE = 0.1
"""Seconds that a lane works before it reports, and another takes its turn."""

SEED = Param(0, 2**32 - 1, help="seed of initial weights, batches and noise")


def events(
    task: Task, schedules: Iterable[Schedule], seed: int = 0, device: str = "auto"
) -> Generator[Event, None, None]:
    """Train `task` once with each schedule and tell of the progress.

    Parameters
    ----------
    task : Task
        What to train, from `workbench.train.tasks`.
    schedules : iterable of Schedule
        One lane each; they may differ in length.
    seed : int
        Seed of initial weights, batches and noise, the same for all lanes.
    device : str
        "auto", "cpu", "cuda" or "cuda:1".

    Yields
    ------
    Event
        About ten a second over all lanes, and one when a lane ends. A lane that diverges ends there
        and leaves the others alone.

    Raises
    ------
    ValueError
        At the call, for an argument that cannot be used.

    Notes
    -----
    Lanes take turns, the one with the fewest updates first. Every lane sees the same batches, and
    its result does not depend on the others; on a CPU it is the same to the bit each time.
    ``close()`` between two events ends the training.
    """
    lanes = _schedules(schedules)
    if not is_task(task):
        raise ValueError(f"task must be one of workbench.train.tasks, such as tasks.gpt(); got {task!r}")
    seed = int(number("seed", seed, SEED, integer=True))
    where = choose(device, task.devices)
    return _progress(task.start(seed, where), lanes, str(where))


def train(task: Task, schedules: Iterable[Schedule], seed: int = 0, device: str = "auto") -> list[Run]:
    """Train `task` once with each schedule; the runs come in the order of the schedules.

    The arguments are those of `events`.
    """
    lanes = _schedules(schedules)
    progress = events(task, lanes, seed, device)
    recorder = Recorder(task, lanes, seed)
    for event in progress:
        recorder.add(event)
    return recorder.runs()


def _schedules(schedules: Any) -> list[Schedule]:
    if isinstance(schedules, Schedule) or not isinstance(schedules, Iterable):
        raise ValueError(f"schedules must be a list of one or more Schedule values; got {schedules!r}")
    lanes = list(schedules)
    wrong = [lane for lane in lanes if not isinstance(lane, Schedule)]
    if wrong or not lanes:
        raise ValueError(
            f"schedules must be a list of one or more Schedule values; got {wrong[0] if wrong else lanes!r}"
        )
    return lanes


def _progress(
    start: Callable[[int], Lane], schedules: Sequence[Schedule], device: str
) -> Generator[Event, None, None]:
    seats: dict[int, _Seat] = {i: _Seat(i, schedule, device) for i, schedule in enumerate(schedules)}
    while seats:
        seat = min(seats.values(), key=lambda seat: seat.done)
        event = seat.work(start)
        if event.status != "running":
            # Its model is freed with it.
            del seats[seat.index]
        yield event


class _Seat:
    """A lane with its schedule, clock and place in the line."""

    def __init__(self, index: int, schedule: Schedule, device: str) -> None:
        self.index = index
        self.rates = schedule.array()
        self.device = device
        self.done = 0
        self.seconds = 0.0
        self.lane: Lane | None = None

    def work(self, start: Callable[[int], Lane]) -> Event:
        """Go on for a slice of time, at least one update."""
        began = time.perf_counter()
        total = len(self.rates)
        if self.lane is None:
            self.lane = start(total)
        while True:
            self.lane.step(self.done, float(self.rates[self.done]))
            self.done += 1
            if self.done == total or time.perf_counter() - began >= SLICE:
                break
        curves = self.lane.take()
        self.seconds += time.perf_counter() - began
        bad = _first_bad(curves, self.lane.ceiling)
        if bad is not None:
            self.done = bad + 1
            curves = {name: _up_to(curve, bad) for name, curve in curves.items()}
        status = "diverged" if bad is not None else "finished" if self.done == total else "running"
        return Event(self.index, self.done, total, curves, status, self._facts(self.lane))

    def _facts(self, lane: Lane) -> dict[str, Any]:
        return {
            "device": self.device,
            "seconds": self.seconds,
            "tokens_per_second": self.done * lane.tokens / max(self.seconds, 1e-9),
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            **lane.facts,
        }


def _first_bad(curves: dict[str, Curve], ceiling: float) -> int | None:
    # Written so that NaN counts as bad.
    bad = [curve.step[~(curve.loss <= ceiling)] for curve in curves.values()]
    steps = np.concatenate(bad) if bad else np.empty(0)
    return int(steps.min()) if len(steps) else None


def _up_to(curve: Curve, bad: int) -> Curve:
    # The step that showed the divergence belongs to what was measured, where it is a number.
    keep = (curve.step <= bad) & np.isfinite(curve.loss)
    return Curve(curve.step[keep], curve.loss[keep])
