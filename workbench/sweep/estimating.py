"""How long a sweep will take, from what its tasks have taken here or in the folders beside."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

from workbench.sweep import folder as folders
from workbench.sweep.ledger import Ledger, failures
from workbench.sweep.planning import Plan
from workbench.sweep.progress import duration

_ENOUGH = 200
_KERNEL = 1.0
"""Seconds that no task with a cold kernel stays below: what starting and ending one takes."""


@dataclass(frozen=True)
class Estimate:
    """What a start would do.

    Parameters
    ----------
    total, done, failed : int
        Tasks in all, finished, and with a failure on record.
    each : float, optional
        Median seconds of the tasks that it is taken from; None where no task of this notebook has finished.
    seen : int
        How many tasks that is taken from.
    seconds : float
        Of the whole start; a lower bound where `each` is None.
    """

    total: int
    done: int
    failed: int
    each: float | None
    seen: int
    seconds: float

    @property
    def words(self) -> str:
        """All of it in a sentence or two."""
        left = self.total - self.done
        said = f"{self.total} tasks, {self.done} done, {left} to run"
        if self.failed:
            said += f" ({self.failed} have failed before)"
        if not left:
            return said
        if self.each is None:
            return (
                f"{said}; time unknown until a task has finished, at least {duration(self.seconds)} "
                "for the kernels alone"
            )
        return (
            f"{said}; about {duration(self.seconds)} at {duration(self.each)} a task (median of {self.seen})"
        )


def estimate(plan: Plan, out: str, at_once: int = 1) -> Estimate:
    """What a start of `plan` in `out` would do, with `at_once` tasks at a time."""
    folder = folders.at(out)
    ledger = Ledger(folder)
    records, tries = ledger.records(), ledger.tries()
    now = (plan.source.digest, plan.maker.code)
    ours = [key for key, r in records.items() if (r["notebook"], r["code"]) == now]
    # Which tasks a search will come to is not known; what it has come to is.
    keys = [task.key for task in plan.tasks] if plan.search is None else ours
    done = sum(key in records for key in keys)
    failed = sum(key not in records and bool(failures(tries.get(key, []))) for key in keys)
    seen = [r["seconds"] for r in records.values() if r["notebook"] == plan.source.digest]
    if not seen and folder.local:
        seen = _beside(folder.local, plan.source.digest)
    each = statistics.median(seen) if seen else None
    left = max(0, len(plan) - done)
    rounds = -(-left // max(1, at_once))
    return Estimate(len(plan), done, failed, each, len(seen), rounds * (_KERNEL if each is None else each))


def _beside(path: Path, digest: str) -> list[float]:
    """Seconds of tasks of the same notebook in other sweeps of the same parent folder."""
    found: list[float] = []
    for other in sorted(path.parent.glob("*/sweep.json")):
        if len(found) < _ENOUGH and other.parent != path:
            records = Ledger(folders.at(other.parent)).records()
            found += [r["seconds"] for r in records.values() if r["notebook"] == digest]
    return found
