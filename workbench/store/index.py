"""The index of a store: segments of rows that were read from footers, added to and merged, never locked.

A segment is a Parquet file with the columns id, size (bytes of the run's file) and row (JSON), and is named
by a hash of its bytes. Run files do not change, so a row says the truth of every file of that id and size:
two processes that index or merge at once repeat each other's work and cannot contradict it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping

from workbench.select import Row
from workbench.store.folder import Folder

FOLDER = "index"
"""Where the segments are, below the store."""

FORMAT = 1
"""Version of a segment; others are not read, and rows come from the footers again."""

MOST_SEGMENTS = 12
"""Segments that are left beside each other before they are merged."""

_KEY = b"workbench index"
_TRIES = 5

Key = tuple[str, int]
"""Id and size of a run's file."""


def load(folder: Folder, seen: set[str]) -> dict[Key, Row]:
    """Rows of the segments that are not in `seen`, to which they are added.

    A segment that is damaged is passed over.
    """
    found: dict[Key, Row] = {}
    for _ in range(_TRIES):
        gone = False
        try:
            names = folder.sizes(FOLDER).keys()
        except ValueError:
            break
        for name in names - seen:
            try:
                data = folder.read(f"{FOLDER}/{name}")
            except FileNotFoundError:
                # Merged into another between the listing and this line.
                gone = True
                continue
            except OSError:
                continue
            with contextlib.suppress(ValueError):
                found |= unpack(name, data)
                seen.add(name)
        if not gone:
            break
    return found


def add(folder: Folder, rows: Mapping[Key, Row], seen: set[str], kept: Mapping[Key, Row]) -> None:
    """Write a segment of new `rows`, and one of all that is `kept` where there are many.

    A store that cannot be written to is read all the same: its footers are read again next time.
    """
    with contextlib.suppress(OSError, ValueError):
        _write(folder, rows, seen)
        old = folder.sizes(FOLDER).keys() & seen
        if len(old) > MOST_SEGMENTS:
            # Only what has been read goes, and only after all of it is in the new segment.
            new = _write(folder, kept, seen)
            for name in old - {new}:
                folder.remove(f"{FOLDER}/{name}")


def clear(folder: Folder) -> None:
    """Take away all segments."""
    for name in folder.sizes(FOLDER):
        folder.remove(f"{FOLDER}/{name}")


def unpack(name: str, data: bytes) -> dict[Key, Row]:
    """Rows of a segment.

    Raises
    ------
    ValueError
        When it is not what its name stands for, or of another version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if name != _named(data):
        raise ValueError("its content is not what its name stands for")
    try:
        # The reader of `read_table` leaves threads behind, which abort a process that exits just then.
        table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
        if (table.schema.metadata or {}).get(_KEY) != str(FORMAT).encode():
            raise ValueError(f"it is not of version {FORMAT}")
        ids, sizes = table.column("id").to_pylist(), table.column("size").to_pylist()
        rows = json.loads("[" + ",".join(table.column("row").to_pylist()) + "]")
    except (pa.ArrowException, KeyError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("its rows are not mappings")
    return dict(zip(zip(ids, sizes, strict=True), rows, strict=True))


def _write(folder: Folder, rows: Mapping[Key, Row], seen: set[str]) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # In the order of the ids, so that the same rows are the same segment whoever writes it.
    keys = sorted(rows)
    columns = {
        "id": pa.array([id for id, _ in keys], pa.string()),
        "size": pa.array([size for _, size in keys], pa.int64()),
        "row": pa.array([json.dumps(rows[key]) for key in keys], pa.string()),
    }
    sink = pa.BufferOutputStream()
    table = pa.table(columns).replace_schema_metadata({_KEY: str(FORMAT).encode()})
    pq.write_table(table, sink, compression="zstd")
    data = sink.getvalue().to_pybytes()
    name = _named(data)
    seen.add(name)
    folder.write(f"{FOLDER}/{name}", data)
    return name


def _named(data: bytes) -> str:
    return f"{hashlib.sha256(data).hexdigest()[:16]}.parquet"
