"""Rate from size, and critical batch from the loss, as Kaplan et al. fitted them. arXiv 2001.08361."""

from __future__ import annotations

import math

from workbench.registry import rule
from workbench.scaling.rules.advice import Advice
from workbench.scaling.rules.terms import Loss, NParams

_LARGEST = math.exp(0.003239 / 0.0001395)


@rule("Kaplan's rate", "2001.08361", family="size", gives=("rate",), confidence="low")
def kaplan_rate(n_params: NParams) -> Advice:
    """A rate that falls with the logarithm of the size.

    ``rate = 0.003239 - 0.0001395 ln N``.

    Parameters
    ----------
    n_params : float
        Parameters without embeddings, below 1.2e10, where the rate would reach 0.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For a size at which the rule has no rate above 0.

    Notes
    -----
    A rule of thumb of its time for a batch of 5e5 tokens; here for comparison. Remembered, not read in
    the paper's own text.

    References
    ----------
    Kaplan et al., "Scaling Laws for Neural Language Models", 2020, arXiv 2001.08361, appendix D.6.
    """
    rate = 0.003239 - 0.0001395 * math.log(n_params)
    if rate <= 0:
        raise ValueError(f"n_params must be below {_LARGEST:.3g} for this rule; got {n_params:g}")
    return Advice(rate=rate)


@rule("Kaplan's critical batch", "2001.08361", family="loss", gives=("batch_tokens",))
def kaplan_batch(loss: Loss) -> Advice:
    """Critical batch from the loss alone.

    ``B_crit = 2.1e8 / L^(1 / 0.21)`` tokens.

    Parameters
    ----------
    loss : float
        Loss in nats per token, on WebText2.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For a loss outside its range.

    Notes
    -----
    Later measurements (arXiv 2410.21676, 2505.13738) find that it grows with the data, whatever the loss.
    Remembered, not read in the paper's own text.

    References
    ----------
    Kaplan et al., "Scaling Laws for Neural Language Models", 2020, arXiv 2001.08361.
    """
    return Advice(batch_tokens=2.1e8 * loss ** (-1 / 0.21))
