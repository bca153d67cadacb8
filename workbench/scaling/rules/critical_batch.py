"""Critical batch from size or data, by 20 % more data than linear scaling. arXiv 2410.21676."""

from __future__ import annotations

from workbench.registry import rule
from workbench.scaling.rules.advice import Advice, beyond
from workbench.scaling.rules.terms import NParams, Tokens

_SEQUENCE = 512


@rule("Critical batch, along Chinchilla", "2410.21676", family="size", gives=("batch_tokens",))
def critical_batch(n_params: NParams) -> Advice:
    """Critical batch of runs of 20 tokens per parameter.

    ``B* = 93.197 (N / 1e6)^0.4683`` sequences of 512 tokens.

    Parameters
    ----------
    n_params : float
        Parameters.

    Returns
    -------
    Advice
        The largest batch that costs no more than 20 % more data than a small one.

    Raises
    ------
    ValueError
        For a size outside its range.

    Notes
    -----
    The size stands for the data: B* hardly changes when the model alone grows. For other tokens per
    parameter use `critical_batch_data`. Runs with a constant rate and averaged weights, on C4.

    References
    ----------
    Zhang et al., "How Does Critical Batch Size Scale in Pre-training?", 2024, arXiv 2410.21676.
    """
    return Advice(
        batch_tokens=93.197 * (n_params / 1e6) ** 0.4683 * _SEQUENCE,
        notes=beyond(n_params=(n_params, 8.5e7, 1.3e9)),
    )


@rule("Critical batch from data", "2410.21676", family="data", gives=("batch_tokens",))
def critical_batch_data(tokens: Tokens) -> Advice:
    """Critical batch from the tokens of the run.

    ``B* = 22.91 (D / 1e6)^0.47`` sequences of 512 tokens.

    Parameters
    ----------
    tokens : float
        Tokens of the run.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For tokens outside their range.

    Notes
    -----
    The constants are remembered. D counts in millions: so the law agrees with `critical_batch` to 2 % at
    20 tokens per parameter, at every size; in billions it would give a twenty-fifth of it.

    References
    ----------
    Zhang et al., 2024, arXiv 2410.21676.
    """
    return Advice(
        batch_tokens=22.91 * (tokens / 1e6) ** 0.47 * _SEQUENCE, notes=beyond(tokens=(tokens, 1.7e9, 2.6e10))
    )
