"""The changes of the rate before a point as a few hundred nodes, for laws that sum over every change.

The exact sum costs steps x points. Here the past of each point is cut into chunks no longer than `theta`
times their distance to that point (and to step 0), in which the rate changes by no more than about a
fifth; each chunk is one node per sign of the change, at the mean of its changes, so that the error is of
second order. Jumps are nodes of their own: exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial

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
_FARTHEST = 1 << 40


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
    """First step after which the rate no longer rises: the end of the warmup, the last step if it is all."""
    stays = rates[1:] <= rates[:-1]
    return int(np.argmax(stays)) if stays.any() else len(rates) - 1


def changes(rates: Array, sums: Array, steps: Steps, theta: float, join: int | None) -> Changes:
    """The changes before the points at `steps` (n,); `join` is the first step of a second stage.

    `sums` are those of the `rates` up to each step, itself included.
    """
    log_rate = np.maximum(rates, _TINY * rates.max())
    np.log(log_rate, out=log_rate)
    rise = rise_end(rates)
    begin = len(rates) if join is None else join
    change = np.zeros(len(rates) + 1)
    np.subtract(rates[1:], rates[:-1], out=change[1:-1])
    edges = _edges(rates, change, log_rate, steps, theta, (rise, begin - 1))
    nodes, ages = [], []
    for sign, only in ((np.less, np.minimum), (np.greater, np.maximum)):
        # Prefix sums over the steps with a change of this sign: a warmup has few of 24,000.
        first, last = _extent(sign(change, 0))
        part = only(change[first:last], 0)
        room = np.zeros(len(part) + 1)
        np.cumsum(part, out=room[1:])
        ends = edges + (1 - first)
        np.clip(ends, 0, len(part), out=ends)
        w = np.diff(room[ends], axis=1).ravel()
        used = np.flatnonzero(w)
        row, w = used // (edges.shape[1] - 1), w[used]
        # A row of ends has one more than a row of chunks.
        at = used + row
        after, until, chunk = ends.ravel()[at], ends.ravel()[at + 1], edges.ravel()[at]
        log = _between(part, log_rate[first:last], after, until, room) / w
        before = _between(part, sums[first - 1 : last - 1], after, until, room) / w
        area = np.maximum(sums[steps][row] - before, 0)
        nodes.append((row, w, log, area, chunk >= rise, chunk >= begin - 1))
        ages.append(partial(_age, part, first, after, until, w, steps[row]))
    columns = (np.concatenate(column) for column in zip(*nodes, strict=True))
    return Changes(*columns, ages=tuple(ages))


def _age(part: Array, first: int, after: Steps, until: Steps, w: Array, here: Steps) -> Array:
    place = np.arange(float(first), float(first + len(part)))
    return np.maximum(here - _between(part, place, after, until, np.zeros(len(part) + 1)) / w + 1, 1)


def _extent(some: Flags) -> tuple[int, int]:
    """The first step that is one of `some`, and the step after the last; 1 and 1 where there is none."""
    return (int(np.argmax(some)), len(some) - int(np.argmax(some[::-1]))) if some.any() else (1, 1)


def _between(part: Array, factor: Array, after: Steps, until: Steps, room: Array) -> Array:
    """Sums of ``part * factor`` over the steps `after` to ``until - 1``.

    The prefix sums are written over those in `room`, which begins with 0: fresh arrays of the length of a
    schedule cost more than the sums.
    """
    np.multiply(part, factor, out=room[1:])
    np.cumsum(room[1:], out=room[1:])
    return room[until] - room[after]


def _edges(
    rates: Array, change: Array, log_rate: Array, steps: Steps, theta: float, cuts: tuple[int, ...]
) -> Steps:
    """Ends of the chunks (low, high] of each point, one sorted row per point."""
    grid = graded(int(steps.max(initial=0)), theta)
    jumps = _jumps(change, _JUMP * float(rates.max()))
    fixed = np.unique(np.concatenate([grid, jumps - 1, jumps, _levels(log_rate), cuts]))
    here = steps[:, None]
    edges = np.concatenate([here - grid, np.broadcast_to(fixed, (len(steps), len(fixed)))], axis=1)
    np.clip(edges, 0, here, out=edges)
    edges.sort(axis=1)
    return edges


def _jumps(change: Array, least: float) -> Steps:
    """Steps at which the rate changes far more than beside them, the largest where there are many."""
    found = np.flatnonzero((change >= least) | (change <= -least))
    before, size, after = (np.abs(change[found + by]) for by in (-1, 0, 1))
    jumps = size > 4 * np.minimum(before, after)
    found, size = found[jumps], size[jumps]
    if len(found) > _MOST_JUMPS:
        found = np.sort(found[np.argsort(size)[-_MOST_JUMPS:]])
    return found


def _levels(log_rate: Array) -> Steps:
    """Steps at which the rate has grown or shrunk by a fifth, or more where those are too many."""
    width = np.log(2.0) / 4
    while True:
        level = log_rate / width
        np.floor(level, out=level)
        crossed = np.flatnonzero(level[1:] != level[:-1])
        if len(crossed) <= _MOST_LEVELS:
            return crossed
        width *= 2


def graded(last: int, theta: float) -> Steps:
    """Distances 0, 1, 2, ... growing by the factor 1 + theta, up to the first that is not below `last`."""
    table = _all_graded(theta)
    return table[: int(np.searchsorted(table, last)) + 1]


@cache
def _all_graded(theta: float) -> Steps:
    grid = [0]
    while grid[-1] < _FARTHEST:
        grid.append(grid[-1] + max(1, int(theta * grid[-1])))
    table = np.array(grid)
    table.flags.writeable = False
    return table
