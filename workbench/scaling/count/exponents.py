"""How much the convention of counting moves the exponent of the best model size, on one set of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.files import short
from workbench.params import Param, number
from workbench.scaling.count.architecture import Architecture
from workbench.scaling.count.conventions import Convention, convention, conventions
from workbench.scaling.table import SEED
from workbench.views.words import text_table

Array = NDArray[np.float64]
_LEAST = 5
"""Sizes that a budget needs for a parabola."""


@dataclass(frozen=True)
class ConventionExponent:
    """What one convention makes of the runs.

    Parameters
    ----------
    convention : str
        Name.
    exponent, low, high : float
        a in ``N* = k C^a``, with its 90 % interval from noise in the losses and from which budgets there are.
    budgets : int
        Budgets whose curve has its minimum inside.
    largest : float
        Best size at the largest of those budgets, in the convention's own parameters.
    """

    convention: str
    exponent: float
    low: float
    high: float
    budgets: int
    largest: float


def exponents(
    architectures: Sequence[Architecture],
    tokens: ArrayLike,
    loss: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    budgets: int = 12,
    noise: float = 0.002,
    resamples: int = 400,
    seed: int = 0,
) -> tuple[ConventionExponent, ...]:
    """Fit ``N* = k C^a`` under each convention to the same losses.

    For each convention: the loss of each model at the tokens that a budget buys, by interpolation in
    logarithms; the minimum of a parabola in ln N through the five sizes nearest to the lowest; a line
    through the minima.

    Parameters
    ----------
    architectures : sequence of Architecture, n
        One for each point; models of one shape form a curve.
    tokens, loss : array_like, shape (n,)
        Tokens seen, and loss in nats, both above 0.
    names : sequence of str, optional
        Conventions; all where it is not given.
    budgets : int
        How many, evenly spread in the logarithm.
    noise : float
        Standard deviation of a loss between seeds, in nats; 0.002 is what arXiv 2406.19146 takes for its
        RefinedWeb runs.
    resamples, seed : int
        Of the interval.

    Returns
    -------
    tuple of ConventionExponent

    Raises
    ------
    ValueError
        For arrays of different lengths, values that are not above 0, an unknown convention, or runs of
        which fewer than three budgets have a minimum inside.

    Notes
    -----
    Use it to see which part of a disagreement between two laws is bookkeeping.
    """
    t, y, shapes = _checked(architectures, tokens, loss)
    number("noise", noise, Param(0, 1))
    number("resamples", resamples, Param(10, 1e5), integer=True)
    number("budgets", budgets, Param(3, 1000), integer=True)
    number("seed", seed, SEED, integer=True)
    chosen = [convention(name) for name in (conventions() if names is None else names)]
    models = [(shape, *_curve(shape, shapes, t, y)) for shape in dict.fromkeys(shapes)]
    return tuple(_one(c, models, int(budgets), noise, int(resamples), seed) for c in chosen)


def text(rows: Sequence[ConventionExponent]) -> str:
    """The rows as a table in text."""
    cells = [("convention", "exponent", "90 % interval", "budgets")]
    cells += [
        (r.convention, f"{r.exponent:.3f}", f"{r.low:.3f} to {r.high:.3f}", str(r.budgets)) for r in rows
    ]
    return text_table(cells)


def _checked(
    architectures: Sequence[Architecture], tokens: ArrayLike, loss: ArrayLike
) -> tuple[Array, Array, list[Architecture]]:
    shapes = list(architectures)
    for shape in shapes:
        if not isinstance(shape, Architecture):
            raise ValueError(f"architectures must be Architectures; got {short(shape)}")
    out = []
    for name, values in (("tokens", tokens), ("loss", loss)):
        try:
            array = np.asarray(values, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(f"{name} must be numbers; got {short(values)}") from None
        if array.shape != (len(shapes),):
            raise ValueError(f"{name} must have one value per architecture, {len(shapes)}; got {array.shape}")
        bad = ~(np.isfinite(array) & (array > 0))
        if np.any(bad):
            raise ValueError(f"{name} must be finite and greater than 0; got {array[bad][0]:g}")
        out.append(array)
    return out[0], out[1], shapes


def _curve(shape: Architecture, shapes: list[Architecture], t: Array, y: Array) -> tuple[Array, Array]:
    mine = np.array([one == shape for one in shapes])
    order = np.argsort(t[mine])
    return np.log(t[mine][order]), np.log(y[mine][order])


def _one(
    c: Convention,
    models: list[tuple[Architecture, Array, Array]],
    budgets: int,
    noise: float,
    resamples: int,
    seed: int,
) -> ConventionExponent:
    size = np.log([c.n_params(shape) for shape, _, _ in models])
    per_token = np.log([c.flops_per_token(shape) for shape, _, _ in models])
    order = np.argsort(size)
    ends = np.array([(ln_t[0], ln_t[-1]) for _, ln_t, _ in models]) + per_token[:, None]
    rng = np.random.default_rng(seed)
    found: list[tuple[float, Array]] = []
    for ln_c in np.linspace(ends.min(), ends.max(), budgets):
        inside = [i for i in order if ends[i, 0] - 1e-9 <= ln_c <= ends[i, 1] + 1e-9]
        values = np.array([np.exp(np.interp(ln_c - per_token[i], *models[i][1:])) for i in inside])
        best = _minima(size[inside], values, noise, resamples, rng)
        if best is not None:
            found.append((float(ln_c), best))
    if len(found) < 3:
        raise ValueError(
            f"by the convention {c.name!r} {len(found)} of {budgets} budgets have their lowest loss between "
            "two sizes; an exponent needs 3: add sizes or budgets"
        )
    ln_c = np.array([at for at, _ in found])
    ln_n = np.stack([best for _, best in found], axis=1)
    # Budgets are drawn anew as well: a line through minima errs by which budgets there are, too.
    drawn = rng.multinomial(len(found), np.full(len(found), 1 / len(found)), resamples)
    weight = np.vstack([np.ones(len(found)), drawn]) * np.isfinite(ln_n)
    n = np.where(weight > 0, ln_n, 0.0)
    away = ln_c - ((weight * ln_c).sum(1) / weight.sum(1))[:, None]
    spread = (weight * away**2).sum(1)
    slope = (weight * away * n).sum(1)[spread > 0] / spread[spread > 0]
    low, high = np.quantile(slope[1:], (0.05, 0.95))
    return ConventionExponent(
        c.name, float(slope[0]), float(low), float(high), len(found), float(np.exp(ln_n[0, -1]))
    )


def _minima(size: Array, loss: Array, noise: float, resamples: int, rng: np.random.Generator) -> Array | None:
    """Minimum (1 + resamples,) of the parabola, first without noise; None where it is not inside."""
    if len(size) < _LEAST:
        return None
    lowest = int(np.argmin(loss))
    if lowest in (0, len(size) - 1):
        return None
    first = min(max(lowest - _LEAST // 2, 0), len(size) - _LEAST)
    near = slice(first, first + _LEAST)
    x = size[near] - size[lowest]
    y = np.vstack([loss[near], loss[near] + noise * rng.standard_normal((resamples, _LEAST))])
    bend, slope, _ = np.polyfit(x, y.T, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = np.where(bend > 0, -slope / (2 * bend), np.nan)
    if not np.isfinite(at[0]) or not x[0] <= at[0] <= x[-1]:
        return None
    return size[lowest] + np.where(np.abs(at) <= 2 * (x[-1] - x[0]), at, np.nan)
