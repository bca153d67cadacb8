"""Convex theory beyond one bound: after every step, in closed form, and for choosing rates. arXiv 2501.18965.

The bound of a whole schedule, its three terms and its best factor are `workbench.views.convex_bound`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from workbench.laws.convex_curve import bound_curve
from workbench.params import MAX_STEPS, Choice, Param, check, number
from workbench.schedule import Schedule
from workbench.schedules.wsd import wsd
from workbench.views.convex import convex_bound
from workbench.views.rates import Rates

__all__ = [
    "Best",
    "bound_curve",
    "constant",
    "cooldown",
    "linear",
    "longer_cooldown",
    "lower_rate",
    "transfer",
]

_SIZE = Param(1e-50, 1e50)
_UPDATES = Param(1, MAX_STEPS, unit="steps")
_SHARE = Param(0, 1, open_low=True)
_SHAPE = Choice(("linear", "sqrt"))


class Best(NamedTuple):
    """Factor of the rates that makes a bound smallest, and the bound there."""

    gamma: float
    bound: float


def constant(T: int, D: float = 1.0, G: float = 1.0) -> Best:
    """Best rate and bound of T updates at a constant rate.

    ``gamma = D / (G sqrt(T (1 + H_{T-1})))``, ``bound = D G sqrt((1 + H_{T-1}) / T)``, H harmonic numbers.
    """
    T, D, G = _given(T, D, G)
    h = 1 + _harmonic(T - 1)
    return Best(D / (G * math.sqrt(T * h)), D * G * math.sqrt(h / T))


def linear(T: int, D: float = 1.0, G: float = 1.0) -> Best:
    """What best rate and bound of a linear decay to 0 over T updates tend to for a large T.

    ``gamma = D / (G sqrt(T))``, ``bound = 2 D G / sqrt(T)``: no logarithm, unlike `constant`.
    """
    T, D, G = _given(T, D, G)
    return Best(D / (G * math.sqrt(T)), 2 * D * G / math.sqrt(T))


def cooldown(T: int, start: int, D: float = 1.0, G: float = 1.0) -> float:
    """What the best bound of a constant rate and a linear cooldown after update `start` is at most.

    No logarithm of T is left when the cooldown is a share of T.

    Parameters
    ----------
    T : int
        Updates, at least 4.
    start : int
        Last update at the full rate, 1 to T - 2; from there the rate falls to 0 at update T + 1.
    D, G : float
        As for `bound_curve`.

    Raises
    ------
    ValueError
        For numbers outside their ranges.

    References
    ----------
    Schaipp et al., 2025, arXiv 2501.18965, theorem 9.
    """
    T, D, G = _given(T, D, G)
    if T < 4:
        raise ValueError(f"T must be at least 4 for a cooldown; got {T}")
    a = int(number("start", start, Param(1, T - 2, unit="steps"), integer=True))
    inside = (
        2 / 3
        + (T + 2 * a) / (3 * (T + a))
        + _harmonic(T + a - 2)
        - _harmonic(T - a + 1)
        - (T - a) * (a - 1) / (3 * (T - a + 2) * (T + a))
        + 1 / (T - a) ** 2
        + _harmonic(T - a - 1) / (T - a + 1)
    )
    return D * G * math.sqrt(4 / (T + a) * inside)


def transfer(tuned: Rates, other: Rates) -> float:
    """By what factor the rates of `other` should be multiplied when those of `tuned` are the best of theirs.

    ``gamma*(other) / gamma*(tuned)``; for two schedules in units of their peaks it is the ratio of peaks.

    Parameters
    ----------
    tuned, other : Schedule or array_like
        Of any shapes and lengths.

    Notes
    -----
    Use it to take a tuned peak from one schedule to another: from a linear decay over the whole run to
    a cooldown of 20 % it is .51, nearly whatever the length. Trainings of language models agree.

    References
    ----------
    Schaipp et al., 2025, arXiv 2501.18965, section 5.
    """
    return convex_bound(other).gamma / convex_bound(tuned).gamma


def longer_cooldown(T: int, longer: int, decay: float = 0.2, shape: str = "linear") -> float:
    """Share of a longer run that should cool down for the rate that is best for T updates to stay the best.

    Solves ``gamma*(longer, share) = gamma*(T, decay)`` for the share.

    Parameters
    ----------
    T, longer : int
        Updates of the run that was tuned, and of the longer one.
    decay : float
        Share of T that cooled down.
    shape : str
        Curve of both cooldowns, "linear" or "sqrt".

    Returns
    -------
    float
        At most 1: beyond about four times the length no cooldown is long enough.

    Raises
    ------
    ValueError
        For numbers outside their ranges, or a longer run that is not longer.

    Notes
    -----
    Use it when a run goes on from a checkpoint at its constant rate. `lower_rate` is the other way.
    The authors' tables are the nearest of 33 even values, .1 to 1, and so up to .0125 away.

    References
    ----------
    Schaipp et al., 2025, arXiv 2501.18965, section 5.1.
    """
    T, longer, decay, shape = _extension(T, longer, decay, shape)
    wanted = convex_bound(_wsd(T, decay, shape)).gamma

    def gap(steps: int) -> float:
        return convex_bound(_wsd(longer, steps / longer, shape)).gamma - wanted

    low, high = 1, longer
    if gap(high) <= 0:
        return 1.0
    if gap(low) >= 0:
        return low / longer
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if gap(middle) < 0 else (low, middle)
    below, above = gap(low), gap(high)
    return (low + below / (below - above)) / longer


def lower_rate(T: int, longer: int, decay: float = 0.2, shape: str = "linear") -> float:
    """Factor of the rate from the old cooldown's start on, for the rate before it to stay the best.

    The longer run keeps its rate up to update ``(1 - decay) T``, has `factor` times that rate from there,
    and cools down over its last `decay`; solves ``gamma* = gamma*(T, decay)`` for the factor.

    Parameters
    ----------
    T, longer, decay, shape
        As for `longer_cooldown`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        For numbers outside their ranges, a longer run that is not longer, or one so long that no factor
        keeps the rate the best.

    Notes
    -----
    Use it when a run goes on from a checkpoint and its cooldown is to stay short. The authors' tables are
    the nearest of 33 even factors, .2 to 1.

    References
    ----------
    Schaipp et al., 2025, arXiv 2501.18965, section 5.1.
    """
    T, longer, decay, shape = _extension(T, longer, decay, shape)
    wanted = convex_bound(_wsd(T, decay, shape)).gamma
    rates = _wsd(longer, decay, shape).array()
    kept = T - round(decay * T)

    def gap(factor: float) -> float:
        return convex_bound(np.concatenate([rates[:kept], factor * rates[kept:]])).gamma - wanted

    # The best rate grows as the factor shrinks, but not down to 0: take the first crossing.
    low, high = 1.0, 1.0
    while gap(low) < 0:
        high, low = low, low * 0.9
        if low < 0.01:
            raise ValueError(f"longer must be less for any factor to keep the rate the best; got {longer}")
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if gap(middle) < 0 else (middle, high)
    return (low + high) / 2


def _wsd(T: int, decay: float, shape: str) -> Schedule:
    return wsd(T, 1.0, warmup=0.0, decay=decay, shape=shape)


def _given(T: int, D: float, G: float) -> tuple[int, float, float]:
    return int(number("T", T, _UPDATES, integer=True)), number("D", D, _SIZE), number("G", G, _SIZE)


def _extension(T: int, longer: int, decay: float, shape: str) -> tuple[int, int, float, str]:
    T = int(number("T", T, _UPDATES, integer=True))
    longer = int(number("longer", longer, _UPDATES, integer=True))
    if longer <= T:
        raise ValueError(f"longer must be more than T, {T} updates; got {longer}")
    return T, longer, number("decay", decay, _SHARE), check("shape", shape, _SHAPE)


def _harmonic(n: int) -> float:
    """``1 + 1/2 + ... + 1/n``."""
    if n < 1000:
        return math.fsum(1 / k for k in range(1, n + 1))
    return math.log(n) + float(np.euler_gamma) + 1 / (2 * n) - 1 / (12 * n**2)
