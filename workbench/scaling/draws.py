"""What resampling gives: parameters of many fits, and predictions with an interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Draws:
    """Optima of resampled tables.

    Parameters
    ----------
    params : mapping of name to array, shape (count,)
        Parameters.
    objective : array, shape (count,)
        Sum of Huber losses over the resampled runs.
    """

    params: Mapping[str, Array]
    objective: Array

    def __len__(self) -> int:
        return len(self.objective)

    def errors(self) -> dict[str, float]:
        """Standard error of each parameter."""
        return {name: float(np.std(values, ddof=1)) for name, values in self.params.items()}


@dataclass(frozen=True, eq=False)
class Prediction:
    """Loss with its interval; arrays of the shape that was asked for."""

    loss: Array
    low: Array
    high: Array
