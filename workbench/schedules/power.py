"""The power scheduler, a rate for any length and batch, in tokens. arXiv 2408.13359."""

import math
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.files import short
from workbench.params import Param, Peak, Total, Warmup, number
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import Decay, join, lengths, stable

UNIT = 4096
"""Tokens of a sequence in which the paper counts its batches."""

_BATCH = Param(
    1, 1e9, unit="sequences", log=True, slider=(16, 16_384), help="sequences in the batch of one update"
)
_A = Param(0, 1e6, open_low=True, slider=(3, 5), help="amplitude of the law")
_B = Param(-0.99, -0.01, slider=(-0.6, -0.4), help="exponent of the law")

Batch = Annotated[int, _BATCH]
Length = Annotated[
    int, Param(1, 1e8, unit="tokens", log=True, slider=(256, 131_072), help="tokens of one sequence")
]
Amplitude = Annotated[float, _A]
Exponent = Annotated[float, _B]
Low = Annotated[float, Param(0, 1, unit="of peak", slider=(0, 0.01), help="last rate as a share of peak")]


def power_rate(tokens: ArrayLike, batch: float, a: float = 4.6, b: float = -0.51) -> NDArray[np.float64]:
    """Rate that is best for a run of so many tokens: ``batch * a * tokens^b``.

    Parameters
    ----------
    tokens : array_like, shape (n,) or ()
        Tokens of the whole run, above 0.
    batch : float
        Sequences of 4,096 tokens in a batch.
    a, b : float
        The paper's fit with WSD and muP.

    Returns
    -------
    array, shape (n,) or ()
        Rates.

    Raises
    ------
    ValueError
        For an argument outside its range.

    References
    ----------
    Shen et al., "Power Scheduler", 2024, arXiv 2408.13359.
    """
    try:
        n = np.asarray(tokens, dtype=float)
    except (TypeError, ValueError, OverflowError):
        n = np.array(math.nan)
    if not np.all(np.isfinite(n) & (n > 0)):
        raise ValueError(f"tokens must be numbers greater than 0; got {short(tokens)}")
    factor = number("batch", batch, Param(0, 1e12, open_low=True)) * number("a", a, _A)
    return factor * n ** number("b", b, _B)


@schedule(title="Power scheduler", paper="2408.13359", family="decay")
def power(
    total: Total,
    peak: Peak = 0.02,
    warmup: Warmup = 0.01,
    decay: Decay = 0.1,
    batch: Batch = 1024,
    sequence: Length = 4096,
    a: Amplitude = 4.0,
    b: Exponent = -0.51,
    floor: Low = 0.0,
) -> Schedule:
    """Follow the rate that is best for the tokens seen so far, under a cap; fall exponentially at the end.

    With n = t * batch * sequence the tokens before update t and B = batch * sequence / 4096:
    ``law = min(peak, B * a * n^b)``; ``rate = law(N_W) * n / N_W`` in the warmup, then ``law(n)``, and over
    the last D = decay * total steps ``law(N_D) * (A e^-x + 1 - A)``, x = (t - (total - D)) / D, N_D the
    tokens where it begins and A such that it ends at ``floor * peak``; at floor = 0,
    ``A = e / (e - 1)``.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Cap of the rate, 0.02 in the paper; a rate under muP.
    warmup : float
        Share of `total` that rises from 0; the paper has 1e9 tokens.
    decay : float
        Share of `total` that falls at the end.
    batch, sequence : int
        Sequences of an update, and tokens of one. The paper's law counts batches in sequences of 4,096
        tokens; other lengths are converted.
    a, b : float
        The law. The paper gives a = 4, b = -0.51 for the schedule, a = 4.6 for the best constant rate
        (`power_rate`); b matters, a hardly.
    floor : float
        Last rate as a share of `peak`, at most the rate at which the decay begins.

    Raises
    ------
    ValueError
        For an argument outside its range, ``warmup + decay > 1``, or a floor above the rate at which the
        decay begins.

    Notes
    -----
    Use it when neither length nor batch is settled: its rates do not depend on `total` before the decay.
    "Towards 0" is all that the paper says of the end; the exponential here is the one of dolomite-engine,
    the authors' trainer, whose own ``PowerScheduler`` stops at the law and leaves the decay out.

    References
    ----------
    Shen et al., "Power Scheduler: A Batch Size and Token Number Agnostic Learning Rate Scheduler", 2024,
    arXiv 2408.13359.
    """
    rising, falling = lengths(total, warmup=warmup, decay=decay)
    last = total - falling
    tokens = batch * sequence
    top = batch * sequence / UNIT * a

    def law(t: int) -> float:
        # No tokens yet: there the law has a pole, and the cap holds.
        return min(peak, top * (t * tokens) ** b) if t else peak

    end = law(last)
    if falling and floor * peak > end * (1 + 1e-12):
        most = f"{end / peak:.4g}, the share of peak at which the decay begins"
        raise ValueError(f"floor must be at most {most}; got {floor:g}")
    bend = min(max(_free(total, peak / top, tokens, b), rising), last)
    down = {"ratio": math.exp(-1)}
    return join(
        Phase("warmup", rising, 0.0, law(rising)) if rising else None,
        stable(bend - rising, law(rising), "cap"),
        _on_the_law(bend, last - bend, law(bend), b) if last > bend else None,
        Phase("decay", falling, end, min(floor * peak, end), "exp", args=down) if falling else None,
    )


def _free(total: int, height: float, tokens: int, b: float) -> int:
    """First whole step at which ``tokens^b`` of the law is below `height`, at most `total`."""
    # In logarithms: the step itself may be beyond every number.
    steps = math.log(height) / b - math.log(tokens)
    return total if steps > math.log(total) else max(1, math.ceil(math.exp(steps)))


def _on_the_law(first: int, n: int, rate: float, b: float) -> Phase:
    alpha = n / first
    return Phase("law", n, rate, rate * (1 + alpha) ** b, "inverse_power", args={"alpha": alpha, "p": -b})
