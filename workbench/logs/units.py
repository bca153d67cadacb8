"""Losses in nats per token whatever they were logged in, and a word of caution where they seem not to be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

UNITS = ("nats", "bits", "bits per byte", "perplexity")
"""What a loss may be logged in, per token but for bits per byte."""

_LN2 = float(np.log(2))
_BLOCKS = 240
_NEAR = 0.04
"""How near the logarithm of a jump must be to that of a change of unit."""


def to_nats(loss: Array, unit: str, bytes_per_token: float | None) -> Array:
    """Losses (n,) in nats per token.

    Raises
    ------
    ValueError
        For bits per byte without the bytes of a token.
    """
    if unit == "nats":
        return loss
    if unit == "bits":
        return loss * _LN2
    if unit == "perplexity":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(loss)
    if bytes_per_token is None:
        raise ValueError(
            "losses in bits per byte need bytes_per_token, the mean bytes of a token (4.4 or so for GPT-2's "
            "on English text), to become nats per token"
        )
    return loss * _LN2 * bytes_per_token


def cautions(loss: Array, unit: str) -> list[str]:
    """Sentences about losses (n,), finite and in order of their steps, that look like another unit."""
    if len(loss) < 2:
        return []
    out = []
    low, middle = float(np.min(loss)), float(np.median(loss))
    # ln of the largest vocabularies is 12.5: no language model stays above it.
    if middle > 13 and low > 1:
        like = ", as perplexities are: if they are, give unit='perplexity'" if unit == "nats" else ""
        out.append(f"Caution: half of the losses are above {middle:.3g} nats{like}.")
    place = _jump(loss)
    if place is not None:
        row, ratio, what = place
        out.append(
            f"Caution: at row {row} of {len(loss)} the losses change for good by a factor of {ratio:.3g}, as "
            f"from {what}: the log may mix units."
        )
    return out


def _jump(loss: Array) -> tuple[int, float, str] | None:
    """Row at which the level jumps as a change of unit would make it, the ratio, and the units."""
    blocks = min(_BLOCKS, len(loss) // 5)
    if blocks < 6:
        return None
    edges = np.linspace(0, len(loss), blocks + 1).astype(int)
    level = np.log(np.array([np.median(loss[a:b]) for a, b in zip(edges[:-1], edges[1:], strict=True)]))
    # Two blocks apart: the one in between may hold the jump itself.
    moved = level[2:] - level[:-2]
    # On both sides of a change of unit the level hardly moves; at the start of a training it does.
    calm = np.full(len(moved), np.inf)
    if blocks >= 8:
        calm[2:-2] = np.maximum(np.abs(moved[:-4]), np.abs(moved[4:]))
    for k in np.argsort(-np.abs(moved)):
        if calm[k] > 0.25 * abs(moved[k]) or abs(moved[k]) < 0.2:
            continue
        width = max(5, blocks // 12)
        before, after = np.median(level[max(0, k - width) : k + 1]), np.median(level[k + 2 : k + 2 + width])
        # A spike comes back: it is no change of level.
        if abs(after - before - moved[k]) > 0.25 * abs(moved[k]):
            continue
        before, after = float(np.exp(level[k])), float(np.exp(level[k + 2]))
        what = _change(before, after)
        if what is not None:
            sides = np.abs(np.diff(np.log(loss[edges[k] : edges[k + 3]])))
            return int(edges[k] + np.argmax(sides) + 1), after / before, what
    return None


def _change(before: float, after: float) -> str | None:
    ratio = np.log(after / before)
    if abs(ratio - np.log(1 / _LN2)) < _NEAR:
        return "nats to bits"
    if abs(ratio + np.log(1 / _LN2)) < _NEAR:
        return "bits to nats"
    if before < 13 and abs(np.log(after) - before) < 0.1 * before:
        return "nats to perplexity"
    if after < 13 and abs(np.log(before) - after) < 0.1 * after:
        return "perplexity to nats"
    return None
