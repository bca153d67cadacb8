"""Residual branches and rates that fall with the square root of the depth: depth-muP. arXiv 2310.02244."""

from __future__ import annotations

from workbench.registry import rule
from workbench.scaling.rules.parametrisation import Parametrisation, scaled
from workbench.scaling.rules.terms import Decay, Depth, Eps, HeadWidth, Rate, Std, Width


@rule("Depth-muP", "2310.02244", family="table", gives=("table",), confidence="theory")
def depth_mup(
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
    """Values of each class of tensors at another width and depth, square roots of the depth.

    muP in the width and, with ``m_L = depth / base_depth``: each branch is multiplied by
    ``m_L^-1/2``, matrices and vectors of the blocks have the rate times ``m_L^-1/2``, ``eps m_L^-1/2``.

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
    Use it for residual blocks of one layer, for which it is derived. On transformers, arXiv 2505.01618 finds
    that the best rate still moves with the depth, and recommends `completep`.

    References
    ----------
    Yang, Yu, Zhu and Hayou, "Tensor Programs VI: Feature Learning in Infinite-Depth Neural Networks", 2023,
    arXiv 2310.02244.
    """
    return scaled(
        f"Depth-muP at width {width} and depth {depth}, tuned at {base_width} and {base_depth}",
        width=width / base_width,
        depth=depth / base_depth,
        exponent=0.5,
        head_width=head_width,
        rate=rate,
        init_std=init_std,
        weight_decay=weight_decay,
        eps=eps,
    )
