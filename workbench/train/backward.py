"""The transformer's gradient written out for one lane, with the fewest and largest operations.

Autograd keeps and copies more than is needed: here gradients of weights are products that land where
they belong, sums ride on products, and the logits turn into their own gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.train.rotary import rotate_
from workbench.train.transformer import EPS, Transformer

_LOGITS = 2**23
"""Logits that exist at once, about; for a large vocabulary they are most of the memory."""


class _Normed(NamedTuple):
    given: Tensor
    result: Tensor
    mean: Tensor
    rstd: Tensor


class _Block(NamedTuple):
    """What the way back needs of a block; matrices (n, width) over all n tokens."""

    norm1: _Normed
    attention: tuple[Tensor, ...]
    heads: Tensor
    norm2: _Normed
    wide: Tensor
    bent: Tensor


def gradient(
    model: Transformer,
    weights: Mapping[str, Tensor],
    windows: Tensor,
    out: Mapping[str, Tensor],
    masks: Sequence[Tensor] | None = None,
) -> Tensor:
    """Loss of one lane, a scalar, as `Transformer.losses` gives it; its gradient is written to `out`.

    Parameters
    ----------
    model : Transformer
        On a CPU.
    weights, out : mapping of Tensor
        By name, each of its own shape; `out` is overwritten.
    windows : Tensor
        Shape (batch, T + 1), int64.
    masks : sequence of Tensor, optional
        Factors of dropout, each (batch T, width).
    """
    with torch.no_grad():
        tokens, targets = windows[:, :-1].reshape(-1), windows[:, 1:].reshape(-1)
        size, scale, turn = model.size, model.size.scale, model.turns(windows.device)
        batch, length = len(windows), windows.shape[1] - 1
        x = F.embedding(tokens, weights["tokens"])
        if "places" in weights:
            x.view(batch, length, -1).add_(weights["places"][:length])
        if masks is not None:
            x.mul_(masks[0])
        blocks: list[_Block] = []
        for i in range(size.layers):
            mask = (None, None) if masks is None else (masks[2 * i + 1], masks[2 * i + 2])
            norm1 = _norm(x, weights[f"{i}.norm1"])
            qkv = torch.mm(norm1.result, weights[f"{i}.qkv"])
            attention = _attend(qkv.view(batch, length, 3, size.heads, -1), turn, scale.scores)
            heads = attention[3].transpose(1, 2).reshape(x.shape)
            x = _written(x, heads, weights[f"{i}.out"], scale.branch, mask[0])
            norm2 = _norm(x, weights[f"{i}.norm2"])
            wide = torch.mm(norm2.result, weights[f"{i}.up"])
            bent = F.gelu(wide)
            x = _written(x, bent, weights[f"{i}.down"], scale.branch, mask[1])
            blocks.append(_Block(norm1, attention, heads, norm2, wide, bent))
        norm = _norm(x, weights["norm"])
        loss, dx = _head(norm.result, weights["tokens"], targets, scale.logits, out["tokens"])
        dx = _norm_back(dx, norm, weights["norm"], out["norm"])
        for i in reversed(range(size.layers)):
            block = blocks.pop()
            mask = (None, None) if masks is None else (masks[2 * i + 1], masks[2 * i + 2])
            dbent = _written_back(dx, block.bent, f"{i}.down", weights, out, scale.branch, mask[1])
            dwide = torch.ops.aten.gelu_backward.grad_input(dbent, block.wide, grad_input=dbent)
            torch.mm(block.norm2.result.t(), dwide, out=out[f"{i}.up"])
            dnorm = torch.mm(dwide, weights[f"{i}.up"].t())
            dx = _norm_back(dnorm, block.norm2, weights[f"{i}.norm2"], out[f"{i}.norm2"]).add_(dx)
            dheads = _written_back(dx, block.heads, f"{i}.out", weights, out, scale.branch, mask[0])
            dnorm = _attend_back(dheads, block, turn, scale.scores, weights[f"{i}.qkv"], out[f"{i}.qkv"])
            dx = _norm_back(dnorm, block.norm1, weights[f"{i}.norm1"], out[f"{i}.norm1"]).add_(dx)
        if masks is not None:
            dx.mul_(masks[0])
        if "places" in weights:
            out["places"].zero_()
            torch.sum(dx.view(batch, length, -1), 0, out=out["places"][:length])
        out["tokens"].index_add_(0, tokens, dx)
        return loss


def _norm(x: Tensor, gain: Tensor) -> _Normed:
    return _Normed(x, *torch.native_layer_norm(x, x.shape[-1:], gain, None, EPS))


def _norm_back(dresult: Tensor, norm: _Normed, gain: Tensor, dgain: Tensor) -> Tensor:
    given, _, mean, rstd = norm
    needed = [True, True, False]
    dgiven, found, _ = torch.ops.aten.native_layer_norm_backward(
        dresult, given, gain.shape, mean, rstd, gain, None, needed
    )
    dgain.copy_(found)
    return dgiven


def _written(x: Tensor, y: Tensor, weight: Tensor, branch: float, mask: Tensor | None) -> Tensor:
    """``x + branch y weight``."""
    if mask is None:
        return torch.addmm(x, y, weight, alpha=branch)
    return x.add(torch.mm(y, weight).mul_(mask), alpha=branch)


def _written_back(
    dx: Tensor,
    y: Tensor,
    name: str,
    weights: Mapping[str, Tensor],
    out: Mapping[str, Tensor],
    branch: float,
    mask: Tensor | None,
) -> Tensor:
    if mask is not None:
        dx = dx * mask
    _scaled(y.t(), dx, branch, out[name])
    return _scaled(dx, weights[name].t(), branch)


def _scaled(a: Tensor, b: Tensor, factor: float, out: Tensor | None = None) -> Tensor:
    """``factor a b``; the factor costs nothing inside the product."""
    if factor == 1:
        return torch.mm(a, b, out=out)
    out = a.new_empty(len(a), b.shape[1]) if out is None else out
    return torch.addmm(out, a, b, beta=0, alpha=factor, out=out)


def _attend(qkv: Tensor, turn: Tensor | None, scores: float) -> tuple[Tensor, ...]:
    """Queries, keys and values, each (batch, heads, T, size), what attention makes of them, and its sums."""
    if turn is not None:
        rotate_(qkv[:, :, :2], turn)
    parts = qkv.transpose(1, 3).unbind(2)
    # The kernel by its name: the public function keeps its sums to itself.
    return *parts, *torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        *parts, 0.0, True, scale=scores
    )


def _attend_back(
    dheads: Tensor, block: _Block, turn: Tensor | None, scores: float, weight: Tensor, out: Tensor
) -> Tensor:
    batch, heads, length, size = block.attention[0].shape
    width = heads * size
    dattended = dheads.view(batch, length, heads, size).transpose(1, 2)
    dparts = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward(
        dattended, *block.attention, 0.0, True, scale=scores
    )
    dnorm, given = dheads, block.norm1.result.t()
    for j, dpart in enumerate(dparts):
        dpart = dpart.transpose(1, 2).contiguous()
        if turn is not None and j < 2:
            rotate_(dpart, turn, back=True)
        columns, flat = slice(j * width, (j + 1) * width), dpart.view(-1, width)
        torch.mm(given, flat, out=out[:, columns])
        # The memory of what is no longer needed takes the sum.
        torch.addmm(dnorm, flat, weight[:, columns].t(), beta=float(j > 0), out=dnorm)
    return dnorm


def _head(x: Tensor, table: Tensor, targets: Tensor, factor: float, dtable: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy of logits ``factor x table^T``, and the gradient of x; the table's is written."""
    n, vocab = len(x), len(table)
    dx, total = torch.empty_like(x), x.new_zeros(())
    rows = max(1, _LOGITS // vocab)
    for first in range(0, n, rows):
        part = slice(first, first + rows)
        wanted = targets[part, None]
        logits = _scaled(x[part], table.t(), factor)
        chances = torch.log_softmax(logits, 1)
        total -= chances.gather(1, wanted).sum()
        # From here on the gradient, but for the factor 1 / n.
        chances.exp_().scatter_add_(1, wanted, chances.new_full(wanted.shape, -1.0))
        _scaled(chances, table, factor / n, dx[part])
        torch.addmm(dtable, chances.t(), x[part], beta=float(first > 0), alpha=factor / n, out=dtable)
    return total / n, dx
