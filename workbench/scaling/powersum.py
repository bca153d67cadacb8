"""Laws that are a sum of powers, ``sum_k exp(z_k) x_k^-alpha_k``, as a log of a sum of exponentials.

Columns enter as logarithms less their mean: without this an amplitude and its exponent can hardly be told
apart, and solvers stop early.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from workbench.scaling.table import Points

Array = NDArray[np.float64]
RANGE = (0.01, 3.0)
"""Exponents that are looked for."""
_FADED = 1e-5
"""The smallest share of the loss that a term may have at the mean of its column."""
_GRID = np.array([0.06, 0.12, 0.2, 0.28, 0.36, 0.46, 0.6, 0.9, 1.5])


@dataclass(frozen=True)
class Term:
    """One term: the name of its amplitude, and of its exponent and column where it falls with one.

    `scaled` says that the amplitude stands inside the power, ``(amplitude / x)^exponent``, and the column
    counts in units of `unit`.
    """

    amplitude: str
    exponent: str = ""
    column: str = ""
    scaled: bool = False
    unit: float = 1.0


@dataclass(frozen=True)
class PowerSum:
    """A sum of terms, ready to be bound to points."""

    terms: tuple[Term, ...]
    tries: int = 3

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters, term by term."""
        return tuple(name for term in self.terms for name in (term.amplitude, term.exponent) if name)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that must vary, one per exponent."""
        return tuple(term.column for term in self.terms if term.column)

    @property
    def floor(self) -> bool:
        """Whether a term is a constant."""
        return any(not term.column for term in self.terms)

    def bind(self, points: Points) -> BoundSum:
        """The law at these points."""
        logs = [np.log(points.column(t.column) / t.unit) if t.column else None for t in self.terms]
        means = tuple(0.0 if log is None else float(log.mean()) for log in logs)
        features = tuple(None if log is None else mean - log for log, mean in zip(logs, means, strict=True))
        return BoundSum(self.terms, features, means, np.log(points.loss))


class BoundSum:
    """A sum of powers at n points: coordinates are log amplitudes at the mean of a column, and exponents."""

    def __init__(
        self, terms: tuple[Term, ...], features: tuple[Array | None, ...], means: tuple[float, ...], y: Array
    ) -> None:
        self.terms, self.features, self.means = terms, features, means
        level = float(np.median(y))
        low, high, self.place = [], [], []
        for term in terms:
            self.place.append(len(low))
            low += [level + np.log(_FADED)] + [RANGE[0]] * bool(term.column)
            high += [level + np.log(1e3)] + [RANGE[1]] * bool(term.column)
        self.low, self.high, self.level = np.array(low), np.array(high), level

    def evaluate(self, z: Array) -> tuple[Array, Array, Array]:
        """Log loss (S, n), its gradient (S, p, n), and the share of each term in the loss (S, K, n)."""
        sets, n = len(z), next((len(x) for x in self.features if x is not None), 1)
        share = np.empty((sets, len(self.terms), n))
        for k, (at, x) in enumerate(zip(self.place, self.features, strict=True)):
            if x is None:
                share[:, k] = np.exp(z[:, at])[:, None]
            else:
                np.exp(z[:, at, None] + z[:, at + 1, None] * x, out=share[:, k])
        loss = share.sum(axis=1)
        share /= loss[:, None]
        jac = np.empty((sets, z.shape[1], n))
        for k, (at, x) in enumerate(zip(self.place, self.features, strict=True)):
            jac[:, at] = share[:, k]
            if x is not None:
                np.multiply(share[:, k], x, out=jac[:, at + 1])
        return np.log(loss), jac, share

    def bend(self, z: Array, more: Array, c: Array) -> Array:
        """Sum of `c` times second derivatives of the loss over the loss: each term bends on its own."""
        p = z.shape[1]
        out = np.zeros((len(z), p, p))
        for k, (at, x) in enumerate(zip(self.place, self.features, strict=True)):
            weight = c * more[:, k]
            out[:, at, at] = weight.sum(axis=1)
            if x is not None:
                weight *= x
                out[:, at, at + 1] = out[:, at + 1, at] = weight.sum(axis=1)
                out[:, at + 1, at + 1] = weight @ x
        return out

    def params(self, z: Array) -> Array:
        """Published parameters (S, p) of coordinates (S, p)."""
        out = z.copy()
        with np.errstate(over="ignore"):
            for term, at, mean in zip(self.terms, self.place, self.means, strict=True):
                log = z[:, at] + (z[:, at + 1] * mean if term.column else 0.0)
                out[:, at] = np.exp(log / z[:, at + 1] if term.scaled else log)
        return out

    def coordinates(self, params: Array) -> Array:
        """Coordinates (S, p) of published parameters (S, p)."""
        out = params.copy()
        for term, at, mean in zip(self.terms, self.place, self.means, strict=True):
            slope = params[:, at + 1] if term.column else 0.0
            log = np.log(params[:, at])
            out[:, at] = (log * slope if term.scaled else log) - slope * mean
        return out

    def hold(self, name: str, value: float) -> tuple[Array, float]:
        """The linear equation ``c z = d`` that says that parameter `name` has this value."""
        c = np.zeros(len(self.low))
        for term, at, mean in zip(self.terms, self.place, self.means, strict=True):
            if name == term.exponent:
                c[at + 1] = 1.0
                return c, value
            if name == term.amplitude:
                c[at] = 1.0
                if term.column:
                    c[at + 1] = mean - (np.log(value) if term.scaled else 0.0)
                return c, 0.0 if term.scaled else float(np.log(value))
        raise ValueError(f"name must be a parameter of the law; got {name!r}")

    def starts(self, y: Array, count: int) -> Array:
        """The best `count` coordinates by variable projection: exponents on a grid, amplitudes by squares.

        A law that is given its exponents is linear in its amplitudes, so that no start is needed.
        """
        slopes = [k for k, x in enumerate(self.features) if x is not None]
        grid = np.array(list(product(*[_GRID] * len(slopes))))
        loss = np.exp(y)
        basis = np.ones((len(grid), len(self.terms), len(y)))
        for column, k in enumerate(slopes):
            basis[:, k] = np.exp(grid[:, column, None] * self.features[k])
        # Relative errors count, as in the fit itself.
        basis /= loss
        normal = np.matmul(basis, basis.transpose(0, 2, 1))
        right = basis.sum(axis=2)
        ridge = 1e-12 * np.einsum("gii->g", normal)
        normal[:, range(len(self.terms)), range(len(self.terms))] += ridge[:, None]
        size = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
        least = 1e-3 * np.exp(self.level)
        size = np.maximum(size, least)
        error = np.abs(np.einsum("gkn,gk->gn", basis, size) - 1).sum(axis=1)
        best = np.argsort(error)[:count]
        z = np.empty((len(best), len(self.low)))
        for k, at in enumerate(self.place):
            z[:, at] = np.log(size[best, k])
        for column, k in enumerate(slopes):
            z[:, self.place[k] + 1] = grid[best, column]
        return z
