"""What every reader gives: columns of numbers as they stand in the file, with what is missing marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MAX_ROWS = 30_000_000
"""Rows of one log beyond which it is refused: a column of them takes 240 MB."""


@dataclass(frozen=True, eq=False)
class Column:
    """Numbers of a column, shape (n,), and which of them are there; a NaN that was written is there."""

    value: Array
    there: Mask

    @property
    def count(self) -> int:
        """How many are there."""
        return int(self.there.sum())


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one length, rows in the order of the file.

    Parameters
    ----------
    columns : mapping of Column
        By their names in the file.
    first : int, optional
        Number that the trainer gives to its first update, where the form of the log settles it.
    shift : mapping of int
        Columns whose step is counted otherwise: what is added to it.
    cut : bool
        Whether the last row has no line end and so may be cut.
    """

    columns: Mapping[str, Column]
    first: int | None = None
    shift: Mapping[str, int] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True, eq=False)
class Log:
    """One training as it was logged.

    Parameters
    ----------
    name : str
        What the run is called: its file, folder, or its name in the export.
    source : str
        Path.
    form : str
        What kind of log it is.
    tables : tuple of Table
        Columns that may be of use.
    others : tuple of str
        Names of the columns that were not read.
    facts : mapping
        What else the log says, plain values.
    notes : tuple of str
        What the reader had to do: one sentence each.
    """

    name: str
    source: str
    form: str
    tables: tuple[Table, ...]
    others: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Columns that were read."""
        return list(dict.fromkeys(name for table in self.tables for name in table.columns))


class Gathering:
    """Chunks of columns that become a table; a column may begin late and have gaps."""

    def __init__(self) -> None:
        self.rows = 0
        self._parts: dict[str, list[tuple[int, Array, Mask]]] = {}

    def add(self, rows: int, columns: Mapping[str, tuple[Array, Mask]]) -> None:
        """Append `rows` rows of which `columns` gives numbers and which are there, shape (rows,) each."""
        for name, (value, there) in columns.items():
            self._parts.setdefault(name, []).append((self.rows, value, there))
        self.rows += rows
        if self.rows > MAX_ROWS:
            raise ValueError(f"it has more than {MAX_ROWS:,} rows; thin it first")

    def columns(self) -> dict[str, Column]:
        """All columns, each as long as all rows."""
        return {name: self._column(parts) for name, parts in self._parts.items()}

    def _column(self, parts: Iterable[tuple[int, Array, Mask]]) -> Column:
        value, there = np.full(self.rows, np.nan), np.zeros(self.rows, bool)
        for begin, numbers, present in parts:
            value[begin : begin + len(numbers)] = numbers
            there[begin : begin + len(numbers)] = present
        return Column(value, there)


def counted(n: int, what: str) -> str:
    """``1 row``, ``2 rows``: a number with its noun."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"
