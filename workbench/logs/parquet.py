"""Parquet: tables of any writer, and histories of W&B."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from workbench.logs.needs import pyarrow
from workbench.logs.table import Array, Gathering, Mask, Table

_ROWS = 1 << 18


def read(
    path: Path, wants: Callable[[str], bool], texts: tuple[str, ...] = ()
) -> tuple[Table, tuple[str, ...], tuple[str, ...], dict[str, Any]]:
    """The wanted columns, the names of the others, notes, and the columns of `texts` as texts."""
    pyarrow("a Parquet log")
    import pyarrow as pa
    import pyarrow.parquet as pq

    gathered, labels = Gathering(), {name: [] for name in texts}
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            if b"workbench" in (schema.metadata or {}):
                raise ValueError("it is a run of a Store: wb.Store(folder).load(id) reads it")
            wanted = [field.name for field in schema if wants(field.name) and _plain(field.type)]
            for batch in file.iter_batches(_ROWS, columns=[*wanted, *texts]):
                arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
                for name in texts:
                    labels[name].append(arrays.pop(name).cast(pa.string()).dictionary_encode())
                gathered.add(len(batch), {name: _numbers(column) for name, column in arrays.items()})
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"it is not a whole Parquet file: {str(error).splitlines()[0][:200]}") from None
    if not gathered.rows:
        raise ValueError("it has no rows")
    others = tuple(name for name in schema.names if name not in wanted)
    return (
        Table(gathered.columns()),
        others,
        (),
        {name: pa.chunked_array(part) for name, part in labels.items()},
    )


def names(path: Path) -> list[str]:
    """Names of all columns."""
    pyarrow("a Parquet log")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"it is not a whole Parquet file: {str(error).splitlines()[0][:200]}") from None


def _plain(kind: Any) -> bool:
    import pyarrow.types as types

    return any(
        test(kind) for test in (types.is_integer, types.is_floating, types.is_decimal, types.is_string)
    )


def _numbers(column: Any) -> tuple[Array, Mask]:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        cells = pc.cast(column, pa.float64(), safe=False)  # type: ignore[attr-defined]
    except pa.ArrowException:
        cells = pa.nulls(len(column), pa.float64())
    there = cells.is_valid().to_numpy(zero_copy_only=False)
    return cells.fill_null(np.nan).to_numpy(zero_copy_only=False), there
