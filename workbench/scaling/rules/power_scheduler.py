"""Rate from data and batch: the law under the power scheduler. arXiv 2408.13359."""

from __future__ import annotations

from workbench.registry import rule
from workbench.scaling.rules.advice import Advice
from workbench.scaling.rules.terms import BatchTokens, Tokens
from workbench.schedules.power import UNIT, power_rate


@rule("Power scheduler's law", "2408.13359", family="data", gives=("rate",))
def power_scheduler(tokens: Tokens, batch_tokens: BatchTokens) -> Advice:
    """Best rate under muP and WSD, in proportion to the batch.

    ``rate = beta 4.6 D^-0.51``, beta the batch in sequences of 4,096 tokens.

    Parameters
    ----------
    tokens : float
        Tokens of the run.
    batch_tokens : float
        Tokens of an update.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it where widths follow muP: the rate is that of the base width. The schedule of the same name
    (`workbench.schedules.power`) follows this law through a run and caps it at 0.02.

    References
    ----------
    Shen et al., "Power Scheduler", 2024, arXiv 2408.13359.
    """
    return Advice(rate=float(power_rate(tokens, batch_tokens / UNIT)))
