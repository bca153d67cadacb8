"""A schedule as a float32 function of the step for JAX and Keras: formulas, with no table of the steps.

Phases become rows of a small table. A step is looked up in it by whole numbers, and each shape that occurs
is evaluated once, by the halves of `workbench.export.halves`, so that a million steps cost no accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from workbench.export import formula
from workbench.export.halves import HALVES
from workbench.export.rows import PAIRS, Row, rows, table
from workbench.phase import Phase
from workbench.schedule import Schedule

_LARGEST = 2**30
"""Whole numbers up to here fit int32, and so do their differences."""

_CLOSE = 4 * float(np.finfo(np.float32).eps)

Function = Callable[[Any, Any], Any]


def function(schedule: Schedule, xp: Any) -> Callable[[Any], Any]:
    """The rates of `schedule` in float32, as a function of whole steps made of the operations of `xp`.

    Parameters
    ----------
    schedule : Schedule
        Any. Points that bend at most of their steps become a table of rates, and so does a typed
        formula that float32 would get wrong, such as one that jumps; all else stays a formula.
    xp : module
        NumPy, jax.numpy or keras.ops.
    """
    found = [row for phase in schedule.phases for row in _sound(phase)]
    stops = np.array(list(accumulate(row.steps for row in found)), dtype=np.int32)
    begins = np.array([0, *stops[:-1]], dtype=np.int32)
    inside, last = _any(found, xp), len(schedule) - 1

    def rate(step: Any) -> Any:
        t = xp.clip(_cast(xp, step, "int32"), 0, last)
        if len(found) == 1:
            return inside(xp.zeros_like(t), t)
        i = xp.searchsorted(_constant(xp, stops), xp.reshape(t, (-1,)), side="right")
        i = _cast(xp, xp.reshape(i, xp.shape(t)), "int32")
        return inside(i, t - xp.take(_constant(xp, begins), i))

    return rate


def _sound(phase: Phase) -> list[Row]:
    """The rows of a phase; its table where float32 would not give a formula's rates back."""
    found = rows(phase)
    if not any(_typed(row) for row in found):
        return found
    rates = phase.at(np.arange(phase.steps, dtype=float))
    steps = np.arange(phase.steps, dtype=np.int32)
    stops = list(accumulate(row.steps for row in found))
    i = np.searchsorted(stops, steps, side="right").astype(np.int32)
    with np.errstate(all="ignore"):
        single = _any(found, np)(i, steps - np.array([0, *stops[:-1]], dtype=np.int32)[i])
    close = np.abs(single - rates) <= _CLOSE * rates.max()
    return found if np.all(close) else [table(phase)]


def _typed(row: Row) -> bool:
    return row.shape == "expression" or (row.shape in PAIRS and any(map(_typed, row.args.values())))


def _any(found: Sequence[Row], xp: Any) -> Function:
    """The rate of update k of row i: every shape that occurs is evaluated, and the row's own is taken."""
    kinds = list(dict.fromkeys(_kind(row) for row in found))
    of_kind = {kind: [row if _kind(row) == kind else None for row in found] for kind in kinds}
    parts = [_part(kind[0], each, xp) for kind, each in of_kind.items()]
    which = _column([float(kinds.index(_kind(row))) for row in found], xp)

    def rate(i: Any, k: Any) -> Any:
        value = parts[0](i, k)
        for number, part in enumerate(parts[1:], 1):
            value = xp.where(xp.equal(which(i), float(number)), part(i, k), value)
        return value

    return rate


def _kind(row: Row) -> tuple[Any, ...]:
    """What rows must have in common to be evaluated together; only numbers may differ."""
    if row.shape != "expression":
        return (row.shape,)
    return (row.shape, row.args["text"], row.args["total"], row.args["peak"])


