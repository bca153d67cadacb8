"""Damped Newton on the sum of Huber losses, for many fits of one law at once.

Few residuals of a scaling law lie within the width of the Huber loss, so that a method which reweights
creeps; the exact curvature, damped by the reweighted one, arrives in a few steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DELTA = 1e-3
"""Where the Huber loss of a log residual turns from square to linear."""
_LONGEST = 2.0
_STIFF = 1e12
_CHUNK = 200
_EXACT = 1e-26
"""Objective per run that is rounding alone."""


class Bound(Protocol):
    """A law at given points, as a function of its p internal coordinates, for S sets of them at once."""

    low: Array
    high: Array

    def evaluate(self, z: Array) -> tuple[Array, Array, Any]:
        """Log loss (S, n), its gradient (S, p, n), and what `bend` needs again, led by S or None."""
        ...

    def bend(self, z: Array, more: Any, c: Array) -> Array:
        """Sum over points of ``c (S, n)`` times the second derivative of the loss over the loss (S, p, p)."""
        ...


@dataclass(frozen=True, eq=False)
class End:
    """Where the fits stopped: coordinates (S, p), objectives (S,), and which have converged (S,)."""

    z: Array
    cost: Array
    converged: NDArray[np.bool_]


def huber(residual: Array, weight: Array, delta: float | Array = DELTA) -> Array:
    """Weighted sum over the last axis of the Huber loss."""
    size = np.abs(residual)
    inside = np.minimum(size, delta)
    return np.einsum("...n,...n->...", inside * (size - inside / 2), np.broadcast_to(weight, size.shape))


def minimise(
    bound: Bound,
    y: Array,
    start: Array,
    weight: Array,
    *,
    along: Array | None = None,
    widths: Sequence[float | Array] = (1.0,),
    tolerance: float = 1e-14,
    most: int = 200,
) -> End:
    """Minimise the weighted sum of Huber losses of log residuals, S fits at once.

    Parameters
    ----------
    bound : Bound
        The law at n points.
    y : array, shape (n,) or (S, n)
        Log of the measured loss.
    start : array, shape (S, p)
        Coordinates, clipped to the bounds.
    weight : array, shape (n,) or (S, n)
        How many points each counts for.
    along : array, shape (S, m, p), optional
        Directions in which the fits may not move: linear constraints that the start obeys.
    widths : sequence of float or of array, shape (S,)
        Widths of the Huber loss in turn, in units of `DELTA`; the last is the one that counts.
    tolerance : float
        A fit has converged when a Newton step would gain less than this share of its objective.
    most : int
        Steps at most, per width.
    """
    z, n = np.clip(start, bound.low, bound.high), y.shape[-1]
    total = len(z)
    y, weight = np.broadcast_to(y, (total, n)), np.broadcast_to(weight, (total, n))
    cost, done = np.empty(total), np.zeros(total, dtype=bool)
    # A few hundred fits at a time stay in the cache.
    for first in range(0, total, _CHUNK):
        part = slice(first, first + _CHUNK)
        held = None if along is None else along[part]
        for turn, width in enumerate(widths, 1):
            delta = np.broadcast_to(np.asarray(width) * DELTA, total)[part, None]
            enough = tolerance if turn == len(widths) else 1e-3
            found = _descend(bound, y[part], z[part], weight[part], held, delta, enough, most)
            z[part], cost[part], done[part] = found
    return End(z, cost, done)


def _descend(
    bound: Bound,
    y: Array,
    z: Array,
    weight: Array,
    along: Array | None,
    delta: Array,
    tolerance: float,
    most: int,
) -> tuple[Array, Array, NDArray[np.bool_]]:
    total, p = z.shape
    out, best, done = z.copy(), np.empty(total), np.zeros(total, dtype=bool)
    active = np.arange(total)
    f, jac, more = bound.evaluate(z)
    cost = huber(f - y, weight, delta)
    damping, exact = np.full(total, 1e-3), _EXACT * y.shape[1]
    for _ in range(most):
        gradient, curvature, metric = _model(bound, z, f - y, jac, more, weight, delta)
        step, gain = _step(gradient, curvature, metric, damping, z, bound.low, bound.high, along)
        there = z + step
        f2, jac2, more2 = bound.evaluate(there)
        cost2 = huber(f2 - y, weight, delta)
        better = cost2 < cost
        # The predicted gain of a hardly damped step is what is left to gain.
        small = gain <= np.maximum(tolerance * cost, exact)
        finished = (small & (damping <= 1e-2)) | (damping > _STIFF)
        ratio = (cost - cost2) / np.maximum(gain, 1e-300)
        eased = np.where(ratio > 0.5, 0.1, np.where(ratio > 0.1, 1.0, 4.0))
        good = finished & small
        damping = np.clip(damping * np.where(better, eased, np.where(small, 0.1, 8.0)), 1e-9, None)
        if better.all():
            z, f, jac, more, cost = there, f2, jac2, more2, cost2
        elif better.any():
            z = np.where(better[:, None], there, z)
            f, jac = np.where(better[:, None], f2, f), np.where(better[:, None, None], jac2, jac)
            more = None if more is None else np.where(better[:, None, None], more2, more)
            cost = np.where(better, cost2, cost)
        if finished.any():
            ended = active[finished]
            out[ended], best[ended], done[ended] = z[finished], cost[finished], good[finished]
            keep = ~finished
            if not keep.any():
                return out, best, done
            active, z, f, jac, cost = active[keep], z[keep], f[keep], jac[keep], cost[keep]
            more = None if more is None else more[keep]
            y, weight, damping, delta = y[keep], weight[keep], damping[keep], delta[keep]
            along = None if along is None else along[keep]
    out[active], best[active] = z, cost
    return out, best, done


def _model(
    bound: Bound, z: Array, residual: Array, jac: Array, more: Any, weight: Array, delta: Array
) -> tuple[Array, Array, Array]:
    """Gradient (S, p), exact curvature and the curvature of the reweighted squares (S, p, p)."""
    size = np.abs(residual)
    pull = weight * np.clip(residual, -delta, delta)
    gradient = np.matmul(jac, pull[:, :, None])[:, :, 0]
    flip = jac.transpose(0, 2, 1)
    inside = np.where(size <= delta, weight, 0.0) - pull
    curvature = np.matmul(jac * inside[:, None, :], flip) + bound.bend(z, more, pull)
    robust = weight * (delta / np.maximum(size, delta))
    return gradient, curvature, np.matmul(jac * robust[:, None, :], flip)


def _step(
    gradient: Array,
    curvature: Array,
    metric: Array,
    damping: Array,
    z: Array,
    low: Array,
    high: Array,
    along: Array | None,
) -> tuple[Array, Array]:
    """The damped Newton step (S, p) inside the bounds, and what it should gain (S,)."""
    p = z.shape[1]
    scale = np.einsum("sii->s", metric)[:, None] * 1e-12 + 1e-300
    matrix = curvature + damping[:, None, None] * metric
    matrix[:, range(p), range(p)] += scale * np.maximum(1.0, damping[:, None])
    blocked = ((z <= low) & (gradient > 0)) | ((z >= high) & (gradient < 0))
    downhill = gradient
    if blocked.any():
        open_ = ~blocked
        downhill = np.where(open_, gradient, 0.0)
        matrix = np.where(open_[:, :, None] & open_[:, None, :], matrix, 0.0)
        matrix[:, range(p), range(p)] += blocked * (1.0 + scale)
        along = None if along is None else np.where(open_[:, None, :], along, 0.0)
    if along is None:
        step = -np.linalg.solve(matrix, downhill[:, :, None])[:, :, 0]
    else:
        step = _held(matrix, downhill, along)
    # Where the curvature is not positive the step may climb: it is turned round, and damped next.
    climbs = np.einsum("sp,sp->s", step, downhill) > 0
    step = np.where(climbs[:, None], -step, step)
    longest = np.abs(step).max(axis=1, keepdims=True)
    step = step * np.minimum(1.0, _LONGEST / np.maximum(longest, 1e-300))
    if along is None:
        step = np.clip(z + step, low, high) - z
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(step > 0, (high - z) / step, np.where(step < 0, (low - z) / step, np.inf))
        step = step * np.minimum(1.0, room.min(axis=1, keepdims=True))
    gain = -np.einsum("sp,sp->s", step, downhill) / 2
    return step, np.where(climbs, np.inf, gain)


def _held(matrix: Array, gradient: Array, along: Array) -> Array:
    """The step that does not move along the rows of `along` (S, m, p)."""
    total, m, p = along.shape
    size = np.einsum("sii->s", matrix)[:, None] / p
    big = np.zeros((total, p + m, p + m))
    big[:, :p, :p] = matrix / size[:, :, None]
    big[:, p:, :p], big[:, :p, p:] = along, along.transpose(0, 2, 1)
    # A direction that bounds block already leaves nothing to hold.
    empty = ~along.any(axis=2)
    big[:, range(p, p + m), range(p, p + m)] = empty
    right = np.concatenate([gradient / size, np.zeros((total, m))], axis=1)
    solved = np.asarray(np.linalg.solve(big, right[:, :, None]), dtype=float)
    return -solved[:, :p, 0]
