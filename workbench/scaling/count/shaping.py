"""A decoder of about a given size, in the proportions of public models."""

from __future__ import annotations

from workbench.params import Param, number
from workbench.scaling.count.architecture import Architecture
from workbench.scaling.count.conventions import convention

_ASPECT = 96
_HEAD = 64


def shape_for(
    n_params: float,
    *,
    vocab: int = 50_257,
    context: int = 2048,
    counted: str = "chinchilla",
    aspect: float = _ASPECT,
) -> Architecture:
    """A gated decoder whose size, counted as `counted` says, is nearest to `n_params`.

    Width over depth is near `aspect`, heads are 64 wide (128 from a width of 4,096 on), the
    feed-forward layer is 8/3 of the width, rounded up to 64.

    Parameters
    ----------
    n_params : float
        From 1e5 to 1e13.
    vocab, context : int
        As of `Architecture`.
    counted : str
        One of `conventions()`.
    aspect : float
        Width over depth; public models have 64 to 128.

    Raises
    ------
    ValueError
        For an argument outside its range, or a size below the smallest that the vocabulary leaves.

    Notes
    -----
    A start for a plan. Loss depends little on the proportions (arXiv 2001.08361, figure 5).
    """
    n_params = number("n_params", n_params, Param(1e5, 1e13))
    aspect = number("aspect", aspect, Param(8, 1024))
    size = convention(counted).n_params
    best: tuple[float, Architecture] | None = None
    # Depth is width / aspect and size about 12 depth width^2: only widths around that are tried.
    middle = (aspect * n_params / 12) ** (1 / 3)
    first = max(1, int(0.25 * middle) // _HEAD)
    for width in range(first * _HEAD, int(1.6 * middle) + 2 * _HEAD, _HEAD):
        one = _shape(width, 1, vocab, context)
        two = one.but(depth=2)
        per_block = size(two) - size(one)
        depth = max(1, round((n_params - size(one)) / per_block) + 1)
        if not 0.5 * aspect <= width / depth <= 2 * aspect:
            continue
        found = one.but(depth=depth)
        error = abs(size(found) / n_params - 1) + 0.05 * abs(width / depth / aspect - 1)
        if best is None or error < best[0]:
            best = error, found
    if best is None or abs(size(best[1]) / n_params - 1) > 0.25:
        raise ValueError(
            f"n_params must be large enough for a vocabulary of {vocab} at {aspect:g} width per depth; "
            f"got {n_params:g}"
        )
    return best[1]


def _shape(width: int, depth: int, vocab: int, context: int) -> Architecture:
    per_head = 128 if width >= 4096 and width % 128 == 0 else _HEAD
    inner = -(-8 * width // (3 * 64)) * 64
    return Architecture(depth, width, width // per_head, inner, vocab, context, gated=True)
