"""What a session is asked to do, as changes of its state; each is called between two turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.files import short
from workbench.live import naming
from workbench.live.branch import GOING, HELD
from workbench.live.entry import Entry, Segment
from workbench.live.journal import place
from workbench.live.state import State, Wish
from workbench.params import Param, number
from workbench.plan import Plan
from workbench.schedule import Schedule

if TYPE_CHECKING:
    from workbench.train.asked import Asked

_POINTS = 20
"""States to branch from in a training, unless told otherwise."""
_STEPS = Param(1, 1e9, help="updates between two kept states")


def asked(task: Any, schedules: Any, seeds: Any, optimizer: Any, probes: Any) -> Asked:
    """The arguments of a start, checked."""
    from workbench.train.engine import ask

    return ask(task, schedules, seeds, optimizer=optimizer, probes=probes)


def every(asked: Asked, steps: int | None) -> int:
    """Updates between two kept states."""
    if steps is None:
        return max(1, max(map(len, asked.plans)) // _POINTS)
    return int(number("every_steps", steps, _STEPS, integer=True))


def start(state: State, asked: Asked, names: Sequence[str] | None, every: int, device: str) -> list[str]:
    """Add roots, one for each lane, and wish for their training."""
    from workbench.train.device import choose
    from workbench.train.snapshots import about

    choose(device, asked.task.devices)
    called = naming.given(names, asked.plans, asked.seeds, {entry.name for entry in state.entries.values()})
    record = state.record
    training = record.training + 1
    about.write(place(state.folder, training), asked)
    record.training, origin = training, str(training)
    # The schedules of a tree are those of its branches.
    bare = replace(asked, plans=(asked.plans[0].until(1),), seeds=(0,))
    record.origins[origin] = {"asked": bare.to_dict(), "every_steps": every, "device": device}
    keys = []
    for lane, (one, name) in enumerate(zip(asked.lanes, called, strict=True)):
        record.key += 1
        key = str(record.key)
        first = keys[lane - lane % len(asked.seeds)] if lane % len(asked.seeds) else key
        segments = [Segment(training, lane)]
        record.entries[key] = Entry(key, name, one.plan, one.seed, origin, group=first, segments=segments)
        keys.append(key)
    _show(state, keys)
    state.wishes.append(Wish(tuple(keys), training))
    state.paused, state.error = False, ""
    return keys


def fork(state: State, entry: Entry, step: int, schedule: Any, name: str | None) -> str:
    """Add a branch of a branch, and wish for its training."""
    if not entry.step:
        raise ValueError(f"branch {entry.key} has done no update yet; there is nothing to branch from")
    step = int(number("step", step, Param(1, entry.step, help="updates in common"), integer=True))
    plan = entry.plan.until(step).then(_plan(schedule))
    taken = {each.name for each in state.entries.values()}
    wish = f"{entry.name[: naming.LONGEST - 20]} from {step}"
    called = naming.free(wish, taken) if name is None else naming.checked(name, taken)
    _allowed(state, entry, plan)
    record = state.record
    record.key += 1
    key = str(record.key)
    record.entries[key] = Entry(
        key, called, plan, entry.seed, entry.origin, parent=entry.key, left=step, group=key
    )
    _show(state, [key])
    state.wishes.append(Wish((key,)))
    return key


def change(state: State, entry: Entry, schedule: Any) -> int:
    """Give a branch another future from its present step on."""
    if not entry.open:
        raise ValueError(f"branch {entry.key} is {entry.status} and has no future to change; fork it instead")
    new = _plan(schedule)
    there = state.lane_of(entry.key)
    step = max(state.done(entry), entry.left)
    if len(new) <= step:
        raise ValueError(
            f"schedule must be the whole plan, longer than the {step} updates that are done; got {len(new)}"
        )
    plan = entry.plan.until(step).then(new.after(step)) if step else new
    if _same(plan, entry.plan):
        return step
    _allowed(state, entry, plan)
    if entry.changes and entry.changes[-1]["step"] == step:
        entry.changes.pop()
    whole = {"plan": new.to_dict()} if len(new.quantities) > 1 else {}
    entry.changes.append({"step": step, "schedule": new.learning_rate.to_dict(), **whole})
    entry.plan = plan
    entry.leave(step)
    if there is not None:
        state.changed.add(entry.key)
    elif entry.status in GOING:
        _unwish(state, entry.key)
        state.wishes.append(Wish((entry.key,)))
    state.note()
    return step


def stop(state: State, entries: Sequence[Entry]) -> None:
    """End branches; a training of which none is left is closed. With none there is nothing to tell."""
    if not entries:
        return
    keys = {entry.key for entry in entries}
    for entry in entries:
        entry.status, entry.under_way = "stopped", False
        _unwish(state, entry.key)
    state.changed -= keys
    for track in state.tracks:
        if set(track.keys.values()) <= keys:
            track.closing = True
            continue
        for lane, key in list(track.keys.items()):
            if key in keys:
                state.entries[key].leave(state.done(state.entries[key]))
                track.end(lane)
    state.note()


def close(state: State) -> None:
    """Stop all that is going, in a way that it is found unfinished later."""
    going = [entry for entry in state.entries.values() if entry.status in GOING]
    state.closing = True
    state.wishes.clear()
    state.changed.clear()
    for entry in going:
        entry.status, entry.under_way = "stopped", True
    for track in state.tracks:
        track.closing = True
    state.unsaved = True


def go_on(state: State, entries: Sequence[Entry]) -> None:
    """Wish for the training of branches that are held, together where they were."""
    wrong = [entry for entry in entries if not entry.open]
    if wrong:
        raise ValueError(f"branch {wrong[0].key} is {wrong[0].status}: it cannot be gone on with")
    if not entries and not state.going:
        entries = [entry for entry in state.entries.values() if entry.status in HELD]
        if not entries:
            raise ValueError("there is nothing to go on with: no branch is stopped")
    held = [entry for entry in entries if entry.status in HELD]
    if held and not state.going:
        state.error = ""
    state.paused = False
    state.until.clear()
    state.meter.begin()
    groups: dict[int, list[Entry]] = {}
    for entry in held:
        if entry.current is not None:
            groups.setdefault(entry.current.training, []).append(entry)
        else:
            state.wishes.append(Wish((entry.key,)))
    for training, group in groups.items():
        # One that waits with its training already has it begin without those that were stopped.
        left = [each for each in state.entries.values() if _there(each, training) and each.open]
        if len(group) == len(left) and _whole(state, training):
            state.wishes.append(Wish(tuple(each.key for each in group), training))
            continue
        for entry in group:
            entry.leave(entry.step)
            state.wishes.append(Wish((entry.key,)))
    for entry in held:
        entry.status, entry.under_way, entry.raised = "waiting", True, None
    _show(state, [entry.key for entry in held])


def advance(state: State, updates: int) -> None:
    """Let all that is going do so many updates more."""
    going = [entry for entry in state.entries.values() if entry.status in GOING]
    if not going:
        raise ValueError("updates are done by branches that are under way, and none is; start one or go on")
    state.until = {}
    for entry in going:
        state.until[entry.key] = state.done(entry) + updates
    state.paused = False
    state.meter.begin()
    state.new()


def _show(state: State, keys: Sequence[str]) -> None:
    """Count these in what is under way."""
    if all(entry.status not in GOING for key, entry in state.entries.items() if key in state.shown):
        state.shown.clear()
    state.shown.update(keys)
    state.note()


def _unwish(state: State, key: str) -> None:
    """Take a branch out of what is about to begin."""
    without = ((tuple(each for each in wish.keys if each != key), wish.training) for wish in state.wishes)
    state.wishes = [Wish(keys, training) for keys, training in without if keys]


def _there(entry: Entry, training: int) -> bool:
    return entry.current is not None and entry.current.training == training


def _whole(state: State, training: int) -> bool:
    """Whether a folder holds all that its training needs to go on."""
    from workbench.train.snapshots import about

    folder = place(state.folder, training)
    try:
        begin = about.read(folder).begin
    except ValueError:
        return False
    return not begin or any(folder.glob("*.safetensors"))


def _plan(schedule: Any) -> Plan:
    if not isinstance(schedule, Schedule | Plan):
        raise ValueError(f"schedule must be a Schedule or Plan; got {short(schedule)}")
    return schedule if isinstance(schedule, Plan) else Plan(schedule)


def _allowed(state: State, entry: Entry, plan: Plan) -> None:
    """Refuse what the optimizer cannot be given."""
    from workbench.live.launching import asked_of
    from workbench.train.optimizers import check

    check.planned(asked_of(state, entry.origin).optimizer, tuple(plan.quantities))


def _same(a: Plan, b: Plan) -> bool:
    return (
        len(a) == len(b)
        and set(a.quantities) == set(b.quantities)
        and all((values == b.array()[name]).all() for name, values in a.array().items())
    )
