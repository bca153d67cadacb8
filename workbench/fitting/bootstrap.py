"""How far parameters may be off: a bootstrap over curves and stretches of them, all resamples at once.

Neighbouring residuals are alike, and whole curves lie above or below: resampling single points would
claim far too much. Here every run gets a random weight, and every stretch of a run another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.fitting.problem import Problem
from workbench.fitting.solver import DELTA

Array = NDArray[np.float64]
_STRETCHES = 6
_DRAWS = 400
_OPEN = 0.1
"""A weak prior keeps directions that the data leave open finite: ten units of log each."""


def draws(problem: Problem, z: Array, lengths: Sequence[int], rng: np.random.Generator) -> Array:
    """Optima (draws, p) of resampled data, each one Newton step from the optimum `z`.

    The score is resampled and the curvature kept: with a resampled curvature a few curves give now and
    then one that is nearly singular, and a draw that is nowhere.

    Parameters
    ----------
    problem : Problem
        Its points in the order of the runs.
    z : array, shape (p,)
        Coordinates of the optimum.
    lengths : sequence of int
        Points of each run.
    rng : Generator
        Weights are products of two exponential ones, of mean 1.
    """
    residual, jacobian = problem(z)
    score = (problem.weight * np.clip(residual, -DELTA, DELTA))[:, None] * jacobian
    # The curvature of a Huber loss sits within DELTA of 0, where few residuals are; a wider window, as
    # high as makes up for its width, knows the same from more of them.
    window = max(DELTA, 1.5 * float(np.median(np.abs(residual))))
    bend = problem.weight * np.where(np.abs(residual) <= window, DELTA / window, 0.0)
    starts, owner = _stretches(lengths)
    per_block = np.add.reduceat(score, starts, axis=0)
    weight = rng.exponential(size=(_DRAWS, len(starts)))
    if len(lengths) > 1:
        weight = weight * rng.exponential(size=(_DRAWS, len(lengths)))[:, owner]
    weight *= weight.shape[1] / weight.sum(1, keepdims=True)
    pull = DELTA**2 * problem.prior.strength**2
    # What is left of the sum of scores at `z` is what a prior pulls with: it is no error.
    gradient = (weight - 1) @ per_block
    # A prior may be wrong by its width; its draws say so.
    gradient += DELTA**2 * problem.prior.strength * rng.normal(size=gradient.shape)
    open_ends = DELTA**2 * _OPEN**2 * np.eye(len(z))
    curvature = (jacobian * bend[:, None]).T @ jacobian + np.diag(pull) + open_ends
    # Residuals of a fit are smaller than errors, by as much as it has parameters.
    few = np.sqrt(len(starts) / max(len(starts) - len(z), 1))
    moved = z - few * np.linalg.solve(curvature, gradient.T).T
    return moved


def bands(problem: Problem, drawn: Array) -> dict[str, tuple[float, float]]:
    """90 % interval of each free parameter, inside its bounds.

    Draws themselves may lie outside: cut off one by one they would no longer make up for each other.
    """
    inside = np.clip(drawn, problem.low, problem.high)
    low, high = (problem.params(np.quantile(inside, q, axis=0)) for q in (0.05, 0.95))
    return {name: (low[name], high[name]) for name in problem.free}


def _stretches(lengths: Sequence[int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First point of each stretch, and the run that it belongs to."""
    starts, owner, offset = [], [], 0
    for run, length in enumerate(lengths):
        edges = np.unique(np.linspace(0, length, min(_STRETCHES, length) + 1).astype(int)[:-1])
        starts += (edges + offset).tolist()
        owner += [run] * len(edges)
        offset += length
    return np.array(starts), np.array(owner)
