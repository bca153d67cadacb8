"""Seeds of one schedule taken together: their mean, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from workbench.curve import Curve


def over_seeds(curves: Sequence[Curve]) -> Curve | None:
    """Mean of the curves with a band of one standard deviation, at the steps that all of them have.

    ``low, high = mean -+ sqrt(sum_i (y_i - mean)^2 / (n - 1))``. None for less than two curves, or where they
    have no step in common.
    """
    if len(curves) < 2:
        return None
    steps = reduce(np.intersect1d, [curve.step[np.isfinite(curve.loss)] for curve in curves])
    if not len(steps):
        return None
    losses = np.stack([curve.loss[np.searchsorted(curve.step, steps)] for curve in curves])
    mean, apart = losses.mean(axis=0), losses.std(axis=0, ddof=1)
    return Curve(steps, mean, mean - apart, mean + apart)
