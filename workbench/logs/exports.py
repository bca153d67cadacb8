"""How a table holds trainings: a column is a quantity, or that of a run, or each row names its quantity."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench.logs.names import kind
from workbench.logs.table import Column, Log, Table

PANEL = "W&B panel"
"""Form of a log that one run of a panel is; further panels may hold its other quantities."""

_KEYS = ("key", "metric", "metric_name", "tag", "variable")
_RUNS = ("run_id", "run id", "run", "run_name", "run name")


@dataclass(frozen=True)
class Layout:
    """How a table is to be read.

    Parameters
    ----------
    form : str
        "plain", "panel", "long" or "tag".
    wants : callable
        Whether a column is needed.
    texts : tuple of str
        Columns of text: of the long form the names of quantity and run.
    """

    form: str
    wants: Callable[[str], bool]
    texts: tuple[str, ...] = ()


def layout(names: list[str], wants: Callable[[str], bool]) -> Layout:
    """The layout of a table with the columns `names`."""
    low = {name.lower(): name for name in names}
    key = next((low[name] for name in _KEYS if name in low), None)
    if key is not None and {"value", "step"} <= set(low):
        # The first tells runs apart, the last is what people call them.
        runs = [low[name] for name in _RUNS if name in low]
        return Layout(
            "long",
            lambda name: name.lower() in ("value", "step"),
            (key, *dict.fromkeys(runs[:1] + runs[-1:])),
        )
    if set(low) == {"wall time", "step", "value"}:
        return Layout("tag", lambda name: name.lower() in ("value", "step"))
    if any((found := _of_run(name)) and wants(found[1]) for name in names):
        return Layout("panel", lambda name: wants(found[1] if (found := _of_run(name)) else name))
    return Layout("plain", wants)


def _of_run(name: str) -> tuple[str, str] | None:
    """Run and quantity of a column of a panel, None where it is none."""
    run, dash, quantity = name.rpartition(" - ")
    extreme = quantity.endswith(("__MIN", "__MAX"))
    return (run, quantity) if dash and run and kind(quantity) and not extreme else None


def logs(log: Log, how: Layout, labels: Mapping[str, Any]) -> list[Log]:
    """The trainings in the one table of `log`."""
    if how.form == "panel":
        return _panel(log)
    if how.form == "long":
        return _long(log, how, labels)
    return [_tag(log) if how.form == "tag" else log]


def _panel(log: Log) -> list[Log]:
    (table,) = log.tables
    runs: dict[str, dict[str, Column]] = {}
    for name, column in table.columns.items():
        found = _of_run(name)
        if found:
            runs.setdefault(found[0], {})[found[1]] = column
    shared = {name: column for name, column in table.columns.items() if not _of_run(name)}
    out = []
    for run, own in runs.items():
        columns = {**shared, **own}
        if not any((found := kind(name)) and found.what in ("step", "tokens") for name in columns):
            raise ValueError(
                "its horizontal axis is no step; export the panel with Step on the horizontal axis"
            )
        if any((found := kind(name)) and found.what in ("loss", "rate") for name in own):
            out.append(
                replace(log, name=run, form=PANEL, tables=(replace(table, columns=columns),), others=())
            )
    return out


def _long(log: Log, how: Layout, labels: Mapping[str, Any]) -> list[Log]:
    (table,) = log.tables
    keys, names = _coded(labels[how.texts[0]])
    runs, count = np.zeros(len(keys), int), 1
    titles, called = runs, [log.name]
    if len(how.texts) > 1:
        (runs, ids), (titles, called) = _coded(labels[how.texts[1]]), _coded(labels[how.texts[-1]])
        count = len(ids)
    value, step = (
        next(c for n, c in table.columns.items() if n.lower() == which) for which in ("value", "step")
    )
    out = []
    for r in range(count):
        mine = runs == r
        parts = {name: mine & (keys == k) for k, name in enumerate(names) if kind(name)}
        tables = [
            Table({"step": _rows(step, at), name: _rows(value, at)}) for name, at in parts.items() if at.any()
        ]
        if tables:
            name, form = called[titles[np.argmax(mine)]], f"{log.form} in long form"
            out.append(replace(log, name=name, form=form, tables=tuple(tables), others=tuple(names)))
    if not out:
        raise ValueError(f"in long form it has no loss; it has {', '.join(names[:12])}")
    return out


def _coded(column: Any) -> tuple[Any, list[str]]:
    """Numbers of the values of a column of text, -1 where there is none, and the values."""
    table: dict[str, int] = {}
    out = []
    for chunk in column.chunks:
        own = [table.setdefault(str(each), len(table)) for each in chunk.dictionary.to_pylist()]
        codes = chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        out.append(np.array([*own, -1])[codes])
    return np.concatenate(out), list(table)


def _rows(column: Column, here: Any) -> Column:
    return Column(column.value[here], column.there[here])


def _tag(log: Log) -> Log:
    """A download of one tag of TensorBoard, whose name is in that of the file."""
    (table,) = log.tables
    tag = re.sub(r"^.*-tag-", "", Path(log.source).stem)
    columns = {tag if name.lower() == "value" and kind(tag) else name: c for name, c in table.columns.items()}
    return replace(log, form="TensorBoard's CSV of one tag", tables=(replace(table, columns=columns),))
