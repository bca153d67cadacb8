"""The loss along the line, and in the plane, between models."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from workbench.train.model import Weights
from workbench.train.problem import Problem

Model = Tensor | Weights


def line(problem: Problem, a: Model, b: Model, at: ArrayLike) -> NDArray[np.float64]:
    """Loss at ``(1 - x) a + x b`` for every x of `at`.

    Parameters
    ----------
    problem : Problem
        Whose measurement is the loss.
    a, b : Tensor or Weights
        Two models of the problem: rows (n_params,), or what `workbench.train.weights` reads.
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
    a, b = _rows(problem, a, b)
    return _losses(problem, (a, b - a), np.stack([np.ones(np.size(at)), np.ravel(at)], axis=1))


def plane(problem: Problem, a: Model, b: Model, c: Model, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Loss at ``a + x (b - a) + y (c - a)`` on a grid.

    Parameters
    ----------
    problem : Problem
        Whose measurement is the loss.
    a, b, c : Tensor or Weights
        Three models, as of `line`.
    x, y : array_like
        Numbers (k,) and (m,).

    Returns
    -------
    ndarray
        Losses (m, k).
    """
    a, b, c = _rows(problem, a, b, c)
    xs, ys = np.meshgrid(np.ravel(x), np.ravel(y))
    mix = np.stack([np.ones(xs.size), xs.ravel(), ys.ravel()], axis=1)
    return _losses(problem, (a, b - a, c - a), mix).reshape(xs.shape)


def _rows(problem: Problem, *models: Model) -> list[Tensor]:
    n = problem.layout.n_params
    rows = [model.row if isinstance(model, Weights) else model for model in models]
    for row in rows:
        if tuple(row.shape) != (n,):
            raise ValueError(f"weights must have the shape ({n},); got {tuple(row.shape)}")
    return rows


def _losses(
    problem: Problem, directions: tuple[Tensor, ...], mix: NDArray[np.float64]
) -> NDArray[np.float64]:
    basis = torch.stack([d.to(problem.device, problem.layout.dtype) for d in directions])
    found = []
    for part in np.array_split(mix, -(-len(mix) // problem.at_once)):
        rows = torch.from_numpy(part).to(basis) @ basis
        found.append(problem.measure(rows)["loss"].double().cpu().numpy())
    return np.concatenate(found)
