"""What a law sees of a schedule: sums of rates, and the changes of the rate with their distance.

Laws of the multi-power kind sum a kernel over every past change of the rate. The exact sum costs
steps x points. Here the past of each point is cut into chunks no longer than `theta` times their
distance to that point (and to step 0), in which the rate changes by no more than about a fifth; each
chunk is one node per sign of the change, at the mean of its changes, so that the error is of second
order. Jumps are nodes of their own: exact.
Nodes hold no parameter of a law, so a fit builds them once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

THETA = 0.2
"""Chunk length over distance; the largest error in loss over the public curves is then below 5e-5."""
_JUMP = 1 / 500
_MOST_JUMPS = 256
_MOST_LEVELS = 256
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Inputs:
    """Inputs of a law at n points of one or more schedules.

    Parameters
    ----------
    s1 : array, shape (n,)
        Sum of rates up to and including each point, warmup included.
    row : array of int, shape (m,)
        Which point a node belongs to.
    change : array, shape (m,)
        Sum of the changes ``rate[k] - rate[k-1]`` in a node: negative for a decay.
    log_rate : array, shape (m,)
        Log of the rate at the node, ``log rate[k]``.
    area : array, shape (m,)
        Sum of rates from the node to the point, ``S_k`` of the multi-power law.
    """

    s1: Array
    row: NDArray[np.intp]
    change: Array
    log_rate: Array
    area: Array

    def __len__(self) -> int:
        return len(self.s1)

    def total(self, kernel: Array) -> Array:
        """Sum ``change * kernel`` over the nodes of each point, shape (n,)."""
        sums = np.bincount(self.row, weights=self.change * kernel, minlength=len(self.s1))
        return sums.astype(float, copy=False)


def inputs(rates: ArrayLike, steps: ArrayLike, theta: float = THETA) -> Inputs:
    """Inputs at the whole `steps` (n,) of a schedule given by its `rates` (total,).

    A step beyond the end counts as if the last rate was held. Before the first rate above 0 the
    sum of rates is taken as that rate, so that a power of it stays finite.
    """
    rates = np.asarray(rates, dtype=float)
    steps = np.asarray(steps, dtype=np.intp)
    beyond = int(steps.max(initial=0)) + 1 - len(rates)
    if beyond > 0:
        rates = np.concatenate([rates, np.full(beyond, rates[-1])])
    c = np.cumsum(rates)
    first = rates[np.argmax(rates > 0)]
    s1 = np.maximum(c[steps], first)
    log_rate = np.log(np.maximum(rates, _TINY * rates.max()))
    edges = _edges(rates, log_rate, steps, theta)
    row = np.repeat(np.arange(len(steps)), edges.shape[1] - 1)
    low, high = edges[:, :-1].ravel(), edges[:, 1:].ravel()
    some = high > low
    row, low, high = row[some], low[some], high[some]

    change = np.diff(rates, prepend=rates[0])
    before = c - rates
    nodes = []
    for part in (np.minimum(change, 0), np.maximum(change, 0)):
        # Entry k of a prefix sum covers the steps 1 to k: the first rate is no change.
        weight, logs, areas = (np.cumsum(part * x) for x in (1.0, log_rate, before))
        w = weight[high] - weight[low]
        used = np.abs(w) > 0
        at, w = row[used], w[used]
        mean_log = (logs[high] - logs[low])[used] / w
        mean_before = (areas[high] - areas[low])[used] / w
        nodes.append((at, w, mean_log, np.maximum(c[steps][at] - mean_before, 0)))
    return Inputs(s1, *(np.concatenate(column) for column in zip(*nodes, strict=True)))


def stack(parts: Sequence[Inputs]) -> Inputs:
    """The inputs of several schedules as one."""
    offsets = np.cumsum([0, *(len(part) for part in parts[:-1])])
    rows = [part.row + offset for part, offset in zip(parts, offsets, strict=True)]
    columns = ([getattr(part, name) for part in parts] for name in ("change", "log_rate", "area"))
    s1 = np.concatenate([part.s1 for part in parts])
    return Inputs(s1, np.concatenate(rows), *(np.concatenate(column) for column in columns))


def _edges(rates: Array, log_rate: Array, steps: NDArray[np.intp], theta: float) -> NDArray[np.intp]:
    """Ends of the chunks (low, high] of each point, one sorted row per point."""
    grid = graded(int(steps.max(initial=0)), theta)
    jumps = _jumps(rates)
    fixed = np.unique(np.concatenate([grid, jumps - 1, jumps, _levels(log_rate)]))
    here = steps[:, None]
    edges = np.concatenate([here - grid, np.broadcast_to(fixed, (len(steps), len(fixed)))], axis=1)
    return np.sort(np.clip(edges, 0, here), axis=1)


def _jumps(rates: Array) -> NDArray[np.intp]:
    """Steps at which the rate changes far more than beside them, the largest where there are many."""
    change = np.abs(np.diff(rates, append=rates[-1]))
    beside = np.zeros_like(change)
    np.minimum(change[2:], change[:-2], out=beside[1:-1])
    found = np.flatnonzero((change >= _JUMP * rates.max()) & (change > 4 * beside))
    if len(found) > _MOST_JUMPS:
        found = np.sort(found[np.argsort(change[found])[-_MOST_JUMPS:]])
    return found + 1


def _levels(log_rate: Array) -> NDArray[np.intp]:
    """Steps at which the rate has grown or shrunk by a fifth, or more where those are too many."""
    width = np.log(2.0) / 4
    while True:
        crossed = np.flatnonzero(np.diff(np.floor(log_rate / width)))
        if len(crossed) <= _MOST_LEVELS:
            return crossed
        width *= 2


def graded(last: int, theta: float) -> NDArray[np.intp]:
    """Distances 0, 1, 2, ... growing by the factor 1 + theta, up to beyond `last`."""
    grid = [0]
    while grid[-1] < last:
        grid.append(grid[-1] + max(1, int(theta * grid[-1])))
    return np.array(grid)
