"""How far the rates of a log may be off: what float64 loses, float32, or the last digit written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EXACT = 5e-10
"""Share of the peak by which float64 rates may be off; recursive formulas lose about this in long runs."""

_SLACK = 1.6
"""Tolerance over half a unit of the last digit: a curve found by least squares is itself a little off."""

_SINGLE = 5e-7
"""Share of the peak by which rates in float32 may be off: some eight roundings on the way."""

_DIGITS, _DECIMALS = 9, 14


def levels(rates: Array) -> list[Array]:
    """Tolerances to try, each of shape (n,) and in the unit of `rates`, the finest first.

    Rates that are whole multiples of a decimal digit may be rounded or just round: it is the caller who
    sees whether the coarser tolerance makes them simpler.
    """
    peak = float(rates.max())
    exact, least, out = np.full(len(rates), EXACT * peak), 1e-8 * peak, []
    if np.all(rates.astype(np.float32) == rates):
        out.append(np.full(len(rates), _SINGLE * peak))
    unit = _unit(rates)
    if unit is not None:
        out.append(np.maximum(_SLACK * 0.5 * unit, least))
    return out if out and _rough(rates, out[0]) else [exact, *out]


def _rough(rates: Array, allowed: Array) -> bool:
    """Whether most rates are off a smooth curve by what rounding makes: then they are not just round."""
    bend = np.abs(np.diff(rates, 3))
    moving = np.diff(rates)[1:-1] != 0
    return bool(moving.sum() > 16 and np.median(bend[moving]) > 0.03 * np.median(allowed))


def _unit(rates: Array) -> Array | None:
    """Value of one in the last digit of each rate, shape (n,); None where more than nine are used."""
    # The digits of a rate below the smallest normal number are not those that were written.
    if np.any((rates > 0) & (rates < 1e-290)):
        return None
    some = rates[:: max(1, len(rates) // 4096)]
    digits = next((k for k in range(1, _DIGITS + 1) if _whole(some / _last(some, k))), None)
    if digits is None or not _whole(rates / _last(rates, digits)):
        return None
    # "%.6f" has a last digit of its own for all rates, "%.6g" one for each.
    decimals = next((d for d in range(_DECIMALS + 1) if _whole(rates * 10.0**d)), _DECIMALS)
    return np.maximum(_last(rates, digits), 10.0**-decimals)


def _last(rates: Array, digits: int) -> Array:
    with np.errstate(divide="ignore"):
        exponent = np.where(rates > 0, np.floor(np.log10(rates) + 1e-12), -np.inf)
    lowest = exponent[np.isfinite(exponent)].min(initial=0)
    return 10.0 ** (np.where(np.isfinite(exponent), exponent, lowest) - digits + 1)


def _whole(multiples: Array) -> bool:
    return bool(np.isfinite(multiples).all() and np.all(np.abs(multiples - np.rint(multiples)) <= 1e-5))
