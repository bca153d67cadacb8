"""Rate and batch at another length of run: time transfer, as far as it is public. arXiv 2410.05838."""

from __future__ import annotations

from typing import Annotated

from workbench.params import Choice
from workbench.registry import rule
from workbench.scaling.rules.advice import Advice
from workbench.scaling.rules.terms import BatchTokens, Rate, Tokens

_REGIMES = ("batch grows with the tokens", "batch stays")


@rule("Time transfer", "2410.05838", family="data", gives=("rate", "batch_tokens"), confidence="low")
def time_transfer(
    rate: Rate,
    batch_tokens: BatchTokens,
    tokens: Tokens,
    new_tokens: Tokens,
    regime: Annotated[str, Choice(_REGIMES, "what becomes of the batch")] = _REGIMES[0],
) -> Advice:
    """Carry a tuned rate and batch to a run of other length.

    A critical batch in proportion to the tokens T: where the batch follows it, ``rate sqrt(T' / T)`` and
    ``batch T' / T``; where the batch stays, ``rate sqrt(T / T')``.

    Parameters
    ----------
    rate, batch_tokens : float
        Tuned at `tokens`.
    tokens, new_tokens : float
        Tokens of the tuned run and of the other.
    regime : str
        What becomes of the batch.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Low confidence: the three regimes (growing, flat, falling with sqrt T) and the critical batch in
    proportion to T are in the paper's abstract; its regression's constants, and where one regime passes
    into the next, are not public here. For factors of a few, not of a hundred. Under muP.

    References
    ----------
    Filatov et al., "Time Transfer: On Optimal Learning Rate and Batch Size In The Infinite Data Limit",
    2024, arXiv 2410.05838.
    """
    longer = new_tokens / tokens
    if regime == _REGIMES[0]:
        return Advice(rate=rate * longer**0.5, batch_tokens=batch_tokens * longer)
    return Advice(rate=rate * longer**-0.5, batch_tokens=batch_tokens)
