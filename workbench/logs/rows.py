"""JSON: an object on each line, an array of objects, lists as columns, Hugging Face's Trainer state."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from workbench.logs import objects
from workbench.logs.stream import HEAD, blocks, chunks, numbers
from workbench.logs.table import Array, Gathering, Log, Mask, Table, counted
from workbench.params import MAX_STEPS

Wants = Callable[[str], bool]

_DEPTH, _NAMES = 3, 400
_RATE = "learning_rate"
_WHOLE = 64 << 20
"""Bytes of a JSON document that is no list of rows, which must be parsed as a whole."""

_HISTORY = re.compile(rb'"log_history"\s*:\s*\[')


class _Columns:
    """Rows as mappings, made into columns chunk by chunk."""

    def __init__(self, wants: Wants) -> None:
        self.wants = wants
        self.gathered = Gathering()
        self.others: dict[str, None] = {}

    def add(self, rows: list[dict[str, Any]]) -> None:
        self.gathered.add(len(rows), dict(self._split(rows, np.arange(len(rows)), len(rows), "", _DEPTH)))

    def _split(
        self, rows: list[dict[str, Any]], at: Any, n: int, before: str, depth: int
    ) -> Iterator[tuple[str, tuple[Array, Mask]]]:
        for key in dict.fromkeys(chain.from_iterable(rows)):
            name, wanted = f"{before}{key}", self.wants(f"{before}{key}")
            inner = depth > 0 and isinstance(next(row[key] for row in rows if key in row), dict)
            if not wanted and not inner:
                if len(self.others) < _NAMES:
                    self.others[name] = None
                continue
            having = [i for i, row in enumerate(rows) if key in row]
            values = [rows[i][key] for i in having]
            where = at[having]
            if inner:
                kept = [k for k, value in enumerate(values) if isinstance(value, dict)]
                yield from self._split([values[k] for k in kept], where[kept], n, f"{name}/", depth - 1)
                continue
            column, present = np.full(n, np.nan), np.zeros(n, bool)
            column[where], present[where] = numbers(values)
            yield name, (column, present)


def lines(path: Path, name: str, wants: Wants, encoding: str) -> list[Log]:
    """A training of which every line is a JSON object."""
    columns, bad, seen, whole = _Columns(wants), 0, 0, True
    for block in blocks(path, encoding):
        rows, missed, whole = _parse_lines(block)
        bad, seen = bad + missed, seen + len(block)
        columns.add(rows)
        if not columns.gathered.rows and seen > HEAD:
            break
    if not columns.gathered.rows:
        raise ValueError(f"none of its lines is a JSON object, in the first {max(1, seen >> 20)} MB")
    notes = _cut_notes(bad, whole)
    table = Table(columns.gathered.columns())
    return [Log(name, str(path), "JSON lines", (table,), tuple(columns.others), notes=notes)]


def _cut_notes(bad: int, whole: bool) -> tuple[str, ...]:
    notes = [] if whole else ["The last line is cut and was left out."]
    inside = bad - (not whole)
    if inside:
        notes.append(f"{counted(inside, 'line')} not a JSON object: left out.")
    return tuple(notes)


def _parse_lines(block: bytes) -> tuple[list[dict[str, Any]], int, bool]:
    """Rows of a block, how many lines are none, and whether its last line is whole."""
    text = block.decode("utf-8", errors="replace")
    found = [line for line in text.splitlines() if line.strip()]
    try:
        # One call for the block is several times faster than one for each line.
        rows = json.loads(f"[{','.join(found)}]")
        if len(rows) == len(found) and all(type(row) is dict for row in rows):
            return rows, 0, True
    except (ValueError, RecursionError):
        pass
    rows = [objects.one(line) for line in found]
    good = [row for row in rows if row is not None]
    whole = block.endswith(b"\n") or not rows or rows[-1] is not None
    return good, len(rows) - len(good), whole


def array(path: Path, name: str, wants: Wants, encoding: str) -> list[Log]:
    """A training as a JSON array of objects."""
    columns, closed = _Columns(wants), False
    for rows, ended in objects.within(objects.after(chunks(path, encoding), re.compile(rb"\["))):
        columns.add(rows)
        closed = closed or ended
    if not columns.gathered.rows:
        raise ValueError("its JSON array holds no objects with numbers")
    notes = () if closed else ("The end of the file is cut: the rows before it were read.",)
    table = Table(columns.gathered.columns())
    return [Log(name, str(path), "JSON array", (table,), tuple(columns.others), notes=notes)]


def trainer_state(path: Path, name: str, wants: Wants, encoding: str) -> list[Log]:
    """A training of Hugging Face's Trainer, from the ``log_history`` of its state."""
    columns, closed = _Columns(wants), False
    for rows, ended in objects.within(objects.after(chunks(path, encoding), _HISTORY)):
        # The last row has the mean loss of the whole training under the name train_loss.
        columns.add([row for row in rows if "train_runtime" not in row])
        closed = closed or ended
    if not columns.gathered.rows:
        raise ValueError("its log_history has no rows")
    notes = ["Each training loss is the mean since the row before."]
    if not closed:
        notes.append("The end of the file is cut: the rows before it were read.")
    table = Table(columns.gathered.columns(), first=1)
    if _before(table):
        table = replace(table, shift={_RATE: 1})
        notes.append("The rates are those of the update to come, as the Trainer logged them before 4.51.")
    form = "Hugging Face trainer state"
    return [Log(name, str(path), form, (table,), tuple(columns.others), _planned(path), tuple(notes))]


