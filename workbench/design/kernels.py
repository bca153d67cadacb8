"""The kernel sum of convex theory on a grid, with its gradient, and the laws that rest on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workbench.design.grid import Grid

Array = NDArray[np.float64]
_TINY = 1e-12


def kernel(g: Grid, rates: Array, own: bool = False) -> tuple[float, Array]:
    """``rate_T + sum_{k<T} rate_k^2 / (rate_{k+1} + ... + rate_T)`` and its gradient.

    With `own` the sum of rates begins at rate_k itself, and k = T is one more term of the sum.
    """
    a, b = rates[:-1], rates[1:]
    after = np.maximum(g.left(rates)[1:], _TINY * rates.max())
    mean = (g.sum_a * a + g.sum_b * b) / g.n
    one = g.n == 1
    # Of n equal rates the sum is that of 1 / (x + m), m = 0 .. n - 1: a difference of two logarithms.
    shift = 1.0 if own else 0.0
    near = after + (shift - 0.5) * mean
    inside = near > 0.25 * after
    low = np.where(inside, near, 0.25 * after)
    high = after + (g.n + shift - 0.5) * mean
    log = np.log(high / low)
    single = after + shift * a
    value = np.where(one, a * a / single, mean * log)
    by_mean = log + mean * ((g.n + shift - 0.5) / high - (shift - 0.5) * inside / low)
    by_after = np.where(one, -value / single, mean * (1 / high - np.where(inside, 1.0, 0.25) / low))
    by_mean = np.where(one, 0.0, by_mean)
    slopes = g.left_back(np.concatenate([[0.0], by_after]))
    slopes[:-1] += by_mean * g.sum_a / g.n + np.where(one, (2 * a - shift * value) / single, 0.0)
    slopes[1:] += by_mean * g.sum_b / g.n
    slopes[-1] += 1.0 + shift
    return float(value.sum() + (1.0 + shift) * rates[-1]), slopes


def bound(g: Grid) -> Callable[[Array], tuple[float, Array]]:
    """Of the convex bound at its best factor, for D = G = 1: ``sqrt(kernel / S)``, whatever the peak."""
    ones = g.sum_back(0, 1.0)

    def final(rates: Array) -> tuple[float, Array]:
        s = float(g.left(rates)[0])
        noise, slopes = kernel(g, rates)
        value = (noise / s) ** 0.5
        return value, 0.5 * value * (slopes / noise - ones / s)

    return final


def fitted_bound(g: Grid, L0: float, scale: float, gamma: float) -> Callable[[Array], tuple[float, Array]]:
    """Of the bound as a law of a loss curve."""
    ones = g.sum_back(0, 1.0)

    def final(rates: Array) -> tuple[float, Array]:
        s = float(g.left(rates)[0])
        noise, slopes = kernel(g, rates)
        value = L0 + scale * (1 / (2 * gamma * s) + gamma / 2 * noise)
        return value, scale * (gamma / 2 * slopes - ones / (2 * gamma * s * s))

    return final
