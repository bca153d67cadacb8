"""Phases as rows of one shape each, with neither points nor waves inside: what a table lookup can find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.phase import Phase

PAIRS = ("product", "sum")


@dataclass(frozen=True)
class Row:
    """A phase without its name and its rules: a line between two points may last no whole step.

    `args` holds the arguments of the shape, "rates" (steps,) of the shape "table", or the rows "left"
    and "right" of a product or sum.
    """

    shape: str
    steps: int
    start: float = 0.0
    end: float = 0.0
    first: float = 0.0
    span: float = 1.0
    args: dict[str, Any] = field(default_factory=dict)

    def cut(self, start: int, stop: int) -> Row:
        """The updates `start` to `stop` of it."""
        args = self.args
        if self.shape == "table":
            args = {"rates": args["rates"][start:stop]}
        elif self.shape in PAIRS:
            args = {side: half.cut(start, stop) for side, half in args.items()}
        return replace(self, steps=stop - start, first=self.first + start, args=args)


def rows(phase: Phase) -> list[Row]:
    """The rows that `phase` is made of, one for most shapes."""
    if phase.shape == "points":
        return _lines(phase)
    if phase.shape in PAIRS:
        return _pairs(phase)
    row = Row(phase.shape, phase.steps, phase.start, phase.end, phase.first, phase.span, dict(phase.args))
    if phase.shape == "damped_cosine":
        return _waves(row)
    if phase.shape != "expression" and phase.start == phase.end:
        return [replace(row, shape="constant", args={})]
    return [row]


def table(phase: Phase) -> Row:
    """The phase as the rates of its updates."""
    return Row("table", phase.steps, args={"rates": phase.at(np.arange(phase.steps, dtype=float))})


def _lines(phase: Phase) -> list[Row]:
    u, rate = phase.args["u"], phase.args["rate"]
    if 4 * len(u) > phase.steps:
        return [table(phase)]
    at = np.array(u) * phase.span - phase.first
    return _between(at, phase.steps, lambda j: Row("linear", 0, rate[j], rate[j + 1]))


def _waves(row: Row) -> list[Row]:
    count = 2 * int(row.args["waves"]) + 1
    at = np.arange(count + 1, dtype=float) * (row.span / count) - row.first
    damping = row.args["damping"] / count

    def wave(j: int) -> Row:
        args = {"down": float(j % 2 == 0), "damping": damping, "before": float(j)}
        return Row("wave", 0, row.start, row.end, args=args)

    return _between(at, row.steps, wave)


def _between(at: NDArray[np.floating], steps: int, make: Callable[[int], Row]) -> list[Row]:
    """A row for each stretch between the places `at`, which need not be whole, that holds an update."""
    # What rounding has put beside a whole step counts as on it.
    edges = np.clip(np.ceil(at - 1e-9 * np.maximum(1, np.abs(at))), 0, steps).astype(int)
    edges[-1] = steps
    return [
        replace(make(j), steps=int(stop - start), first=float(start - at[j]), span=float(at[j + 1] - at[j]))
        for j, (start, stop) in enumerate(zip(edges[:-1], edges[1:], strict=True))
        if stop > start
    ]


def _pairs(phase: Phase) -> list[Row]:
    """Cut wherever a half of it begins another row."""
    # Its update t is update t + first of both halves, and it may run on less than all of them.
    shift, steps = phase.first, phase.steps
    halves = {
        side: rows(replace(half, steps=steps, first=half.first + shift)) for side, half in phase.args.items()
    }
    ends = {side: list(accumulate(row.steps for row in half)) for side, half in halves.items()}
    out, start = [], 0
    for stop in sorted({*ends["left"], *ends["right"]}):
        args = {side: _piece(half, ends[side], start, stop) for side, half in halves.items()}
        out.append(Row(phase.shape, stop - start, args=args))
        start = stop
    return out


def _piece(half: list[Row], ends: list[int], start: int, stop: int) -> Row:
    i = next(j for j, end in enumerate(ends) if end > start)
    begin = ends[i] - half[i].steps
    return half[i].cut(start - begin, stop - begin)
