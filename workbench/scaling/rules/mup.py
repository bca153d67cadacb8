"""Rates, initial scales and multipliers that keep with the width: muP. arXiv 2203.03466."""

from __future__ import annotations

from workbench.registry import rule
from workbench.scaling.rules.parametrisation import Parametrisation, scaled
from workbench.scaling.rules.terms import Decay, Eps, HeadWidth, Rate, Std, Width


@rule("muP", "2203.03466", family="table", gives=("table",), confidence="theory")
def mup(
    width: Width,
    base_width: Width,
    rate: Rate,
    init_std: Std = 0.02,
    weight_decay: Decay = 0.1,
    eps: Eps = 1e-8,
    head_width: HeadWidth = 64,
) -> Parametrisation:
    """Values of each class of tensors at another width, from those tuned at the base width.

    With ``m = width / base_width``: matrices of the blocks start at ``std / sqrt(m)``, have the rate
    ``rate / m`` and the decay ``lambda m``; the readout is multiplied by ``1 / m``; embeddings, norms and
    biases keep their values; ``eps / m``.

    Parameters
    ----------
    width, base_width : int
        Of the residual stream.
    rate, init_std, weight_decay, eps : float
        Tuned at the base width, for AdamW.
    head_width : int
        Attention logits are divided by it.

    Returns
    -------
    Parametrisation

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it to tune a narrow model and train a wide one. Check it with the size of activations after a few
    updates, which must not depend on the width. The decay is decoupled, as in torch's AdamW.

    References
    ----------
    Yang, Hu et al., "Tensor Programs V", 2022, arXiv 2203.03466.
    """
    return scaled(
        f"muP at width {width}, tuned at {base_width}",
        width=width / base_width,
        depth=1.0,
        exponent=1.0,
        head_width=head_width,
        rate=rate,
        init_std=init_std,
        weight_decay=weight_decay,
        eps=eps,
    )
