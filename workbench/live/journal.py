"""A session on disk: one file that is replaced whole, and a folder of snapshots for each training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench import files
from workbench.live.entry import Entry
from workbench.runfile import reason
from workbench.store.folder import Local

FILE = "session.json"
TRAININGS = "trainings"
BIN = "bin"
_LARGEST = 2**28


@dataclass
class Record:
    """What a session's file holds.

    Parameters
    ----------
    entries : dict of Entry
        By key, in the order of their making.
    binned : dict of Entry
        What was dropped.
    origins : dict
        What was asked at each start, without schedules and seeds, with "every_steps" and "device".
    key, training : int
        The last numbers that were given.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    binned: dict[str, Entry] = field(default_factory=dict)
    origins: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    key: int = 0
    training: int = 0


def place(folder: Path, training: int) -> Path:
    """Where a training of a session lies."""
    return folder / TRAININGS / f"{training:04d}"


def write(folder: Path, record: Record) -> None:
    """Replace the session's file; ``ValueError`` says why it could not be."""
    data = {
        "format": files.FORMAT,
        "key": record.key,
        "training": record.training,
        "origins": record.origins,
        "branches": [entry.to_dict() for entry in record.entries.values()],
        "bin": [entry.to_dict() for entry in record.binned.values()],
    }
    try:
        Local(folder).write(FILE, files.to_json(data).encode())
    except OSError as error:
        raise ValueError(f"{folder / FILE} cannot be written: {reason(error)}") from None


def read(folder: Path) -> Record:
    """What the session's file holds; an empty record where there is none.

    Raises
    ------
    ValueError
        When what is there is not a session.
    """
    path = folder / FILE
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("it is too large")
        data = files.from_json(path.read_text("utf-8"))
        files.fields(data, "a session", needs=("format", "key", "training", "origins", "branches", "bin"))
        files.check_format(data)
        found = [{e.key: e for e in map(Entry.from_dict, data[name])} for name in ("branches", "bin")]
        origins = dict(files.fields(data["origins"], "origins", needs=(), may=data["origins"]))
        every = [entry for there in found for entry in there.values()]
        missing = [entry.origin for entry in every if entry.origin not in origins]
        if missing:
            raise ValueError(f"origins must have {missing[0]}; got {files.short(list(origins))}")
        return Record(found[0], found[1], origins, int(data["key"]), int(data["training"]))
    except FileNotFoundError:
        return Record()
    except (OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} is not a session that can be read: {reason(error)}") from None
