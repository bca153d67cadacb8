"""Branches go to the session's bin and come back from it."""

from __future__ import annotations

from workbench.live import journal, naming, source
from workbench.live.branch import GOING
from workbench.live.entry import Entry
from workbench.live.state import State
from workbench.live.steering import stop
from workbench.runfile import reason


def drop(state: State, entry: Entry) -> None:
    """Move a branch to the bin."""
    if entry.status in GOING:
        stop(state, [entry])
    record = state.record
    record.binned[entry.key] = record.entries.pop(entry.key)
    naming.adopt(record.entries.values(), entry)
    state.shown.discard(entry.key)
    state.tidy()
    state.note()


def restore(state: State, entry: Entry) -> None:
    """Bring a branch back; ``ValueError`` where its snapshots are gone or cannot be moved."""
    record = state.record
    _fetch(state, entry)
    del record.binned[entry.key]
    while entry.parent in record.binned:
        naming.adopt([entry], record.binned[entry.parent])
    entry.name = naming.free(entry.name, {other.name for other in record.entries.values()})
    if entry.open:
        # Its training may have gone on without it since.
        entry.leave(entry.step)
    if not entry.lines.view():
        source.recall(state.folder, {entry.key: entry})
    record.entries[entry.key] = entry
    record.entries = dict(sorted(record.entries.items(), key=lambda pair: int(pair[0])))
    state.note()


def _fetch(state: State, entry: Entry) -> None:
    """Have the trainings that a branch was in where those of the others are."""
    places = {journal.place(state.folder, segment.training) for segment in entry.segments}
    away = {path: state.folder / journal.BIN / path.name for path in places if not path.exists()}
    found = {path: other for path, other in away.items() if other.exists()}
    if places and places == away.keys() and not found and not entry.lines.view():
        raise ValueError(f"branch {entry.key} cannot come back: {max(away.values())} is gone")
    try:
        for path, other in found.items():
            other.rename(path)
    except OSError as error:
        raise ValueError(f"branch {entry.key} cannot come back: {reason(error)}") from None
