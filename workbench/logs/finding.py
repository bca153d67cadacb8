"""Which files a path, a pattern or a folder means, and which of them belong to one training."""

from __future__ import annotations

import glob
import itertools
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.files import short

MOST = 10_000
"""Files that one call looks at."""

_DEPTH = 8
_SUFFIXES = {".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".pq", ".log", ".out"}
_NAMES = {"trainer_state.json", "metrics.csv", "log.txt"}
_STATE = "trainer_state.json"


@dataclass(frozen=True)
class Source:
    """Files of one training.

    Parameters
    ----------
    name : str
        What the run is called where the log does not say.
    paths : tuple of Path
        Its files in order, or the folder of an MLflow run.
    kind : str
        "file", "events" for the event files of one folder, or "mlflow".
    note : str
        A sentence on what was left out.
    """

    name: str
    paths: tuple[Path, ...]
    kind: str = "file"
    note: str = ""


def sources(given: Any) -> list[Source]:
    """The trainings that `given` means: a path, a pattern, or several of these.

    Raises
    ------
    ValueError
        When there is nothing, or it is no regular file or folder.
    """
    if isinstance(given, str | os.PathLike):
        given = [given]
    if isinstance(given, bytes) or not isinstance(given, Sequence) or not given:
        raise ValueError(
            f"path must be a path, a pattern such as 'runs/*.csv', or a list of these; got {short(given)}"
        )
    paths = list(dict.fromkeys(path for each in given for path in _matches(each)))
    found: list[Source] = []
    for path in paths:
        found += _folder(path) if path.is_dir() else [Source(_name(path), (_regular(path),))]
    return _grouped(found)


def _matches(given: Any) -> list[Path]:
    if (
        not isinstance(given, str | os.PathLike)
        or isinstance(os.fspath(given), bytes)
        or not os.fspath(given)
    ):
        raise ValueError(f"path must be text or a Path; got {short(given)}")
    text = os.path.expanduser(os.fspath(given))
    path = Path(text)
    try:
        if os.path.lexists(text):
            path.stat()
            return [path]
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not glob.has_magic(text):
        raise ValueError(f"there is no file or folder {text!r}")
    fixed = next(k for k, part in enumerate(path.parts) if glob.has_magic(part))
    # Path.glob does not follow links to folders under **, so a loop of links has an end.
    every = Path(*path.parts[:fixed]).glob("/".join(path.parts[fixed:]))
    found = list(itertools.islice(every, MOST + 1))
    if not found:
        raise ValueError(f"the pattern {text!r} matches no file")
    if len(found) > MOST:
        raise ValueError(f"the pattern {text!r} matches more than {MOST:,} files; narrow it")
    return sorted(found, key=_natural)


def _regular(path: Path) -> Path:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    # Opening a pipe or a device may wait, or give bytes, for ever.
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path} is no regular file")
    return path


def _folder(folder: Path) -> list[Source]:
    """The trainings in a folder and the folders in it; links to folders are not followed."""
    found: list[Source] = []
    seen = 0
    for root, folders, files in os.walk(folder):
        here = Path(root)
        folders.sort(key=_natural)
        if len(here.relative_to(folder).parts) >= _DEPTH:
            folders.clear()
        if "meta.yaml" in files and "metrics" in folders:
            found.append(Source(here.name, (here,), "mlflow"))
            folders.clear()
            continue
        # MLflow keeps what was deleted; hidden folders are no logs.
        folders[:] = [name for name in folders if not name.startswith(".")]
        logs = [name for name in sorted(files, key=_natural) if _is_log(name)]
        found += [Source(_name(here / name), (here / name,)) for name in logs if (here / name).is_file()]
        seen += len(files)
        if seen > MOST:
            raise ValueError(f"{folder} holds more than {MOST:,} files; name the logs by a pattern")
    if not found:
        raise ValueError(f"the folder {folder} holds no log; name the file itself if it has an unusual name")
    return found


def _is_log(name: str) -> bool:
    return name in _NAMES or "tfevents" in name or os.path.splitext(name)[1].lower() in _SUFFIXES


def _grouped(found: list[Source]) -> list[Source]:
    """Event files of one folder taken together; of the checkpoints of one training the last."""
    out: list[Source] = []
    events: dict[Path, list[Path]] = {}
    states: dict[Path, list[Path]] = {}
    for source in found:
        path = source.paths[0]
        if source.kind == "file" and "tfevents" in path.name:
            if path.parent not in events:
                out.append(Source(_name(path), (path,), "events"))
            events.setdefault(path.parent, []).append(path)
        elif path.name == _STATE:
            training = (
                path.parent.parent if re.fullmatch(r"checkpoint-\d+", path.parent.name) else path.parent
            )
            if training not in states:
                out.append(source)
            states.setdefault(training, []).append(path)
        else:
            out.append(source)
    # A Trainer writes event files under runs/ about the training whose state is beside them.
    kept = [
        source
        for source in out
        if source.kind != "events" or not any(each / "runs" in source.paths[0].parents for each in states)
    ]
    return [_whole(source, events, states) for source in kept]


def _whole(source: Source, events: dict[Path, list[Path]], states: dict[Path, list[Path]]) -> Source:
    path = source.paths[0]
    if source.kind == "events":
        return Source(
            source.name, tuple(sorted(events[path.parent], key=lambda each: _natural(each.name))), "events"
        )
    if path.name != _STATE:
        return source
    step = re.fullmatch(r"checkpoint-\d+", path.parent.name)
    training = path.parent.parent if step else path.parent
    several = states[training]
    # The state beside the checkpoints is that of the end.
    last = max(several, key=lambda each: (each.parent == training, _natural(each.parent.name)))
    note = (
        ""
        if len(several) == 1
        else f"Of {len(several)} saved states the last was read: its history holds the others."
    )
    return Source(training.name or _name(last), (last,), "file", note)


def _name(path: Path) -> str:
    """What the run of a file is called: the file, or its folder where files are always called so."""
    path = path.absolute()
    plain = path.name in ("metrics.csv", "log.txt", "main.log", "log.csv", "metrics.jsonl", _STATE)
    if plain or "tfevents" in path.name:
        return path.parent.name or path.stem
    return path.stem


def _natural(text: Any) -> list[tuple[int, int, str]]:
    """A key that sorts run2 before run10."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", str(text))
        if part
    ]
