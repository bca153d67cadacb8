"""Kaplan's joint law of size and data. Kaplan et al., 2020, arXiv 2001.08361.

The formula is as it is usually quoted, from memory: confidence high, not read in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from workbench.registry import scaling
from workbench.scaling.form import best
from workbench.scaling.laws.parts import Exponent, Scale
from workbench.scaling.powersum import RANGE
from workbench.scaling.table import Points

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Joint:
    """Names and columns of the joint law."""

    names: tuple[str, ...] = ("N_c", "alpha_N", "D_c", "alpha_D")
    columns: tuple[str, ...] = ("n_params", "tokens")
    floor: bool = False
    tries: int = 4

    def bind(self, points: Points) -> BoundJoint:
        """The law at these points."""
        return BoundJoint(points)


class BoundJoint:
    """Coordinates: log loss that each side would leave alone, at the mean of its column, and exponents.

    With ``X = (N_c/N)^alpha_N``, ``Y = (D_c/D)^alpha_D``, s = alpha_D the law is ``(X^(1/s) + Y^(1/s))^s``.
    """

    def __init__(self, points: Points) -> None:
        logs = [np.log(points.column(name)) for name in ("n_params", "tokens")]
        self.means = [float(log.mean()) for log in logs]
        self.x, self.y = (mean - log for mean, log in zip(self.means, logs, strict=True))
        level = float(np.median(np.log(points.loss)))
        self.low = np.array([level - 15, RANGE[0], level - 15, RANGE[0]])
        self.high = np.array([level + 7, RANGE[1], level + 7, RANGE[1]])
        self.level = level

    def evaluate(self, z: Array) -> tuple[Array, Array, Array]:
        """Log loss (S, n) and its gradient (S, 4, n)."""
        a, first, b, s = (z[:, k, None] for k in range(4))
        one, two = (a + first * self.x) / s, (b + s * self.y) / s
        both = np.logaddexp(one, two)
        p = np.exp(one - both)
        spread = both - p * one - (1 - p) * two
        jac = np.stack([p, p * self.x, 1 - p, (1 - p) * self.y + spread], axis=1)
        return s * both, jac, np.concatenate([p[:, None], jac], axis=1)

    def bend(self, z: Array, more: Array, c: Array) -> Array:
        """Sum of `c` times second derivatives of the loss over the loss; those of its log have rank one."""
        p, jac = more[:, 0], more[:, 1:]
        a, first, b, s = (z[:, k, None] for k in range(4))
        apart = (a + first * self.x - b - s * self.y) / s
        ones = np.ones_like(p)
        along = np.stack([ones, self.x * ones, -ones, -self.y - apart], axis=1)
        weight = c * p * (1 - p) / s
        own = np.matmul(along * weight[:, None], along.transpose(0, 2, 1))
        return own + np.matmul(jac * c[:, None], jac.transpose(0, 2, 1))

    def params(self, z: Array) -> Array:
        """N_c, alpha_N, D_c, alpha_D."""
        out = z.copy()
        with np.errstate(over="ignore"):
            for k in (0, 2):
                out[:, k] = np.exp(z[:, k] / z[:, k + 1] + self.means[k // 2])
        return out

    def coordinates(self, params: Array) -> Array:
        """Coordinates (S, 4) of parameters (S, 4)."""
        out = params.copy()
        for k in (0, 2):
            out[:, k] = params[:, k + 1] * (np.log(params[:, k]) - self.means[k // 2])
        return out

    def hold(self, name: str, value: float) -> tuple[Array, float]:
        """The linear equation that says that parameter `name` has this value."""
        at = Joint.names.index(name)
        c = np.zeros(4)
        c[at] = 1.0
        if at % 2:
            return c, value
        c[at + 1] = self.means[at // 2] - np.log(value)
        return c, 0.0

    def starts(self, y: Array, count: int) -> Array:
        """The best of a grid."""
        levels, slopes = self.level + np.log([0.3, 0.6, 0.9]), (0.05, 0.1, 0.2, 0.4)
        return best(self, y, np.array(list(product(levels, slopes, levels, slopes))), count)


@scaling(title="Kaplan, size and data", paper="2001.08361", form=Joint())
def kaplan_joint(x: Points, N_c: Scale, alpha_N: Exponent, D_c: Scale, alpha_D: Exponent) -> Array:
    """Loss from size and data, which limit each other.

    ``L(N, D) = [(N_c / N)^(alpha_N / alpha_D) + D_c / D]^alpha_D``

    Parameters
    ----------
    x : Points
        Of n runs; N without embeddings.
    N_c, alpha_N, D_c, alpha_D : float
        Published: 6.4e13, 0.076, 1.8e13, 0.103.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    It has no floor, and size and data no separate terms: it was made for overfitting on little data.
    `chinchilla` fits sweeps better.

    References
    ----------
    Kaplan et al., "Scaling Laws for Neural Language Models", 2020, arXiv 2001.08361.
    """
    return ((N_c / x.n_params) ** (alpha_N / alpha_D) + D_c / x.tokens) ** alpha_D
