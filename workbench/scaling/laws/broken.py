"""The broken neural power law, with one break. Caballero, Gupta, Rish, Krueger, 2022, arXiv 2210.14891."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from workbench.params import Param
from workbench.registry import scaling
from workbench.scaling.form import best
from workbench.scaling.laws.parts import Floor, Scale, Size
from workbench.scaling.table import Points

Array = NDArray[np.float64]
Slope = Annotated[float, Param(-3, 3, help="change of the exponent at the break; above 0 it gets steeper")]
Before = Annotated[float, Param(1e-2, 3, log=True, slider=(0.02, 0.5), help="exponent before the break")]
Sharp = Annotated[float, Param(0.02, 5, log=True, help="how wide the break is in log compute")]


@dataclass(frozen=True)
class Broken:
    """Names and columns of the law."""

    names: tuple[str, ...] = ("a", "b", "c0", "c1", "d1", "f1")
    columns: tuple[str, ...] = ("compute",)
    floor: bool = True
    tries: int = 24

    def bind(self, points: Points) -> BoundBroken:
        """The law at these points."""
        return BoundBroken(points)


class BoundBroken:
    """Coordinates: log a, log of the first power at the mean, c0, c1, log d1 less the mean, log f1."""

    def __init__(self, points: Points) -> None:
        log = np.log(points.column("compute"))
        self.mean, self.level = float(log.mean()), float(np.median(np.log(points.loss)))
        self.x = log - self.mean
        # A break at either end, or beyond, is none.
        inner = np.quantile(self.x, [0.02, 0.98])
        low = [self.level - 16, self.level - 16, 1e-2, -3.0, inner[0], np.log(0.02)]
        high = [self.level + 7, self.level + 7, 3.0, 3.0, inner[1], np.log(5.0)]
        self.low, self.high = np.array(low), np.array(high)

    def evaluate(self, z: Array) -> tuple[Array, Array, Array]:
        """Log loss (S, n) and its gradient (S, 6, n)."""
        e, b, c0, c1, d, f = (z[:, k, None] for k in range(6))
        f = np.exp(f)
        t = (self.x - d) / f
        soft, rise = np.logaddexp(0.0, t), 0.5 * (1 + np.tanh(t / 2))
        power = b - c0 * self.x - c1 * f * soft
        loss = np.logaddexp(e, power)
        share = np.exp(power - loss)
        h, ease = f * soft, f * (soft - t * rise)
        rows = [1 - share, share, -share * self.x, -share * h, share * c1 * rise, -share * c1 * ease]
        return loss, np.stack(rows, axis=1), np.stack([share, h, rise, ease], axis=1)

    def bend(self, z: Array, more: Array, c: Array) -> Array:
        """Sum of `c` times second derivatives of the loss over the loss."""
        share, h, rise, ease = (more[:, k] for k in range(4))
        c1, d, f = z[:, 3, None], z[:, 4, None], np.exp(z[:, 5, None])
        turn, t = rise * (1 - rise), (self.x - d) / f
        ones = np.ones_like(share)
        slope = np.stack([ones, -self.x * ones, -h, c1 * rise, -c1 * ease], axis=1)
        weight = c * share
        out = np.zeros((len(z), 6, 6))
        out[:, 0, 0] = (c * (1 - share)).sum(axis=1)
        out[:, 1:, 1:] = np.matmul(slope * weight[:, None], slope.transpose(0, 2, 1))
        for (i, j), value in {
            (3, 4): rise,
            (3, 5): -ease,
            (4, 4): -c1 * turn / f,
            (4, 5): -c1 * turn * t,
            (5, 5): -c1 * (ease + f * t**2 * turn),
        }.items():
            added = (weight * value).sum(axis=1)
            out[:, i, j] += added
            if i != j:
                out[:, j, i] += added
        return out

    def params(self, z: Array) -> Array:
        """a, b, c0, c1, d1, f1."""
        out = z.copy()
        out[:, 0], out[:, 5] = np.exp(z[:, 0]), np.exp(z[:, 5])
        out[:, 1] = np.exp(z[:, 1] + z[:, 2] * self.mean)
        out[:, 4] = np.exp(z[:, 4] + self.mean)
        return out

    def coordinates(self, params: Array) -> Array:
        """Coordinates (S, 6) of parameters (S, 6)."""
        out = params.copy()
        out[:, 0], out[:, 5] = np.log(params[:, 0]), np.log(params[:, 5])
        out[:, 1] = np.log(params[:, 1]) - params[:, 2] * self.mean
        out[:, 4] = np.log(params[:, 4]) - self.mean
        return out

    def hold(self, name: str, value: float) -> tuple[Array, float]:
        """The linear equation that says that parameter `name` has this value."""
        at = Broken.names.index(name)
        c = np.zeros(6)
        c[at] = 1.0
        if name == "b":
            c[2] = self.mean
        if name == "d1":
            return c, float(np.log(value)) - self.mean
        return c, float(value if name in ("c0", "c1") else np.log(value))

    def starts(self, y: Array, count: int) -> Array:
        """The best of a grid."""
        floors, sizes = self.level + np.log([0.05, 0.4, 0.8]), self.level + np.log([0.2, 0.6, 0.95])
        breaks = np.quantile(self.x, [0.2, 0.4, 0.6, 0.8])
        slopes, turns, widths = (0.03, 0.1, 0.3), (-0.1, 0.1, 0.5), np.log([0.2, 1.0])
        grid = np.array(list(product(floors, sizes, slopes, turns, breaks, widths)))
        return best(self, y, grid, count)


@scaling(title="Broken power law", paper="2210.14891", form=Broken())
def broken(x: Points, a: Floor, b: Size, c0: Before, c1: Slope, d1: Scale, f1: Sharp) -> Array:
    """Loss of the frontier from compute, with one change of the exponent.

    ``L(C) = a + b C^-c0 (1 + (C / d1)^(1 / f1))^(-c1 f1)``

    Parameters
    ----------
    x : Points
        The best run of each budget.
    a, b, c0, c1, d1, f1 : float
        Floor, size, exponent before the break, its change, the compute at the break, and its width.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it only where a plain power leaves a bend in the residuals: six parameters on one column follow
    noise, and what it says beyond the last point is the exponent after the break.

    References
    ----------
    Caballero, Gupta, Rish, Krueger, "Broken Neural Scaling Laws", 2022, arXiv 2210.14891.
    """
    c = x.compute
    return a + b * c**-c0 * (1 + (c / d1) ** (1 / f1)) ** (-c1 * f1)
