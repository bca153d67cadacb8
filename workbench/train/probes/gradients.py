"""How large gradients are, and how much of them is noise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.params import Param, number
from workbench.train.optimizers.value import Sparse
from workbench.train.probes import every
from workbench.train.probes.value import View

_BATCHES = Param(2, 1000, help="batches that are compared")


@dataclass(frozen=True)
class Gradients:
    """Norm of the gradient, and the simple noise scale ``tr(Sigma) / |G|^2`` in tokens.

    From the gradients g_i of `batches` batches of B tokens, with mean g over m of them, unbiased:
    ``|G|^2 = (m |g|^2 - mean |g_i|^2) / (m - 1)`` and
    ``tr(Sigma) / B = (mean |g_i|^2 - |g|^2) m / (m - 1)``.

    Parameters
    ----------
    every : int
        Updates between two looks.
    batches : int
        How many batches are compared; each costs a forward and a backward pass.

    Notes
    -----
    Curves "gradient norm" (the root of ``|G|^2``, 0 where the estimate is negative) and "noise scale".
    The batches are those of the updates to come, which the weights have not seen. A noise scale is
    infinite where the estimate of ``|G|^2`` is not positive: take more batches.

    References
    ----------
    McCandlish et al., "An Empirical Model of Large-Batch Training", 2018, arXiv 1812.06162, appendix A.
    """

    every: int = 50
    batches: int = 8

    names = ("gradient norm", "noise scale")
    history = 0

    def __post_init__(self) -> None:
        every.checked(self.every)
        number("batches", self.batches, _BATCHES, integer=True)

    def due(self, total: int) -> Iterable[int]:
        """See `workbench.train.probes.value.Probe`."""
        return every.steps(total, self.every)

    def measure(self, view: View) -> dict[str, Tensor]:
        """See `workbench.train.probes.value.Probe`."""
        m, out = self.batches, torch.empty_like(view.rows)
        total, squares = torch.zeros_like(view.rows), torch.zeros_like(view.rows[:, 0])
        for later in range(1, m + 1):
            batch = view.problem.batch(view.step + later, view.seeds)
            gradient = view.problem.gradients(view.rows, batch, out)[1]
            gradient = gradient.dense(out) if isinstance(gradient, Sparse) else gradient
            total += gradient
            squares += gradient.square().sum(dim=1)
        mean, alone = (total / m).square().sum(dim=1), squares / m
        signal = (m * mean - alone) / (m - 1)
        noise = (alone - mean) * (m / (m - 1)) * view.problem.tokens
        scale = torch.where(signal > 0, noise / signal, torch.inf)
        return {"gradient norm": signal.clamp(min=0).sqrt(), "noise scale": scale}
