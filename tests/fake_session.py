"""A session without a training: lanes grow when a test says so, on the test's own thread."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from workbench.curve import Curve, Run


@dataclass(frozen=True)
class Branch:
    """As `workbench.live.Branch`."""

    key: str
    name: str
    schedule: Any
    seed: int = 0
    parent: str | None = None
    left: int = 0
    step: int = 0
    status: str = "running"
    curves: dict = field(default_factory=dict)
    facts: dict = field(default_factory=dict)
    group: str = ""


class Progress(NamedTuple):
    """As `workbench.live.Progress`."""

    done: int
    total: int
    updates_per_second: float | None = 34.0
    tokens_per_second: float | None = None
    seconds_left: float | None = 12.0
    memory: int | None = 640_000_000


def loss(schedule, seed, step):
    """A loss that depends on schedule and seed."""
    return 2 + 3 / np.sqrt(1 + step) + 0.01 * seed + 10 * schedule(np.minimum(step, len(schedule) - 1))


class FakeSession:
    """Lanes by key; `grow` trains some updates of every running lane."""

    def __init__(self) -> None:
        self.branches: tuple[Branch, ...] = ()
        self.binned: tuple[Branch, ...] = ()
        self.state, self.error, self.speed, self.unfinished = "idle", "", None, ()
        self.calls: list[tuple[Any, ...]] = []
        self._listeners: list[Any] = []
        self._log: list[tuple[str, dict[str, Curve]]] = []

    @property
    def progress(self):
        return Progress(sum(b.step for b in self.branches), sum(len(b.schedule) for b in self.branches))

    def branch_of(self, key):
        return next(branch for branch in self.branches if branch.key == key)

    def put(self, key, **changed):
        self.branches = tuple(replace(b, **changed) if b.key == key else b for b in self.branches)

    def add(self, schedule, seed=0, *, parent=None, left=0, group="", name=""):
        key = str(len(self.branches) + 1)
        facts = {"batch_tokens": 64}
        curves = {"loss": Curve([], [])}
        self.branches += (
            Branch(
                key,
                name or f"lane {key}",
                schedule,
                seed,
                parent,
                left,
                left,
                "running",
                curves,
                facts,
                group or key,
            ),
        )
        self.state = "running"
        return key

    def grow(self, updates=10, keys=()):
        for branch in self.branches:
            if branch.status != "running" or (keys and branch.key not in keys):
                continue
            stop = min(branch.step + updates, len(branch.schedule))
            steps = np.arange(branch.step, stop, dtype=float)
            new = Curve(steps, loss(branch.schedule, branch.seed, steps))
            old = branch.curves["loss"]
            both = Curve(np.append(old.step, new.step), np.append(old.loss, new.loss))
            status = "finished" if stop == len(branch.schedule) else "running"
            self.put(branch.key, step=stop, curves={"loss": both}, status=status)
            self._log.append((branch.key, {"loss": new}))
        if all(branch.status != "running" for branch in self.branches):
            self.state = "idle"
        self.tell()

    def news(self, since):
        return len(self._log), self._log[since:]

    def listen(self, call):
        self._listeners.append(call)
        return lambda: self._listeners.remove(call)

    def tell(self):
        for call in list(self._listeners):
            call()

    def pause(self):
        self.state = "paused"
        self.calls.append(("pause",))

    def go_on(self, *keys):
        self.state = "running"
        self.calls.append(("go_on", *keys))

    def advance(self, updates=1):
        self.calls.append(("advance", updates))

    def stop(self, *keys):
        self.calls.append(("stop", *keys))
        for branch in self.branches:
            if branch.status == "running" and (not keys or branch.key in keys):
                self.put(branch.key, status="stopped")
        self.state = "idle"

    def fork(self, key, step, schedule, name=None):
        parent = self.branch_of(key)
        return self.add(parent.schedule.until(step).then(schedule), parent=key, left=step, name=name or "")

    def change(self, key, schedule):
        branch = self.branch_of(key)
        self.put(key, schedule=branch.schedule.until(branch.step).then(schedule.after(branch.step)))
        return branch.step

    def rename(self, key, name):
        if not name or any(b.name == name for b in self.branches):
            raise ValueError(f"name must be new and not empty; got {name!r}")
        self.put(key, name=name)

    def drop(self, key):
        self.binned += (self.branch_of(key),)
        self.branches = tuple(branch for branch in self.branches if branch.key != key)

    def restore(self, key):
        self.branches += tuple(branch for branch in self.binned if branch.key == key)
        self.binned = tuple(branch for branch in self.binned if branch.key != key)

    def run(self, key):
        branch = self.branch_of(key)
        facts = {"seed": branch.seed, "status": branch.status, "updates": branch.step}
        return Run(branch.schedule, branch.curves["loss"], {}, facts)
