"""A law's parameters and its own error, once something was measured: a Gaussian about the likeliest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Residuals = Callable[[Array], tuple[Array, Array]]

_MOST = 8
_ENOUGH = 1e-3
_LEADING = 0.95
"""Share of the expected variance that the directions have along which surprise is measured."""
_DOUBT = 5.0
"""How many directions without surprise the fit's own errors count as."""
_LEVEL = 2.0
_SURE = 2.326
"""Standard deviations of the one-sided 1 %."""


@dataclass(frozen=True, eq=False)
class Belief:
    """What is believed before: coordinates `z` (p,) of the parameters with their `covariance` (p, p)."""

    z: Array
    covariance: Array

    def root(self) -> Array:
        """A matrix (p, p) whose square is the covariance, also where that is singular."""
        values, vectors = np.linalg.eigh(self.covariance)
        return vectors * np.sqrt(np.maximum(values, 0.0))


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is believed after.

    Parameters
    ----------
    z : array, shape (p,)
        Coordinates of the likeliest parameters.
    covariance : array, shape (p, p)
        Of them.
    pull : array, shape (n,)
        The measured error of the law over its expected covariance: times the covariance with another
        point it is the error that is expected there.
    slopes : array, shape (n, p)
        Derivatives of the predicted log losses.
    chol : array, shape (n, n)
        Cholesky factor of the expected covariance of the law's errors with the noise.
    scale : float
        By how much all expected deviations have been widened.
    """

    z: Array
    covariance: Array
    pull: Array
    slopes: Array
    chol: Array
    scale: float

    def at(self, slopes: Array, shared: Array, own: Array) -> tuple[Array, Array]:
        """Expected log error (m,) of the law at other points, and the variance of what is not known.

        Parameters
        ----------
        slopes : array, shape (m, p)
            Derivatives of the predicted log losses there, at `z`.
        shared : array, shape (m, n)
            Covariance of the law's errors there with those at the measured points, before widening.
        own : array, shape (m,)
            Their variance.
        """
        shared = self.scale**2 * shared
        weights = np.linalg.solve(self.chol, shared.T)
        rest = self.scale**2 * own - np.einsum("nm,nm->m", weights, weights)
        open_slopes = slopes - weights.T @ np.linalg.solve(self.chol, self.slopes)
        varies = np.einsum("mi,ij,mj->m", open_slopes, self.covariance, open_slopes)
        return shared @ self.pull, np.maximum(rest, 0.0) + np.maximum(varies, 0.0)


def level(residual: Array, slopes: Array, belief: Belief, errors: Array) -> float:
    """Variance of a level that all points have in common, beyond what was expected: 0 unless they tell so.

    Another text, machine or seed lifts a whole curve; the residuals (n,) have one height for that, whose
    square counts for as much as it exceeds that of two standard errors.
    """
    expected = slopes @ belief.covariance @ slopes.T + errors
    weights = np.linalg.solve(expected, np.ones(len(residual)))
    variance = 1 / float(weights.sum())
    height = variance * float(weights @ residual)
    return max(height**2 - _LEVEL**2 * variance, 0.0)


def surprise(residual: Array, slopes: Array, belief: Belief, errors: Array) -> tuple[float, int]:
    """Squared distance of residuals (n,) from 0 along the directions expected to vary most, and how many.

    Neighbours that agree better than expected would hide a level that is far off, were all counted.
    """
    expected = slopes @ belief.covariance @ slopes.T + errors
    values, vectors = np.linalg.eigh(expected)
    values, vectors = values[::-1], vectors[:, ::-1]
    count = int(np.searchsorted(np.cumsum(values), _LEADING * values.sum())) + 1
    along = vectors[:, :count].T @ residual
    return float(np.sum(along**2 / values[:count])), count


def unlikely(square: float, count: int) -> bool:
    """Whether a sum of `count` squares of standard normals is above what it is in 1 % of cases."""
    # Wilson and Hilferty's cube root.
    ninth = 2 / (9 * count)
    return square > count * (1 - ninth + _SURE * np.sqrt(ninth)) ** 3


def widening(square: float, count: int) -> float:
    """Factor, at least 1, on all expected deviations that makes a surprise an ordinary one."""
    return float(np.sqrt(max(1.0, (_DOUBT + square) / (_DOUBT + count))))


def condition(
    residuals: Residuals, belief: Belief, errors: Array, noise: Array, scale: float, low: Array, high: Array
) -> Posterior:
    """Gauss-Newton to the likeliest parameters, the law's own error integrated out.

    Parameters
    ----------
    residuals : callable
        From coordinates (p,): measured less predicted log losses (n,), and the derivatives (n, p) of the
        predicted.
    belief : Belief
        Before, not widened.
    errors : array, shape (n, n)
        Expected covariance of the law's errors, not widened.
    noise : array, shape (n,)
        Variance of each measured value.
    scale : float
        Factor on the deviations of `belief` and of `errors`.
    low, high : array, shape (p,)
        Bounds of the coordinates.
    """
    chol = np.asarray(np.linalg.cholesky(scale**2 * errors + np.diag(noise)), dtype=float)
    root = scale * belief.root()
    w = np.zeros(len(belief.z))

    def look(w: Array) -> tuple[float, Array, Array, Array]:
        z = np.clip(belief.z + root @ w, low, high)
        residual, slopes = residuals(z)
        white = _solve(chol, np.column_stack([residual, slopes]))
        return float(white[:, 0] @ white[:, 0] + w @ w), z, white, slopes

    cost, z, white, slopes = look(w)
    for _ in range(_MOST):
        design = white[:, 1:] @ root
        step = np.linalg.solve(design.T @ design + np.eye(len(w)), design.T @ white[:, 0] - w)
        length, before = 1.0, cost
        while length > 1e-2:
            there = look(w + length * step)
            if there[0] < cost:
                w, (cost, z, white, slopes) = w + length * step, there
                break
            length /= 2
        if before - cost < _ENOUGH * max(1.0, before):
            break
    design = white[:, 1:] @ root
    inside = np.linalg.inv(design.T @ design + np.eye(len(w)))
    pull = _solve(chol.T, white[:, 0])
    return Posterior(z, root @ inside @ root.T, pull, slopes, chol, scale)


def _solve(a: Array, b: Array) -> Array:
    return np.asarray(np.linalg.solve(a, b), dtype=float)
