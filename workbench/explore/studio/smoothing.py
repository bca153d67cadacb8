"""A smoother curve that grows point by point: a running mean that forgets."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Smoother:
    """Exponential mean of what has come in, ``m_n = sum_i a^(n-i) y_i / sum_i a^(n-i)``.

    Parameters
    ----------
    forget : float
        The factor a, at least 0 (no smoothing) and below 1; about ``1 / (1 - a)`` points count.

    Notes
    -----
    Pieces give what the whole curve gives, so that a curve that grows need not be drawn anew. A loss that is
    not finite is passed on as it is and forgotten.
    """

    def __init__(self, forget: float) -> None:
        if not 0 <= forget < 1:
            raise ValueError(f"forget must be at least 0 and below 1; got {forget}")
        self._a = forget
        self._sum = self._weight = 0.0

    def add(self, y: ArrayLike) -> Array:
        """The smoothed values of the next piece, shape (n,)."""
        from scipy.signal import lfilter

        raw = np.asarray(y, dtype=float)
        out, finite = raw.copy(), np.isfinite(raw)
        if not finite.any():
            return out
        sums, _ = lfilter([1.0], [1.0, -self._a], raw[finite], zi=[self._a * self._sum])
        weights, _ = lfilter([1.0], [1.0, -self._a], np.ones(finite.sum()), zi=[self._a * self._weight])
        self._sum, self._weight = float(sums[-1]), float(weights[-1])
        out[finite] = sums / weights
        return out
