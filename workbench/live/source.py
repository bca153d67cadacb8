"""From which kept state a branch goes on, and what the disk knows of it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.live.entry import Entry, Segment
from workbench.live.journal import place

if TYPE_CHECKING:
    from workbench.train.keeper import Start


def nearest(folder: Path, entries: Mapping[str, Entry], entry: Entry, step: int) -> tuple[int, Start | None]:
    """The nearest state of a branch at or before `step`: its step, and the state; none at step 0."""
    from workbench.train.branch import nearest
    from workbench.train.snapshots.kept import opened

    for segment, most in lineage(entries, entry, step):
        try:
            return nearest(opened(place(folder, segment.training), segment.lane), most)
        except ValueError:
            # Its folder is gone, or keeps nothing that early: an older one may.
            continue
    return 0, None


def lineage(entries: Mapping[str, Entry], entry: Entry | None, step: int) -> Iterator[tuple[Segment, int]]:
    """The trainings that a branch was in up to `step`, newest first, each with the steps that are its own."""
    while entry is not None and step > 0:
        for segment in reversed(entry.segments):
            yield segment, step if segment.stop is None else min(step, segment.stop)
        step = min(step, entry.left)
        entry = entries.get(entry.parent) if entry.parent is not None else None


def recall(folder: Path, entries: Mapping[str, Entry]) -> list[str]:
    """Fill what was measured of branches from their snapshots; sentences for what could not be read."""
    from workbench.train.snapshots import found

    wanted: dict[int, list[tuple[Entry, Segment]]] = {}
    for entry in entries.values():
        for segment in entry.segments:
            wanted.setdefault(segment.training, []).append((entry, segment))
    trouble, steps = [], dict.fromkeys(entries, 0)
    for training in sorted(wanted):
        here = wanted[training]
        try:
            known: dict[int, Any] = found.lanes(
                place(folder, training), [segment.lane for _, segment in here]
            )
        except ValueError as error:
            trouble.append(str(error))
            continue
        for entry, segment in here:
            if segment.lane not in known:
                continue
            there = known[segment.lane]
            entry.lines.add(there.curves, 1)
            steps[entry.key] = max(steps[entry.key], there.step)
            if segment is entry.current and there.status in ("finished", "diverged"):
                entry.status = there.status
    for entry in entries.values():
        entry.step = steps[entry.key]
    for sentence in trouble:
        warnings.warn(sentence, stacklevel=4)
    return trouble
