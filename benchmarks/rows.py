"""A measured figure, and the two ways of measuring that every benchmark shares."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One figure: what, how much, in which unit, what it should be, and whether it is (None: no target)."""

    name: str
    value: float
    unit: str
    target: str = ""
    ok: bool | None = None


def seconds(call: Callable[[], object], repeats: int = 7) -> float:
    """Median wall time of a call, after one that warms it up."""
    return alternated([call], repeats)[0]


def alternated(calls: Sequence[Callable[[], object]], repeats: int = 7) -> list[float]:
    """Median wall time of each call, taken in turns, so that what else the machine does hits all alike."""
    for call in calls:
        call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for call, kept in zip(calls, times, strict=True):
            begin = time.perf_counter()
            call()
            kept.append(time.perf_counter() - begin)
    return [median(kept) for kept in times]


def cpu_seconds(call: Callable[[], object], repeats: int = 9) -> float:
    """Median CPU time of a call, after one that warms it up: what else the machine does hardly counts."""
    call()
    taken = []
    for _ in range(repeats):
        begin = time.process_time()
        call()
        taken.append(time.process_time() - begin)
    return median(taken)


def at_most(name: str, value: float, limit: float, unit: str) -> Row:
    """A figure with an upper limit."""
    return Row(name, value, unit, f"at most {limit:g}", value <= limit)


def at_least(name: str, value: float, limit: float, unit: str) -> Row:
    """A figure with a lower limit."""
    return Row(name, value, unit, f"at least {limit:g}", value >= limit)
