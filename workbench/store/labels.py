"""Tags and notes of runs: small files that are only added to, so that many may write and no run is rewritten.

A line of such a file is an event: a tag or a note for some runs, or the end of earlier events for some. An
event ends only what its writer had seen, and no clock decides between two of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench import files
from workbench.runfile import ID, reason
from workbench.store.folder import Folder

FOLDER = "labels"
"""Where the events are, below the store."""

MOST_FILES = 64
"""Files that are left beside each other before they are merged."""

LONGEST_TAG, LONGEST_NOTE = 100, 10_000
_FORMAT, _TRIES = 1, 5
_MAY = ("tag", "note", "cancel")


@dataclass(frozen=True)
class Note:
    """What somebody wrote of a run, and when (seconds since 1970)."""

    text: str
    written: float


class Labels:
    """Events of a store, read once; `version` is another number after every change."""

    def __init__(self, folder: Folder) -> None:
        self.folder, self.version = folder, 0
        self.problems: dict[str, str] = {}
        self._events: dict[str, dict[str, Any]] = {}
        self._seen: set[str] = set()
        self._tags: dict[str, tuple[str, ...]] = {}
        self._notes: dict[str, tuple[Note, ...]] = {}

    def tags(self) -> dict[str, tuple[str, ...]]:
        """Tags of each run that has any, in alphabetical order."""
        self._refresh()
        return self._tags

    def notes(self) -> dict[str, tuple[Note, ...]]:
        """Notes of each run that has any, oldest first."""
        self._refresh()
        return self._notes

    def forget(self) -> None:
        """Know nothing, so that the next question reads every file."""
        self._events, self._seen, self._tags, self._notes = {}, set(), {}, {}
        self.version += 1

    def add(self, ids: Iterable[str], kind: str, text: str) -> None:
        """A tag or a note for runs. ``OSError`` where it cannot be written."""
        self._write({"runs": sorted(set(ids)), kind: text})

    def end(self, ids: Iterable[str], kind: str, text: str) -> None:
        """Take a tag or a note away, wherever it is."""
        self._refresh()
        for_runs = set(ids)
        ended = [
            key
            for key, event in self._events.items()
            if event.get(kind) == text and for_runs & set(event["runs"])
        ]
        if ended:
            self._write({"runs": sorted(for_runs), "cancel": ended})

    def _write(self, event: Mapping[str, Any]) -> None:
        # The clock is for people to read; it orders notes, and settles nothing.
        whole = {"format": _FORMAT, "event": uuid.uuid4().hex, "written": time.time(), **event}
        self.folder.write(f"{FOLDER}/{whole['event']}.jsonl", (files.to_json(whole) + "\n").encode())

    def _refresh(self) -> None:
        before, names = len(self._seen), {}.keys()
        for _ in range(_TRIES):
            try:
                names = self.folder.sizes(FOLDER).keys()
            except ValueError as error:
                self.problems = {"": str(error)}
                return
            # What is gone has been merged into another, which a new listing shows.
            if not [name for name in sorted(names - self._seen) if not self._read(name)]:
                break
        self.problems = {name: text for name, text in self.problems.items() if name in names}
        if len(self._seen) > before:
            self._settle()
            self.version += 1
        if len(names & self._seen) > MOST_FILES:
            self._merge(names & self._seen)

    def _read(self, name: str) -> bool:
        """Take the events of a file in; False where it is gone."""
        self.problems.pop(name, None)
        try:
            self._events |= _events(self.folder.read(f"{FOLDER}/{name}"))
            self._seen.add(name)
        except FileNotFoundError:
            return False
        except (OSError, ValueError) as error:
            where = self.folder.where(f"{FOLDER}/{name}")
            self.problems[name] = f"{where} is not a file of tags and notes: {reason(error)}"
        return True

    def _merge(self, old: set[str]) -> None:
        data = "".join(f"{files.to_json(self._events[key])}\n" for key in sorted(self._events)).encode()
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.jsonl"
        with contextlib.suppress(OSError):
            self.folder.write(f"{FOLDER}/{name}", data)
            self._seen.add(name)
            for each in old - {name}:
                self.folder.remove(f"{FOLDER}/{each}")

    def _settle(self) -> None:
        events = self._events.values()
        ended = {(key, run) for event in events for key in event.get("cancel", ()) for run in event["runs"]}
        tags: dict[str, set[str]] = {}
        notes: dict[str, set[Note]] = {}
        for event in events:
            for run in event["runs"]:
                if (event["event"], run) in ended:
                    continue
                if "tag" in event:
                    tags.setdefault(run, set()).add(event["tag"])
                elif "note" in event:
                    notes.setdefault(run, set()).add(Note(event["note"], event["written"]))
        self._tags = {run: tuple(sorted(each)) for run, each in tags.items()}
        self._notes = {
            run: tuple(sorted(each, key=lambda n: (n.written, n.text))) for run, each in notes.items()
        }


def check(kind: str, text: object) -> str:
    """`text` if it can be a tag, or a note.

    Raises
    ------
    ValueError
        When it is empty, too long, or a tag of more than one line or with a comma.
    """
    most = LONGEST_TAG if kind == "tag" else LONGEST_NOTE
    if not isinstance(text, str) or not text.strip() or len(text) > most:
        raise ValueError(f"a {kind} must be text of 1 to {most:,} characters; got {files.short(text)}")
    if any(0xD800 <= ord(each) <= 0xDFFF for each in text):
        raise ValueError(f"a {kind} must be Unicode text; got {files.short(text)}")
    if kind == "tag" and ("," in text or not text.isprintable()):
        raise ValueError(f"a tag must be one line without a comma; got {files.short(text)}")
    return text.strip()


def _events(data: bytes) -> dict[str, dict[str, Any]]:
    found = {}
    for line in data.decode("utf-8").splitlines():
        event = files.from_json(line)
        files.fields(event, "an event", needs=("format", "event", "written", "runs"), may=_MAY)
        if event["format"] != _FORMAT:
            raise ValueError(f"format must be {_FORMAT} (a newer workbench may read it)")
        if len([name for name in _MAY if name in event]) != 1:
            raise ValueError(f"an event must have one of {', '.join(_MAY)}")
        if not isinstance(event["written"], int | float) or not isinstance(event["event"], str):
            raise ValueError("an event must have a name and the time when it was written")
        for names in (event["runs"], event.get("cancel", [])):
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise ValueError("an event must name runs")
        if not all(ID.fullmatch(run) for run in event["runs"]):
            raise ValueError("an event must name runs by their ids")
        for kind in ("tag", "note"):
            if kind in event:
                check(kind, event[kind])
        found[event["event"]] = event
    return found
