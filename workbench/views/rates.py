"""What a view looks at: the rates of a schedule, or an array of rates from anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import files
from workbench.params import MAX_STEPS, RATE, Param, number
from workbench.schedule import Schedule

Array = NDArray[np.float64]
Rates = Schedule | ArrayLike

DECAY = Param(0, 1e6, help="AdamW's weight decay, as given to the optimizer")


def rates_of(s: Rates, name: str = "s") -> Array:
    """Rates of all updates, shape (T,), float64.

    Parameters
    ----------
    s : Schedule or array_like, shape (T,)
        A schedule, or the rate of every update.
    name : str
        What errors call it.

    Raises
    ------
    ValueError
        For anything else, an empty array, or a rate that a schedule may not have.
    """
    if isinstance(s, Schedule):
        return s.array()
    rates = numeric(name, s, "a Schedule or an array of rates")
    if rates.ndim != 1 or not 1 <= len(rates) <= MAX_STEPS:
        raise ValueError(
            f"{name} must be a Schedule or an array of 1 to {MAX_STEPS} rates; got the shape {rates.shape}"
        )
    allowed = (rates >= RATE.low) & (rates <= RATE.high)
    if not allowed.all():
        step = int(np.argmin(allowed))
        raise ValueError(f"every rate of {name} must be {RATE.allowed}; got {rates[step]} at step {step}")
    return rates


def numeric(name: str, values: Any, allowed: str = "a number or an array of numbers") -> Array:
    """Return `values` as float64 of any shape; text and booleans are no numbers.

    Raises
    ------
    ValueError
        Naming the argument, what is `allowed` and what came.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        array = np.asarray(None)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be {allowed}; got {files.short(values)}")
    return array.astype(float)


def below_one(name: str, value: Any) -> float:
    """Return `value` if it is a number of at least 0 and below 1, else raise ``ValueError``."""
    checked = number(name, value, Param(0, 1))
    if checked == 1:
        raise ValueError(f"{name} must be at least 0 and below 1; got 1")
    return checked


def until(rates: Array, at: Any) -> Array:
    """The first `at` rates; all of them for ``None``."""
    return rates if at is None else rates[: int(number("at", at, Param(0, len(rates)), integer=True))]


def suffix_sums(values: Array) -> Array:
    """Sum of each value and all after it, ``sum_{j >= i} values_j``, added up from the end.

    The sums near the end, which are the small ones, so keep their full precision.
    """
    return np.cumsum(values[::-1])[::-1]
