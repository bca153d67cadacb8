"""An earlier run goes another way from some step on, any day later."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from typing import overload

from workbench.curve import Curve, Run
from workbench.params import Param, number
from workbench.plan import Plan
from workbench.schedule import Schedule
from workbench.train.asked import Asked
from workbench.train.control import Control
from workbench.train.due import Due
from workbench.train.engine import launch, record
from workbench.train.event import Event
from workbench.train.keeper import Start
from workbench.train.lanes import plans_of
from workbench.train.log import joined
from workbench.train.snapshots import Snapshots, saved
from workbench.train.snapshots.header import Header
from workbench.train.snapshots.kept import Kept, Source, opened


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
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """The progress of `branch`; arguments as there, `control` as of `workbench.train.events`."""
    asked, start = _leave(source, step, schedules, lane)
    return launch(asked, device, snapshots, start, control)


def _leave(source: Source, step: int, schedules: object, lane: int | None) -> tuple[Asked, Start]:
    """What is asked of a branch, and the state that it begins from."""
    kept = opened(source, lane)
    folder, asked, lane = kept
    plan, seed = asked.lanes[lane].plan, asked.lanes[lane].seed
    step = int(number("step", step, Param(1, len(plan)), integer=True))
    plans = tuple(plan.until(step).then(each) for each in plans_of(schedules))

    begin, start = nearest(kept, step)
    parent = {"folder": str(folder), "lane": lane, "step": step}
    return replace(asked, plans=plans, seeds=(seed,), begin=begin, parent=parent), start


def nearest(kept: Kept, step: int) -> tuple[int, Start]:
    """The nearest state of a lane at or before `step`: its step, and it with its points from the beginning.

    Raises
    ------
    ValueError
        When no sound snapshot is early enough.
    """

    def state(headers: Sequence[Header], before: Sequence[int], node: int, header: Header) -> Start:
        return _start(kept.asked, headers, before, kept.lane, node, header)

    return kept.near(step, state)


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
