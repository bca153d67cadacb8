"""One run as one Parquet file: points in long form, all else as JSON in the schema's metadata.

The columns are part ("loss" for the run's own curve, then the names of its parts), step, loss, low and
high. A run's id is a hash of its content, so that damage shows.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import files, records
from workbench.curve import Curve, Run
from workbench.schedule import Schedule

if TYPE_CHECKING:
    import pyarrow as pa

ID = re.compile(r"[0-9a-f]{16}")
"""What an id looks like."""

_KEY = b"workbench"
_COLUMNS = ("step", "loss", "low", "high")
_Points = list[tuple[str, Curve]]


def pack(run: Run) -> tuple[str, bytes]:
    """Id of a run and the bytes of its file.

    Raises
    ------
    ValueError
        When `run` is not a `Run` or holds values that are not plain.
    """
    content, points = _content(run)
    about = {
        "format": files.FORMAT,
        "saved": time.time(),
        "final_loss": records.encode(run.final_loss, "final_loss"),
        "steps": len(run.schedule),
        "run": content,
    }
    return _digest(content, points), _parquet(about, points)


def about(path: Path) -> dict[str, Any]:
    """Everything about the run in a file but its points, from the footer alone.

    Raises
    ------
    ValueError
        When the file is broken or not a run. A file that is gone raises ``FileNotFoundError``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return _checked(path, pq.read_schema(path))
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{path} is not a whole Parquet file: {reason(error)}") from None


def unpack(path: Path) -> Run:
    """The run in a file.

    Raises
    ------
    ValueError
        When it is not a run, or not what its name stands for.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
        about = _checked(path, table.schema)
        values = {c: table.column(c).to_numpy(zero_copy_only=False) for c in _COLUMNS}
        points, start = [], 0
        for part in about["run"]["parts"]:
            here = slice(start, start := start + part["points"])
            used = _COLUMNS if part["interval"] else _COLUMNS[:2]
            points.append((part["name"], Curve(*(values[column][here] for column in used))))
        damaged = start != table.num_rows or _digest(about["run"], points) != path.stem
    except (OSError, pa.ArrowException, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {reason(error)}") from None
    if damaged:
        raise ValueError(f"{path} is damaged: its content is not what its name stands for")
    schedule = Schedule.from_dict(about["schedule"])
    return Run(schedule, points[0][1], about["task"], about["facts"], dict(points[1:]))


def reason(error: BaseException) -> str:
    """First line of what went wrong, without the library's details."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.splitlines()[0]


def _content(run: Run) -> tuple[dict[str, Any], _Points]:
    """Plain values of a run, and its curves by name, the run's own first."""
    if not isinstance(run, Run) or not isinstance(run.schedule, Schedule):
        raise ValueError(f"run must be a Run with a Schedule; got {type(run).__name__}")
    if not all(isinstance(values, Mapping) for values in (run.task, run.facts, run.parts)):
        raise ValueError("task, facts and parts of the run must be mappings of names to values")
    for name, curve in [("loss", run.curve), *run.parts.items()]:
        if not isinstance(name, str) or not isinstance(curve, Curve):
            raise ValueError(f"curves of the run must be Curve values with text as names; {name!r} is not")
    if "loss" in run.parts:
        raise ValueError("parts must not have the name 'loss', which is the run's own curve")
    points = [("loss", run.curve), *run.parts.items()]
    content = {
        "schedule": records.encode(run.schedule.to_dict(), "schedule"),
        "task": records.encode(dict(run.task), "task"),
        "facts": records.encode(dict(run.facts), "facts"),
        "parts": [
            {"name": name, "points": len(curve), "interval": curve.low is not None} for name, curve in points
        ],
    }
    return content, points


def _digest(content: Mapping[str, Any], points: _Points) -> str:
    hashed = hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode())
    for _, curve in points:
        for column in (getattr(curve, name) for name in _COLUMNS):
            if column is not None:
                hashed.update(column.astype("<f8").tobytes())
    return hashed.hexdigest()[:16]


def _parquet(about: Mapping[str, Any], points: _Points) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [name for name, curve in points for _ in range(len(curve))]
    columns = {"part": pa.array(names, pa.string())}
    for column in _COLUMNS:
        pieces = [getattr(curve, column) for _, curve in points]
        lengths = [len(curve) for _, curve in points]
        # The mask and not NaN says "no interval": a NaN of a diverged run is a value.
        values = np.concatenate(
            [np.zeros(n) if p is None else p for p, n in zip(pieces, lengths, strict=True)]
        )
        absent = np.concatenate([np.full(n, p is None) for p, n in zip(pieces, lengths, strict=True)])
        columns[column] = pa.array(values, pa.float64(), mask=absent)
    table = pa.table(columns).replace_schema_metadata({_KEY: files.to_json(about)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _checked(path: Path, schema: pa.Schema) -> dict[str, Any]:
    text = (schema.metadata or {}).get(_KEY)
    if text is None or not ID.fullmatch(path.stem):
        raise ValueError(f"{path} is not a run that a Store saved")
    try:
        about = files.from_json(text.decode("utf-8", "replace"))
        files.fields(about, "its metadata", needs=("format", "saved", "final_loss", "steps", "run"))
        files.check_format(about)
        about["saved"] = float(about["saved"])
        about["final_loss"] = records.decode(about["final_loss"])
        files.fields(about["run"], "its run", needs=("schedule", "task", "facts", "parts"))
        for key in ("schedule", "task", "facts"):
            about[key] = records.decode(about["run"][key])
            files.fields(about[key], f"its {key}", needs=(), may=about[key])
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    return about
