"""A one-layer transformer on the river-valley bigram, inspired by arXiv 2410.05192."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.params import Choice, Param
from workbench.registry import task
from workbench.train.device import keep_freed_memory
from workbench.train.optimizers.adamw import AdamW
from workbench.train.problem import by_autograd
from workbench.train.task import settle
from workbench.train.tasks.blocks import Blocks
from workbench.train.transformer import Size, Transformer, flops_per_token

_HELD_OUT = 2048
"""Tokens of a measurement, at least."""
_LOGITS = 2**23
"""Logits that a measurement makes at once, about."""


@task(title="Transformer on a river-valley bigram", paper="2410.05192")
@dataclass(frozen=True)
class bigram_transformer:  # noqa: N801, the public name
    """One transformer layer, trained with AdamW on a language in which a token depends on the last one.

    A share `river` of tokens has one certain next token, the others choose evenly among `successors`;
    in the long run all tokens are equally frequent. The loss is the mean cross-entropy against the true
    chances, over windows that are never trained on; its least value is `entropy`.

    Parameters
    ----------
    vocab : int
        Number of tokens.
    successors : int
        How many next tokens an uncertain token has, at most the number of uncertain tokens.
    river : float
        Share of tokens with a certain next token.
    width : int
        Of the model, a multiple of 8.
    context : int
        Tokens that the model sees.
    batch : int
        Sequences of one update.
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
    Parts "river" and "hill" sum to "loss"; "train" is the loss of each batch. Use it to see on a
    transformer what `bigram` shows on a table.

    The paper's sizes and optimiser were not found: this specification is inspired by its description,
    with low confidence that it is the authors' own.

    References
    ----------
    Wen et al., "Understanding Warmup-Stable-Decay Learning Rates: A River Valley Loss Landscape
    Perspective", 2024, arXiv 2410.05192.
    """

    vocab: Annotated[int, Param(2, 50_000, log=True, slider=(8, 1000), help="number of tokens")] = 64
    successors: Annotated[int, Param(2, 1000, log=True, help="next tokens of an uncertain token")] = 4
    river: Annotated[float, Param(0, 1, help="share of tokens with a certain next token")] = 0.5
    width: Annotated[int, Param(8, 4096, log=True, slider=(8, 512), help="of the model")] = 32
    context: Annotated[int, Param(1, 4096, log=True, unit="tokens", help="tokens that it sees")] = 16
    batch: Annotated[int, Param(1, 65_536, log=True, unit="sequences", help="sequences of an update")] = 16
    precision: Annotated[str, Choice(("float32", "float64"), help="of weights and updates")] = "float32"
    measurements: Annotated[int, Param(1, 100_000, log=True, help="losses kept over a run")] = 100

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    suggested_peak: ClassVar[float] = 1e-2

    def __post_init__(self) -> None:
        settle(self)
        if self.width % 8:
            raise ValueError(f"width must be a multiple of 8; got {self.width}")
        uncertain = self.vocab - self.certain
        if uncertain and self.successors > uncertain:
            raise ValueError(
                f"successors must be at most the number of uncertain tokens, {uncertain}; "
                f"got {self.successors}"
            )

    @property
    def certain(self) -> int:
        """Number of tokens with a certain next token; they come first."""
        return round(self.river * self.vocab)

    @property
    def entropy(self) -> float:
        """Least possible loss in nats, all of it in the part "hill"."""
        return (1 - self.certain / self.vocab) * float(np.log(self.successors))

    @cached_property
    def following(self) -> NDArray[np.int64]:
        """Next tokens of each token, equally likely, (vocab, successors)."""
        # One language for all seeds: it belongs to the problem. Columns are shifts of one permutation,
        # so that each token has as many ways in as out, and all are equally frequent.
        draw = np.random.default_rng([self.vocab, self.successors])
        image, k = draw.permutation(self.vocab), self.certain
        uncertain = self.vocab - k
        following = np.repeat(image[:, None], self.successors, axis=1)
        if uncertain:
            shifted = np.arange(uncertain)[:, None] + np.arange(self.successors)
            following[k:] = image[k + shifted % uncertain]
        return following

    @property
    def optimizer(self) -> AdamW:
        """AdamW as GPTs have it."""
        return AdamW(clip=1.0)

    def problem(self, device: torch.device) -> "_Problem":
        """See `workbench.train.problem.Task`."""
        return _Problem(self, device)


class _Problem:
    ceiling = 1e3

    def __init__(self, task: bigram_transformer, device: torch.device) -> None:
        self.task, self.device, self.facts = task, device, {"entropy": task.entropy}
        self.tokens, self.sample_tokens = task.batch * task.context, task.context
        size = Size(1, task.width // 8, task.width, task.context, task.vocab)
        self.model = Transformer(size, getattr(torch, task.precision))
        self.layout = self.model.layout
        self.flops = float(self.tokens * flops_per_token(self.model))
        per_lane = self.layout.n_params + self.tokens * (task.vocab + 16 * task.width)
        self.at_once = max(1, min(256, (2**23 if device.type == "cpu" else 2**30) // per_lane))
        numbers = task.batch * (task.context + 1)
        self.blocks = Blocks(self._windows, task.batch, numbers, device)
        self.held_out = self._held_out()
        if device.type == "cpu":
            keep_freed_memory()

    def first(self, seed: int) -> Tensor:
        return self.model.first(seed)

    def batch(self, step: int, seeds: Sequence[int], size: int | None = None) -> Tensor:
        """Windows of tokens (seeds, batch, context + 1): inputs and, shifted by one, targets."""
        return self.blocks(step, seeds, size)[0]

    def gradients(self, rows: Tensor, batch: Tensor, out: Tensor) -> tuple[Tensor, Tensor]:
        return by_autograd(self.layout, lambda w: self.model.losses(w, batch), rows, out), out

    def losses(self, rows: Tensor, batch: Tensor) -> Tensor:
        return self.model.losses(self.layout.views(rows), batch)

    @torch.no_grad()
    def measure(self, rows: Tensor) -> dict[str, Tensor]:
        windows, following, shares = self.held_out
        weights = self.layout.views(rows)
        piece = max(1, _LOGITS // (len(rows) * windows.shape[2] * self.task.vocab))
        parts = []
        for i in range(0, windows.shape[1], piece):
            logits = self.model.logits(weights, windows[:, i : i + piece]).double()
            # (lanes, tokens, successors), and the mean of what follows as often.
            wanted = following[i : i + piece].flatten(0, 1).expand(len(rows), -1, -1)
            nats = logits.logsumexp(-1) - logits.gather(-1, wanted).mean(-1)
            parts.append((nats[:, None] * shares[:, i : i + piece].flatten(1)).sum(-1))
        river, hill = torch.stack(parts).sum(0).unbind(1)
        return {"loss": river + hill, "river": river, "hill": hill}

    def _windows(self, draw: np.random.Generator, steps: int, size: int) -> list[NDArray[np.int64]]:
        task = self.task
        way = draw.integers(task.successors, size=(task.context, steps, size))
        tokens = np.empty((task.context + 1, steps, size), dtype=np.int64)
        tokens[0] = draw.integers(task.vocab, size=(steps, size))
        for position in range(task.context):
            tokens[position + 1] = task.following[tokens[position], way[position]]
        return [np.ascontiguousarray(np.moveaxis(tokens, 0, 2))]

    def _held_out(self) -> tuple[Tensor, Tensor, Tensor]:
        """Windows (1, n, T), what may follow (n, T, m), each token's share in river and hill (2, n, T)."""
        task = self.task
        count = -(-max(_HELD_OUT, 4 * task.vocab) // task.context)
        draw = np.random.default_rng([task.vocab, task.successors, task.context])
        (tokens,) = self._windows(draw, 1, count)
        tokens = tokens[0, :, :-1]
        certain, share = tokens < task.certain, task.certain / task.vocab
        # Both kinds have exactly their share, however many the sample has of them.
        shares = np.stack([
            share * certain / max(1, certain.sum()),
            (1 - share) * ~certain / max(1, (~certain).sum()),
        ])  # fmt: skip
        kept = tokens[None], task.following[tokens], shares
        windows, following, weights = (torch.from_numpy(each).to(self.device) for each in kept)
        return windows, following, weights
