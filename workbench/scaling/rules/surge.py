"""Rate that rises and falls with the batch: the surge of Adam. arXiv 2405.14578."""

from __future__ import annotations

import math

from workbench.registry import rule
from workbench.scaling.rules.advice import Advice
from workbench.scaling.rules.terms import Batch, Noise, Rate


@rule("Surge", "2405.14578", family="batch", gives=("rate",), confidence="theory")
def surge(rate: Rate, batch: Batch, new_batch: Batch, noise: Noise) -> Advice:
    """Change the rate of Adam as the batch is changed, with a peak at the noise scale.

    ``rate(B) = rate_max / (1/2 (sqrt(B_noise / B) + sqrt(B / B_noise)))``.

    Parameters
    ----------
    rate, batch : float
        What is known to be good.
    new_batch : float
        In the same unit.
    noise : float
        B_noise, where the best rate is largest; in the same unit.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Below the noise scale it is the square-root rule; above, the best rate falls again. Derived for the
    sign of a noisy gradient; B_noise grows while the loss falls.

    References
    ----------
    Li et al., "Surge Phenomenon in Optimal Learning Rate and Batch Size Scaling", 2024, arXiv 2405.14578.
    """

    def height(at: float) -> float:
        return math.sqrt(noise / at) + math.sqrt(at / noise)

    return Advice(rate=rate * height(batch) / height(new_batch))
