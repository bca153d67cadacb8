"""Levenberg-Marquardt under Huber weights, inside bounds: the least robust distance from any start.

Steps are no longer than `_LONGEST` in any coordinate, and the Huber loss starts wide and narrows:
without these about one start in eight ends at a bound where the law has lost its shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Evaluate = Callable[[Array], tuple[Array, Array]]

DELTA = 1e-3
"""Where the Huber loss on log residuals turns from square to linear."""
_LONGEST = 1.0
_MOST = 200
_STIFF = 1e10


@dataclass(frozen=True)
class Care:
    """How carefully to solve.

    Parameters
    ----------
    widths : tuple of float
        Of the Huber loss, in turn, in units of `DELTA`.
    relative, absolute : float
        The last of them ends when a step gains no more than this share of the objective, or no more than
        this many units of ``DELTA**2``: one unit is what one standard error of a parameter costs.
    """

    widths: tuple[float, ...]
    relative: float
    absolute: float


FAR = Care((100.0, 10.0, 1.0), 0.0, 1e-2)
"""From anywhere to near an optimum."""
NEAR = Care((1.0,), 0.0, 1e-2)
"""From an optimum of similar data: to where the rest is far below what the data can tell."""
EXACT = Care((1.0,), 1e-9, 1e-12)
"""To the optimum itself."""
_ROUGH = 1e-2


@dataclass(frozen=True, eq=False)
class Prior:
    """What is known beforehand of each coordinate: `centre` (p,) and `strength` (p,), one over its width."""

    centre: Array
    strength: Array

    def cost(self, z: Array) -> float:
        """Half the squared distance."""
        return float(np.sum(((z - self.centre) * self.strength) ** 2)) / 2


@dataclass(frozen=True, eq=False)
class End:
    """Where the solver stopped: coordinates (p,), the objective with prior, and whether it converged."""

    z: Array
    cost: float
    converged: bool
    evaluations: int


def huber(residual: Array, weight: Array, delta: float = DELTA) -> float:
    """Weighted sum of the Huber loss of residuals (n,)."""
    size = np.abs(residual)
    return float(np.sum(weight * np.where(size <= delta, size**2 / 2, delta * (size - delta / 2))))


def solve(
    evaluate: Evaluate, start: Array, low: Array, high: Array, weight: Array, prior: Prior, care: Care
) -> End:
    """Minimise the sum of weighted Huber losses plus ``DELTA**2`` times the cost of the prior.

    Parameters
    ----------
    evaluate : callable
        Residuals (n,) and their derivatives (n, p) at coordinates (p,).
    start, low, high : array, shape (p,)
        Coordinates; the start is clipped to the bounds.
    weight : array, shape (n,)
        How many points each counts for.
    prior : Prior
        A strength of 0 leaves a coordinate free.
    care : Care
        `FAR`, `NEAR` or `EXACT`.
    """
    z, used, done, cost = np.clip(start, low, high), 0, False, np.inf
    for width in care.widths:
        delta, last = width * DELTA, width == care.widths[-1]
        enough = (care.relative, care.absolute * DELTA**2) if last else (_ROUGH, 0.0)
        z, cost, done, more = _descend(evaluate, z, low, high, weight, prior, delta, enough)
        used += more
    return End(z, cost, done, used)


def _descend(
    evaluate: Evaluate,
    z: Array,
    low: Array,
    high: Array,
    weight: Array,
    prior: Prior,
    delta: float,
    enough: tuple[float, float],
) -> tuple[Array, float, bool, int]:
    residual, jacobian = evaluate(z)
    cost = huber(residual, weight, delta) + delta**2 * prior.cost(z)
    pull = delta**2 * prior.strength**2
    damping, used = 1e-3, 1
    while used < _MOST:
        gradient = jacobian.T @ (weight * np.clip(residual, -delta, delta)) + pull * (z - prior.centre)
        # Weights that shrink with the residual bound the loss from above: no step can increase it much.
        robust = weight * np.minimum(1.0, delta / np.maximum(np.abs(residual), 1e-300))
        curvature = (jacobian * robust[:, None]).T @ jacobian + np.diag(pull)
        free = ~(((z <= low) & (gradient > 0)) | ((z >= high) & (gradient < 0)))
        if not free.any():
            return z, cost, True, used
        scale = np.maximum(np.diag(curvature), 1e-12 * max(curvature.diagonal().max(), 1e-30))
        while True:
            step, cut = _step(curvature + damping * np.diag(scale), gradient, free, z, low, high)
            there = np.clip(z + step, low, high)
            expected = -float(gradient @ step) - float(step @ curvature @ step) / 2
            residual_there, jacobian_there = evaluate(there)
            used += 1
            cost_there = huber(residual_there, weight, delta) + delta**2 * prior.cost(there)
            if cost_there < cost:
                gain, before = cost - cost_there, cost
                ratio = gain / max(expected, 1e-300)
                damping = max(damping * (0.2 if ratio > 0.5 else 1.0 if ratio > 0.1 else 3.0), 1e-9)
                z, residual, jacobian, cost = there, residual_there, jacobian_there, cost_there
                if max(gain, expected / 10) <= max(enough[0] * before, enough[1]):
                    return z, cost, True, used
                break
            damping = 5 * max(damping, 1e-9)
            least = max(enough[0] * cost, enough[1])
            # A step cut off by bounds may look bad as a whole, though a shorter one is good.
            if (expected <= least and not cut) or damping > _STIFF:
                # Nothing to gain along any direction: the optimum to the last digits.
                return z, cost, expected <= 1e3 * least, used
            if used >= _MOST:
                break
    return z, cost, False, used


def _step(
    matrix: Array, gradient: Array, free: NDArray[np.bool_], z: Array, low: Array, high: Array
) -> tuple[Array, bool]:
    """The damped Newton step inside the bounds, and whether a bound cut it off.

    A coordinate that would leave its bounds goes to the bound, and the others are solved for again.
    """
    free, step, cut = free.copy(), np.zeros_like(z), False
    while free.any():
        # Rows of the identity keep the others where they are.
        rest = np.where(free, -gradient - matrix @ np.where(free, 0.0, step), step)
        step = np.linalg.solve(np.where(np.outer(free, free), matrix, np.eye(len(z))), rest)
        outside = free & ((z + step < low) | (z + step > high))
        if not outside.any():
            break
        step[outside] = np.clip(z + step, low, high)[outside] - z[outside]
        free &= ~outside
        cut = True
    longest = float(np.abs(step).max())
    return (step * (_LONGEST / longest), cut) if longest > _LONGEST else (step, cut)
