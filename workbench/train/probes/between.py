"""The loss along the line, and in the plane, between models."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from workbench.train.problem import Problem


def line(problem: Problem, a: Tensor, b: Tensor, at: ArrayLike) -> NDArray[np.float64]:
    """Loss at ``(1 - x) a + x b`` for every x of `at`.

    Parameters
    ----------
    problem : Problem
        Whose measurement is the loss.
    a, b : Tensor
        Weights (n_params,) of two models of the problem, as snapshots hold them.
    at : array_like
        Numbers x (k,): 0 is a, 1 is b; beyond them the line goes on.

    Returns
    -------
    ndarray
        Losses (k,).

    Notes
    -----
    Across a valley that a high rate swings through, the line between two snapshots dips below both.
    """
    _same_shape(problem, a, b)
    return _losses(problem, (a, b - a), np.stack([np.ones(np.size(at)), np.ravel(at)], axis=1))


def plane(
    problem: Problem, a: Tensor, b: Tensor, c: Tensor, x: ArrayLike, y: ArrayLike
) -> NDArray[np.float64]:
    """Loss at ``a + x (b - a) + y (c - a)`` on a grid.

    Parameters
    ----------
    problem : Problem
        Whose measurement is the loss.
    a, b, c : Tensor
        Weights (n_params,) of three models.
    x, y : array_like
        Numbers (k,) and (m,).

    Returns
    -------
    ndarray
        Losses (m, k).
    """
    _same_shape(problem, a, b, c)
    xs, ys = np.meshgrid(np.ravel(x), np.ravel(y))
    mix = np.stack([np.ones(xs.size), xs.ravel(), ys.ravel()], axis=1)
    return _losses(problem, (a, b - a, c - a), mix).reshape(xs.shape)


def _same_shape(problem: Problem, *models: Tensor) -> None:
    n = problem.layout.n_params
    for weights in models:
        if tuple(weights.shape) != (n,):
            raise ValueError(f"weights must have the shape ({n},); got {tuple(weights.shape)}")


def _losses(
    problem: Problem, directions: tuple[Tensor, ...], mix: NDArray[np.float64]
) -> NDArray[np.float64]:
    basis = torch.stack([d.to(problem.device, problem.layout.dtype) for d in directions])
    found = []
    for part in np.array_split(mix, -(-len(mix) // problem.at_once)):
        rows = torch.from_numpy(part).to(basis) @ basis
        found.append(problem.measure(rows)["loss"].double().cpu().numpy())
    return np.concatenate(found)
