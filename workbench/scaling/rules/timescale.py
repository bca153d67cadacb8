"""Weight decay as the memory of an average: the timescale of AdamW. arXiv 2405.13698."""

from __future__ import annotations

from workbench.params import number
from workbench.registry import rule
from workbench.scaling.rules.advice import Advice
from workbench.scaling.rules.terms import POSITIVE, BatchTokens, Decay, Rate, Tokens


def timescale(rate: float, weight_decay: float, batch_tokens: float, tokens: float) -> float:
    """How much of the data AdamW's weights remember: ``tau = B / (rate lambda D)``.

    With D the tokens of one epoch it is in epochs; with D the tokens of the run it is a share of it.

    Parameters
    ----------
    rate, weight_decay : float
        As AdamW takes them.
    batch_tokens, tokens : float
        Of an update, and D.

    Raises
    ------
    ValueError
        For an argument that is not above 0.
    """
    given = {"rate": rate, "weight_decay": weight_decay, "batch_tokens": batch_tokens, "tokens": tokens}
    rate, weight_decay, batch_tokens, tokens = (number(k, v, POSITIVE) for k, v in given.items())
    return batch_tokens / (rate * weight_decay * tokens)


@rule("Timescale of AdamW", "2405.13698", family="decay", gives=("weight_decay",), confidence="theory")
def keep_timescale(
    weight_decay: Decay,
    rate: Rate,
    batch_tokens: BatchTokens,
    tokens: Tokens,
    new_rate: Rate,
    new_batch_tokens: BatchTokens,
    new_tokens: Tokens,
) -> Advice:
    """Weight decay of another run that keeps the timescale in epochs.

    ``tau = B / (rate lambda D)`` stays, hence
    ``lambda' = lambda (B' / B) (rate / rate') (D / D')``.

    Parameters
    ----------
    weight_decay, rate, batch_tokens, tokens : float
        What is known to be good; `tokens` are those of one epoch.
    new_rate, new_batch_tokens, new_tokens : float
        The other run.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Under muP, where the rate of the matrices falls with the width, decay rises with the width by this
    rule. Power Lines finds that the best timescale falls with the tokens per parameter (`power_lines`).

    References
    ----------
    Wang and Aitchison, "How to set AdamW's weight decay as you scale model and dataset size", 2024,
    arXiv 2405.13698.
    """
    kept = timescale(rate, weight_decay, batch_tokens, tokens)
    return Advice(weight_decay=new_batch_tokens / (new_rate * new_tokens * kept))
