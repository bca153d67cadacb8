"""The coordinate check: whether a parametrization keeps activations the same at every width.

Yang et al., "Tensor Programs V", 2022, arXiv 2203.03466, appendix D.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.train.optimizers.value import Controls
from workbench.train.tasks.gpt import gpt


def coordinates(
    task: gpt, widths: Sequence[int], *, rate: float, updates: int = 5, seed: int = 0, device: str = "cpu"
) -> Mapping[int, NDArray[np.float64]]:
    """Mean size of the activations of one model for each width, after a few updates.

    Parameters
    ----------
    task : gpt
        What is trained; its `width` is replaced by each of `widths`.
    widths : sequence of int
        Multiples of the width of a head.
    rate : float
        Constant rate of the updates.
    updates : int
        How many.
    seed : int
        Of weights and batches.
    device : str
        Of torch.

    Returns
    -------
    mapping of ndarray
        For each width the mean of |x| over tokens and coordinates, (layers + 2,): after the embedding,
        after each block, and of the logits.

    Notes
    -----
    Under muP these hardly depend on the width; in the standard parametrization they grow with it, and so
    the best rate falls.

    References
    ----------
    Yang et al., 2022, arXiv 2203.03466.
    """
    return {
        width: _sizes(replace(task, width=width), rate, updates, seed, torch.device(device))
        for width in widths
    }


def _sizes(task: gpt, rate: float, updates: int, seed: int, device: torch.device) -> NDArray[np.float64]:
    problem = task.problem(device)
    rows = problem.first(seed)[None].to(device)
    out, mover = torch.empty_like(rows), task.optimizer.open(problem.layout, rows)
    controls = Controls(torch.full((1, 1), rate, dtype=rows.dtype, device=device))
    for t in range(updates):
        _, gradient = problem.gradients(rows, problem.batch(t, [seed]), out)
        mover.step(rows, gradient, controls, t)
    seen: list[torch.Tensor] = []
    windows = problem.batch(updates, [seed]).windows
    with torch.no_grad():
        seen.append(problem.model.logits(problem.layout.views(rows), windows[..., :-1], None, seen))
    return np.array([x.abs().mean().item() for x in seen])
