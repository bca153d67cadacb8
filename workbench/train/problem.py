"""What the engine asks of a task: rows of weights, batches, gradients and measurements, all lanes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from workbench.train.layout import Layout
from workbench.train.optimizers.value import Optimizer, Sparse

__all__ = ["Problem", "Sparse", "Task", "by_autograd"]


class Problem(Protocol):
    """A task made ready on a device; it has no state that changes in training.

    All that is random depends on the seed and the step alone, so that a training that goes on from a
    snapshot sees what it would have seen.

    `tokens` is how many tokens or samples one update of the default batch sees, `sample_tokens` how many a
    sample has (1 where samples are counted), `flops` how many floating-point operations an update of one
    lane takes with the default batch (0 where nobody counted), `ceiling` the loss
    above which a lane has diverged, `at_once` how many lanes are worth training in one batched model.
    """

    layout: Layout
    device: torch.device
    tokens: int
    sample_tokens: int
    flops: float
    ceiling: float
    at_once: int
    facts: Mapping[str, Any]

    def first(self, seed: int) -> Tensor:
        """First weights (n_params,) of the layout's type, the same on every device."""
        ...

    def batch(self, step: int, seeds: Sequence[int], size: int | None = None) -> Any:
        """What update `step` sees, on the device.

        Tensors lead with a dimension of ``len(seeds)``: one for each lane, or 1 when all lanes share a
        seed. `size` is the batch size in samples where a plan sets it, else the task's own.
        """
        ...

    def gradients(self, rows: Tensor, batch: Any, out: Tensor) -> tuple[Tensor | None, Tensor | Sparse]:
        """Loss of the batch before the update (lanes,), or None where it says nothing, and the gradient.

        The gradient is `out` (lanes, n_params), overwritten, or a `Sparse`.
        """
        ...

    def losses(self, rows: Tensor, batch: Any) -> Tensor:
        """Loss of the batch (lanes,) as a differentiable function of `rows`; for probes."""
        ...

    def measure(self, rows: Tensor) -> dict[str, Tensor]:
        """What the lanes are judged by, each (lanes,), still on the device: "loss", and parts of it."""
        ...


class Task(Protocol):
    """A frozen dataclass of what is trained, registered by `workbench.registry.task`.

    `devices` names the kinds of device that it runs on; `suggested_peak` is a peak rate that suits
    its defaults; `measurements` is about how often a run is measured.
    """

    devices: ClassVar[tuple[str, ...]]
    suggested_peak: ClassVar[float]
    measurements: int

    @property
    def optimizer(self) -> Optimizer:
        """What it is trained with unless told otherwise."""
        ...

    def problem(self, device: torch.device) -> Problem:
        """Make it ready on a device."""
        ...


def by_autograd(
    layout: Layout, losses: Callable[[dict[str, Tensor]], Tensor], rows: Tensor, out: Tensor
) -> Tensor:
    """Loss of each lane, with its gradient written to `out`.

    Parameters
    ----------
    layout : Layout
        Of the model.
    losses : callable
        From weights by name, each (lanes, *shape), to the loss of each lane (lanes,).
    rows, out : Tensor
        Shape (lanes, n_params).
    """
    # Leaves of their own, not views of one leaf: the gradient of a slice is as long as the whole row.
    leaves = {name: part.detach().requires_grad_() for name, part in layout.views(rows).items()}
    # Contexts are entered here and not around the training: between two events they would reach the
    # caller's own code.
    with torch.enable_grad():
        loss = losses(leaves)
        parts = torch.autograd.grad(loss.sum(), list(leaves.values()))
    torch.cat([part.reshape(len(rows), -1) for part in parts], dim=1, out=out)
    return loss.detach()
