"""Rate from the gradient noise scale: one step of SGD, and the conjecture for Adam. arXiv 1812.06162."""

from __future__ import annotations

from typing import Annotated

from workbench.params import Param
from workbench.registry import rule
from workbench.scaling.rules.advice import Advice
from workbench.scaling.rules.terms import Batch, Noise, Rate


@rule("Gradient noise scale", "1812.06162", family="batch", gives=("rate",), confidence="theory")
def noise_scale(
    rate: Rate,
    batch: Batch,
    new_batch: Batch,
    noise: Noise,
    alpha: Annotated[float, Param(0, 1, open_low=True, help="1 for SGD, 0.5 to 1 for Adam")] = 1.0,
) -> Advice:
    """Change the rate as the batch is changed, saturating beyond the noise scale.

    ``rate(B) = rate_max / (1 + B_noise / B)^alpha``.

    Parameters
    ----------
    rate, batch : float
        What is known to be good.
    new_batch : float
        In the same unit.
    noise : float
        B_noise, ``tr(H Sigma) / g'Hg``; in the same unit.
    alpha : float
        1 is the result for SGD; for Adam the paper conjectures something between 0.5 and 1.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Far below the noise scale it is the linear rule (alpha = 1) or the square-root rule (alpha = 0.5);
    far above it the batch changes nothing.

    References
    ----------
    McCandlish et al., "An Empirical Model of Large-Batch Training", 2018, arXiv 1812.06162.
    """
    return Advice(rate=rate * ((1 + noise / batch) / (1 + noise / new_batch)) ** alpha)
