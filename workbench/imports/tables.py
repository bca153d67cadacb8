"""Text of a log to rows of named values: CSV, JSON lines, JSON; each row knows its line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from workbench.files import short

MOST_BYTES = 1 << 30
"""Largest file that is read."""

_DELIMITERS = ",\t;|"


class Table(NamedTuple):
    """Rows as (line, values by column name), and what kind of file they came from."""

    kind: str
    rows: Sequence[tuple[int, Mapping[str, Any]]]


def text_of(path: str | Path) -> str:
    """The text of a file.

    Raises
    ------
    ValueError
        When it cannot be read, is too big, empty, binary, or not UTF-8; with the line of the first byte
        that is not.
    """
    try:
        file = Path(path).expanduser()
        if file.is_dir():
            raise ValueError(f"{file} is a folder; name a file in it")
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"{file} has {file.stat().st_size} bytes; at most {MOST_BYTES} are read")
        data = file.read_bytes()
    except TypeError:
        raise ValueError(f"path must be a file name; got {short(path)}") from None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{short(str(path))} cannot be read: {reason}") from None
    if not data.strip():
        raise ValueError(f"{file} is empty")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError(f"{file} must be UTF-8 text; it is UTF-16: save it again as UTF-8")
    if (at := data.find(b"\0")) >= 0:
        raise ValueError(f"{file} must be text; byte {at} is 0, so it is binary")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{file} line {line} must be UTF-8 text; byte {error.start} is not") from None


def lines_of_json(text: str, name: str) -> Table:
    """One JSON object per line; empty lines are skipped."""
    rows = []
    for line, row in enumerate(text.splitlines(), 1):
        if not row.strip():
            continue
        try:
            value = json.loads(row)
        except (ValueError, RecursionError):
            raise ValueError(f"{name} line {line} must be a JSON object; got {short(row)}") from None
        if not isinstance(value, dict):
            raise ValueError(f"{name} line {line} must be a JSON object; got {short(row)}")
        rows.append((line, dict(_flat(value))))
    return Table("JSON lines", rows)


def objects(values: list[Any], name: str, kind: str) -> Table:
    """A list of objects; `line` counts them from 1."""
    rows = []
    for place, value in enumerate(values, 1):
        if not isinstance(value, dict):
            raise ValueError(f"{name} entry {place} must be an object; got {short(value)}")
        rows.append((place, dict(_flat(value))))
    return Table(kind, rows)


def columns(values: Mapping[str, Any], name: str) -> Table:
    """An object whose values are lists of one length."""
    lists = {key: value for key, value in values.items() if isinstance(value, list)}
    lengths = {len(value) for value in lists.values()}
    if not lists or len(lengths) != 1:
        raise ValueError(
            f"{name} must hold a schedule (phases), a log_history, or lists of one length; "
            f"got the names {short(list(values))}"
        )
    rows = [
        (k + 1, dict(zip(lists, row, strict=True))) for k, row in enumerate(zip(*lists.values(), strict=True))
    ]
    return Table("JSON", rows)


def delimited(text: str, name: str) -> Table:
    """CSV, TSV or the like with a row of names; a file of bare numbers is (step, rate), or rates alone."""
    lines = text.splitlines()
    first = next((k for k, row in enumerate(lines) if row.strip() and not row.lstrip().startswith("#")), None)
    if first is None:
        raise ValueError(f"{name} has no rows")
    delimiter = max(_DELIMITERS, key=lines[first].count)
    try:
        reader = csv.reader(io.StringIO("\n".join(lines[first:])), delimiter=delimiter, strict=True)
        header = next(reader)
        bare = all(_number(cell) for cell in header)
        if bare and len(header) > 2:
            raise ValueError(f"{name} line {first + 1} must name the columns; got {short(lines[first])}")
        names = [["rate"], ["step", "rate"]][len(header) - 1] if bare else [cell.strip() for cell in header]
        rows: list[tuple[int, Mapping[str, Any]]] = (
            [(first + 1, dict(zip(names, header, strict=True)))] if bare else []
        )
        for cells in reader:
            line = first + reader.line_num
            if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
                continue
            if len(cells) > len(names):
                raise ValueError(f"{name} line {line} must have {len(names)} values; got {len(cells)}")
            rows.append((line, dict(zip(names, cells, strict=False))))
    except csv.Error as error:
        raise ValueError(f"{name} is not CSV: {error}") from None
    return Table("CSV", rows)


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _flat(value: Mapping[str, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Nested names joined by "/": {"train": {"lr": 1}} has the column train/lr."""
    for key, inner in value.items():
        if isinstance(inner, dict) and depth < 4:
            yield from _flat(inner, f"{before}{key}/", depth + 1)
        else:
            yield f"{before}{key}", inner
