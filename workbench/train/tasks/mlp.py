"""A multilayer perceptron that learns from another one, with the width scaling of arXiv 2203.03466."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.params import Choice, Flag, Param
from workbench.registry import task
from workbench.train.device import keep_freed_memory
from workbench.train.layout import Layout, Weight
from workbench.train.optimizers.adamw import AdamW
from workbench.train.problem import by_autograd
from workbench.train.task import rng, settle
from workbench.train.tasks.blocks import Blocks

BASE = 64
"""Width at which both scalings of the width agree."""
_TEACHER = 32
"""Width of the teacher's one hidden layer."""
_HELD_OUT = 1024
"""Samples of a measurement."""


@task(title="Perceptron and teacher", paper="")
@dataclass(frozen=True)
class mlp:  # noqa: N801, the public name
    """Regression with AdamW on the labels of a fixed random network.

    ``y = teacher(x) + noise xi`` with normal x (inputs,) and a teacher of one hidden layer of 32 tanh
    units, scaled to about unit variance; the student has `depth` hidden layers of `width` ReLU units.
    Each update sees `batch` new samples (with `fixed` always the same); the loss is the mean squared error.

    Parameters
    ----------
    inputs : int
        Number of inputs.
    width : int
        Units of a hidden layer.
    depth : int
        Number of hidden layers.
    mup : bool
        Whether rates, first weights and the output are scaled with the width so that one peak rate suits
        all widths (they change nothing at the width 64).
    noise : float
        Standard deviation of the labels.
    batch : int
        Samples of one update.
    fixed : bool
        Whether every update sees the same samples, which makes descent full-batch, without noise.
    precision : str
        "float32" or "float64" of weights and updates.
    measurements : int
        About how many losses are kept over a run.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    The loss is over 1024 samples that are never trained on, with ``noise^2`` for their labels' noise,
    so that ``noise^2`` is its least value; the part "train" is the loss of each batch. With ``mup`` and
    the multiple m = width / 64, hidden matrices have the rate ``1 / m`` times the plan's and the output
    is divided by m: that is for Adam and its like, not for SGD.

    References
    ----------
    Yang et al., "Tensor Programs V: Tuning Large Neural Networks via Zero-Shot Hyperparameter
    Transfer", 2022, arXiv 2203.03466.
    """

    inputs: Annotated[int, Param(1, 4096, log=True, help="number of inputs")] = 16
    width: Annotated[int, Param(1, 8192, log=True, help="units of a hidden layer")] = 64
    depth: Annotated[int, Param(1, 64, help="number of hidden layers")] = 2
    mup: Annotated[bool, Flag(help="scale with the width so that one rate suits all widths")] = False
    noise: Annotated[float, Param(0, 1e3, slider=(0, 1), help="of the labels")] = 0.1
    batch: Annotated[int, Param(1, 65_536, log=True, unit="samples", help="samples of one update")] = 64
    fixed: Annotated[bool, Flag(help="the same samples in every update: full-batch descent")] = False
    precision: Annotated[str, Choice(("float32", "float64"), help="of weights and updates")] = "float32"
    measurements: Annotated[int, Param(1, 100_000, log=True, help="losses kept over a run")] = 100

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    suggested_peak: ClassVar[float] = 5e-3

    def __post_init__(self) -> None:
        settle(self)

    @property
    def optimizer(self) -> AdamW:
        """AdamW without weight decay."""
        return AdamW(beta2=0.99, weight_decay=0.0)

    def problem(self, device: torch.device) -> "_Problem":
        """See `workbench.train.problem.Task`."""
        return _Problem(self, device)


def layout(task: mlp) -> Layout:
    """Weights of the student: of each layer its matrix (from, to), and then all biases."""
    sizes = [task.inputs, *[task.width] * task.depth, 1]
    multiple = task.width / BASE if task.mup else 1.0
    hidden = range(1, task.depth)
    matrices = [
        Weight(f"w{i}", (sizes[i], sizes[i + 1]), decays=True, rate=1 / multiple if i in hidden else 1.0)
        for i in range(task.depth + 1)
    ]
    biases = [Weight(f"b{i}", (sizes[i + 1],)) for i in range(task.depth + 1)]
    return Layout((*matrices, *biases), getattr(torch, task.precision))


