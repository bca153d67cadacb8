"""One question in SQL about the runs of a store, answered by DuckDB, which is let see nothing else.

Tables are handed to it from here: it may open no file, load no extension and change no setting, so that a
query cannot read beyond the store or write anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from workbench.files import short
from workbench.select import meant
from workbench.store import frame

if TYPE_CHECKING:
    import pyarrow as pa

_LOCKED = (
    "SET temp_directory = ''",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def answer(sql: str, runs: Callable[[], pa.Table], points: Callable[[], Any], as_: str) -> Any:
    """The result of `sql` over the tables `runs` and `points`, each made only where it is named.

    Raises
    ------
    ValueError
        When it is not one SELECT, or DuckDB refuses it.
    """
    frame.check(as_)
    if not isinstance(sql, str) or not sql.strip():
        raise ValueError(f"sql must be a SELECT statement; got {short(sql)}")
    try:
        import duckdb
    except ImportError:
        raise ValueError("a query needs DuckDB: pip install duckdb") from None
    with duckdb.connect(":memory:") as connection:
        try:
            statements = connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise ValueError("sql must be one SELECT statement; nothing is ever changed by a query")
            names = set(_names(sql, duckdb.tokenize(sql), duckdb.token_type.identifier))
            if "runs" in names:
                connection.register("runs", _with_short_names(runs(), names))
            if "points" in names:
                connection.register("points", points())
            for setting in _LOCKED:
                connection.execute(setting)
            table = connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise ValueError(f"the query was refused: {_said(error)}") from None
        except OSError as error:
            raise ValueError(f"the query met a damaged run: {_said(error)}") from None
    return frame.convert(table, as_)


def _names(sql: str, tokens: Iterable[tuple[int, Any]], identifier: Any) -> Iterable[str]:
    """Words of the query that may be names, in lower case as DuckDB compares them."""
    data = sql.encode()
    starts = [*tokens]
    for (start, kind), stop in zip(starts, [*(each[0] for each in starts[1:]), len(data)], strict=True):
        if kind == identifier:
            yield data[start:stop].decode("utf-8", "replace").strip().strip('"').lower()


def _with_short_names(table: pa.Table, names: set[str]) -> pa.Table:
    """The table, with a second column for each short name in the query, as `peak` for `schedule.peak`."""
    columns = table.column_names
    for name in sorted(names - {column.lower() for column in columns}):
        try:
            table = table.append_column(name, table.column(meant(name, columns)))
        except ValueError:
            # Not a field at all: an alias, a function, or what DuckDB will say it does not know.
            continue
    return table


def _said(error: Exception) -> str:
    """What DuckDB says, on one line."""
    lines = [line.strip() for line in str(error).split("LINE 1")[0].split(os.linesep)]
    return " ".join(line for line in lines if line)[:600]
