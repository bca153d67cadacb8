"""Rows of a table of runs, and the choice among them by any field."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]

_FIRST = ("id", "schedule", "task")
_LAST = ("final_loss", "steps", "saved")


def row(id: str, about: Mapping[str, Any]) -> Row:
    """One row from the metadata of a saved run; values that are not single are left out."""
    recipe = about["schedule"].get("recipe") or {"name": "custom"}
    task = about["task"]
    last = {name: about[name] for name in _LAST}
    found: Row = {"id": id, "schedule": recipe.get("name"), "task": task.get("name"), **last}
    for prefix, values in (("schedule", recipe), ("task", task)):
        found |= {f"{prefix}.{key}": v for key, v in values.items() if key != "name" and _single(v)}
    for key, value in about["facts"].items():
        if _single(value):
            found[f"facts.{key}" if key in (*_FIRST, *_LAST) else key] = value
    return found


def pick(rows: list[Row], filters: Mapping[str, Any]) -> tuple[list[Row], list[str]]:
    """The rows that pass all `filters`, and the columns of the table in order.

    Raises
    ------
    ValueError
        For a filter whose name no row has, or that means more than one column.
    """
    present = list(dict.fromkeys(column for found in rows for column in found))
    middle = [column for column in present if column not in (*_FIRST, *_LAST)]
    ranked = {prefix: [c for c in middle if c.startswith(prefix)] for prefix in ("schedule.", "task.")}
    others = [c for c in middle if not c.startswith(("schedule.", "task."))]
    columns = ["id", "schedule", *ranked["schedule."], "task", *ranked["task."], *others, *_LAST]
    for name, wanted in filters.items():
        column = _column(name, columns)
        values = list(wanted) if _many(wanted) else [wanted]
        rows = [found for found in rows if any(_equal(found.get(column), value) for value in values)]
    return rows, columns


def _column(name: str, columns: list[str]) -> str:
    if name in columns:
        return name
    meant = [c for c in columns if c in (f"schedule.{name}", f"task.{name}", f"facts.{name}")]
    if len(meant) > 1:
        raise ValueError(f"{name!r} may mean {' or '.join(meant)}; say which, as in **{{{meant[0]!r}: ...}}")
    if not meant:
        raise ValueError(f"no run has the field {name!r}; there are {', '.join(columns)}")
    return meant[0]


def _single(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _many(wanted: Any) -> bool:
    return isinstance(wanted, Iterable) and not isinstance(wanted, str | bytes | Mapping)


def _equal(a: Any, b: Any) -> bool:
    # A rate that was computed as 3 * 1e-4 is meant to match 3e-4.
    if all(isinstance(x, numbers.Real) and not isinstance(x, bool) for x in (a, b)):
        return math.isclose(a, b, rel_tol=1e-9) or (math.isnan(a) and math.isnan(b))
    return type(a) is type(b) and bool(a == b)
