"""Areas of a schedule: how much rate was spent, and how much was annealed. arXiv 2408.11029."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench import files
from workbench.views.rates import Rates, below_one, rates_of

Array = NDArray[np.float64]


def area(s: Rates) -> Array:
    """Area under the rates up to and including each update, ``S1(t) = sum_{i <= t} rate(i)``.

    Parameters
    ----------
    s : Schedule or array_like, shape (T,)
        A schedule, or the rate of every update.

    Returns
    -------
    array, shape (T,)
        In the unit of the rate; the last entry is the area of the whole schedule.

    Raises
    ------
    ValueError
        For rates that are negative or not finite.

    Notes
    -----
    It is the "intrinsic time" of a training: on one loss surface gradient flow comes equally far under
    schedules of equal area. Compare schedules at equal area to see what their shape does.

    References
    ----------
    Tissue, Wang and Wang, "Scaling Law with Learning Rate Annealing", 2024, arXiv 2408.11029.
    """
    return np.cumsum(rates_of(s))


def annealing_area(s: Rates, momentum: float = 0.999, *, ignore_warmup: bool = True) -> Array:
    """Annealing area, ``S2(t) = sum_{i <= t} m_i`` with ``m_i = momentum m_{i-1} + rate(i-1) - rate(i)``.

    Parameters
    ----------
    s : Schedule or array_like, shape (T,)
        A schedule, or the rate of every update.
    momentum : float
        The law's lambda, at least 0 and below 1; a fall is forgotten with half-life
        ln(1/2) / ln(momentum) updates. Values of 0.99 to 0.9997 are in use.
    ignore_warmup : bool
        Leave out the rises before the rate first falls. The authors of the law are said to do so; that
        is recalled, not read in their text, and of medium confidence.

    Returns
    -------
    array, shape (T,)
        In the unit of the rate. It is 0 for a constant, positive after falls, negative after rises.

    Raises
    ------
    ValueError
        For rates that are negative or not finite, or a momentum outside its range.

    Notes
    -----
    One fall by d at update k gives ``S2(t) = d (1 - momentum^(t-k+1)) / (1 - momentum)`` from k on.
    The law of the loss is ``L0 + A S1^-alpha - C S2``: of two schedules with equal area it gives the one
    with the larger annealing area the lower loss. A warmup from 0 counts as a negative annealing, which
    takes back much of a cooldown to 0 unless it is ignored.

    References
    ----------
    Tissue, Wang and Wang, "Scaling Law with Learning Rate Annealing", 2024, arXiv 2408.11029.
    """
    from scipy.signal import lfilter

    if not isinstance(ignore_warmup, bool):
        raise ValueError(f"ignore_warmup must be true or false; got {files.short(ignore_warmup)}")
    rates, momentum = rates_of(s), below_one("momentum", momentum)
    falls = np.concatenate([[0.0], -np.diff(rates)])
    if ignore_warmup:
        first = int(np.argmax(falls > 0)) if (falls > 0).any() else len(falls)
        falls[:first] = 0
    return np.cumsum(np.asarray(lfilter([1.0], [1.0, -momentum], falls)))
