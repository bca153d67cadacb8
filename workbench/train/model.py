"""A decoder-only transformer: pre-norm, causal attention, tied head."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.train.rotary import rotate, turns


@dataclass(frozen=True)
class Size:
    """Layers, heads, width, context length and vocabulary of a `GPT`."""

    layers: int
    heads: int
    width: int
    context: int
    vocab: int = 256
    positions: str = "rotary"


class Block(nn.Module):
    """``x + attention(norm(x))``, then ``x + mlp(norm(x))`` with a GELU of four times the width."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        # LayerNorm rather than RMSNorm: on CPUs torch has a fused kernel for it, three times as fast.
        self.norm1 = nn.LayerNorm(size.width, bias=False)
        self.qkv = _matrix(size.width, 3 * size.width)
        self.out = _matrix(size.width, size.width)
        self.norm2 = nn.LayerNorm(size.width, bias=False)
        self.up = _matrix(size.width, 4 * size.width)
        self.down = _matrix(4 * size.width, size.width)

    def forward(self, x: Tensor, turn: Tensor | None) -> Tensor:
        """Residual stream x (batch, T, width) in and out; `turn` is the rotary table."""
        batch, length, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, width // self.heads)
        if turn is not None:
            qkv = rotate(qkv, turn)
        q, k, v = qkv.transpose(1, 3).unbind(2)
        heads = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(heads.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


def _matrix(width: int, out: int) -> nn.Linear:
    # Not filled here: torch's own filling draws from the global generator.
    return cast(nn.Linear, nn.utils.skip_init(nn.Linear, width, out, bias=False))


class GPT(nn.Module):
    """Decoder-only transformer whose logits are read with the token embedding (tied head).

    Parameters
    ----------
    size : Size
        Its dimensions; `positions` is "rotary" or "learned".
    generator : torch.Generator
        Source of the initial weights: normal with deviation 0.02, divided by sqrt(2 layers) where a
        block writes to the residual stream.
    """

    def __init__(self, size: Size, generator: torch.Generator) -> None:
        super().__init__()
        self.size = size
        self.tokens = nn.Parameter(torch.empty(size.vocab, size.width))
        self.places = (
            nn.Parameter(torch.empty(size.context, size.width)) if size.positions == "learned" else None
        )
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.layers))
        self.norm = nn.LayerNorm(size.width, bias=False)
        rotary = size.positions == "rotary"
        table = turns(size.context, size.heads, size.width // size.heads) if rotary else None
        self.register_buffer("turn", table, persistent=False)
        for name, weight in self.named_parameters():
            if weight.ndim < 2:
                continue
            writes = name.endswith(("out.weight", "down.weight"))
            deviation = 0.02 / math.sqrt(2 * size.layers) if writes else 0.02
            nn.init.normal_(weight, std=deviation, generator=generator)
        # With a tied head every token at first predicts itself, with a logit that grows with the width;
        # a small gain keeps it at 0.4, and the first loss near ln(vocab).
        nn.init.constant_(self.norm.weight, min(1.0, 0.4 / (0.02 * size.width)))

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (batch, T, vocab) of the token that follows each of `tokens` (batch, T)."""
        x = F.embedding(tokens, self.tokens)
        if self.places is not None:
            x = x + self.places[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, self.turn)
        return F.linear(self.norm(x), self.tokens)

    def loss(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats per token, a scalar."""
        logits = self(tokens)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))

    @property
    def n_params(self) -> int:
        """Number of trained values; the tied head counts once."""
        return sum(weight.numel() for weight in self.parameters())
