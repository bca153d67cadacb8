"""What the recogniser looks at: steps, rates as shares of the peak, and how far each may be off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """Rates at increasing steps.

    Parameters
    ----------
    t : ndarray
        Steps, shape (n,), whole numbers, increasing.
    y : ndarray
        Rates as shares of the peak, shape (n,).
    tol : ndarray
        How far from y a recognised curve may be, shape (n,), greater than 0.
    """

    t: Array
    y: Array
    tol: Array

    def __len__(self) -> int:
        return len(self.t)
