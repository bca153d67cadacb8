"""One piece of a training: its losses and rates at the updates that they belong to, counted from 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.logs.asked import Asked
from workbench.logs.choosing import Chosen, unit_of
from workbench.logs.names import find, kind, plain
from workbench.logs.order import Done, Points, Restarts, restarts, settle
from workbench.logs.table import Array, Column, Log, Mask, Table, counted
from workbench.logs.units import to_nats
from workbench.params import MAX_STEPS

_EXACT = 1e-6
_ENOUGH, _SHARE, _FAR = 10, 0.02, 10
"""Rows from which, and share up to which, impossible steps are glitches; times all others that one is far."""

_OFF = 0.02
"""How far a number of tokens may be from that of a whole update, in updates, before it is said."""


@dataclass(frozen=True, eq=False)
class Piece:
    """What one log gives.

    Parameters
    ----------
    log : Log
        Where it comes from.
    series : mapping of Points
        Columns that were chosen, by name; losses are in nats per token.
    step : str
        Where the steps are, in words.
    initial : mapping of float
        Losses before the first update.
    notes : tuple of str
        What was done.
    """

    log: Log
    series: dict[str, Points]
    step: str
    initial: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def extract(logs: Sequence[Log], chosen: Chosen, asked: Asked) -> list[Piece]:
    """The chosen columns of the pieces of one training at their updates.

    Raises
    ------
    ValueError
        When the steps are no numbers of updates.
    """
    first = _Counting.of(logs, chosen, asked)
    return [_extract(log, chosen, asked, first) for log in logs]


def _extract(log: Log, chosen: Chosen, asked: Asked, counting: _Counting) -> Piece:
    wanted = _wanted(chosen)
    notes: list[str] = []
    series: dict[str, Points] = {}
    initial: dict[str, float] = {}
    words, done = "", dict[Done, list[str]]()
    for table in log.tables:
        here = [name for name in wanted if name in table.columns]
        if not here:
            continue
        clock = _clock(table, here[0], asked, counting, notes)
        words = words or clock.words
        again: Restarts | None = None
        for name in here:
            row, step, value = _rows(table, clock, table.columns[name], name, notes)
            step = step - clock.first + (table.shift.get(name, 0) if asked.first is None else 0)
            if name != chosen.rate:
                value = to_nats(value, unit_of(name, chosen.loss, asked), asked.bytes_per_token)
                before = step < 0
                if before.any():
                    initial[name] = float(value[before][-1])
                    row, step, value = row[~before], step[~before], value[~before]
            # In one table all columns go back together.
            again = restarts(row, step) if again is None else again
            series[name], what = settle(row, step, value, again)
            done.setdefault(what, []).append(name)
    notes += [sentence for what, names in done.items() for sentence in what.sentences(names)]
    return Piece(log, series, words, initial, tuple(dict.fromkeys(notes)))


def _wanted(chosen: Chosen) -> list[str]:
    return [name for name in (chosen.loss, chosen.rate, *chosen.parts) if name is not None]


@dataclass(frozen=True)
class _Counting:
    """Number of the first update in a log whose form leaves it open, and a sentence where it is a guess."""

    first: int
    note: str = ""

    @classmethod
    def of(cls, logs: Sequence[Log], chosen: Chosen, asked: Asked) -> _Counting:
        if asked.first is not None:
            return cls(asked.first)
        names = {plain(name) for log in logs for name in (*log.names, *log.others)}
        # The Trainer of Hugging Face, through W&B or TensorBoard, counts updates that are done.
        if {"train_learning_rate", "train_epoch", "train_loss"} <= names:
            return cls(1)
        seen = [step for log in logs for table in log.tables if len(step := _steps(table, chosen, asked))]
        step = np.unique(np.concatenate(seen))[:1000] if seen else np.zeros(1)
        if step[0] < 1:
            return cls(0)
        # 1, 2, 3 and 1, 11, 21 and 1, 10, 20 are counted from 1; 1, 3, 5 may be every second one from 0.
        if step[0] == 1 and not (len(step) > 1 and step[1] == 3):
            return cls(1)
        said = "The log does not say if it counts updates from 0 or 1: taken as from 0 (else first=1)."
        return cls(0, said)


def _steps(table: Table, chosen: Chosen, asked: Asked) -> Array:
    """Steps of the rows with a chosen column, in a table whose form leaves the first one open."""
    column = next((name for name in _wanted(chosen) if name in table.columns), None)
    step = None if column is None or table.first is not None else _best(table, "step", asked.step, column)
    if step is None or column is None:
        return np.empty(0)
    found = table.columns[step]
    here = found.there & table.columns[column].there & np.isfinite(found.value)
    return found.value[here]


@dataclass(frozen=True, eq=False)
class _Clock:
    """Steps of all rows, which of them are there, the number of the first update, and words for it."""

    step: Array
    there: Mask
    first: int
    words: str


def _clock(table: Table, column: str, asked: Asked, counting: _Counting, notes: list[str]) -> _Clock:
    names = list(table.columns)
    if asked.step is not None and find(asked.step, names) is None and not _has(names, "step"):
        raise ValueError(f"step must be a column of the log, one of {', '.join(names)}; got {asked.step!r}")
    tokens = _best(table, "tokens", asked.tokens, column)
    if tokens is not None and asked.tokens_per_step is not None and asked.step is None:
        return _from_tokens(table.columns[tokens], tokens, float(asked.tokens_per_step), asked, notes)
    step = _best(table, "step", asked.step, column)
    if step is None:
        if tokens is not None:
            raise ValueError(
                f"its steps are in tokens ({tokens!r}); give tokens_per_step, the tokens of one update"
            )
        there = table.columns[column].there
        notes.append(f"Caution: there is no column of steps; rows of {column!r} are taken for updates.")
        return _Clock(np.cumsum(there).astype(float) - 1, there, 0, "rows")
    found = table.columns[step]
    value, there = found.value, found.there & np.isfinite(found.value)
    if not there.any():
        raise ValueError(f"its column of steps, {step!r}, holds no numbers")
    if table.first is None and counting.note:
        notes.append(counting.note)
    first = counting.first if table.first is None or asked.first is not None else table.first
    value, there = _sound(value, there, step, notes)
    return _Clock(value, there, first, step)


def _has(names: list[str], what: str) -> bool:
    return any((found := kind(name)) is not None and found.what == what for name in names)


def _best(table: Table, what: str, asked: str | None, column: str) -> str | None:
    """The column of steps or tokens that is there where `column` is; one that is asked for in any case."""
    names = list(table.columns)
    if asked is not None and (given := find(asked, names)) is not None:
        return given
    kinds = [(found.rank, name) for name in names if (found := kind(name)) is not None and found.what == what]
    there = table.columns[column].there
    for _, name in sorted(kinds):
        if np.count_nonzero(table.columns[name].there & there) >= 0.9 * np.count_nonzero(there):
            return name
    return min(kinds)[1] if kinds else None


def _sound(step: Array, there: Mask, name: str, notes: list[str]) -> tuple[Array, Mask]:
    """Steps as whole numbers, without the few that cannot be one; many of these are another quantity."""
    seen = step[there]
    broken, high = np.abs(seen - np.rint(seen)) > _EXACT, seen >= MAX_STEPS
    few = len(seen) >= _ENOUGH and np.count_nonzero(broken | high) <= _SHARE * len(seen)
    if broken.any() and not few:
        raise ValueError(
            f"steps must be whole numbers of updates; its column {name!r} has {seen[np.argmax(broken)]:g}: "
            "give step=, or tokens= with tokens_per_step="
        )
    if high.any() and not few:
        raise ValueError(
            f"steps must be below {MAX_STEPS:,}; its column {name!r} reaches {seen.max():g}: if these are "
            "tokens, give tokens= with tokens_per_step="
        )
    bad = broken | high
    top = np.unique(seen[~bad])
    if len(top) >= _ENOUGH and top[-1] - top[-2] > _FAR * (top[-2] - top[0] + 1):
        bad |= seen == top[-1]
    if bad.any():
        some = ", ".join(f"{value:g}" for value in seen[bad][:3])
        notes.append(f"{counted(int(bad.sum()), 'value')} of {name!r} cannot be a step, such as {some}.")
        there = there.copy()
        there[np.flatnonzero(there)[bad]] = False
    return np.rint(step), there


def _from_tokens(column: Column, name: str, each: float, asked: Asked, notes: list[str]) -> _Clock:
    there = column.there & np.isfinite(column.value)
    if not there.any():
        raise ValueError(f"its column of tokens, {name!r}, holds no numbers")
    exact = column.value / each
    off = float(np.max(np.abs(exact[there] - np.rint(exact[there]))))
    if off > _OFF:
        notes.append(
            f"The tokens are no whole multiples of {each:g}: the steps are rounded, by up to {off:.2g}."
        )
    # Tokens that were seen count updates that are done.
    first = asked.first if asked.first is not None else 0 if np.any(np.rint(exact[there]) == 0) else 1
    words = f"{name} / {each:g}"
    step, there = _sound(np.rint(exact), there, name, notes)
    return _Clock(step, there, first, words)


def _rows(
    table: Table, clock: _Clock, column: Column, name: str, notes: list[str]
) -> tuple[np.ndarray, Array, Array]:
    there = column.there & clock.there
    lost = int(np.count_nonzero(column.there & ~clock.there))
    if lost:
        notes.append(f"{counted(lost, 'row')} of {name!r} without a step left out.")
    row = np.flatnonzero(there)
    if table.cut and len(row) > 1 and row[-1] == len(there) - 1:
        # A step that was cut would otherwise look like a training that was resumed far back.
        if clock.step[row[-1]] <= clock.step[row[-2]]:
            notes.append("The last line has no line end and its step goes back: it is cut and was left out.")
            row = row[:-1]
        else:
            notes.append("The last line has no line end; it has all columns and was kept.")
    return row, clock.step[row], column.value[row]