def _before(table: Table) -> bool:
    """Whether the line through the first rates, in a warmup, is 0 at step 0 rather than at step 1."""
    if not {"step", _RATE} <= set(table.columns):
        return False
    step, rate = table.columns["step"], table.columns[_RATE]
    t, y = (column.value[step.there & rate.there][:3] for column in (step, rate))
    if len(t) < 3 or not y[0] < y[1] < y[2]:
        return False
    # Two points give the line, the third says whether it is one.
    slope = np.diff(y) / np.diff(t)
    return bool(abs(slope[1] / slope[0] - 1) < 1e-4 and abs(t[0] - y[0] / slope[0]) < 0.05)


def _planned(path: Path) -> dict[str, Any]:
    """Updates that the training was to have, and those it has had, from before or after the history."""
    size = path.stat().st_size
    with path.open("rb") as file:
        ends = file.read(1 << 16)
        file.seek(max(0, size - (1 << 16)))
        ends += file.read()
    out = {}
    for name, key in (("planned", b"max_steps"), ("done", b"global_step")):
        found = re.findall(rb'"' + key + rb'"\s*:\s*(\d+)', ends)
        if found and 0 < int(found[0]) <= MAX_STEPS:
            out[name] = int(found[0])
    return out


def document(path: Path, name: str, wants: Wants) -> list[Log]:
    """A training as one JSON object of lists, ``{"step": [...], "loss": [...]}``, or of objects of lists."""
    if path.stat().st_size > _WHOLE:
        raise ValueError(
            f"it is one JSON object of more than {_WHOLE >> 20} MB, which is no form of log known here"
        )
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not whole JSON: {str(error).splitlines()[0]}") from None
    tables = tuple(_tables(data, wants, _DEPTH))
    if not tables:
        raise ValueError("it is one JSON object without lists of numbers of one length, as of step and loss")
    return [Log(name, str(path), "JSON lists", tables)]


def _tables(data: Any, wants: Wants, depth: int) -> Iterator[Table]:
    """A table for every object, inner ones too, that has lists of one length among its values."""
    if not isinstance(data, dict) or not depth:
        return
    lists = {key: value for key, value in data.items() if isinstance(value, list) and wants(key) and value}
    if lists:
        lengths = [len(value) for value in lists.values()]
        most = max(lengths, key=lengths.count)
        gathered = Gathering()
        gathered.add(most, {key: numbers(value) for key, value in lists.items() if len(value) == most})
        if len(gathered.columns()) > 1:
            yield Table(gathered.columns())
    for value in data.values():
        yield from _tables(value, wants, depth - 1)
