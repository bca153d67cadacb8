"""How a branch comes to train: with the others of its training, or on its own from the nearest state."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.curve import Curve
from workbench.live import source
from workbench.live.entry import Entry, Segment
from workbench.live.journal import place
from workbench.live.state import State, Wish
from workbench.live.track import Track

if TYPE_CHECKING:
    from workbench.train.asked import Asked
    from workbench.train.control import Handed


def whole(state: State, wish: Wish) -> Track:
    """The training in a folder, with all lanes that are left of it."""
    from workbench.train.snapshots import about

    number = wish.training or 0
    folder = place(state.folder, number)
    asked = about.read(folder)
    keys = {_lane(state.entries[key], number): key for key in wish.keys}
    return Track(number, folder, asked, keys, **_options(state, state.entries[wish.keys[0]]))


def alone(state: State, entry: Entry, handed: Handed | None) -> Track:
    """A training of one lane: from a state that was handed over, or the nearest that was kept."""
    from workbench.train.snapshots import about

    step = max(entry.step, entry.left)
    if entry.segments and entry.segments[-1].stop is not None:
        step = entry.segments[-1].stop
    if handed is not None and handed.step <= step:
        owner = entry if entry.segments or entry.parent is None else state.entries[entry.parent]
        begin, start = handed.step, handed.start
        start.curves = {name: _before(curve, begin) for name, curve in owner.lines.view().items()}
    else:
        begin, start = source.nearest(state.folder, state.entries, entry, step)
    origin = asked_of(state, entry.origin)
    parent = None
    if entry.parent is not None:
        parent = {"folder": str(state.folder), "lane": 0, "step": entry.left}
    asked = replace(origin, plans=(entry.plan,), seeds=(entry.seed,), begin=begin, parent=parent)
    state.record.training += 1
    number = state.record.training
    # So that a folder is there for whatever a branch was in, also where it is stopped before it begins.
    about.write(place(state.folder, number), asked)
    track = Track(
        number,
        place(state.folder, number),
        asked,
        {0: entry.key},
        start=start if begin else None,
        **_options(state, entry),
    )
    entry.leave(begin)
    entry.segments.append(Segment(number, 0))
    return track


def asked_of(state: State, origin: str) -> Asked:
    """Task, optimizer and probes of a tree of branches."""
    from workbench.train.asked import Asked

    return Asked.from_dict(state.record.origins[origin]["asked"])


def _options(state: State, entry: Entry) -> dict:
    about = state.record.origins[entry.origin]
    return {"every_steps": int(about["every_steps"]), "device": str(about["device"])}


def _before(curve: Curve, step: int) -> Curve:
    keep = curve.step < step
    return curve if keep.all() else Curve(curve.step[keep], curve.loss[keep])


def _lane(entry: Entry, training: int) -> int:
    return next(each.lane for each in entry.segments if each.training == training and each.stop is None)
