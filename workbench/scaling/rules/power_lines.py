"""Weight decay, best batch and critical batch from data: Power Lines. arXiv 2505.13738."""

from __future__ import annotations

from workbench.params import number
from workbench.registry import rule
from workbench.scaling.rules.advice import Advice, beyond
from workbench.scaling.rules.terms import POSITIVE, BatchTokens, NParams, Rate, Tokens

_SCALE, _SLOPE = 1.084, -0.527
_SEQUENCE = 2048


def best_timescale(n_params: float, tokens: float) -> float:
    """Best timescale of AdamW as a share of the run: ``1.084 (D / N)^-0.527``.

    Parameters
    ----------
    n_params, tokens : float
        N and D, parameters and tokens of the run.

    Raises
    ------
    ValueError
        For an argument that is not above 0.
    """
    n_params, tokens = number("n_params", n_params, POSITIVE), number("tokens", tokens, POSITIVE)
    return _SCALE * (tokens / n_params) ** _SLOPE


@rule("Power Lines, weight decay", "2505.13738", family="decay", gives=("weight_decay",))
def power_lines(n_params: NParams, tokens: Tokens, batch_tokens: BatchTokens, rate: Rate) -> Advice:
    """Weight decay of AdamW that gives the best timescale.

    ``tau = B / (rate lambda D) = 1.084 (D / N)^-0.527``, hence ``lambda = B / (rate D tau)``.

    Parameters
    ----------
    n_params, tokens : float
        Parameters and tokens of the run.
    batch_tokens : float
        Tokens of an update.
    rate : float
        Peak rate, of the matrices.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it below the critical batch, where the best decay is linear in the batch. The exponent is read in
    two places; the constant is remembered, and agrees with a best timescale of about 0.21 at 20 tokens
    per parameter.

    References
    ----------
    Bergsma et al., "Power Lines: Scaling Laws for Weight Decay and Batch Size in LLM Pre-training", 2025,
    arXiv 2505.13738.
    """
    decay = batch_tokens / (rate * tokens * best_timescale(n_params, tokens))
    return Advice(weight_decay=decay, notes=beyond(n_params=(n_params, 1.1e8, 3.3e9)))


@rule("Power Lines, best batch", "2505.13738", family="data", gives=("batch_tokens",), confidence="low")
def power_lines_batch(tokens: Tokens) -> Advice:
    """Best batch from data alone.

    ``B_opt = 0.0306 D^0.383`` sequences of 2,048 tokens.

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
    Low confidence: a power of D is the paper's result, its constants are remembered.

    References
    ----------
    Bergsma et al., 2025, arXiv 2505.13738.
    """
    return Advice(batch_tokens=0.0306 * tokens**0.383 * _SEQUENCE)


@rule("Power Lines, critical batch", "2505.13738", family="data", gives=("batch_tokens",), confidence="low")
def power_lines_critical(tokens: Tokens) -> Advice:
    """Critical batch from data alone.

    ``B_crit = 0.0471 D^0.462`` sequences of 2,048 tokens.

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
    Low confidence: a power of D is the paper's result, its constants are remembered.

    References
    ----------
    Bergsma et al., 2025, arXiv 2505.13738.
    """
    return Advice(batch_tokens=0.0471 * tokens**0.462 * _SEQUENCE)
