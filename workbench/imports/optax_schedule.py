"""A schedule from an optax schedule, which is any function from the count of updates to a rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.files import short
from workbench.imports.reduced import Reduced, reduce
from workbench.params import STEPS, number

Array = NDArray[np.float64]

_BELOW = 1e-6
"""Share of the peak by which a rate may be below 0: what float32 leaves of a 0."""


def from_optax(
    schedule: Callable[[Any], Any] | float, total: int, *, tolerance: float | None = None
) -> Reduced:
    """Find the phases of an optax schedule.

    ``rate(t) = schedule(t)`` for t = 0, 1, ..., total - 1, which is what optax uses for update t.

    Parameters
    ----------
    schedule : callable or float
        From optax, or any function of the count; a number is a constant schedule, as in optax.
    total : int
        Updates in the whole run: an optax schedule has no length.
    tolerance : float, optional
        As in `reduce`. JAX computes in float32 unless told otherwise, which is found in the rates.

    Returns
    -------
    Reduced

    Raises
    ------
    ValueError
        For something that cannot be called, that fails or gives no single number, or a negative rate.

    Notes
    -----
    All counts are given at once (``jax.vmap``); a function that JAX cannot trace is called for each.
    """
    total = int(number("total", total, STEPS, integer=True))
    if isinstance(schedule, int | float) and not isinstance(schedule, bool):
        rates = np.full(total, float(schedule))
    elif callable(schedule):
        rates = _rates(schedule, total)
    else:
        raise ValueError(f"schedule must be a function of the count, or a number; got {short(schedule)}")
    peak = float(np.max(rates, initial=0.0))
    rates = np.where((rates < 0) & (rates >= -_BELOW * peak), 0.0, rates)
    return reduce(rates, tolerance=tolerance)


def _rates(schedule: Callable[[Any], Any], total: int) -> Array:
    try:
        import jax
        import jax.numpy as jnp

        rates = np.asarray(jax.vmap(schedule)(jnp.arange(total)), dtype=float)
        if rates.shape == (total,):
            return rates
    except Exception:  # noqa: BLE001, one that cannot be traced fails in its own way, and may still be called
        pass
    rates = np.empty(total)
    for t in range(total):
        try:
            rates[t] = float(schedule(t))
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ValueError(f"schedule gives no rate for count {t}: {reason}") from error
    return rates
