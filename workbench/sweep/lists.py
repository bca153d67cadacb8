"""Rows of parameters from a CSV or YAML file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench import files
from workbench.sweep.task import Maker


def read(path: str | Path, maker: Maker) -> list[dict[str, Any]]:
    """One mapping per row of a CSV (names in the first line), or per item of a YAML list of mappings.

    An empty cell of a CSV keeps the default.

    Raises
    ------
    ValueError
        For a file that cannot be read, or a value that is not allowed, with its row.
    """
    path = Path(path).expanduser()
    try:
        # A value may hold ends of lines of any kind: they stay as they are.
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the list {path} cannot be read: {error}") from None
    rows = _yaml(path, text) if path.suffix.lower() in (".yaml", ".yml") else _csv(path, text)
    found = []
    for number, row in enumerate(rows, 1):
        try:
            known = {name: maker.parameter(name) for name in row}
            found.append(
                {
                    # YAML has types of its own, a CSV has text only.
                    name: known[name].read(v) if isinstance(v, str) else known[name].check(v)
                    for name, v in row.items()
                }
            )
        except ValueError as error:
            raise ValueError(f"row {number} of {path}: {error}") from None
    if not found:
        raise ValueError(f"the list {path} must have at least one row")
    return found


def _csv(path: Path, text: str) -> list[dict[str, str]]:
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise ValueError(f"{path} is not a CSV: {error}") from None
    if not rows:
        return []
    head = [name.strip() for name in rows[0]]
    if len(set(head)) < len(head):
        raise ValueError(f"{path} must name each column once; got {', '.join(head)}")
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(head):
            raise ValueError(f"row {number} of {path} must have {len(head)} cells; it has {len(row)}")
    return [
        {name: cell.strip() for name, cell in zip(head, row, strict=True) if cell.strip()} for row in rows[1:]
    ]


def _yaml(path: Path, text: str) -> list[Mapping[str, Any]]:
    try:
        data = files.from_yaml(text)
    except ValueError as error:
        raise ValueError(f"the list {path} cannot be read: {error}") from None
    if not isinstance(data, list) or not all(isinstance(row, Mapping) for row in data):
        raise ValueError(f"{path} must be a YAML list of mappings, each `name: value`")
    return data
