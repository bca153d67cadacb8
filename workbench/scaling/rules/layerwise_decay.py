"""Weight decay that keeps singular values with the width. arXiv 2510.15262."""

from __future__ import annotations

from workbench.registry import rule
from workbench.scaling.rules.advice import Advice
from workbench.scaling.rules.terms import Decay, Width


@rule("Robust layerwise scaling", "2510.15262", family="decay", gives=("weight_decay",), confidence="low")
def layerwise_decay(weight_decay: Decay, width: Width, new_width: Width) -> Advice:
    """Decay of the matrices at another width, their rate following muP.

    ``lambda' = lambda sqrt(d' / d)``; vectors have a rate that stays and no decay.

    Parameters
    ----------
    weight_decay : float
        Of the matrices, good at `width`.
    width, new_width : int
        Of the residual stream.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Low confidence: the exponent follows from the abstract's singular values in proportion to
    ``sqrt(rate / lambda) d^0.75`` with a rate in proportion to 1 / d; the paper's text was not read.

    References
    ----------
    Fan et al., "Robust Layerwise Scaling Rules by Proper Weight Decay Tuning", 2025, arXiv 2510.15262.
    """
    return Advice(weight_decay=weight_decay * (new_width / width) ** 0.5)
