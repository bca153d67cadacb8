"""A transformer on tokens of text, made ready for the engine."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from workbench.train.backward import gradient
from workbench.train.compiled import Compiled
from workbench.train.corpora import Corpus
from workbench.train.layout import Layout
from workbench.train.problem import by_autograd
from workbench.train.task import rng
from workbench.train.tokens import Tokens
from workbench.train.transformer import Transformer, flops_per_token

_VALIDATION = 8192
"""Tokens of one measurement of one text, at least."""
_MARGIN = 10.0
"""Nats above ln(vocab) at which a training has diverged."""
_AT_ONCE = 64
"""Lanes that a GPU trains at once, at most."""
_FULL = 4e12
"""Operations in one update that keep a GPU busy: beyond, further lanes take as much longer."""


class Batch(NamedTuple):
    """Windows (1 or lanes, batch, T + 1), int64; factors of dropout, each (1 or lanes, batch T, width)."""

    windows: Tensor
    masks: tuple[Tensor, ...] | None


class Language:
    """See `workbench.train.problem.Problem`.

    Parameters
    ----------
    model : Transformer
        What is trained.
    corpora : sequence of Corpus
        One text, or two that are mixed.
    shares : tuple of arrays
        Steps and the share of the second text at each, linear in between.
    batch : int
        Sequences of an update.
    dropout : float
        Share of the residual stream and of what is added to it that is dropped.
    device : torch.device
        Where it is trained.
    compile : str
        One of `workbench.train.compiled.COMPILE`.
    """

    def __init__(
        self,
        model: Transformer,
        corpora: Sequence[Corpus],
        shares: tuple[Sequence[float], Sequence[float]],
        batch: int,
        dropout: float,
        device: torch.device,
        compile: str,
    ) -> None:
        self.model, self.shares, self.size, self.dropout, self.device = model, shares, batch, dropout, device
        size = model.size
        self.layout: Layout = model.layout
        self.tokens, self.sample_tokens = batch * size.context, size.context
        self.flops = float(self.tokens * flops_per_token(model))
        self.ceiling = float(np.log(size.vocab)) + _MARGIN
        # On a CPU one lane keeps every core busy with arithmetic; a second would only share the caches.
        self.at_once = 1 if device.type == "cpu" else max(1, min(_AT_ONCE, int(_FULL / self.flops)))
        self.texts = [Tokens(each.train, size.context, device) for each in corpora]
        self.held = [
            Tokens(each.validation, size.context, device).spread(batch, _VALIDATION) for each in corpora
        ]
        # Made here, so that what is compiled only looks it up.
        model.turns(device)
        self._compiled = Compiled(model.losses, device, compile)
        self._about = {
            "text": " + ".join(each.name for each in corpora),
            "text_sha256": "-".join(each.sha256 for each in corpora),
            "vocab": size.vocab,
        }

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is kept with a run; whether it was compiled is certain after the first update only."""
        return {**self._about, "compiled": self._compiled.fact}

    def first(self, seed: int) -> Tensor:
        return self.model.first(seed)

    def batch(self, step: int, seeds: Sequence[int], size: int | None = None) -> Batch:
        count = self.size if size is None else size
        windows = torch.stack([self._windows(step, seed, count) for seed in seeds])
        return Batch(windows, self._masks(step, seeds, count) if self.dropout else None)

    def gradients(self, rows: Tensor, batch: Batch, out: Tensor) -> tuple[Tensor, Tensor]:
        if self.device.type == "cpu":
            return torch.stack([self._one(i, rows, batch, out) for i in range(len(rows))]), out

        def losses(weights: dict[str, Tensor]) -> Tensor:
            with self._precision():
                return self._compiled(weights, batch.windows, batch.masks)

        # A copy: a replayed graph writes the next losses where these lie.
        return by_autograd(self.layout, losses, rows, out).clone(), out

    def losses(self, rows: Tensor, batch: Batch) -> Tensor:
        # By plain products in full precision: probes differentiate twice, which the fast kernels of attention
        # do not know, and a curvature in bfloat16 is mostly rounding.
        with sdpa_kernel(SDPBackend.MATH):
            return self.model.losses(self.layout.views(rows), batch.windows, batch.masks)

    def measure(self, rows: Tensor) -> dict[str, Tensor]:
        # One lane after the other on a CPU, so that the last bits do not depend on the others.
        parts = rows.split(1) if self.device.type == "cpu" else [rows]
        texts = [torch.cat([self._held(part, windows) for part in parts]) for windows in self.held]
        if len(texts) == 1:
            return {"loss": texts[0]}
        old, new = texts
        return {"loss": (old + new) / 2, "old": old, "new": new}

    def _held(self, rows: Tensor, windows: Sequence[Tensor]) -> Tensor:
        weights = self.layout.views(rows)
        with torch.no_grad(), self._precision():
            return torch.stack([self.model.losses(weights, part[None]) for part in windows]).mean(0)

    def _one(self, i: int, rows: Tensor, batch: Batch, out: Tensor) -> Tensor:
        weights, to = (
            {name: part[0] for name, part in self.layout.views(x[i : i + 1]).items()} for x in (rows, out)
        )
        windows, masks = batch
        mine = None if masks is None else [mask[i if len(mask) > 1 else 0] for mask in masks]
        return gradient(self.model, weights, windows[i if len(windows) > 1 else 0], to, mine)

    def _windows(self, step: int, seed: int, count: int) -> Tensor:
        draw = rng(seed, step)
        if len(self.texts) == 1:
            return self.texts[0](draw.integers(len(self.texts[0]), size=count))
        new = draw.random(count) < share(step, *self.shares)
        starts = [(draw.random(count) * len(text)).astype(np.int64) for text in self.texts]
        old, other = (text(at) for text, at in zip(self.texts, starts, strict=True))
        return torch.where(torch.from_numpy(new).to(self.device)[:, None], other, old)

    def _masks(self, step: int, seeds: Sequence[int], count: int) -> tuple[Tensor, ...]:
        shape = (count * self.model.size.context, self.model.size.width)
        keep = 1 - self.dropout
        masks: list[Tensor] = []
        for site in range(1, 2 * self.model.size.layers + 2):
            # Keyed like everything random: a training that goes on from a snapshot drops the same. From 1
            # on, since a last 0 makes no difference to a key, and that one draws the batch.
            mask = torch.empty((len(seeds), *shape), dtype=self.model.dtype, device=self.device)
            for part, seed in zip(mask, seeds, strict=True):
                draw = torch.Generator(self.device).manual_seed(int(rng(seed, step, site).integers(2**63)))
                part.bernoulli_(keep, generator=draw)
            masks.append(mask.div_(keep))
        return tuple(masks)

    def _precision(self) -> contextlib.AbstractContextManager[Any]:
        if self.device.type == "cuda":
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return contextlib.nullcontext()


def share(step: int, steps: Sequence[float], shares: Sequence[float]) -> float:
    """Share of the second text at a step: linear between the given steps, constant outside."""
    return float(np.interp(step, steps, shares))
