"""What a run is made of: plain values and curves, the hash that is its id, and the bytes of its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench import files, records
from workbench.curve import Curve, Run
from workbench.schedule import Schedule

KEY = b"workbench"
"""Where a Parquet file has what is not points."""

COLUMNS = ("step", "loss", "low", "high")
"""The columns of points, beside the name of their curve."""

MOST_POINTS = 30_000_000
"""Points of one run beyond which it is refused: its four columns take 1 GB."""

Points = list[tuple[str, Curve]]
"""Curves by name, the run's own ("loss") first."""


def plain(run: Run) -> tuple[dict[str, Any], Points]:
    """Plain values of a run, as JSON holds them, and its curves by name, the run's own ("loss") first.

    Raises
    ------
    ValueError
        As `pack`.
    """
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
    if (total := sum(len(curve) for _, curve in points)) > MOST_POINTS:
        raise ValueError(f"a run must have at most {MOST_POINTS:,} points; got {total:,}")
    content = {
        "schedule": records.encode(run.schedule.to_dict(), "schedule"),
        "task": records.encode(dict(run.task), "task"),
        "facts": records.encode(dict(run.facts), "facts"),
        "parts": [
            {"name": name, "points": len(curve), "interval": curve.low is not None} for name, curve in points
        ],
    }
    return content, points


def built(content: Mapping[str, Any], points: Points) -> Run:
    """The run that `plain` took apart.

    Raises
    ------
    ValueError
        When the values are not those of a run.
    """
    files.fields(content, "a run", needs=("schedule", "task", "facts", "parts"))
    schedule, task, facts = (records.decode(content[key]) for key in ("schedule", "task", "facts"))
    for name, values in (("task", task), ("facts", facts)):
        files.fields(values, f"its {name}", needs=(), may=values)
    return Run(Schedule.from_dict(schedule), points[0][1], task, facts, dict(points[1:]))


def digest(content: Mapping[str, Any], points: Points) -> str:
    """The id: a hash of the plain values and of every number."""
    hashed = hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode())
    for _, curve in points:
        for column in (getattr(curve, name) for name in COLUMNS):
            if column is not None:
                hashed.update(column.astype("<f8").tobytes())
    return hashed.hexdigest()[:16]


def parquet(about: Mapping[str, Any], points: Points) -> bytes:
    """The bytes of a file with these points, and `about` in its footer."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [name for name, curve in points for _ in range(len(curve))]
    columns = {"part": pa.array(names, pa.string())}
    for column in COLUMNS:
        pieces = [getattr(curve, column) for _, curve in points]
        lengths = [len(curve) for _, curve in points]
        # The mask and not NaN says "no interval": a NaN of a diverged run is a value.
        values = np.concatenate(
            [np.zeros(n) if p is None else p for p, n in zip(pieces, lengths, strict=True)]
        )
        absent = np.concatenate([np.full(n, p is None) for p, n in zip(pieces, lengths, strict=True)])
        columns[column] = pa.array(values, pa.float64(), mask=absent)
    table = pa.table(columns).replace_schema_metadata({KEY: files.to_json(about)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue().to_pybytes()
