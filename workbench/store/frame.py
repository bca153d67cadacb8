"""Rows as a table of pandas, Polars or Arrow, each column of one type."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from workbench.files import short
from workbench.select import Row

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = ("pandas", "polars", "arrow")
"""What a table can be made as."""

MOST_COLUMNS = 1_000
"""Columns of a table; what only few runs have is left out beyond it."""

_INT = 2**63


def check(kind: str) -> str:
    """`kind` if it is one of `KINDS` and its library is there.

    Raises
    ------
    ValueError
        When it is not.
    """
    if kind not in KINDS:
        raise ValueError(f"as_ must be one of {', '.join(KINDS)}; got {short(kind)}")
    if kind == "polars":
        try:
            import polars  # noqa: F401
        except ImportError:
            raise ValueError("as_='polars' needs Polars: pip install polars") from None
    return kind


def arrow(rows: list[Row], names: list[str]) -> pa.Table:
    """Typed columns: whole numbers, numbers, yes or no, text; what is mixed becomes text."""
    import pyarrow as pa

    return pa.table({name: _column(name, [row.get(name) for row in rows]) for name in _fewer(rows, names)})


def pandas(rows: list[Row], names: list[str]) -> Any:
    """The same as pandas has it: what is mixed keeps its values, and times are times."""
    import pandas as pd

    names = _fewer(rows, names)
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in names}
    table = pd.DataFrame(columns, columns=names)
    table["saved"] = pd.to_datetime(_micro(columns["saved"]), unit="us", utc=True)
    return table


def taken(table: pa.Table, places: list[int]) -> pa.Table:
    """The rows of an Arrow table at these places."""
    import pyarrow as pa

    return table.take(pa.array(places, pa.int64()))


def convert(table: pa.Table, kind: str) -> Any:
    """An Arrow table as what was asked for."""
    if kind == "arrow":
        return table
    if kind == "polars":
        import polars as pl

        return pl.from_arrow(table)
    return table.to_pandas()


def _fewer(rows: list[Row], names: list[str]) -> list[str]:
    if len(names) <= MOST_COLUMNS:
        return names
    counts = dict.fromkeys(names, 0)
    for row in rows:
        for name in row:
            counts[name] += 1
    own = {"id", "schedule", "task", "final_loss", "steps", "saved", "tags", "notes"}
    others = sorted((name for name in names if name not in own), key=lambda name: -counts[name])
    best = {*own, *others[: MOST_COLUMNS - len(own)]}
    warnings.warn(
        f"the runs have {len(names):,} fields together; the table holds the {len(best):,} that most have",
        stacklevel=5,
    )
    return [name for name in names if name in best]


def _column(name: str, values: list[Any]) -> pa.Array:
    import pyarrow as pa

    if name == "saved":
        return pa.array(_micro(values), pa.timestamp("us", tz="UTC"))
    if name == "tags":
        return pa.array(values, pa.list_(pa.string()))
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int} and all(value is None or -_INT <= value < _INT for value in values):
        return pa.array(values, pa.int64())
    if kinds <= {int, float}:
        return pa.array([None if v is None else _float(v) for v in values], pa.float64())
    return pa.array([None if v is None else str(v) for v in values], pa.string())


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _micro(values: Iterable[float]) -> list[int]:
    return [round(1e6 * value) for value in values]
