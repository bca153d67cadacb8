"""Second moments of many independent noisy quadratics under SGD with momentum, exactly."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_MODES = 64
"""Curvatures that are followed together; with a chunk for each root of the steps it bounds the memory."""


def mean_loss(rates: Array, h: Array, variance: Array, first: Array, momentum: float) -> Array:
    """``1/2 sum_i h_i E theta_i^2`` after every update (T,).

    The moments (E theta^2, E theta v, E v^2) of a mode go through one affine map per update. Chunks of
    about sqrt(T) updates are composed side by side, joined, and then followed side by side.

    Parameters
    ----------
    rates : Array, shape (T,)
        Rate of every update.
    h, variance, first : Array, shape (modes,)
        Curvature, variance of the gradient's noise, and first E theta^2.
    momentum : float
        Of ``v <- momentum v + h theta + noise``, ``theta <- theta - rate v``.
    """
    length = math.isqrt(len(rates) - 1) + 1
    chunks = -(-len(rates) // length)
    table = np.zeros(chunks * length)
    table[: len(rates)] = rates
    table = table.reshape(chunks, length)
    loss = np.zeros((chunks, length))
    # What grows beyond every float is infinite in the end, and so is zero or infinity times it.
    with np.errstate(over="ignore", invalid="ignore"):
        for part in np.array_split(np.arange(len(h)), -(-len(h) // _MODES)):
            loss += _part(table, h[part], variance[part], first[part], momentum)
    flat = loss.reshape(-1)[: len(rates)]
    return np.where(np.isnan(flat), np.inf, flat)


def _part(table: Array, h: Array, variance: Array, first: Array, momentum: float) -> Array:
    chunks, length = table.shape
    # Each chunk's map, from what it makes of three unit vectors without noise and of nothing with noise.
    state = np.zeros((3, 4, chunks, len(h)))
    for k in range(3):
        state[k, k] = 1.0
    noise = np.zeros((4, 1, len(h)))
    noise[3] = variance
    for j in range(length):
        state = _advance(state, table[:, j, None], h, noise, momentum)
    start = np.zeros((3, chunks, len(h)))
    now = np.stack([first, np.zeros_like(first), np.zeros_like(first)])
    for i in range(chunks):
        start[:, i] = now
        # Where a mode is at rest, an infinite map leaves it there.
        moved = np.where(now == 0, 0.0, state[:, :3, i] * now).sum(axis=1)
        now = moved + state[:, 3, i]
    loss = np.empty((chunks, length))
    for j in range(length):
        start = _advance(start, table[:, j, None], h, variance, momentum)
        loss[:, j] = 0.5 * start[0] @ h
    return loss


def _advance(state: Array, rate: Array, h: Array, variance: Array, momentum: float) -> Array:
    """One update of the moments (3, ..., chunks, modes)."""
    a, b, c = state
    pull = momentum * b + h * a
    energy = momentum * (momentum * c + 2 * h * b) + h * h * a + variance
    return np.stack([a - 2 * rate * pull + rate**2 * energy, pull - rate * energy, energy])
