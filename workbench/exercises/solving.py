"""Where a function of one number crosses zero: what several answers need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def crossing(f: Callable[[float], float], low: float, high: float) -> float:
    """The number between `low` and `high` at which `f`, of unlike signs at the two, is zero.

    Raises
    ------
    ValueError
        When `f` has one sign at both ends.
    """
    from scipy.optimize import brentq

    if f(low) * f(high) > 0:
        raise ValueError(f"f must have unlike signs at {low:g} and {high:g}")
    root: Any = brentq(f, low, high, xtol=1e-6 * (high - low))
    return float(root)
