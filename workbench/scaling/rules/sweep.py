"""Laws for rate and batch from a sweep of one's own, fitted as the Step Law was. arXiv 2503.04715."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from workbench.files import short
from workbench.params import Choice, Param, choice, number
from workbench.scaling.rules.advice import Advice
from workbench.scaling.table import SEED

Array = NDArray[np.float64]
_RESAMPLE = Choice(("cells", "rows"), "what is drawn anew")
COEFFICIENTS = ("ln rate", "rate N", "rate D", "ln batch", "batch D")
"""Constant and exponents of both laws, in the order of `SweepFit.values`."""


@dataclass(frozen=True)
class SweepFit:
    """``rate = exp(a0) N^a1 D^a2`` and ``batch = exp(b0) D^b1``.

    Parameters
    ----------
    values : array, shape (5,)
        In the order of `COEFFICIENTS`.
    draws : array, shape (k, 5)
        The same of resamples.
    rows, cells : int
        Configurations near the best, and pairs of size and tokens that they come from.
    """

    values: Array
    draws: Array
    rows: int
    cells: int

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """90 % interval of each coefficient."""
        low, high = np.quantile(self.draws, (0.05, 0.95), axis=0)
        return {name: (float(a), float(b)) for name, a, b in zip(COEFFICIENTS, low, high, strict=True)}

    def __call__(self, n_params: float, tokens: float) -> Advice:
        """Rate and batch of a run, with 90 % intervals."""
        n = np.log(number("n_params", n_params, Param(1, 1e16)))
        d = np.log(number("tokens", tokens, Param(1, 1e18)))
        at = np.array([[1, n, d, 0, 0], [0, 0, 0, 1, d]]).T
        rate, batch = np.exp(self.values @ at)
        low, high = np.exp(np.quantile(self.draws @ at, (0.05, 0.95), axis=0))
        bands = {"rate": (low[0], high[0]), "batch_tokens": (low[1], high[1])}
        return Advice(
            rate=float(rate),
            batch_tokens=float(batch),
            intervals={name: (float(a), float(b)) for name, (a, b) in bands.items()},
        )


def fit_sweep(
    n_params: ArrayLike,
    tokens: ArrayLike,
    rate: ArrayLike,
    batch_tokens: ArrayLike,
    loss: ArrayLike,
    *,
    within: float = 0.0025,
    resample: str = "cells",
    resamples: int = 1000,
    seed: int = 0,
) -> SweepFit:
    """Regress rate and batch of the configurations near the best on size and data, in logarithms.

    Parameters
    ----------
    n_params, tokens, rate, batch_tokens, loss : array_like, shape (n,)
        One run each; runs of one size and tokens form a cell, in which rate and batch were swept.
    within : float
        How far above the lowest loss of its cell a run may be to count, relatively.
    resample : str
        "cells": the interval says what other sizes and tokens would have given, widened for few of them.
        "rows", as the authors did, takes near-best runs of one cell as independent, and is narrower than it
        should be.
    resamples, seed : int
        Of the intervals.

    Returns
    -------
    SweepFit

    Raises
    ------
    ValueError
        For arrays of different lengths, values not above 0, or a sweep of fewer than four cells, one size
        or one number of tokens: then the exponents are not in the data.

    References
    ----------
    Li et al., "Predictable Scale: Part I, Step Law", 2025, arXiv 2503.04715.
    """
    columns = _columns(n_params=n_params, tokens=tokens, rate=rate, batch_tokens=batch_tokens, loss=loss)
    number("within", within, Param(0, 1))
    choice("resample", resample, _RESAMPLE)
    number("resamples", resamples, Param(10, 1e6), integer=True)
    n, d, eta, b, y = columns
    pairs, cell = np.unique(np.stack([n, d]), axis=1, return_inverse=True)
    for name, values in (("sizes", pairs[0]), ("numbers of tokens", pairs[1])):
        if len(np.unique(values)) < 2:
            raise ValueError(f"the sweep must have two different {name}; got {np.unique(values)[0]:g} alone")
    if pairs.shape[1] < 4:
        raise ValueError(f"the sweep must have 4 pairs of size and tokens; got {pairs.shape[1]}")
    lowest = np.full(pairs.shape[1], np.inf)
    np.minimum.at(lowest, cell, y)
    near = y / lowest[cell] - 1 <= within
    x = np.stack([np.ones(near.sum()), np.log(n[near]), np.log(d[near])], axis=1)
    targets = np.stack([np.log(eta[near]), np.log(b[near])], axis=1)
    if np.linalg.matrix_rank(x - [0, x[:, 1].mean(), x[:, 2].mean()], tol=1e-6) < 3:
        raise ValueError("sizes and tokens of the sweep must not lie on one power law; add another ratio")
    rng = np.random.default_rng(int(number("seed", seed, SEED, integer=True)))
    if resample == "rows":
        counts = rng.multinomial(len(x), np.full(len(x), 1 / len(x)), int(resamples))
    else:
        k = pairs.shape[1]
        counts = rng.multinomial(k, np.full(k, 1 / k), int(resamples))[:, cell[near]]
    values = _regress(x, targets, np.ones((1, len(x))))[0]
    draws = _regress(x, targets, counts.astype(float))
    draws = draws[np.all(np.isfinite(draws), axis=1)]
    if resample == "cells":
        # Few cells spread too little when drawn anew: widened as Student's t is, for three coefficients.
        k = pairs.shape[1]
        wider = np.sqrt(k / (k - 3)) * stdtrit(k - 3, 0.95) / ndtri(0.95)
        draws = values + wider * (draws - values)
    return SweepFit(values, draws, len(x), pairs.shape[1])


def regret(
    n_params: ArrayLike,
    tokens: ArrayLike,
    rate: ArrayLike,
    batch_tokens: ArrayLike,
    loss: ArrayLike,
    advise: Callable[[float, float], Advice],
) -> Array:
    """How far above the best of its cell the run nearest to an advice is, relatively, cell by cell.

    Parameters
    ----------
    n_params, tokens, rate, batch_tokens, loss : array_like, shape (n,)
        As of `fit_sweep`.
    advise : callable
        Advice of rate and batch for a size and tokens.

    Returns
    -------
    array, shape (cells,)
        ``loss / lowest loss - 1`` at the grid point nearest in ln rate and ln batch.
    """
    columns = _columns(n_params=n_params, tokens=tokens, rate=rate, batch_tokens=batch_tokens, loss=loss)
    n, d, eta, b, y = columns
    out = []
    for size, data in np.unique(np.stack([n, d]), axis=1).T:
        mine = (n == size) & (d == data)
        said = advise(float(size), float(data))
        if said.rate is None or said.batch_tokens is None:
            raise ValueError("advise must say a rate and a batch")
        far = np.log(eta[mine] / said.rate) ** 2 + np.log(b[mine] / said.batch_tokens) ** 2
        out.append(y[mine][np.argmin(far)] / y[mine].min() - 1)
    return np.array(out)


def _columns(**given: ArrayLike) -> list[Array]:
    out: list[Array] = []
    for name, values in given.items():
        try:
            array = np.asarray(values, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(f"{name} must be numbers; got {short(values)}") from None
        if array.ndim != 1 or (out and array.shape != out[0].shape):
            raise ValueError(f"{name} must have one value for each run; got the shape {array.shape}")
        bad = ~(np.isfinite(array) & (array > 0))
        if np.any(bad):
            raise ValueError(f"{name} must be finite and greater than 0; got {array[bad][0]:g}")
        out.append(array)
    return out


def _regress(x: Array, targets: Array, weight: Array) -> Array:
    """Coefficients (k, 5) of weighted least squares for each row of weights (k, n)."""
    out = []
    for columns, target in (((0, 1, 2), 0), ((0, 2), 1)):
        centre = x[:, columns[1:]].mean(axis=0)
        z = np.column_stack([np.ones(len(x)), x[:, columns[1:]] - centre])
        normal = np.einsum("kn,ni,nj->kij", weight, z, z)
        right = np.einsum("kn,ni,n->ki", weight, z, targets[:, target])
        good = np.linalg.cond(normal) < 1e10
        found = np.full((len(weight), len(columns)), np.nan)
        found[good] = np.linalg.solve(normal[good], right[good][..., None])[..., 0]
        found[:, 0] -= found[:, 1:] @ centre
        out.append(found)
    return np.concatenate(out, axis=1)
