"""Stochastic gradient descent with momentum, all lanes in one update."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from workbench.train.layout import Layout
from workbench.train.optimizers import check
from workbench.train.optimizers.clip import clip_
from workbench.train.optimizers.value import Controls, Kept, Sparse


@dataclass(frozen=True)
class SGD:
    """``v <- momentum v + g + weight_decay theta``, ``theta <- theta - rate v``, as torch's SGD does.

    Parameters
    ----------
    momentum : float
        At least 0 and below 1; a plan may set it for each update.
    nesterov : bool
        Whether the update looks ahead, ``theta <- theta - rate (g + momentum v)``.
    weight_decay : float
        L2 penalty added to the gradient of weights that decay; a plan may set it.
    clip : float, optional
        Largest norm of a lane's gradient; None for no limit.

    Raises
    ------
    ValueError
        For an argument outside its range.
    """

    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    clip: float | None = None

    def __post_init__(self) -> None:
        check.below_one(momentum=self.momentum)
        check.not_negative(weight_decay=self.weight_decay)
        check.limit(self.clip)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum greater than 0; got momentum = 0")

    @property
    def sparse(self) -> bool:
        """Only the plain step leaves untouched rows alone."""
        return not (self.momentum or self.weight_decay or self.clip is not None)

    def open(self, layout: Layout, rows: Tensor, kept: Sequence[Kept] | None = None) -> _Mover:
        """See `workbench.train.optimizers.value.Optimizer`."""
        return _Mover(self, layout, rows, kept)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, kept with a run."""
        return {"name": "SGD", **asdict(self)}


class _Mover:
    def __init__(self, value: SGD, layout: Layout, rows: Tensor, kept: Sequence[Kept] | None) -> None:
        self.value, self.layout = value, layout
        # Made when it is first needed: a plan may bring momentum to an optimizer that has none.
        self.velocity: Tensor | None = None
        for each in kept or ():
            check.kept("SGD", each, [name for name in each.tensors if name == "velocity"], rows)
        if kept and any(each.tensors for each in kept):
            still = torch.zeros_like(rows[0])
            self.velocity = torch.stack([each.tensors.get("velocity", still) for each in kept])

    def step(self, rows: Tensor, gradient: Any, controls: Controls, t: int) -> None:
        if controls.beta2 is not None:
            raise ValueError("SGD has no beta2 that a plan could set")
        if isinstance(gradient, Sparse):
            index, values = gradient.index, gradient.values
            weight = self.layout.weights[0]
            height, width = weight.shape
            lanes = torch.arange(len(rows), device=rows.device)[:, None]
            # Row numbers of a lane are distinct, so that the order of additions does not matter.
            where = (index + lanes * height).reshape(-1)
            step = values.mul_((controls.rate * -weight.rate)[:, :, None])
            rows.view(-1, width).index_add_(0, where, step.view(-1, width))
            return
        if self.value.clip is not None:
            clip_(gradient, self.value.clip)
        momentum = controls.momentum if controls.momentum is not None else self.value.momentum
        decay = controls.weight_decay if controls.weight_decay is not None else self.value.weight_decay
        still = isinstance(momentum, float) and momentum == 0
        if self.velocity is None and not still:
            self.velocity = torch.zeros_like(rows)
        for part, weight in self.layout.stretches():
            theta, step = rows[:, part], gradient[:, part]
            if weight.decays and not (isinstance(decay, float) and decay == 0):
                step.add_(theta * (decay * weight.decay))
            if self.velocity is not None:
                velocity = self.velocity[:, part]
                velocity.mul_(momentum).add_(step)
                step = step + momentum * velocity if self.value.nesterov else velocity
            theta.sub_(step * (controls.rate * weight.rate))

    def judged(self, rows: Tensor) -> Tensor:
        return rows

    def kept(self, lane: int) -> Kept:
        return Kept({} if self.velocity is None else {"velocity": self.velocity[lane].clone()})
