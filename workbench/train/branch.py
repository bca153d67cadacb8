"""An earlier run goes another way from some step on, any day later."""

from __future__ import annotations

import os
import warnings
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import overload

from workbench.curve import Curve, Run
from workbench.files import short
from workbench.params import Param, number
from workbench.plan import Plan
from workbench.schedule import Schedule
from workbench.train.asked import Asked
from workbench.train.due import Due
from workbench.train.engine import launch, record
from workbench.train.event import Event
from workbench.train.keeper import Start
from workbench.train.lanes import plans_of
from workbench.train.log import joined
from workbench.train.seating import Seating
from workbench.train.snapshots import Snapshots, about, saved
from workbench.train.snapshots.header import Header
from workbench.train.snapshots.snapshots import sound
from workbench.train.task import plain

Source = Run | str | os.PathLike[str]


@overload
def branch(
    source: Source,
    step: int,
    schedules: Schedule | Plan,
    device: str = "auto",
    *,
    lane: int | None = None,
    snapshots: Snapshots | str | os.PathLike[str] | None = None,
) -> Run: ...
@overload
def branch(
    source: Source,
    step: int,
    schedules: Iterable[Schedule | Plan],
    device: str = "auto",
    *,
    lane: int | None = None,
    snapshots: Snapshots | str | os.PathLike[str] | None = None,
) -> list[Run]: ...
def branch(
    source: Source,
    step: int,
    schedules: Schedule | Plan | Iterable[Schedule | Plan],
    device: str = "auto",
    *,
    lane: int | None = None,
    snapshots: Snapshots | str | os.PathLike[str] | None = None,
) -> Run | list[Run]:
    """Train an earlier run's first `step` updates and then another schedule, from what was kept of it.

    Parameters
    ----------
    source : Run, str or Path
        A run that was trained with `snapshots`, or the folder of such a training.
    step : int
        Updates that both have in common; the first rate of a schedule is used at update `step`.
    schedules : Schedule, Plan, or several
        What follows. Several are trained as lanes; where the run had a plan, each must be one.
    device : str
        As of `workbench.train.events`.
    lane : int, optional
        Which lane of a folder, 0 unless given; a run knows its own.
    snapshots : Snapshots, str or Path, optional
        Where states of the branch are kept, in a folder of its own.

    Returns
    -------
    Run or list of Run
        One for each schedule: its schedule is the whole, ``run.schedule.until(step).then(schedule)``, and
        its points begin with those of the run. The fact "parent" says what it left, where.

    Raises
    ------
    ValueError
        When the folder is gone or holds another training, no sound snapshot is early enough, or `step` is
        outside the run.

    Notes
    -----
    It begins at the nearest snapshot at or before `step`, repeats what lies between, and trains task,
    seed and optimizer of the run. One lane at a time (``deterministic=True`` of the run) it is, on a CPU,
    to the bit the same schedule trained whole.
    """
    one = isinstance(schedules, Schedule | Plan)
    asked, start = _leave(source, step, [schedules] if one else schedules, lane)
    runs = record(asked, launch(asked, device, snapshots, start))
    return runs[0] if one else runs


def branch_events(
    source: Source,
    step: int,
    schedules: Iterable[Schedule | Plan],
    device: str = "auto",
    *,
    lane: int | None = None,
    snapshots: Snapshots | str | os.PathLike[str] | None = None,
) -> Generator[Event, None, None]:
    """The progress of `branch`; arguments as there."""
    asked, start = _leave(source, step, schedules, lane)
    return launch(asked, device, snapshots, start)


def _leave(source: Source, step: int, schedules: object, lane: int | None) -> tuple[Asked, Start]:
    """What is asked of a branch, and the state that it begins from."""
    folder, lane = _place(source, lane)
    asked = about.read(folder)
    lanes = asked.lanes
    lane = int(number("lane", lane, Param(0, len(lanes) - 1), integer=True))
    plan, seed = lanes[lane].plan, lanes[lane].seed
    if isinstance(source, Run) and (
        source.schedule != plan.learning_rate or dict(source.task) != dict(plain(asked.task))
    ):
        raise ValueError(f"source must be a run of the training in {folder}; another one is there now")
    step = int(number("step", step, Param(1, len(plan)), integer=True))
    plans = tuple(plan.until(step).then(each) for each in plans_of(schedules))
    begin, start = _near(folder, asked, lane, step)
    parent = {"folder": str(folder), "lane": lane, "step": step}
    return replace(asked, plans=plans, seeds=(seed,), begin=begin, parent=parent), start


def _place(source: Source, lane: int | None) -> tuple[Path, int]:
    if not isinstance(source, Run):
        if not isinstance(source, str | os.PathLike) or not os.fspath(source):
            raise ValueError(f"source must be a Run or a folder of snapshots; got {short(source)}")
        return Path(source).expanduser().absolute(), 0 if lane is None else lane
    folder, own = source.facts.get("snapshots"), source.facts.get("lane")
    if not isinstance(folder, str) or isinstance(own, bool) or not isinstance(own, int):
        raise ValueError("source must be a run that was trained with snapshots=...; this one was not")
    if not Path(folder).is_dir():
        raise ValueError(f"the run's folder {folder} must be there; give the one it is in now, lane={own}")
    return Path(folder), own if lane is None else lane


def _near(folder: Path, asked: Asked, lane: int, step: int) -> tuple[int, Start]:
    """The nearest sound snapshot of a lane at or before `step`: its step, and what is in it."""
    seating = Seating(asked.tree, [each.plan.array() for each in asked.lanes])
    headers, path = sound(folder, about.mark(asked), seating), asked.tree.paths[lane]
    kept = [(header.step, node, header) for header in headers for node in path if node in header.rows]
    for begin, node, header in sorted(kept, key=lambda each: each[:2], reverse=True):
        if begin <= step:
            try:
                return begin, _start(asked, headers, path[: path.index(node)], lane, node, header)
            except ValueError as error:
                warnings.warn(f"{error}; an earlier one is used", stacklevel=5)
    later = [begin for begin, *_ in kept if begin > step]
    said = f"the earliest sound one is at step {min(later)}" if later else "there is no sound one"
    raise ValueError(f"step must be at or after a kept snapshot of lane {lane}, and {said}; got {step}")


def _start(
    asked: Asked, headers: Sequence[Header], before: Sequence[int], lane: int, node: int, header: Header
) -> Start:
    """State of a lane in a snapshot, with its points from the beginning on."""
    snapshot = saved.read(header, [node])
    parts, seconds = [], snapshot.seconds[node]
    for earlier in before:
        stop = asked.tree.nodes[earlier].stop
        ends = [each for each in headers if earlier in each.party and each.step == stop]
        if not ends:
            raise ValueError(f"{header.path} has lost what was measured before step {stop}")
        parts.append(saved.read(ends[0], ()).curves[earlier])
        seconds += ends[0].seconds[earlier]
    due = Due(asked.task.measurements, asked.probes, [len(each.plan) for each in asked.lanes])
    curves: dict[str, list[Curve]] = {}
    for part in [*parts, snapshot.curves[node]]:
        for name, curve in part.items():
            curves.setdefault(name, []).append(due.own(lane, name, curve, asked.begin))
    return Start(snapshot.rows[node], joined(curves), seconds)
