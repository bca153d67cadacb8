"""Batch from the loss that is aimed at, and one rate under muP: MiniCPM. arXiv 2404.06395."""

from __future__ import annotations

from workbench.registry import rule
from workbench.scaling.rules.advice import Advice
from workbench.scaling.rules.terms import Loss


@rule("MiniCPM", "2404.06395", family="loss", gives=("rate", "batch_tokens"))
def minicpm(loss: Loss) -> Advice:
    """Best batch from the final loss; a rate of 0.01 under muP for every size.

    ``batch = 1.21e9 / L^6.24`` tokens; ``rate = 0.01``.

    Parameters
    ----------
    loss : float
        Loss on C4 at the end, in nats per token.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For a loss outside its range.

    Notes
    -----
    Use it with WSD under muP, base width 256. It needs the loss first: from a scaling law, or from a
    smaller run.

    References
    ----------
    Hu et al., "MiniCPM", 2024, arXiv 2404.06395.
    """
    return Advice(rate=0.01, batch_tokens=1.21e9 * loss**-6.24)
