"""Final loss under the effective-rate law, with its gradient: back through the norm of the weights too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workbench.design.grid import Grid
from workbench.design.kernels import kernel

Array = NDArray[np.float64]


def effective_rate(
    g: Grid, L0: float, A: float, alpha: float, B: float, norm: float, decay: float, share: float
) -> Callable[[Array], tuple[float, Array]]:
    """Of the effective-rate law."""
    starts = (norm**2, (share * norm) ** 2)
    square = (g.n - 1) * (2 * g.n - 1) / (6 * g.n)

    def final(rates: Array) -> tuple[float, Array]:
        a, b = rates[:-1], rates[1:]
        d = b - a
        sums = g.sum_a * a + g.sum_b * b
        # Sum of the squares of the rates in a cell, which decay by about half the cell's share.
        squares = g.n * a * a + (g.n - 1) * a * d + square * d * d
        shrink, half = np.exp(-2 * decay * sums), np.exp(-decay * sums)
        norms = [_forward(start, shrink, squares * half) for start in starts]
        far_rates, noise_rates = (rates / np.sqrt(q) for q in norms)
        far = float(g.left(far_rates)[0])
        value = A * far**-alpha
        noise, by_noise = kernel(g, noise_rates, own=True)
        slopes = np.zeros(len(rates))
        by_shrink = by_added = np.zeros(len(d))
        for e, q, by_e in zip(
            (far_rates, noise_rates), norms, (g.sum_back(0, -alpha * value / far), B * by_noise), strict=True
        ):
            slopes += by_e / np.sqrt(q)
            after = _backward(-by_e * e / (2 * q), shrink)
            by_shrink, by_added = by_shrink + after * q[:-1], by_added + after
        by_sums = -2 * decay * shrink * by_shrink - decay * squares * half * by_added
        by_squares = half * by_added
        by_d = by_squares * ((g.n - 1) * a + 2 * square * d)
        slopes[:-1] += by_sums * g.sum_a + by_squares * (2 * g.n * a + (g.n - 1) * d) - by_d
        slopes[1:] += by_sums * g.sum_b + by_d
        return L0 + value + B * noise, slopes

    return final


def _forward(start: float, shrink: Array, added: Array) -> Array:
    """Squared norm before each step of the grid."""
    out = [start]
    for factor, more in zip(shrink.tolist(), added.tolist(), strict=True):
        out.append(out[-1] * factor + more)
    return np.array(out)


def _backward(slopes: Array, shrink: Array) -> Array:
    """Derivatives in the squared norm after each cell, of what has `slopes` in those before each step."""
    out, carried = [], 0.0
    for slope, factor in zip(slopes[:0:-1].tolist(), [0.0, *shrink[:0:-1].tolist()], strict=True):
        carried = carried * factor + slope
        out.append(carried)
    return np.array(out[::-1])
