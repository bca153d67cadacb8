"""Rotary positions: each pair of coordinates turns by an angle proportional to its position."""

from __future__ import annotations

import torch
from torch import Tensor


def turns(context: int, heads: int, size: int, base: float = 10_000.0) -> Tensor:
    """Factors ``exp(i t / base**(2 j / size))`` for queries and keys, 1 for values.

    Parameters
    ----------
    context : int
        Number of positions t.
    heads, size : int
        Number of heads and width of one, even; j runs over its size / 2 pairs.
    base : float
        Longest wavelength over 2 pi.

    Returns
    -------
    Tensor
        Shape (context, 3, heads, size / 2), complex64.

    References
    ----------
    Su et al., "RoFormer", 2021, arXiv 2104.09864.
    """
    # In float64, since at large t the last digits of a float32 angle are lost.
    frequency = base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angle = torch.arange(context, dtype=torch.float64)[:, None] * frequency
    # Queries, keys and values in one contiguous table, and so in one multiplication: on a CPU that
    # takes a fifth of the time of sines and cosines applied to halves.
    table = torch.polar(torch.ones_like(angle), angle)[:, None, None, :].repeat(1, 3, heads, 1)
    table[:, 2] = 1
    return table.to(torch.complex64)


def rotate(qkv: Tensor, table: Tensor) -> Tensor:
    """Turn queries and keys of `qkv` (batch, T, 3, heads, size); values stay.

    ``q_t . k_s`` then depends on t and s through t - s only. Coordinates 2 j and 2 j + 1 are a pair.
    """
    # There is no complex bfloat16; the product is rounded once, after the turn.
    exact = qkv.float() if qkv.dtype == torch.bfloat16 else qkv
    pairs = torch.view_as_complex(exact.unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * table[: qkv.shape[1]]).flatten(-2).type_as(qkv)
