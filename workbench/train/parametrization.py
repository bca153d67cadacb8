"""How a transformer's multipliers, deviations and rates depend on its width and depth.

Yang et al., "Tensor Programs V", 2022, arXiv 2203.03466 (muP); Yang, Yu, Zhu and Hayou, "Tensor Programs
VI", 2023, arXiv 2310.02244 (depth-muP).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

PARAMETRIZATIONS = ("standard", "mup", "depth_mup")
"""What `scale` knows."""

DEVIATION = 0.02
"""Of initial weights, at the base width."""

_SELF = 0.4
"""First logit of a token for itself, at most."""


@dataclass(frozen=True)
class Scale:
    """What the forward pass multiplies with, how weights are drawn, and factors of their rates.

    Parameters
    ----------
    scores : float
        Of products of queries and keys.
    branch : float
        Of what a block adds to the residual stream.
    logits : float
        Of the logits.
    hidden, writing : float
        Initial deviation of the matrices of a block that read the residual stream, and write to it.
    gain : float
        Initial gain of the last norm.
    rate, decay, eps : float
        Multiples of the learning rate, the weight decay and Adam's epsilon for the matrices of a block.
    norms : float
        Multiple of the learning rate for the norms of a block.
    """

    scores: float
    branch: float = 1.0
    logits: float = 1.0
    hidden: float = DEVIATION
    writing: float = DEVIATION
    gain: float = 1.0
    rate: float = 1.0
    decay: float = 1.0
    eps: float = 1.0
    norms: float = 1.0


def scale(
    parametrization: str, *, width: int, layers: int, heads: int, base_width: int, base_layers: int
) -> Scale:
    """The scales of a model of some width and depth, for Adam.

    With ``m = width / base_width`` and, in "depth_mup", ``k = layers / base_layers`` (else 1):

    ========== ================== ====================== ========= ====================
    weights    initial variance   rate                   decay     forward
    ========== ================== ====================== ========= ====================
    embedding  s**2               1                      1
    blocks     s**2 / m           1 / (m sqrt(k))        m         branch / sqrt(k)
    norms                         1 / sqrt(k), last 1
    head       (tied)                                              logits / m
    ========== ================== ====================== ========= ====================

    and scores are ``8 q . k / d`` for heads of size d, which is the usual ``q . k / sqrt(d)`` at 64. Decay
    is decoupled: its product with the rate does not depend on the width. Adam's epsilon in blocks is
    divided by ``m sqrt(k)``. In "standard" all of it is 1, and what writes to the residual stream is
    drawn with ``s / sqrt(2 layers)``.

    Parameters
    ----------
    parametrization : str
        One of `PARAMETRIZATIONS`.
    width, layers, heads : int
        Of the model.
    base_width, base_layers : int
        Of the model at which all parametrizations agree, but for the scores.

    References
    ----------
    Yang et al., 2022, arXiv 2203.03466. Yang et al., 2023, arXiv 2310.02244.
    """
    size = width // heads
    # With a tied head every token at first predicts itself, with a logit that grows with the width;
    # a small gain keeps it at 0.4, and the first loss near ln(vocab).
    if parametrization == "standard":
        writing = DEVIATION / math.sqrt(2 * layers)
        return Scale(size**-0.5, writing=writing, gain=min(1.0, _SELF / (DEVIATION * width)))
    m = width / base_width
    k = layers / base_layers if parametrization == "depth_mup" else 1.0
    depth = base_layers if parametrization == "depth_mup" else layers
    hidden = DEVIATION / math.sqrt(m)
    return Scale(
        scores=8 / size,
        branch=k**-0.5,
        logits=1 / m,
        hidden=hidden,
        writing=hidden / math.sqrt(2 * depth),
        gain=min(1.0, _SELF / (DEVIATION * base_width)),
        rate=1 / (m * k**0.5),
        decay=m,
        eps=1 / (m * k**0.5),
        norms=k**-0.5,
    )
