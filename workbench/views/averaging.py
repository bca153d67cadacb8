"""AdamW as an average over its updates: how much each one weighs in the parameters. arXiv 2502.15938."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench import files
from workbench.params import Param, number
from workbench.views.rates import DECAY, Rates, rates_of, suffix_sums, until

Array = NDArray[np.float64]


class UpdateWeights(NamedTuple):
    """Weights of the parameters' parts: `initial` of the initialisation, `updates` (n,) of each update."""

    initial: float
    updates: Array


class Window(NamedTuple):
    """How many updates the parameters average over.

    `effective` is the participation number of the updates' weights, `last` maps a share to the number of
    most recent updates that hold it.
    """

    effective: float
    last: dict[float, int]


def update_weights(s: Rates, weight_decay: float, at: int | None = None) -> UpdateWeights:
    """Weight of each update in AdamW's parameters after `at` updates.

    With ``alpha_i = rate(i) weight_decay``, AdamW's decoupled step
    ``theta <- (1 - alpha_i) theta - rate(i) u_i`` is an average of the initial parameters and of
    ``-u_i / weight_decay``, with the weights ``c_i = alpha_i prod_{j > i} (1 - alpha_j)`` and, of the
    initialisation, ``prod_j (1 - alpha_j)``. They add up to 1.

    Parameters
    ----------
    s : Schedule or array_like, shape (T,)
        A schedule, or the rate of every update.
    weight_decay : float
        AdamW's weight decay, at least 0, as given to torch's ``AdamW`` or optax's ``adamw``.
    at : int, optional
        How many updates were made, 0 to T; all T where it is not given.

    Returns
    -------
    UpdateWeights
        `initial`, and `updates` (at,), all between 0 and 1.

    Raises
    ------
    ValueError
        For rates that are negative or not finite, or ``rate * weight_decay`` above 1 at any update, where
        a step overshoots zero and is no average.

    Notes
    -----
    Exact for any schedule and any Adam-like optimizer with decoupled weight decay. For a constant rate
    the weights fall exponentially into the past with `timescale` 1 / (rate weight_decay); a decay to
    zero flattens them near the end, so that more updates are averaged.

    References
    ----------
    Bergsma et al., "Straight to Zero", 2025, arXiv 2502.15938.
    """
    alpha = _alpha(s, weight_decay, at)
    kept = _kept(alpha)
    return UpdateWeights(float(kept[0]), alpha * kept[1:])


def timescale(s: Rates, weight_decay: float) -> Array:
    """Updates over which AdamW forgets, ``1 / (rate(t) weight_decay)`` at each update.

    Parameters
    ----------
    s : Schedule or array_like, shape (T,)
        A schedule, or the rate of every update.
    weight_decay : float
        AdamW's weight decay, at least 0.

    Returns
    -------
    array, shape (T,)
        In updates; infinite where the rate or the weight decay is 0, for then nothing is forgotten.

    Raises
    ------
    ValueError
        For rates that are negative or not finite, or a weight decay outside its range.
    """
    forgotten = rates_of(s) * number("weight_decay", weight_decay, DECAY)
    # A product below 1e-308 forgets nothing within any run.
    return np.divide(1, forgotten, out=np.full_like(forgotten, np.inf), where=forgotten > 1e-307)


def averaging_window(
    s: Rates, weight_decay: float, at: int | None = None, *, shares: Sequence[float] = (0.5, 0.9)
) -> Window:
    """Number of updates that the parameters average over.

    The updates' weights of `update_weights`, divided by their sum, are p_i. The effective number is the
    participation number ``1 / sum_i p_i^2``: n for n equal weights, ``2 / (rate weight_decay) - 1`` for
    a long run at a constant rate. For each share q it also counts the most recent updates that together
    hold at least q of the weight.

    Parameters
    ----------
    s : Schedule or array_like, shape (T,)
        A schedule, or the rate of every update.
    weight_decay : float
        AdamW's weight decay, at least 0; with 0 the weights are proportional to the rates.
    at : int, optional
        How many updates were made, 1 to T; all T where it is not given.
    shares : sequence of float
        Shares q, each above 0 and at most 1.

    Raises
    ------
    ValueError
        As `update_weights`, for a share outside its range, and where no update has a rate above 0.

    Notes
    -----
    The initialisation takes no part: this counts what was learned, not how much of the start is left.
    """
    quantiles = _shares(shares)
    alpha = _alpha(s, weight_decay, at)
    rates = until(rates_of(s), at)
    peak = rates.max(initial=0.0)
    if peak == 0:
        raise ValueError("averaging_window needs an update with a rate above 0; got none")
    # Rates instead of alphas leave out a factor common to all, which may be 0.
    weights = rates / peak * _kept(alpha)[1:]
    weights /= weights.max()
    recent = np.cumsum(weights[::-1])
    weight = float(recent[-1])
    # The share 1 would else ask for a sum that rounding may have missed.
    reached = np.searchsorted(recent, np.minimum(np.array(quantiles) * weight * (1 - 1e-12), weight))
    counts = (int(i) + 1 for i in reached)
    return Window(weight**2 / float(np.sum(weights**2)), dict(zip(quantiles, counts, strict=True)))


def _alpha(s: Rates, weight_decay: Any, at: Any) -> Array:
    decay = number("weight_decay", weight_decay, DECAY)
    alpha = until(rates_of(s), at) * decay
    # Rates are rounded: a product that is 1 in exact arithmetic may come out one notch above it.
    over = alpha > 1 + 1e-15
    if over.any():
        step = int(np.argmax(over))
        raise ValueError(
            f"rate times weight_decay must be at most 1 at every update, else a step overshoots zero; "
            f"got {alpha[step]:.4g} at step {step}"
        )
    return np.minimum(alpha, 1)


def _kept(alpha: Array) -> Array:
    """Share of a value that is left after update i and all later ones, for i = 0 .. n, so (n + 1,)."""
    with np.errstate(divide="ignore"):  # alpha = 1 forgets everything: log 0, and exp of it is 0
        logs = np.log1p(-alpha)
    return np.exp(np.append(suffix_sums(logs), 0.0))


def _shares(shares: Any) -> list[float]:
    if isinstance(shares, str) or not isinstance(shares, Sequence | np.ndarray):
        raise ValueError(f"shares must be a list of numbers; got {files.short(shares)}")
    one = Param(0, 1, open_low=True)
    return [number("each of shares", share, one) for share in shares]
