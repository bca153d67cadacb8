"""A sweep as lanes of one training: where tasks differ only in their schedule, its arguments or the seed.

The notebook is not run. Its parameters cell must name what is trained: ``schedule`` (a registered name) and,
unless it is ``gpt``, ``task``; parameters that have the name of an argument of the schedule or of the task
are given to it. All schedules of one seed train side by side, on the same batches.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import statistics
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench import schedules
from workbench.sweep import folder as folders
from workbench.sweep import manifest, publish
from workbench.sweep.collected import SEED, Results, results
from workbench.sweep.ledger import Ledger
from workbench.sweep.planning import Plan
from workbench.sweep.progress import duration
from workbench.sweep.task import Task

_TASK, _SCHEDULE, _DEFAULT_TASK = "task", "schedule", "gpt"
_NOT_TRAINED = ("store", "quick")
"""Parameters of a notebook that say where it saves and how short a test is: no training has them."""


@dataclass(frozen=True)
class Lanes:
    """What came of a sweep in lanes.

    Parameters
    ----------
    results : Results
        As of any sweep.
    trained, trainings : int
        How many tasks were trained now, and in how many trainings.
    seconds : float
        What that took.
    each : float, optional
        Median seconds of a task of this notebook that ran as a notebook, where there is one.
    """

    results: Results
    trained: int
    trainings: int
    seconds: float
    each: float | None

    __hash__ = None  # type: ignore[assignment]

    @property
    def words(self) -> str:
        """How much it saves, in a sentence or two."""
        said = f"{self.trained} tasks as {self.trainings} lane trainings in {duration(self.seconds)}"
        if not self.trained:
            return "nothing was left to train"
        if self.each is None:
            return f"{said}; run one task as a notebook to know how much that saves"
        alone = self.each * self.trained
        return (
            f"{said}; one by one as notebooks they would take {duration(alone)} at {self.each:.1f} s each: "
            f"{alone / max(self.seconds, 1e-9):.1f} times as long"
        )


def lanes(
    plan: Plan,
    out: str | os.PathLike[str],
    *,
    device: str = "auto",
    say: Callable[[str], None] = lambda _: None,
) -> Lanes:
    """Train what is left of a plan as lanes, and save the runs as those of a sweep.

    Parameters
    ----------
    plan : Plan
        From `workbench.sweep.plan`; its tasks may differ in ``schedule``, its arguments, and ``seed``.
    out : path or address
        Folder of the sweep.
    device : str
        As of `workbench.train.train`.
    say : callable
        Told of each training.

    Raises
    ------
    ValueError
        For a notebook that does not name a schedule, or tasks that differ in anything else, naming it.

    Notes
    -----
    Losses are those of the same training under the engine; a notebook that does more than train (other
    lengths for tests, its own figures) is not what this runs.
    """
    from workbench import train

    folder = folders.at(out)
    ledger = Ledger(folder)
    made = [(task, *_split(plan, task)) for task in plan.tasks]
    records = ledger.records()
    publish.settle(folder, records)
    note = manifest.write(plan, folder, records, "lanes of one training")
    if note:
        say(note)
    trained = trainings = 0
    begin = time.monotonic()
    left = [one for one in made if one[0].key not in records]
    for key in dict.fromkeys((repr(spec), seed) for _, spec, _, seed in left):
        group = [one for one in left if (repr(one[1]), one[3]) == key]
        built = [schedules.build(recipe) for _, _, recipe, _ in group]
        start = time.monotonic()
        runs = train.train(train.tasks.build(group[0][1]), built, seed=key[1], device=device)
        seconds = (time.monotonic() - start) / len(group)
        for (task, *_), run in zip(group, runs, strict=True):
            _keep(plan, folder, task, run, seconds)
        trained, trainings = trained + len(group), trainings + 1
        say(f"trained {len(group)} lanes, seed {key[1]}, in {duration(time.monotonic() - start)}")
    alone = [r["seconds"] for r in records.values() if r["notebook"] == plan.source.digest and r["output"]]
    each = statistics.median(alone) if alone else None
    return Lanes(results(out), trained, trainings, time.monotonic() - begin, each)


def _split(plan: Plan, task: Task) -> tuple[dict[str, Any], dict[str, Any], int]:
    """What a task trains: the task's spec, the schedule's recipe, and the seed."""
    from workbench import train

    full: dict[str, Any] = {name: one.default for name, one in plan.maker.declared.items()}
    full |= task.parameters
    if plan.search is not None:
        raise ValueError("lanes train side by side, a search tries one after the other: leave --lanes away")
    if _SCHEDULE not in full:
        raise ValueError(f"lanes need a notebook with a parameter 'schedule'; {plan.source.name} has none")
    recipe = {"name": full[_SCHEDULE]}
    wanted = {field.name for field in schedules.get(full[_SCHEDULE]).fields}
    spec = {"name": full.get(_TASK, _DEFAULT_TASK)}
    known = {field.name for field in train.tasks.get(spec["name"]).fields}
    for name, value in full.items():
        if name in (_SCHEDULE, _TASK, SEED):
            continue
        if name in wanted:
            recipe[name] = value
        elif name in known:
            spec[name] = value
        elif name in _NOT_TRAINED and name not in task.parameters:
            continue
        elif name in task.parameters:
            raise ValueError(
                f"lanes can hold a schedule, its arguments, a task and the seed; {name!r} is none of these: "
                "leave --lanes away, and it runs as notebooks"
            )
    return spec, recipe, int(full.get(SEED, 0))


def _keep(plan: Plan, folder: folders.Folder, task: Task, run: Any, seconds: float) -> None:
    """The record and the run of a task that was a lane."""
    made = f"1-{uuid.uuid4().hex[:8]}"
    facts = {"sweep": folder.address.rsplit("/", 1)[-1], "sweep_task": task.key}
    marked = dataclasses.replace(run, facts={**run.facts, **facts})
    record: Mapping[str, Any] = {
        "format": 1,
        "key": task.key,
        "attempt": made,
        "trial": None,
        "parameters": dict(task.parameters),
        "metrics": publish.encoded({"final_loss": run.final_loss}),
        "runs": publish.put(folder, f"{task.key}.{made}", [marked]),
        "seconds": seconds,
        "ended": time.time(),
        "peak_memory": 0.0,
        "notebook": plan.source.digest,
        "code": plan.maker.code,
        "output": "",
        "log": "",
        "host": platform.node(),
        "started": time.time() - seconds,
        "gpu": "",
    }
    if Ledger(folder).finish(record):
        publish.publish(folder, record)
