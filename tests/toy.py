"""A small network on a fixed or a random batch, as a problem for the engine's own tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench import train
from workbench.curve import Run
from workbench.train.lanes import lanes_of
from workbench.train.layout import Layout, Weight
from workbench.train.optimizers import SGD
from workbench.train.optimizers.value import Optimizer
from workbench.train.problem import by_autograd
from workbench.train.task import rng
from workbench.train.training import Training
from workbench.train.tree import grow


@dataclass(frozen=True)
class Toy:
    """Task and problem in one: one hidden layer of tanh, fitted to a wave; `fixed` keeps one batch."""

    width: int = 8
    samples: int = 16
    fixed: bool = False
    scale: float = 1.0
    dtype: torch.dtype = torch.float64
    measurements: int = 20
    memory: int = 1000
    optimizer: Optimizer = field(default_factory=SGD)

    device = torch.device("cpu")
    devices = ("cpu",)
    suggested_peak = 0.1
    flops = 0.0
    ceiling = 1e6
    sample_tokens = 1
    at_once = 64
    facts: Any = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        return self.samples

    @cached_property
    def layout(self) -> Layout:
        shapes = {"up": (3, self.width), "down": (self.width, 1), "shift": (self.width,)}
        return Layout(
            tuple(Weight(name, shape, len(shape) > 1) for name, shape in shapes.items()), self.dtype
        )

    def problem(self, device: torch.device) -> Toy:
        return self

    def first(self, seed: int) -> Tensor:
        return torch.from_numpy(self.scale * rng(seed, 0).normal(size=self.layout.n_params)).to(self.dtype)

    def batch(self, step: int, seeds: Any, size: int | None = None) -> Tensor:
        keys = [(0, 1) if self.fixed else (seed, 1, step) for seed in seeds]
        draws = [rng(*key).normal(size=(size or self.samples, 3)) for key in keys]
        return torch.from_numpy(np.stack(draws)).to(self.dtype)

    def losses(self, rows: Tensor, batch: Tensor) -> Tensor:
        return self._losses(self.layout.views(rows), batch)

    def _losses(self, weights: dict[str, Tensor], x: Tensor) -> Tensor:
        hidden = torch.tanh(x @ weights["up"] + weights["shift"][:, None])
        wanted = torch.sin(2 * x.sum(dim=-1, keepdim=True))
        return 0.5 * (hidden @ weights["down"] - wanted).square().mean(dim=(1, 2))

    def gradients(self, rows: Tensor, batch: Tensor, out: Tensor) -> tuple[Tensor, Tensor]:
        if len(rows) > self.memory:
            raise torch.OutOfMemoryError("as a device says it")
        return by_autograd(self.layout, lambda weights: self._losses(weights, batch), rows, out), out

    def measure(self, rows: Tensor) -> dict[str, Tensor]:
        seen = torch.from_numpy(rng(0, 2).normal(size=(1, 64, 3))).to(self.dtype)
        return {"loss": self.losses(rows, seen)}


def trained(toy: Toy, schedules: list[Any], seed: int | list[int] = 0, **more: Any) -> list[Run]:
    """Train a toy, as `train.train` trains a task."""
    lanes = lanes_of(schedules, seed)
    recorder = train.Recorder(train.tasks.quadratic(), schedules, seed)
    for event in Training(toy, toy, toy.optimizer, lanes, grow(lanes), **more).events():
        recorder.add(event)
    return recorder.runs()
