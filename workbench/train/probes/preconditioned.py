"""The largest curvature as Adam sees it, after its preconditioner. arXiv 2207.14484."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from workbench.train.optimizers.adamw import AdamW
from workbench.train.probes import every
from workbench.train.probes.sharpness import check, extremes, hessian
from workbench.train.probes.value import View


@dataclass(frozen=True)
class PreconditionedSharpness:
    """Largest eigenvalue of ``P^-1/2 H P^-1/2`` on a fixed batch, for every lane trained with AdamW.

    ``P = (1 - beta1^t) (sqrt(v / (1 - beta2^t)) + eps)`` after t updates, divided by the multiple of the
    rate that a weight has.

    Parameters
    ----------
    every : int
        Updates between two looks.
    size : int, optional
        Samples of the fixed batch; the task's own unless given.
    iterations : int
        Products with the Hessian of one look, each about two backward passes.

    Notes
    -----
    Curve "preconditioned sharpness". Adam is stable at a constant rate below
    ``(2 + 2 beta1) / ((1 - beta1) rate)``, 38 / rate for a beta1 of 0.9; full-batch training hovers there.
    The threshold is that of a preconditioner that stands still.

    References
    ----------
    Cohen et al., "Adaptive Gradient Methods at the Edge of Stability", 2022, arXiv 2207.14484.
    """

    every: int = 100
    size: int | None = None
    iterations: int = 20

    names = ("preconditioned sharpness",)
    history = 0

    def __post_init__(self) -> None:
        check(self.every, self.size, self.iterations)

    def due(self, total: int) -> Iterable[int]:
        """See `workbench.train.probes.value.Probe`."""
        return every.steps(total, self.every)

    def measure(self, view: View) -> dict[str, Tensor]:
        """See `workbench.train.probes.value.Probe`."""
        if not isinstance(view.optimizer, AdamW):
            raise ValueError(f"PreconditionedSharpness needs the optimizer AdamW; got {view.optimizer!r}")
        batch = view.problem.batch(0, (0,), self.size)
        product = hessian(view.problem, view.rows, batch)
        root = _preconditioner(view, view.optimizer).rsqrt()
        seen = extremes(lambda vectors: root * product(root * vectors), view.rows, self.iterations)
        return {self.names[0]: seen[:, -1]}


def _preconditioner(view: View, adam: AdamW) -> Tensor:
    """What divides each weight's mean gradient in an update, per unit of the rate: (lanes, n_params)."""
    t = view.step + 1
    second = torch.stack([view.kept(lane).tensors["second"] for lane in range(len(view.rows))])
    beta1 = adam.beta1 if view.controls.momentum is None else view.controls.momentum
    beta2 = adam.beta2 if view.controls.beta2 is None else view.controls.beta2
    out = (second / _held(beta2, t)).sqrt()
    for part, weight in view.problem.layout.stretches():
        out[:, part] = (out[:, part] + adam.eps * weight.eps) / weight.rate
    return out * _held(beta1, t)


def _held(beta: Any, t: int) -> Any:
    """Share of a whole mean that a moving one holds after t updates."""
    return 1 - beta**t
