"""Many schedules in one training, as a generator of progress."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from typing import Any

from workbench.curve import Run
from workbench.files import short
from workbench.params import number
from workbench.plan import Plan
from workbench.schedule import Schedule
from workbench.train.asked import AT_ONCE, Asked
from workbench.train.control import Control
from workbench.train.device import choose
from workbench.train.event import Event
from workbench.train.keeper import Start
from workbench.train.lanes import lanes_of, plans_of, seeds_of
from workbench.train.optimizers import check
from workbench.train.optimizers.value import Optimizer
from workbench.train.probes.value import Probe
from workbench.train.problem import Problem, Task
from workbench.train.recorder import Recorder
from workbench.train.snapshots import Snapshots
from workbench.train.task import is_task
from workbench.train.training import Training
from workbench.train.tree import Tree, grow


def plan(schedules: Iterable[Schedule | Plan], seed: int | Sequence[int] = 0, *, share: bool = True) -> Tree:
    """What a training of `schedules` will share, and what it will cost, before anything is trained.

    Parameters
    ----------
    schedules, seed, share
        As in `events`.

    Returns
    -------
    Tree
        Printed, it is a sentence; in a notebook, a drawing over steps.
    """
    return grow(lanes_of(schedules, seed), share=share)


def events(
    task: Task,
    schedules: Iterable[Schedule | Plan],
    seed: int | Sequence[int] = 0,
    device: str = "auto",
    *,
    optimizer: Optimizer | None = None,
    probes: Sequence[Probe] = (),
    share: bool = True,
    deterministic: bool = False,
    at_once: int | None = None,
    snapshots: Snapshots | str | os.PathLike[str] | None = None,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Train `task` with every schedule at once and tell of the progress.

    Parameters
    ----------
    task : Task
        What to train, from `workbench.train.tasks`.
    schedules : iterable of Schedule or Plan
        One lane each; they may differ in length.
    seed : int or sequence of int
        Seed of initial weights, batches and noise. With several, each schedule is trained with each
        seed: lanes are then ordered by schedule first, by seed second.
    device : str
        "auto", "cpu", "cuda" or "cuda:1".
    optimizer : Optimizer, optional
        From `workbench.train.optimizers`; the task's own unless given.
    probes : sequence of Probe
        From `workbench.train.probes`: what to look at on the way.
    share : bool
        Whether lanes that agree so far are one lane until they part.
    deterministic : bool
        Train one lane at a time with deterministic algorithms: each lane is then, to the bit, what it
        would be alone.
    at_once : int, optional
        Most lanes of one batched model; chosen by task and device unless given.
    snapshots : Snapshots, str or Path, optional
        Where states are kept. A folder that holds the same training is gone on from; see `resume`.
    control : Control, optional
        What is asked of it while it goes on: to hold lanes, copy them, or end them.

    Yields
    ------
    Event
        About ten a second of every lane, fewer where telling of many lanes would take more than 2 % of the
        time, and one when a lane ends. A lane that diverges ends there and leaves the others alone.

    Raises
    ------
    ValueError
        At the call, for an argument that cannot be used.

    Notes
    -----
    Lanes of one seed see the same batches, so that their differences are the schedules'. What is batched
    together changes the last bits of a float32 result, and nothing else; on a CPU one lane is the same
    to the bit each time. ``close()`` between two events ends the training.
    """
    asked = ask(
        task,
        schedules,
        seed,
        optimizer=optimizer,
        probes=probes,
        share=share,
        deterministic=deterministic,
        at_once=at_once,
    )
    return launch(asked, device, snapshots, control=control)


def ask(
    task: Task,
    schedules: Iterable[Schedule | Plan],
    seed: int | Sequence[int] = 0,
    *,
    optimizer: Optimizer | None = None,
    probes: Sequence[Probe] = (),
    share: bool = True,
    deterministic: bool = False,
    at_once: int | None = None,
) -> Asked:
    """The arguments of `events` that decide what comes out, checked."""
    if not is_task(task):
        raise ValueError(f"task must be one of workbench.train.tasks, such as tasks.gpt(); got {task!r}")
    optimizer = task.optimizer if optimizer is None else optimizer
    if not _has(optimizer, "open", "to_dict"):
        raise ValueError(
            "optimizer must be one of workbench.train.optimizers, such as optimizers.AdamW(); "
            f"got {short(optimizer)}"
        )
    wrong = [each for each in probes if not _has(each, "due", "measure")] if _several(probes) else [probes]
    if wrong:
        raise ValueError(
            "probes must be several of workbench.train.probes, such as [probes.Updates()]; "
            f"got {short(wrong[0])}"
        )
    plans = plans_of(schedules)
    for quantities in {tuple(plan.quantities) for plan in plans}:
        check.planned(optimizer, quantities)
    if at_once is not None:
        at_once = int(number("at_once", at_once, AT_ONCE, integer=True))
    return Asked(
        task,
        tuple(plans),
        tuple(seeds_of(seed)),
        optimizer,
        tuple(probes),
        bool(share),
        bool(deterministic),
        1 if deterministic else at_once,
    )


def launch(
    asked: Asked,
    device: str = "auto",
    snapshots: Snapshots | str | os.PathLike[str] | None = None,
    start: Start | None = None,
    control: Control | None = None,
    problem: Problem | None = None,
) -> Generator[Event, None, None]:
    """The events of what was asked: from its first step or `start`, or going on from snapshots.

    A `problem` that was made ready already, of the same task and device, is not made again.
    """
    where = choose(device, asked.task.devices)
    keeper = snapshots if snapshots is None or isinstance(snapshots, Snapshots) else Snapshots(snapshots)
    problem = asked.task.problem(where) if problem is None else problem
    if keeper is not None:
        asked = keeper.open(asked, problem.at_once if asked.at_once is None else asked.at_once)
    training = Training(
        asked.task,
        problem,
        asked.optimizer,
        asked.lanes,
        asked.tree,
        probes=asked.probes,
        at_once=asked.at_once,
        deterministic=asked.deterministic,
        keeper=keeper,
        start=start,
        about={} if asked.parent is None else {"parent": dict(asked.parent)},
        control=control,
    )
    return training.events()


def train(
    task: Task,
    schedules: Iterable[Schedule | Plan],
    seed: int | Sequence[int] = 0,
    device: str = "auto",
    *,
    snapshots: Snapshots | str | os.PathLike[str] | None = None,
    **options: Any,
) -> list[Run]:
    """Train `task` with every schedule; the runs come in the order of the lanes.

    The arguments are those of `events`.
    """
    asked = ask(task, schedules, seed, **options)
    return record(asked, launch(asked, device, snapshots))


def record(asked: Asked, progress: Generator[Event, None, None]) -> list[Run]:
    """The runs of a training, in the order of its lanes."""
    recorder = Recorder(asked.task, asked.plans, asked.seeds)
    for event in progress:
        recorder.add(event)
    return recorder.runs()


def _has(value: object, *names: str) -> bool:
    """Whether it is a value with such methods, and not the class of such values."""
    return not isinstance(value, type) and all(callable(getattr(value, name, None)) for name in names)


def _several(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str)
