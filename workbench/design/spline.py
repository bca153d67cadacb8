"""The smooth family: a quadratic spline that never rises, in a few coefficients that keep every limit.

The coefficients c_0 >= c_1 >= ... of a B-spline bound it from both sides, and their differences bound
its slope. Each is found from the one before and a number in [0, 1]:
``c_{i+1} = low_i + (c_i - low_i) z_i`` with low_i the floor, or how far the slope allows to fall.
A box is then all that a solver has to respect, and every point in it is a schedule within the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

DEGREE = 2
LEAST = 1e-3
"""Smallest z: a coefficient falls to no less than so much of the one before."""
_CROWD = 2.0
"""Knots crowd at the end as the power of so much of the distance to it."""


@dataclass(frozen=True, eq=False)
class Spline:
    """Rates of `n` updates from `start` on, at least `floor` and falling by at most `fall` per update."""

    n: int
    start: float
    floor: float
    fall: float
    count: int

    @cached_property
    def knots(self) -> Array:
        """Knots in u = t / n, the first and the last repeated."""
        x = np.linspace(0, 1, self.count - DEGREE + 1)
        return np.concatenate([np.zeros(DEGREE), 1 - (1 - x) ** _CROWD, np.ones(DEGREE)])

    @cached_property
    def drops(self) -> list[float]:
        """How much each coefficient may be below the one before for the slope to be kept."""
        k = self.knots
        widths = k[DEGREE + 1 : DEGREE + self.count] - k[1 : self.count]
        return [float(self.fall * self.n * width / DEGREE) for width in widths]

    def matrix(self, t: ArrayLike) -> Array:
        """Values at the updates `t` (m,) as a matrix (m, count) to be applied to the coefficients."""
        from scipy.interpolate import BSpline

        u = np.clip(np.asarray(t, dtype=float) / self.n, 0, 1)
        return BSpline.design_matrix(u, self.knots, DEGREE).toarray()

    def coefficients(self, z: Array) -> Array:
        """Coefficients (count,) of the numbers `z` (count - 1,) in [0, 1]."""
        c = [self.start]
        for share, drop in zip(z.tolist(), self.drops, strict=True):
            low = max(self.floor, c[-1] - drop)
            c.append(low + (c[-1] - low) * share)
        return np.array(c)

    def back(self, z: Array, c: Array, slopes: Array) -> Array:
        """Derivatives in `z` of what has the derivatives `slopes` in the coefficients."""
        out, carried = [0.0] * len(z), 0.0
        zs, cs, gs = z.tolist(), c.tolist(), slopes.tolist()
        for i in range(len(zs) - 1, -1, -1):
            carried += gs[i + 1]
            bent = cs[i] - self.drops[i] > self.floor
            low = cs[i] - self.drops[i] if bent else self.floor
            out[i] = (cs[i] - low) * carried
            carried *= 1.0 if bent else zs[i]
        return np.array(out)

    def nearest(self, wanted: Array) -> Array:
        """Numbers z whose coefficients follow `wanted` (count,) as far as the limits let them."""
        c, z = self.start, []
        for target, drop in zip(wanted[1:].tolist(), self.drops, strict=True):
            low = max(self.floor, c - drop)
            room = c - low
            share = min(1.0, max(LEAST, (target - low) / room)) if room > 0 else 1.0
            z.append(share)
            c = low + room * share
        return np.array(z)

    @cached_property
    def centres(self) -> Array:
        """Place u of each coefficient, the mean of its inner knots."""
        k = self.knots
        return np.mean([k[1 + i : 1 + i + self.count] for i in range(DEGREE)], axis=0)
