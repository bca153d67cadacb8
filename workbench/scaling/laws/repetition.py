"""Chinchilla's law where data repeat: repeated tokens and excess parameters count for less and less.

Muennighoff et al., "Scaling Data-Constrained Language Models", 2023, arXiv 2305.16264.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from workbench.params import Param
from workbench.registry import scaling
from workbench.scaling.form import best
from workbench.scaling.laws.chinchilla import FORM
from workbench.scaling.laws.parts import Exponent, Floor, Size
from workbench.scaling.table import Points

Array = NDArray[np.float64]
PER_TOKEN = float(np.exp((6.255414 - 7.3049974) / 0.3526596))
"""Parameters that a unique token deserves, 0.051: the optimum of the paper's law of unrepeated data."""
Rate = Annotated[
    float, Param(1e-2, 1e4, log=True, slider=(1, 100), help="repetitions after which 1/e is left")
]


@dataclass(frozen=True)
class Repeated:
    """Names and columns of the law."""

    names: tuple[str, ...] = (*FORM.names, "R_D", "R_N")
    columns: tuple[str, ...] = ("n_params", "tokens")
    floor: bool = True
    tries: int = 6

    def bind(self, points: Points) -> BoundRepeated:
        """The law at these points."""
        return BoundRepeated(points)


class BoundRepeated:
    """The coordinates of `chinchilla`, and the logarithms of R_D and R_N."""

    def __init__(self, points: Points) -> None:
        self.base = FORM.bind(points)
        self.unique = _unique(points)
        low, high = np.log([1e-2, 1e-2]), np.log([1e4, 1e4])
        self.low, self.high = np.append(self.base.low, low), np.append(self.base.high, high)

    def evaluate(self, z: Array) -> tuple[Array, Array, Array]:
        """Log loss (S, n), its gradient (S, 7, n), and what `bend` needs again."""
        size, tokens = (_worth(*part, z[:, k]) for part, k in zip(self.unique, (6, 5), strict=True))
        n, d = self.base.means[1] - size[0], self.base.means[2] - tokens[0]
        e = np.exp(z[:, 0])[:, None] * np.ones_like(n)
        a, b = (np.exp(z[:, k, None] + z[:, k + 1, None] * x) for k, x in ((1, n), (3, d)))
        loss = e + a + b
        e, a, b = e / loss, a / loss, b / loss
        rows = [e, a, a * n, b, b * d, -b * z[:, 4, None] * tokens[1], -a * z[:, 2, None] * size[1]]
        return np.log(loss), np.stack(rows, axis=1), np.stack([e, a, n, *size[1:], b, d, *tokens[1:]], axis=1)

    def bend(self, z: Array, more: Array, c: Array) -> Array:
        """Sum of `c` times second derivatives of the loss over the loss, term by term."""
        out = np.zeros((len(z), 7, 7))
        out[:, 0, 0] = (c * more[:, 0]).sum(axis=1)
        for first, at, rate in ((1, 1, 6), (5, 3, 5)):
            share, x, slope, turn = (more[:, first + k] for k in range(4))
            exponent = z[:, at + 1, None]
            along = np.stack([np.ones_like(x), x, -exponent * slope], axis=1)
            weight = c * share
            own = np.matmul(along * weight[:, None], along.transpose(0, 2, 1))
            mixed = (weight * slope).sum(axis=1)
            own[:, 1, 2] -= mixed
            own[:, 2, 1] -= mixed
            own[:, 2, 2] -= (weight * exponent * turn).sum(axis=1)
            places = [at, at + 1, rate]
            out[:, np.array(places)[:, None], places] = own
        return out

    def params(self, z: Array) -> Array:
        """E, A, alpha, B, beta, R_D, R_N."""
        return np.concatenate([self.base.params(z[:, :5]), np.exp(z[:, 5:])], axis=1)

    def coordinates(self, params: Array) -> Array:
        """Coordinates (S, 7) of parameters (S, 7)."""
        return np.concatenate([self.base.coordinates(params[:, :5]), np.log(params[:, 5:])], axis=1)

    def hold(self, name: str, value: float) -> tuple[Array, float]:
        """The linear equation that says that parameter `name` has this value."""
        if name in FORM.names:
            c, d = self.base.hold(name, value)
            return np.append(c, [0.0, 0.0]), d
        c = np.zeros(7)
        c[Repeated.names.index(name)] = 1.0
        return c, float(np.log(value))

    def starts(self, y: Array, count: int) -> Array:
        """Starts of `chinchilla`, each with several rates of decay."""
        base = self.base.starts(y, 6)
        rates = np.log([[d, n] for d in (4.0, 15.0, 60.0, 250.0) for n in (1.5, 5.0, 20.0, 100.0)])
        tried = np.concatenate([np.repeat(base, len(rates), 0), np.tile(rates, (len(base), 1))], axis=1)
        return best(self, y, tried, count)


def _worth(log_unique: Array, again: Array, log_rate: Array) -> tuple[Array, Array, Array]:
    """Log of the effective amount (S, n), and its first and second derivative by the log of the rate."""
    rate = np.exp(log_rate)[:, None]
    left = np.exp(-again / rate)
    worth = 1 + rate * (1 - left)
    first = (worth - 1 - again * left) / worth
    second = (worth - 1 - again * left - again**2 * left / rate) / worth - first**2
    return log_unique + np.log(worth), first, second


def _unique(points: Points) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Log of the part that counts in full and the repetitions of it, of size and of tokens."""
    unique = points.column("unique_tokens")
    size = np.minimum(points.n_params, PER_TOKEN * unique)
    return (
        (np.log(size), points.n_params / size - 1),
        (np.log(unique), np.maximum(points.tokens / unique - 1, 0.0)),
    )


@scaling(title="Repeated data", paper="2305.16264", form=Repeated())
def repetition(
    x: Points, E: Floor, A: Size, alpha: Exponent, B: Size, beta: Exponent, R_D: Rate, R_N: Rate
) -> Array:
    """Loss from size and data that were repeated.

    ``L = E + A / N'^alpha + B / D'^beta`` with ``D' = U_D + U_D R_D (1 - exp(-(D/U_D - 1) / R_D))`` and
    ``N' = U_N + U_N R_N (1 - exp(-(N/U_N - 1) / R_N))``, U_D the unique tokens, U_N = min(N, 0.051 U_D).

    Parameters
    ----------
    x : Points
        Of n runs with the column `unique_tokens`.
    E, A, alpha, B, beta : float
        As of `chinchilla`; the paper holds them at 1.87, 521, 0.353, 1488, 0.353.
    R_D, R_N : float
        Repetitions of data, and multiples of the parameters that they deserve, after which a further one
        is worth 1/e. Published: 15.4 and 5.3.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it for more than four epochs. R_D and R_N trade: on the paper's own runs (95, 1.7) fits better than
    the published pair, and neither is determined well. The 0.051 is that of the paper's C4 law.

    References
    ----------
    Muennighoff et al., "Scaling Data-Constrained Language Models", 2023, arXiv 2305.16264.
    """
    (size, more), (unique, again) = _unique(x)
    effective = np.exp(size) * (1 - R_N * np.expm1(-more / R_N))
    tokens = np.exp(unique) * (1 - R_D * np.expm1(-again / R_D))
    return E + A / effective**alpha + B / tokens**beta
