"""The changes of the rate before a point as a few hundred nodes, for laws that sum over every change.

The exact sum costs steps x points. Here the past of each point is cut into chunks no longer than `theta`
times their distance to that point (and to step 0), in which the rate changes by no more than about a
fifth; each chunk is one node per sign of the change, at the mean of its changes, so that the error is of
second order. Jumps are nodes of their own: exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Steps = NDArray[np.intp]
Flags = NDArray[np.bool_]

THETA = 0.2
"""Chunk length over distance; the largest error in loss over the public curves is then below 5e-5."""
_JUMP = 1 / 500
_MOST_JUMPS = 256
_MOST_LEVELS = 256
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Changes:
    """The changes of the rate before n points, as m nodes.

    Parameters
    ----------
    row : array of int, shape (m,)
        Which point a node belongs to.
    change : array, shape (m,)
        Sum of the changes ``rate[k] - rate[k-1]`` in a node: negative for a decay.
    log_rate : array, shape (m,)
        Log of the rate at the node, ``log rate[k]``.
    area : array, shape (m,)
        Sum of rates from the node to the point, ``S_k`` of the multi-power law.
    later : array of bool, shape (m,)
        Whether the node lies after the first rise of the rate, the warmup.
    joined : array of bool, shape (m,)
        Whether the node lies in the second stage.
    ages : tuple of callable
        Make the parts of `age`, which few laws ask for.
    """

    row: Steps
    change: Array
    log_rate: Array
    area: Array
    later: Flags
    joined: Flags
    ages: tuple[Callable[[], Array], ...]

    @cached_property
    def age(self) -> Array:
        """Updates from each node to its point, both included, shape (m,)."""
        return np.concatenate([make() for make in self.ages])


def rise_end(rates: Array) -> int:
    """First step after which the rate no longer rises: the end of the warmup."""
    falls = np.flatnonzero(np.diff(rates) <= 0)
    return int(falls[0]) if len(falls) else len(rates) - 1


def changes(rates: Array, steps: Steps, theta: float, join: int | None) -> Changes:
    """The changes before the points at `steps` (n,); `join` is the first step of a second stage."""
    c = np.cumsum(rates)
    log_rate = np.log(np.maximum(rates, _TINY * rates.max()))
    rise = rise_end(rates)
    begin = len(rates) if join is None else join
    edges = _edges(rates, log_rate, steps, theta, (rise, begin - 1))
    row = np.repeat(np.arange(len(steps)), edges.shape[1] - 1)
    low, high = edges[:, :-1].ravel(), edges[:, 1:].ravel()
    some = high > low
    row, low, high = row[some], low[some], high[some]

    change = np.diff(rates, prepend=rates[0])
    before = c - rates
    nodes, ages = [], []
    for part in (np.minimum(change, 0), np.maximum(change, 0)):
        found = np.flatnonzero(part)
        # Prefix sums over the steps with a change of this sign: a warmup has few of 24,000.
        first, last = (int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0)
        part = part[first:last]
        after, until = (np.clip(edge + 1 - first, 0, len(part)) for edge in (low, high))
        w = _between(part, after, until)
        used = np.abs(w) > 0
        at, w, after, until, chunk = row[used], w[used], after[used], until[used], low[used]
        log = _between(part * log_rate[first:last], after, until) / w
        area = c[steps][at] - _between(part * before[first:last], after, until) / w
        nodes.append((at, w, log, np.maximum(area, 0), chunk >= rise, chunk >= begin - 1))
        ages.append(partial(_age, part, first, after, until, w, steps[at]))
    columns = (np.concatenate(column) for column in zip(*nodes, strict=True))
    return Changes(*columns, ages=tuple(ages))


def _age(part: Array, first: int, after: Steps, until: Steps, w: Array, here: Steps) -> Array:
    step = _between(part * np.arange(float(first), float(first + len(part))), after, until) / w
    return np.maximum(here - step + 1, 1)


def _between(values: Array, after: Steps, until: Steps) -> Array:
    """Sums of ``values[after:until]``, shape of the ends."""
    prefix = np.empty(len(values) + 1)
    prefix[0] = 0.0
    np.cumsum(values, out=prefix[1:])
    return prefix[until] - prefix[after]


def _edges(rates: Array, log_rate: Array, steps: Steps, theta: float, cuts: tuple[int, ...]) -> Steps:
    """Ends of the chunks (low, high] of each point, one sorted row per point."""
    grid = graded(int(steps.max(initial=0)), theta)
    jumps = _jumps(rates)
    fixed = np.unique(np.concatenate([grid, jumps - 1, jumps, _levels(log_rate), cuts]))
    here = steps[:, None]
    edges = np.concatenate([here - grid, np.broadcast_to(fixed, (len(steps), len(fixed)))], axis=1)
    return np.sort(np.clip(edges, 0, here), axis=1)


def _jumps(rates: Array) -> Steps:
    """Steps at which the rate changes far more than beside them, the largest where there are many."""
    change = np.abs(np.diff(rates, append=rates[-1]))
    beside = np.zeros_like(change)
    np.minimum(change[2:], change[:-2], out=beside[1:-1])
    found = np.flatnonzero((change >= _JUMP * rates.max()) & (change > 4 * beside))
    if len(found) > _MOST_JUMPS:
        found = np.sort(found[np.argsort(change[found])[-_MOST_JUMPS:]])
    return found + 1


def _levels(log_rate: Array) -> Steps:
    """Steps at which the rate has grown or shrunk by a fifth, or more where those are too many."""
    width = np.log(2.0) / 4
    while True:
        crossed = np.flatnonzero(np.diff(np.floor(log_rate / width)))
        if len(crossed) <= _MOST_LEVELS:
            return crossed
        width *= 2


def graded(last: int, theta: float) -> Steps:
    """Distances 0, 1, 2, ... growing by the factor 1 + theta, up to beyond `last`."""
    grid = [0]
    while grid[-1] < last:
        grid.append(grid[-1] + max(1, int(theta * grid[-1])))
    return np.array(grid)
