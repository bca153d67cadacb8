"""A small GPT on real text, byte by byte."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from workbench.curve import Curve
from workbench.params import Choice, Param, Text
from workbench.registry import task
from workbench.train.corpus import Corpus, load
from workbench.train.device import keep_freed_memory
from workbench.train.lane import Points, marks, rng, settle, take
from workbench.train.model import GPT, Size

PRESETS = {"0.1M": (2, 2, 64), "0.3M": (4, 5, 80), "1M": (5, 4, 128), "3M": (7, 6, 192), "10M": (6, 6, 384)}
"""Layers, heads and width of each preset."""

BETAS = (0.9, 0.95)
CLIP = 1.0
_DRAW = 64
"""Updates whose batches are gathered at once."""
_VALIDATION = 8192
"""Tokens of one measurement, at least."""
_MARGIN = 10.0
"""Nats above the first loss at which a training has diverged."""


@task(title="GPT on bytes", paper="")
@dataclass(frozen=True)
class gpt:  # noqa: N801, the public name
    """Decoder-only transformer that predicts the next byte of real text, trained with AdamW.

    Pre-norm, causal attention, tied head; AdamW with betas 0.9 and 0.95, weight decay on matrices
    only; gradients clipped to the norm 1. bfloat16 autocast on CUDA, float32 on a CPU.

    Parameters
    ----------
    preset : str
        Number of parameters: "0.1M", "0.3M", "1M", "3M" or "10M".
    positions : str
        "rotary" or "learned".
    context : int
        Bytes that the model sees.
    batch : int
        Sequences of one update; an update sees ``batch context`` tokens.
    weight_decay : float
        Decay of matrices per update, in units of the rate.
    text : str
        File or folder to train on; empty for the source of Python's standard library.
    measurements : int
        About how many times the validation loss is measured in a run.

    Raises
    ------
    ValueError
        For an argument outside its range; when it starts, for a text that cannot be used.

    Notes
    -----
    The loss is the mean over a fixed set of windows of the validation text, in nats per byte; the
    part "train" is the loss of each batch. Peak rates from 1e-3 to 1e-2 suit the small presets.

    References
    ----------
    Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
    Su et al., "RoFormer", 2021, arXiv 2104.09864. Loshchilov and Hutter, 2019, arXiv 1711.05101.
    """

    preset: Annotated[str, Choice(tuple(PRESETS), help="number of parameters")] = "0.1M"
    positions: Annotated[str, Choice(("rotary", "learned"), help="how positions enter")] = "rotary"
    context: Annotated[int, Param(8, 4096, log=True, unit="bytes", help="bytes that the model sees")] = 64
    batch: Annotated[int, Param(1, 4096, log=True, unit="sequences", help="sequences of one update")] = 32
    weight_decay: Annotated[float, Param(0, 10, slider=(0, 0.5), help="decay of matrices")] = 0.1
    text: Annotated[str, Text(help="file or folder; empty for Python's own source")] = ""
    measurements: Annotated[int, Param(1, 100_000, log=True, help="validation losses in a run")] = 40

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    suggested_peak: ClassVar[float] = 5e-3

    def __post_init__(self) -> None:
        settle(self)

    @property
    def size(self) -> Size:
        """Dimensions of the model."""
        layers, heads, width = PRESETS[self.preset]
        return Size(layers, heads, width, self.context, positions=self.positions)

    def start(self, seed: int, device: torch.device) -> Callable[[int], "_Lane"]:
        """What the engine calls; see `workbench.train.lane.Task`."""
        corpus = load(self.text, context=self.context)
        if device.type == "cpu":
            keep_freed_memory()
        data = _Data(self, corpus, seed, device)
        facts = {"text": corpus.name, "text_sha256": corpus.sha256}
        return lambda total: _Lane(self, data, seed, device, total, facts)


class _Data:
    """Windows of the text on the device: batches of a step, which depend on seed and step only."""

    def __init__(self, task: gpt, corpus: Corpus, seed: int, device: torch.device) -> None:
        self.seed, self.device, self.batch = seed, device, task.batch
        self.windows = self._windows(corpus.train, task.context)
        validation = self._windows(corpus.validation, task.context)
        # Whole batches, so that a measurement has pieces of the size of an update.
        count = task.batch * -(-_VALIDATION // (task.batch * task.context))
        spread = torch.linspace(0, len(validation) - 1, count, dtype=torch.float64).long()
        self.validation = validation[spread.to(device)].long().split(task.batch)
        self._drawn = (-1, torch.empty(0))

    def _windows(self, text: np.ndarray, context: int) -> Tensor:
        # A copy, since torch warns of arrays that cannot be written. One byte more than the context:
        # a window holds inputs and, shifted by one, targets.
        return torch.from_numpy(text.copy()).to(self.device).unfold(0, context + 1, 1)

    def __getitem__(self, t: int) -> tuple[Tensor, Tensor]:
        draw, i = divmod(t, _DRAW)
        if self._drawn[0] != draw:
            starts = rng(self.seed, draw).integers(len(self.windows), size=(_DRAW, self.batch))
            self._drawn = (draw, self.windows[torch.from_numpy(starts).to(self.device)].long())
        rows = self._drawn[1][i]
        return rows[:, :-1], rows[:, 1:]


class _Lane:
    def __init__(
        self, task: gpt, data: _Data, seed: int, device: torch.device, total: int, facts: dict[str, Any]
    ) -> None:
        self.data, self.device = data, device
        # Made on the CPU, so that every device starts from the same weights.
        self.model = GPT(task.size, torch.Generator().manual_seed(seed)).to(device)
        self.weights = list(self.model.parameters())
        groups = [
            {"params": [w for w in self.weights if w.ndim >= 2], "weight_decay": task.weight_decay},
            {"params": [w for w in self.weights if w.ndim < 2], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=0.0, betas=BETAS, fused=True)
        self.due = set(marks(total, task.measurements).tolist())
        self.points = {"loss": Points(), "train": Points()}
        self.tokens = task.batch * task.context
        self.ceiling = float("inf")
        self.facts = {**facts, "n_params": self.model.n_params, "batch_tokens": self.tokens}

    def step(self, t: int, rate: float) -> None:
        # Contexts are entered here and not around the training: between two events they would reach
        # the caller's own code.
        with torch.enable_grad():
            with self._precision():
                loss = self.model.loss(*self.data[t])
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.weights, CLIP)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.points["train"].add(t, loss.detach())
        if t in self.due:
            self.points["loss"].add(t, self._measure())

    def take(self) -> dict[str, Curve]:
        curves = take(self.points)
        if "train" in curves and curves["train"].step[0] == 0:
            self.ceiling = float(curves["train"].loss[0]) + _MARGIN
        return curves

    def _measure(self) -> Tensor:
        with torch.no_grad(), self._precision():
            rows = self.data.validation
            return torch.stack([self.model.loss(part[:, :-1], part[:, 1:]) for part in rows]).mean()

    def _precision(self) -> contextlib.AbstractContextManager[Any]:
        if self.device.type == "cuda":
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return contextlib.nullcontext()
