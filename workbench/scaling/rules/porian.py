"""Rate from size alone, at 20 tokens per parameter: Porian et al. arXiv 2406.19146."""

from __future__ import annotations

from workbench.registry import rule
from workbench.scaling.rules.advice import Advice, beyond
from workbench.scaling.rules.terms import NParams


@rule("Porian et al.", "2406.19146", family="size", gives=("rate",), confidence="low")
def porian(n_params: NParams) -> Advice:
    """Best rate at the compute-optimal 20 tokens per parameter.

    ``rate = 3.7 N^-0.36``.

    Parameters
    ----------
    n_params : float
        Parameters of the blocks and of the last layer.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For a size outside its range.

    Notes
    -----
    Low confidence: the constants are remembered, and nothing public checks them.
    The paper has a law for the batch, too, whose constant was not found. It tunes beta2 with the batch:
    higher where the batch is small.

    References
    ----------
    Porian et al., "Resolving Discrepancies in Compute-Optimal Scaling of Language Models", 2024,
    arXiv 2406.19146.
    """
    return Advice(
        rate=3.7 * n_params**-0.36,
        notes=beyond(n_params=(n_params, 2.5e7, 1.1e8)),
    )
