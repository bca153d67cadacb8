"""A schedule from a file: one of ours, or the log of a training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.imports.columns import Logged, logged
from workbench.imports.reduced import Reduced, measured, reduce, with_notes
from workbench.imports.tables import Table, columns, delimited, lines_of_json, objects, text_of
from workbench.params import MAX_STEPS, Param, number
from workbench.schedule import Schedule

Array = NDArray[np.float64]

_OFFSET = Param(-MAX_STEPS, MAX_STEPS, help="steps added to those of the log")
_TRAINER = "trainer_state"


def from_file(
    path: str | Path,
    *,
    step: str | None = None,
    rate: str | None = None,
    offset: int | None = None,
    total: int | None = None,
    tolerance: float | None = None,
) -> Reduced:
    """Read a schedule from a file, whatever it is.

    A file of ours (JSON or YAML with phases) gives the same schedule again. A log (CSV, TSV, JSON
    lines, a JSON list of rows, JSON with lists as columns, or the ``trainer_state.json`` of a
    transformers Trainer) is reduced to phases; see `reduce`. Which it is follows from the content.

    Parameters
    ----------
    path : str or Path
        The file, UTF-8 text.
    step, rate : str, optional
        Columns to read. By default the usual names are looked for (step, global_step, iter, ...; lr,
        learning_rate, train/learning_rate, ...), and the result's words say which were taken. Without
        a column of steps the rows are counted from 0.
    offset : int, optional
        What to add to the log's step to get the update, counted from 0, that used the rate. By default:
        -1 for a ``trainer_state.json``, because the Trainer counts an update before it logs it, and has
        logged the rate that the update used since transformers 4.51. Older ones logged the rate of the
        next update, so theirs is 0; a warmup shows which it was, as its line starts from 0 at update 0.
        For other logs 0, which is right where the rate is set and logged before the update (nanoGPT);
        -1 where every step from 1 on is logged, because such a log counts updates from 1.
    total : int, optional
        Updates in the whole run, where the log stops before its end; that of a ``trainer_state.json``
        is known from its ``max_steps``.
    tolerance : float, optional
        As in `reduce`.

    Returns
    -------
    Reduced
        With notes on columns, offset and spacing of the log.

    Raises
    ------
    ValueError
        Naming the file, and the line where there is one: unreadable, empty, binary or gigantic files,
        missing columns, values that are not rates or steps, steps out of order.

    Notes
    -----
    Rows without a rate are skipped. Where a run was resumed and logged some steps again, the later
    rows count.
    """
    text = text_of(path)
    name = Path(path).name
    saved, table, last = _parsed(text, name)
    if saved is not None:
        t = np.arange(len(saved), dtype=float)
        return with_notes(measured(saved, t, saved.array()), "a saved schedule")
    assert table is not None
    log = logged(table, name, step, rate)
    shift, why = _offset(log, table.kind, offset)
    steps = log.steps + shift
    if steps[0] < 0:
        raise ValueError(
            f"offset must not move the first step of {name}, {log.steps[0]:g}, below 0; got {shift}"
        )
    rates = log.rates
    if last is not None and steps[0] < last:
        # An old Trainer's last row is the rate of an update that never came.
        steps, rates = steps[steps < last], rates[steps < last]
        total = last if total is None else total
    try:
        found = reduce(rates, steps, total=total, tolerance=tolerance)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return with_notes(found, *log.notes, *why, *_spacing(steps))


def _parsed(text: str, name: str) -> tuple[Schedule | None, Table | None, int | None]:
    """The schedule or the table in a text, and the last step of the run where it says."""
    start = text.lstrip()[:1]
    if start in "{[":
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return None, lines_of_json(text, name), None
        if isinstance(data, list):
            if data and all(isinstance(x, int | float) and not isinstance(x, bool) for x in data):
                return None, Table("JSON", [(k + 1, {"rate": x}) for k, x in enumerate(data)]), None
            return None, objects(data, name, "JSON"), None
        if "phases" in data:
            return _saved(Schedule.from_dict, data, name), None, None
        history = data.get("log_history")
        if isinstance(history, list):
            return None, objects(history, name, _TRAINER), _last(data.get("max_steps"))
        if len(text.strip().splitlines()) == 1 and not any(isinstance(v, list) for v in data.values()):
            return None, lines_of_json(text, name), None
        return None, columns(data, name), None
    if name.lower().endswith((".yaml", ".yml")) or "\nphases:" in "\n" + text:
        return _saved(Schedule.from_yaml, text, name), None, None
    return None, delimited(text, name), None


def _saved(read: Any, data: Any, name: str) -> Schedule:
    try:
        return read(data)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    except RecursionError:
        raise ValueError(f"{name}: the file is nested too deep") from None


def _last(value: Any) -> int | None:
    return (
        value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_STEPS else None
    )


def _offset(log: Logged, kind: str, given: int | None) -> tuple[int, tuple[str, ...]]:
    """What is added to the steps, and a sentence on why."""
    if given is not None:
        return int(number("offset", given, _OFFSET, integer=True)), ()
    if kind != _TRAINER:
        if len(log.steps) > 2 and log.steps[0] == 1 and np.all(np.diff(log.steps) == 1):
            return -1, ("updates counted from 1 in the log",)
        return 0, ()
    zero = _origin(log)
    if zero == 0:
        return 0, ("the log holds the rate of the next update, as before transformers 4.51",)
    known = "the log holds" if zero == 1 else "taken as"
    return -1 if log.steps[0] > 0 else 0, (
        f"{known} the rate of the update just made, as since transformers 4.51",
    )


def _origin(log: Logged) -> float | None:
    """The step at which the line of the first three rates is 0; None where they do not rise in a line."""
    if len(log.steps) < 3:
        return None
    t, y = log.steps[:3], log.rates[:3]
    slope = np.diff(y) / np.diff(t)
    if slope[0] <= 0 or abs(slope[1] - slope[0]) > 1e-4 * slope[0]:
        return None
    zero = t[0] - y[0] / slope[0]
    return round(zero) if abs(zero - round(zero)) < 0.05 else None


def _spacing(steps: Array) -> tuple[str, ...]:
    if len(steps) < 2:
        return ("one row only",) if steps[0] > 0 else ()
    usual = float(np.median(np.diff(steps)))
    notes = [] if usual == 1 else [f"logged every {usual:g} steps"]
    if steps[0] > usual:
        notes.append(
            f"steps before {steps[0]:g} were not logged: they follow the first shape, or hold its rate"
        )
    return tuple(notes)
