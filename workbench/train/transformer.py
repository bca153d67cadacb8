"""A decoder-only transformer over lanes: pre-norm, causal attention, tied head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.train.layout import Layout, Weight
from workbench.train.parametrization import DEVIATION, Scale, scale
from workbench.train.rotary import rotate, turns

EPS = 1e-5
"""Added to the variance in a norm."""


@dataclass(frozen=True)
class Size:
    """Layers, heads, width, context length and vocabulary of a transformer.

    `positions` is "rotary" or "learned", `parametrization` one of
    `workbench.train.parametrization.PARAMETRIZATIONS`, with the base width and depth that it refers to.
    """

    layers: int
    heads: int
    width: int
    context: int
    vocab: int = 256
    positions: str = "rotary"
    parametrization: str = "standard"
    base_width: int = 64
    base_layers: int = 2

    @cached_property
    def scale(self) -> Scale:
        """Its multipliers."""
        return scale(
            self.parametrization,
            width=self.width,
            layers=self.layers,
            heads=self.heads,
            base_width=self.base_width,
            base_layers=self.base_layers,
        )


@dataclass(frozen=True)
class Transformer:
    """The weights of a transformer and its forward pass, as functions of weights by name.

    A block is ``x + attention(norm1(x))``, then ``x + mlp(norm2(x))`` with a GELU of four times the
    width; logits are read with the token embedding. There are no biases.

    Parameters
    ----------
    size : Size
        Its dimensions.
    dtype : torch.dtype
        Of the weights.
    """

    size: Size
    dtype: torch.dtype = torch.float32
    _tables: dict[torch.device, Tensor] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def layout(self) -> Layout:
        """Matrices first, which decay, then norms; with the factors of the parametrization."""
        size, s = self.size, self.size.scale
        w = size.width
        matrices = [Weight("tokens", (size.vocab, w), decays=True)]
        if size.positions == "learned":
            matrices.append(Weight("places", (size.context, w), decays=True))
        norms = []
        for i in range(size.layers):
            shapes = {"qkv": (w, 3 * w), "out": (w, w), "up": (w, 4 * w), "down": (4 * w, w)}
            for name, shape in shapes.items():
                matrices.append(Weight(f"{i}.{name}", shape, True, s.rate, s.decay, s.eps))
            norms += [Weight(f"{i}.{name}", (w,), rate=s.norms, eps=s.eps) for name in ("norm1", "norm2")]
        return Layout((*matrices, *norms, Weight("norm", (w,))), self.dtype)

    def first(self, seed: int) -> Tensor:
        """Initial weights (n_params,), the same on every device."""
        scale = self.size.scale
        deviations = {"qkv": scale.hidden, "up": scale.hidden, "out": scale.writing, "down": scale.writing}
        draw = torch.Generator().manual_seed(seed)
        row = torch.empty(1, self.layout.n_params)
        for name, part in Layout(self.layout.weights).views(row).items():
            kind = name.split(".")[-1]
            if part.ndim == 3:
                part.normal_(std=deviations.get(kind, DEVIATION), generator=draw)
            else:
                part.fill_(scale.gain if kind == "norm" else 1.0)
        return row[0].to(self.dtype)

    def turns(self, device: torch.device) -> Tensor | None:
        """The table of rotary positions on a device."""
        if self.size.positions != "rotary":
            return None
        if device not in self._tables:
            self._tables[device] = turns(self.size.context, self.size.width // self.size.heads).to(device)
        return self._tables[device]

    def losses(
        self,
        weights: Mapping[str, Tensor],
        windows: Tensor,
        masks: Sequence[Tensor] | None = None,
        seen: list[Tensor] | None = None,
    ) -> Tensor:
        """Mean cross-entropy of each lane in nats per token (lanes,), differentiable.

        Parameters
        ----------
        weights : mapping of Tensor
            By name, each (lanes, *shape).
        windows : Tensor
            Shape (1 or lanes, batch, T + 1), int64: inputs and, shifted by one, targets.
        masks : sequence of Tensor, optional
            Factors of dropout, each (1 or lanes, batch T, width): after the embedding, then after the
            attention and the mlp of each block.
        seen : list, optional
            Where the residual stream (lanes, batch T, width) after the embedding and each block is kept.
        """
        logits = self.logits(weights, windows[..., :-1], masks, seen)
        targets = windows[..., 1:].expand(len(logits), -1, -1)
        nats = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        return nats.view(len(logits), -1).mean(1)

    def logits(
        self,
        weights: Mapping[str, Tensor],
        tokens: Tensor,
        masks: Sequence[Tensor] | None = None,
        seen: list[Tensor] | None = None,
    ) -> Tensor:
        """Logits (lanes, batch T, vocab) of what follows each of `tokens` (1 or lanes, batch, T)."""
        size, scale = self.size, self.size.scale
        table = weights["tokens"]
        lanes, (_, batch, length) = len(table), tokens.shape
        if lanes > 1:
            # One lookup for all lanes, each in its own part of one long table.
            first = torch.arange(0, lanes * size.vocab, size.vocab, device=tokens.device)
            tokens = tokens + first[:, None, None]
        x = F.embedding(tokens, table.reshape(-1, size.width))
        if "places" in weights:
            x = x + weights["places"][:, None, :length]
        x = _dropped(x.view(lanes, batch * length, size.width), masks, 0)
        turn = self.turns(x.device)
        _keep(seen, x)
        for i in range(size.layers):
            w = {name: weights[f"{i}.{name}"] for name in ("norm1", "qkv", "out", "norm2", "up", "down")}
            heads = self._attention(_norm(x, w["norm1"]), w["qkv"], batch, turn)
            x = x + scale.branch * _dropped(torch.bmm(heads, w["out"]), masks, 2 * i + 1)
            wide = F.gelu(torch.bmm(_norm(x, w["norm2"]), w["up"]))
            x = x + scale.branch * _dropped(torch.bmm(wide, w["down"]), masks, 2 * i + 2)
            _keep(seen, x)
        return scale.logits * torch.bmm(_norm(x, weights["norm"]), table.transpose(1, 2))

    def _attention(self, x: Tensor, qkv: Tensor, batch: int, turn: Tensor | None) -> Tensor:
        lanes, n, width = x.shape
        shape = (lanes * batch, n // batch, 3, self.size.heads, width // self.size.heads)
        q, k, v = torch.bmm(x, qkv).view(shape).unbind(2)
        if turn is not None:
            q, k = rotate(q, turn), rotate(k, turn)
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        heads = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=self.size.scale.scores)
        return heads.transpose(1, 2).reshape(x.shape)


def flops_per_token(model: Transformer) -> int:
    """Floating-point operations of one update for each token, ``6 N + 12 layers width context``.

    N counts every weight but learned positions, which are only looked up.
    """
    size = model.size
    places = size.context * size.width if size.positions == "learned" else 0
    n = model.layout.n_params - places
    return 6 * n + 12 * size.layers * size.width * size.context


def _norm(x: Tensor, gain: Tensor) -> Tensor:
    # LayerNorm rather than RMSNorm: on CPUs torch has a fused kernel for it, three times as fast.
    return F.layer_norm(x, x.shape[-1:], eps=EPS) * gain[:, None]


def _dropped(x: Tensor, masks: Sequence[Tensor] | None, i: int) -> Tensor:
    return x if masks is None else x * masks[i]


def _keep(seen: list[Tensor] | None, x: Tensor) -> None:
    if seen is not None:
        seen.append(x)
