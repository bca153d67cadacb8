"""What a session and its thread share."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from workbench.curve import Curve
from workbench.live import journal
from workbench.live.branch import GOING
from workbench.live.entry import Entry
from workbench.live.gate import Gate
from workbench.live.journal import Record
from workbench.live.listeners import Listeners
from workbench.live.progress import Meter, Progress, memory
from workbench.live.track import Track

_TICK = 0.05
"""Seconds between two small steps of a training whose speed is limited."""


class Wish(NamedTuple):
    """Branches that are to train: all lanes that are left of a training, or one on its own."""

    keys: tuple[str, ...]
    training: int | None = None


@dataclass
class State:
    """Read and written with the gate's lock held; `tracks` change only between two turns."""

    folder: Path
    record: Record
    wishes: list[Wish] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)
    until: dict[str, int] = field(default_factory=dict)
    pace: dict[str, int] = field(default_factory=dict)
    paused: bool = False
    closing: bool = False
    speed: float | None = None
    due: float = 0.0
    error: str = ""
    round: int = 1
    fresh: bool = False
    unsaved: bool = False
    meter: Meter = field(default_factory=Meter)
    listeners: Listeners = field(default_factory=Listeners)

    def __post_init__(self) -> None:
        self.gate = Gate(self._hurry)

    def _hurry(self, yes: bool) -> None:
        for track in self.tracks:
            track.control.hurry = yes

    @property
    def entries(self) -> dict[str, Entry]:
        """By key."""
        return self.record.entries

    @property
    def asked(self) -> bool:
        """Whether something is to be done that needs no update."""
        leaving = any(t.closing or t.over or t.leaving or not t.launched for t in self.tracks)
        return bool(
            self.wishes or self.closing or self.unsaved or leaving or self.changed and not self.paused
        )

    @property
    def going(self) -> bool:
        """Whether something trains, or is about to."""
        return any(entry.status in GOING for entry in self.entries.values())

    @property
    def settled(self) -> bool:
        """Whether nothing is done, or will be before somebody asks."""
        if self.gate.at_work or self.asked:
            return False
        return self.paused or not (self.tracks or self.going)

    def lane_of(self, key: str) -> tuple[Track, int] | None:
        """Where a branch trains now."""
        for track in self.tracks:
            for lane, other in track.keys.items():
                if other == key:
                    return track, lane
        return None

    def done(self, entry: Entry) -> int:
        """Updates of a branch that nothing changes any more."""
        place = self.lane_of(entry.key)
        # A training that goes on says where it is with its first event only.
        return entry.step if place is None else max(entry.step, place[0].at[place[1]])

    def most(self, track: Track) -> dict[int, int]:
        """How far each lane of a track may go now, where there is a limit."""
        found = {}
        for lane, key in track.keys.items():
            limits = [self.until[key]] if key in self.until else []
            if self.speed is not None:
                limits.append(self.pace.get(key, 0))
            if limits:
                found[lane] = min(limits)
        return found

    def ready(self) -> Track | None:
        """Of the tracks with a lane that may go on, the one that had the least time so far."""
        able = []
        for track in self.tracks:
            most = self.most(track)
            if any(lane not in most or track.at[lane] < most[lane] for lane in track.keys):
                able.append(track)
        return min(able, key=lambda track: track.spent, default=None)

    def advanced(self) -> bool:
        """Whether every lane has done what `until` let it do; that is then over."""
        if not self.until:
            return False
        behind = any(
            track.at[lane] < self.until.get(key, 0)
            for track in self.tracks
            for lane, key in track.keys.items()
        )
        if not behind:
            self.until.clear()
        return not behind

    def paced(self) -> float:
        """Let lanes go a bit further where their speed is limited; seconds to wait before that."""
        if self.speed is None:
            self.pace.clear()
            return 0.0
        now = time.monotonic()
        if now < self.due:
            return self.due - now
        updates = max(1, round(self.speed * _TICK))
        self.due = max(self.due, now - _TICK) + updates / self.speed
        places = ((key, track.at[lane]) for track in self.tracks for lane, key in track.keys.items())
        self.pace = {key: at + updates for key, at in places}
        return 0.0

    def new(self) -> None:
        """There is something to tell."""
        self.listeners.new = True

    def note(self) -> None:
        """The session's file is to be written, and there is something to tell."""
        self.unsaved = True
        self.new()

    def news(self, since: int) -> tuple[int, list[tuple[str, Mapping[str, Curve]]]]:
        """Points that came after a round, and the round that they end with."""
        now = self.round
        if self.fresh:
            self.round, self.fresh = now + 1, False
        else:
            now -= 1
        found = [(key, entry.lines.since(since)) for key, entry in self.entries.items()]
        return now, [(key, curves) for key, curves in found if curves]

    def rest(self) -> None:
        """Nothing is under way any more."""
        self.paused = False
        self.until.clear()
        self.pace.clear()
        self.gate.tell()

    def save(self) -> None:
        """Write the session's file; ``ValueError`` where that cannot be."""
        self.unsaved = False
        journal.write(self.folder, self.record)

    def forget(self, training: int) -> None:
        """Take away a training that another goes on from, and that keeps nothing else."""
        for entry in self.entries.values():
            entry.segments = [each for each in entry.segments if each.training != training]
        self.save()
        shutil.rmtree(journal.place(self.folder, training), ignore_errors=True)

    def tidy(self) -> None:
        """Move what only dropped branches need to the bin; take away what nobody knows of."""
        known = {segment.training for entry in self.entries.values() for segment in entry.segments}
        known |= {track.number for track in self.tracks} | {wish.training or 0 for wish in self.wishes}
        dropped = {segment.training for entry in self.record.binned.values() for segment in entry.segments}
        for path in self.folder.glob(f"{journal.TRAININGS}/[0-9]*"):
            number = int(path.name) if path.name.isdigit() else 0
            if not number or number in known:
                continue
            if number in dropped:
                (self.folder / journal.BIN).mkdir(exist_ok=True)
                path.rename(self.folder / journal.BIN / path.name)
            else:
                shutil.rmtree(path, ignore_errors=True)


def progress_of(state: State) -> Progress:
    """How far a session is, and how fast."""
    shown = [entry for key, entry in state.entries.items() if key in state.shown]
    done, total = sum(each.step for each in shown), sum(len(each.plan) for each in shown)
    left = sum(len(each.plan) - each.step for each in shown if each.status in GOING)
    updates, tokens = state.meter.rates() if state.going and not state.paused else (0.0, 0.0)
    return Progress(done, total, updates, tokens or None, left / updates if updates else None, memory())
