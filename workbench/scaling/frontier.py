"""The compute-optimal frontier: best size and data of each budget, as powers of it with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.scaling.table import quantity
from workbench.views.table import Table

Array = NDArray[np.float64]
_LOW, _HIGH = 0.05, 0.95


@dataclass(frozen=True, eq=False)
class Frontier:
    """Best size against compute, ``n_params = exp(log_n) (C / pivot)^exponent_n``; tokens are the rest.

    Parameters
    ----------
    method : str
        "envelope", "isoflop" or "parametric".
    compute, n_params, loss : array, shape (m,)
        Budgets in FLOPs, the best size found at each, and its loss.
    exponent_n : float
        Of the best size; that of the tokens is what is left of 1.
    log_n : float
        Log of the best size at `pivot`.
    pivot : float
        Compute in the middle of the budgets.
    draws : array, shape (S, 2)
        `exponent_n` and `log_n` of resampled data.
    notes : tuple of str
        What was left out.
    facts : mapping
        Plain values of the data.
    """

    method: str
    compute: Array
    n_params: Array
    loss: Array
    exponent_n: float
    log_n: float
    pivot: float
    draws: Array
    notes: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def exponent_d(self) -> float:
        """Exponent of the best number of tokens."""
        return 1 - self.exponent_n

    @property
    def tokens(self) -> Array:
        """Best number of tokens at each budget."""
        return self.compute / (6 * self.n_params)

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """90 % bootstrap intervals of both exponents."""
        low, high = np.quantile(self.draws[:, 0], [_LOW, _HIGH])
        return {
            "exponent_n": (float(low), float(high)),
            "exponent_d": (float(1 - high), float(1 - low)),
        }

    def n_params_at(self, compute: ArrayLike) -> Array:
        """Best size at a budget."""
        return np.exp(self.log_n + self.exponent_n * np.log(quantity("compute", compute) / self.pivot))

    def tokens_at(self, compute: ArrayLike) -> Array:
        """Best number of tokens at a budget."""
        return quantity("compute", compute) / (6 * self.n_params_at(compute))

    def interval_at(self, compute: ArrayLike) -> tuple[Array, Array]:
        """90 % interval of the best size at a budget."""
        log = np.log(quantity("compute", compute) / self.pivot)
        drawn = np.exp(self.draws[:, 1, None] + self.draws[:, 0, None] * log.reshape(1, -1))
        low, high = np.quantile(drawn, [_LOW, _HIGH], axis=0)
        return low.reshape(log.shape), high.reshape(log.shape)

    def table(self) -> Table:
        """Budgets with the best size of each."""
        rows = tuple(
            {
                "compute": float(c),
                "best size": float(n),
                "tokens": float(d),
                "tokens per parameter": float(d / n),
            }
            for c, n, d in zip(self.compute, self.n_params, self.tokens, strict=True)
        )
        (a, b) = self.intervals["exponent_n"]
        title = (
            f"{self.method}: best size grows with compute to the {self.exponent_n:.3f} ({a:.3f} to {b:.3f})"
        )
        return Table(title, rows, self.notes)

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        (a, b) = self.intervals["exponent_n"]
        return f"<Frontier {self.method}: exponent of size {self.exponent_n:.4f} ({a:.4f} to {b:.4f})>"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def line(log_c: Array, log_n: Array, weight: Array) -> tuple[Array, Array]:
    """Slope and value at 0 of weighted straight lines, over the last axis of `log_n` and `weight`."""
    total = weight.sum(-1)
    middle, up = (weight * log_c).sum(-1) / total, (weight * log_n).sum(-1) / total
    apart = log_c - middle[..., None]
    slope = (weight * apart * (log_n - up[..., None])).sum(-1) / (weight * apart**2).sum(-1)
    return slope, up - slope * middle
