"""Two CSV files: runs.csv, a row for each run, and points.csv, a row for each point of each curve.

The column "run" of runs.csv holds schedule, task and facts as JSON, so that nothing is lost; the others are
for people.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import files, runcontent
from workbench.curve import Curve, Run
from workbench.runfile import reason
from workbench.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

RUNS, POINTS = "runs.csv", "points.csv"
_NUMBERS = ("step", "loss", "low", "high")


def to_csv(store: Store, folder: str | os.PathLike[str], ids: Iterable[str] | None = None) -> list[Path]:
    """Write runs of a store to the new files runs.csv and points.csv of a folder.

    Parameters
    ----------
    store : Store
        Where the runs are.
    folder : path
        It is made if it is not there; what somebody wrote there is not written over.
    ids : iterable of str, optional
        Which runs; all where it is not given.

    Raises
    ------
    ValueError
        For an unknown id, or when the files are there already or cannot be written.
    """
    import pyarrow as pa
    from pyarrow import csv

    target = Path(folder)
    paths = [target / RUNS, target / POINTS]
    table = store.table(as_="arrow") if ids is None else store.table(as_="arrow", id=list(ids))
    schema = pa.schema([("id", pa.string()), ("part", pa.string()), *((n, pa.float64()) for n in _NUMBERS)])
    # Both under other names until they are whole: half of an export must not look like one.
    temporary = [target / f".{path.name}.{uuid.uuid4().hex}.tmp" for path in paths]
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in paths:
            if path.exists():
                raise ValueError(f"folder must not have {path.name} already; {path} is there")
        contents = []
        with csv.CSVWriter(temporary[1], schema) as writer:
            for id in table.column("id").to_pylist():
                content, points = runcontent.plain(store.load(id))
                contents.append(files.to_json(content))
                for part, curve in points:
                    writer.write_table(_rows(id, part, curve, schema))
        tags = [", ".join(each) for each in table.column("tags").to_pylist()]
        place = table.column_names.index("tags")
        table = table.set_column(place, "tags", pa.array(tags, pa.string()))
        csv.write_csv(table.append_column("run", pa.array(contents, pa.string())), temporary[0])
        for old, new in zip(temporary, paths, strict=True):
            os.replace(old, new)
    except OSError as error:
        raise ValueError(f"{target} cannot be written to: {reason(error)}") from None
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)
    return paths


def from_csv(folder: str | os.PathLike[str], store: Store) -> list[str]:
    """Save the runs of runs.csv and points.csv in a store, with their tags and notes; return their ids.

    Only the columns id, run, tags and notes of runs.csv count, beside the points. A run whose values were
    changed in the files is another run and has another id.

    Raises
    ------
    ValueError
        When the files are not what `to_csv` writes; logs of others are read by `workbench.logs.load`.
    """
    runs, points = (_read(Path(folder) / name, needs) for name, needs in _NEEDS.items())
    curves: dict[str, dict[str, Any]] = {}
    for key, rows in points.groupby(["id", "part"], sort=False, dropna=False):
        id, part = (str(each) for each in key)
        curves.setdefault(id, {})[part] = rows
    read = []
    for row in runs.to_dict("records"):
        try:
            read.append((_run(row["run"], curves.get(str(row["id"]), {})), row))
        except (ValueError, TypeError, LookupError) as error:
            raise ValueError(f"the run {row['id']} in {folder} cannot be read: {reason(error)}") from None
    saved = []
    # Nothing is saved before all of it could be read.
    for run, row in read:
        saved.append(store.save(run))
        tags = [tag for tag in str(row.get("tags") or "").split(", ") if tag]
        if tags:
            store.tag(saved[-1], *tags)
        if row.get("notes"):
            store.note(saved[-1], row["notes"])
    return saved


_NEEDS = {RUNS: ("id", "run"), POINTS: ("id", "part", *_NUMBERS)}


def _rows(id: str, part: str, curve: Curve, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    n = len(curve)
    columns = [getattr(curve, name) for name in _NUMBERS]
    arrays = [pa.nulls(n, pa.float64()) if each is None else pa.array(each) for each in columns]
    return pa.table([pa.array([id] * n, pa.string()), pa.array([part] * n, pa.string()), *arrays], schema)


def _read(path: Path, needs: tuple[str, ...]) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    types = {name: pa.float64() if name in _NUMBERS else pa.string() for name in (*needs, "tags", "notes")}
    # Only an empty cell is no value: "nan" is the loss of a run that diverged, and "null" may be a name.
    converted = csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=False)
    try:
        table = csv.read_csv(
            path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=converted
        )
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{path} cannot be read: {reason(error)}") from None
    missing = [name for name in needs if name not in table.column_names]
    if missing:
        raise ValueError(
            f"{path} must have the columns {', '.join(needs)}, as to_csv writes; it has no {missing[0]!r}"
        )
    return table.select([name for name in types if name in table.column_names]).to_pandas(
        ignore_metadata=True, types_mapper={}.get
    )


def _run(text: str, curves: dict[str, Any]) -> Run:
    content = files.from_json(text)
    points = []
    for part in files.fields(content, "its run", needs=("schedule", "task", "facts", "parts"))["parts"]:
        rows = curves.get(part["name"])
        used = _NUMBERS if part["interval"] else _NUMBERS[:2]
        columns = [np.empty(0) if rows is None else rows[name].to_numpy() for name in used]
        points.append((part["name"], Curve(*columns)))
    return runcontent.built(content, points)