def _part(shape: str, found: Sequence[Row | None], xp: Any) -> Function:
    """The rate of the rows of one shape; the others of `found` are None."""
    # A row of another shape is never looked at, but holds its place with numbers that do no harm.
    mine = next(row for row in found if row is not None)
    full = [row or mine for row in found]
    if shape in PAIRS:
        left, right = (_any([row.args[side] for row in full], xp) for side in ("left", "right"))
        both = xp.multiply if shape == "product" else xp.add
        return lambda i, k: both(left(i, k), right(i, k))
    if shape == "table":
        return _tables(found, xp)
    start, end = _column([row.start for row in full], xp), _column([row.end for row in full], xp)
    if shape == "constant":
        return lambda i, k: xp.add(xp.zeros_like(_cast(xp, k, "float32")), start(i))
    count, span = _count(full, xp), _column([row.span for row in full], xp)
    if shape == "expression":
        return _formula(mine, count, span, xp)
    ready = [HALVES[shape].ready(row.args) for row in full]
    constants = {key: _column([each[key] for each in ready], xp) for key in ready[0]}

    def rate(i: Any, k: Any) -> Any:
        u, v = (each / span(i) for each in count(i, k))
        g, h = HALVES[shape].pair(u, v, {key: column(i) for key, column in constants.items()}, xp)
        return start(i) * h + end(i) * g

    return rate


def _formula(row: Row, count: Callable[[Any, Any], tuple[Any, Any]], span: Any, xp: Any) -> Function:
    tree, total = formula.parse(row.args["text"]), row.args["total"]
    known = {"total": total, "peak": row.args["peak"], "pi": math.pi, "e": math.e}

    def rate(i: Any, k: Any) -> Any:
        t, _ = count(i, k)
        # A formula that was stretched is still asked for the steps of the length it was written for.
        names = {"x": t / span(i), "t": t * (total / span(i)), **known}
        return xp.add(xp.zeros_like(t), _cast(xp, formula.arrays(tree, names, xp), "float32"))

    return rate


def _tables(found: Sequence[Row | None], xp: Any) -> Function:
    sizes = [row.steps if row else 0 for row in found]
    begins = np.array([0, *list(accumulate(sizes))[:-1]], dtype=np.int32)
    rates = np.concatenate([row.args["rates"] for row in found if row]).astype(np.float32)
    last = len(rates) - 1
    return lambda i, k: xp.take(_constant(xp, rates), xp.clip(xp.take(_constant(xp, begins), i) + k, 0, last))


def _count(full: Sequence[Row], xp: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Updates from the shape's start to update k of row i, and from there to its end, in whole numbers."""
    before, before_part = _split([row.first for row in full], xp)
    behind, behind_part = _split([row.span - row.first for row in full], xp)

    def count(i: Any, k: Any) -> tuple[Any, Any]:
        a = _cast(xp, k + before(i), "float32") + before_part(i)
        b = _cast(xp, behind(i) - k, "float32") + behind_part(i)
        return xp.maximum(a, 0.0), xp.maximum(b, 0.0)

    return count


def _split(values: Sequence[float], xp: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """The whole part as int32 and the rest as float32; all of a huge number is rest."""
    whole = [math.floor(value) if value < _LARGEST else 0 for value in values]
    part = [value - n for value, n in zip(values, whole, strict=True)]
    return _column(whole, xp, np.int32), _column(part, xp)


def _column(values: Sequence[float], xp: Any, dtype: Any = np.float32) -> Callable[[Any], Any]:
    """The value of row i."""
    column = np.array(values, dtype=dtype)
    if np.all(column == column[0]):
        # Python numbers take the type of the array they meet.
        only = column[0].item()
        return lambda i: only
    return lambda i: xp.take(_constant(xp, column), i)


def _constant(xp: Any, values: Any) -> Any:
    return xp.convert_to_tensor(values) if hasattr(xp, "convert_to_tensor") else xp.asarray(values)


def _cast(xp: Any, value: Any, dtype: str) -> Any:
    return xp.cast(value, dtype) if hasattr(xp, "cast") else xp.asarray(value).astype(dtype)