class _Problem:
    sample_tokens = 1

    def __init__(self, task: mlp, device: torch.device) -> None:
        self.task, self.device, self.tokens, self.facts = task, device, task.batch, {}
        self.layout = layout(task)
        matrices = sum(weight.size for weight in self.layout.weights if weight.decays)
        self.flops = 6.0 * matrices * task.batch
        self.ceiling = 1e4
        # Enough to fill a device.
        per_lane = self.layout.n_params + task.batch * task.width * task.depth
        self.at_once = max(1, min(256, (2**22 if device.type == "cpu" else 2**28) // per_lane))
        self.output = BASE / task.width if task.mup else 1.0
        dtype = self.layout.dtype
        # One teacher for all seeds: it belongs to the problem.
        draw = np.random.default_rng([task.inputs, _TEACHER])
        self.teacher = (
            draw.standard_normal((task.inputs, _TEACHER)) * task.inputs**-0.5,
            draw.standard_normal(_TEACHER) * (0.4 * _TEACHER) ** -0.5,
        )
        held_out = draw.standard_normal((1, _HELD_OUT, task.inputs))
        kept = held_out, self._labels(held_out)
        self.held_out = tuple(torch.from_numpy(each).to(device, dtype) for each in kept)
        self.blocks = Blocks(self._samples, task.batch, task.batch * (task.inputs + 1), device)
        if device.type == "cpu":
            keep_freed_memory()

    def first(self, seed: int) -> Tensor:
        draw = rng(seed)
        parts = []
        for weight in self.layout.weights:
            if not weight.decays:
                parts.append(np.zeros(weight.size))
                continue
            into, _ = weight.shape
            # With muP the last matrix is as it is at the base width, and the output is scaled instead.
            fan = BASE if self.task.mup and weight is self._last() else into
            gain = 1.0 if weight is self._last() else 2.0
            parts.append(draw.standard_normal(weight.size) * (gain / fan) ** 0.5)
        return torch.from_numpy(np.concatenate(parts)).to(self.layout.dtype)

    def batch(self, step: int, seeds: Sequence[int], size: int | None = None) -> tuple[Tensor, Tensor]:
        """Inputs (seeds, batch, inputs) and labels (seeds, batch)."""
        x, y = self.blocks(0 if self.task.fixed else step, seeds, size)
        return x, y

    def gradients(self, rows: Tensor, batch: tuple[Tensor, Tensor], out: Tensor) -> tuple[Tensor, Tensor]:
        return by_autograd(self.layout, lambda weights: self._error(weights, *batch), rows, out), out

    def losses(self, rows: Tensor, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self._error(self.layout.views(rows), *batch)

    def measure(self, rows: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            error = self._error(self.layout.views(rows), *self.held_out)
        return {"loss": error + self.task.noise**2}

    def _last(self) -> Weight:
        return self.layout.weights[self.task.depth]

    def _samples(self, draw: np.random.Generator, steps: int, size: int) -> list[NDArray[Any]]:
        x = draw.standard_normal((steps, size, self.task.inputs))
        y = self._labels(x) + self.task.noise * draw.standard_normal((steps, size))
        return [each.astype(self.task.precision) for each in (x, y)]

    def _labels(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        into, out = self.teacher
        return np.tanh(x @ into) @ out

    def _error(self, weights: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Mean squared error (lanes,) of samples (lanes or 1, batch, inputs)."""
        depth = self.task.depth
        h = x.expand(len(weights["b0"]), -1, -1)
        for i in range(depth):
            h = torch.baddbmm(weights[f"b{i}"][:, None], h, weights[f"w{i}"]).relu()
        # A product with a single column is rounded as the number of lanes has it; a sum is not.
        guess = (h * weights[f"w{depth}"].mT).sum(-1) * self.output + weights[f"b{depth}"]
        return (guess - y).square().mean(-1)
