"""What an optimizer is to the engine: a value, which opens a mover for the rows of a batched model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from workbench.train.layout import Layout


class Controls(NamedTuple):
    """What a plan says of one update, each (lanes, 1) in the type of the rows; None where it is silent."""

    rate: Tensor
    momentum: Tensor | None = None
    weight_decay: Tensor | None = None
    beta2: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Sparse:
    """A gradient that is zero but for some rows of the only weight, (lanes, height, width).

    `index` (lanes or 1, k) holds distinct row numbers, `values` (lanes, k, width) their gradients.
    """

    index: Tensor
    values: Tensor

    def dense(self, out: Tensor) -> Tensor:
        """Written out to `out` (lanes, n_params)."""
        lanes, _, width = self.values.shape
        table = out.zero_().view(lanes, -1, width)
        table[torch.arange(lanes, device=out.device)[:, None], self.index] = self.values
        return out


@dataclass
class Kept:
    """What an optimizer remembers of one lane: tensors, and plain counters that JSON can hold."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    counters: dict[str, Any] = field(default_factory=dict)


class Mover(Protocol):
    """An optimizer at work on some rows (lanes, n_params), which it changes in place."""

    def step(self, rows: Tensor, gradient: Any, controls: Controls, t: int) -> None:
        """Do update `t`; `gradient` is (lanes, n_params), or a `Sparse` where the optimizer takes one."""
        ...

    def judged(self, rows: Tensor) -> Tensor:
        """The rows to measure: the same, but for optimizers that judge an average."""
        ...

    def kept(self, lane: int) -> Kept:
        """What it remembers of a lane, in memory of its own."""
        ...


class Optimizer(Protocol):
    """A frozen value; `sparse` says whether its mover takes a `Sparse` gradient."""

    @property
    def sparse(self) -> bool: ...

    def open(self, layout: Layout, rows: Tensor, kept: Sequence[Kept] | None = None) -> Mover:
        """A mover for `rows`, at the beginning or going on from what was kept of each lane.

        It takes what was kept into memory of its own: lanes that fork are opened from one `Kept`.

        Raises
        ------
        ValueError
            When what was kept is not of this optimizer and layout.
        """
        ...

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values, kept with a run."""
        ...


def taken(
    gradient: Tensor | Sparse, optimizer: Optimizer, controls: Controls, out: Tensor
) -> Tensor | Sparse:
    """A gradient as the optimizer takes it: written out to `out` where it needs every weight's."""
    if isinstance(gradient, Tensor):
        return gradient
    plain = optimizer.sparse and controls.momentum is None and controls.weight_decay is None
    return gradient if plain else gradient.dense(out)
