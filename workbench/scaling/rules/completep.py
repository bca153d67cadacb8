"""Residual branches that fall with the depth, at a rate that stays: CompleteP. arXiv 2505.01618."""

from __future__ import annotations

from workbench.registry import rule
from workbench.scaling.rules.parametrisation import Parametrisation, scaled
from workbench.scaling.rules.terms import Decay, Depth, Eps, HeadWidth, Rate, Std, Width


@rule("CompleteP", "2505.01618", family="table", gives=("table",), confidence="theory")
def completep(
    width: Width,
    base_width: Width,
    depth: Depth,
    base_depth: Depth,
    rate: Rate,
    init_std: Std = 0.02,
    weight_decay: Decay = 0.1,
    eps: Eps = 1e-8,
    head_width: HeadWidth = 64,
) -> Parametrisation:
    """Values of each class of tensors at another width and depth, rates that stay with the depth.

    muP in the width and, with ``m_L = depth / base_depth``: each branch is multiplied by
    ``1 / m_L``, rates are those of muP at any depth, ``eps / m_L``.

    Parameters
    ----------
    width, base_width : int
        Of the residual stream.
    depth, base_depth : int
        Blocks.
    rate, init_std, weight_decay, eps : float
        Tuned at the base width and depth, for AdamW.
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
    Use it to tune a shallow narrow model and train a deep wide one.

    References
    ----------
    Dey et al., "Don't be lazy: CompleteP enables compute-efficient deep transformers", 2025,
    arXiv 2505.01618.
    """
    return scaled(
        f"CompleteP at width {width} and depth {depth}, tuned at {base_width} and {base_depth}",
        width=width / base_width,
        depth=depth / base_depth,
        exponent=1.0,
        head_width=head_width,
        rate=rate,
        init_std=init_std,
        weight_decay=weight_decay,
        eps=eps,
    )
