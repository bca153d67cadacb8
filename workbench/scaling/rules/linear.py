"""Rate in proportion to the batch, as for SGD. arXiv 1706.02677."""

from __future__ import annotations

from workbench.registry import rule
from workbench.scaling.rules.advice import Advice
from workbench.scaling.rules.terms import Batch, Rate


@rule("Linear rule", "1706.02677", family="batch", gives=("rate",), confidence="theory")
def linear(rate: Rate, batch: Batch, new_batch: Batch) -> Advice:
    """Change the rate as the batch is changed.

    ``new rate = rate new_batch / batch``.

    Parameters
    ----------
    rate, batch : float
        What is known to be good.
    new_batch : float
        In the same unit.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it for SGD below the critical batch. It is the limit of `noise_scale` for small batches.

    References
    ----------
    Goyal et al., "Accurate, Large Minibatch SGD", 2017, arXiv 1706.02677.
    """
    return Advice(rate=rate * new_batch / batch)
