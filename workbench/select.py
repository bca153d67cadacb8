"""Rows of a table of runs, and the choice among them by any field."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]

_FIRST = ("id", "schedule", "task")
_SAID = ("final_loss", "steps", "saved")
_LAST = (*_SAID, "tags", "notes")
_OWN = {*_FIRST, *_LAST}
_LONGEST = 1_000
"""Characters of a text that a table holds; the run has all of them."""


def row(id: str, about: Mapping[str, Any]) -> Row:
    """One row from the metadata of a saved run; values that are not single are left out."""
    recipe = about["schedule"].get("recipe") or {"name": "custom"}
    task = about["task"]
    last = {name: about[name] for name in _SAID}
    found: Row = {"id": id, "schedule": recipe.get("name"), "task": task.get("name"), **last}
    for prefix, values in (("schedule", recipe), ("task", task)):
        found |= {f"{prefix}.{key}": v for key, v in values.items() if key != "name" and _single(v)}
    for key, value in about["facts"].items():
        if _single(value):
            found[f"facts.{key}" if key in _OWN else key] = value
    return {
        _text(key): _text(v) if isinstance(v, str) else v if _single(v) else None for key, v in found.items()
    }


def columns(rows: Iterable[Row]) -> list[str]:
    """The columns of the table in order: the schedule's, the task's, facts, and what every run has."""
    middle = [column for column in dict.fromkeys(c for row in rows for c in row) if column not in _OWN]
    ranked = {prefix: [c for c in middle if c.startswith(prefix)] for prefix in ("schedule.", "task.")}
    others = [c for c in middle if not c.startswith(("schedule.", "task."))]
    return ["id", "schedule", *ranked["schedule."], "task", *ranked["task."], *others, *_LAST]


def pick(rows: list[Row], filters: Mapping[str, Any], names: list[str]) -> list[int]:
    """Places of the rows that pass all `filters`; a tag is had by a row whose tags it is among.

    Raises
    ------
    ValueError
        For a filter whose name no row has, or that means more than one column.
    """
    places = list(range(len(rows)))
    for name, wanted in filters.items():
        column = meant(name, names)
        values = list(wanted) if _many(wanted) else [wanted]
        if column == "tags":
            places = [i for i in places if any(value in rows[i]["tags"] for value in values)]
        else:
            places = [i for i in places if any(_equal(rows[i].get(column), value) for value in values)]
    return places


def meant(name: str, columns: list[str]) -> str:
    """The column that a name stands for: its own, or the only one of schedule, task or facts so called.

    Raises
    ------
    ValueError
        When there is none, or more than one.
    """
    if name in columns:
        return name
    found = [c for c in columns if c in (f"schedule.{name}", f"task.{name}", f"facts.{name}")]
    if len(found) > 1:
        raise ValueError(f"{name!r} may mean {' or '.join(found)}; say which, as in **{{{found[0]!r}: ...}}")
    if not found:
        raise ValueError(f"no run has the field {name!r}; there are {', '.join(columns)}")
    return found[0]


def _single(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _text(value: str) -> str:
    # Half a surrogate pair, which JSON can hold, would keep a whole table from being made.
    return value[:_LONGEST].encode("utf-8", "replace").decode()


def _many(wanted: Any) -> bool:
    return isinstance(wanted, Iterable) and not isinstance(wanted, str | bytes | Mapping)


def _equal(a: Any, b: Any) -> bool:
    # A rate that was computed as 3 * 1e-4 is meant to match 3e-4.
    if all(isinstance(x, numbers.Real) and not isinstance(x, bool) for x in (a, b)):
        return math.isclose(a, b, rel_tol=1e-9) or (math.isnan(a) and math.isnan(b))
    return type(a) is type(b) and bool(a == b)
