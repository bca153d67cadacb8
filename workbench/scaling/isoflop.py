"""Chinchilla's second approach: a parabola through the losses of each budget. arXiv 2203.15556, section 3.2.

Porian et al. (arXiv 2406.19146) take the minimum of an Akima interpolation instead; both are here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.params import Choice, Param, choice, number
from workbench.scaling.frontier import Frontier, line
from workbench.scaling.reading import points
from workbench.scaling.table import SEED, Points, quantity

Array = NDArray[np.float64]
MINIMA = Choice(("parabola", "akima"))
_SAME = 0.01
_LEAST_SIZES = 4
_LEAST_BUDGETS = 3
_FINE = 25


def isoflop(
    data: Any,
    *,
    budgets: Sequence[float] | None = None,
    tolerance: float = 0.12,
    minimum: str = "parabola",
    within: float = 3.0,
    noise: float | None = None,
    count: int = 1000,
    seed: int = 0,
) -> Frontier:
    """Best size of each budget from the losses of several sizes at that budget.

    Parameters
    ----------
    data : Points, or anything that `points` reads
        Runs of at least four sizes at each of at least three budgets.
    budgets : sequence of float, optional
        FLOPs; runs within `tolerance` (relative) belong to one. Without, budgets that recur to 1 %.
    minimum : str
        "parabola": loss is quadratic in log size, near the best run of the budget; "akima": an
        interpolation in log size and log loss through all of the runs.
    within : float
        The parabola takes sizes up to so many times smaller or larger than the best run's.
    noise : float, optional
        Standard deviation of the log of a loss between seeds, for "akima"; what a parabola leaves without.
    count, seed : int
        Bootstrap fits and their draws.

    Raises
    ------
    ValueError
        When fewer than three budgets have a minimum among their sizes.

    Notes
    -----
    Budgets whose minimum lies at their smallest or largest size are left out, and the notes say so.
    The interval is a bootstrap of runs within budgets, and of budgets.
    """
    table = points(data)
    minimum = choice("minimum", minimum, MINIMA)
    tolerance = number("tolerance", tolerance, Param(0, 0.5))
    within = number("within", within, Param(1.2, 1e6))
    count = int(number("count", count, Param(100, 100_000), integer=True))
    if noise is not None:
        noise = number("noise", noise, Param(0, 1))
    rng = np.random.default_rng(int(number("seed", seed, SEED, integer=True)))
    found, notes = [], []
    for budget, part in _groups(table, budgets, tolerance):
        one = (_parabola if minimum == "parabola" else _akima)(part, within, noise, count, rng)
        if isinstance(one, str):
            notes.append(f"{budget:.3g} FLOPs left out: {one}")
        else:
            found.append((budget, *one))
    if len(found) < _LEAST_BUDGETS:
        raise ValueError(
            f"at least {_LEAST_BUDGETS} budgets must have a minimum among their sizes; {len(found)} have: "
            + ("; ".join(notes[:4]) or "say budgets=[...]")
        )
    compute = np.array([row[0] for row in found])
    best, loss = np.array([row[1] for row in found]), np.array([row[2] for row in found])
    drawn = np.stack([row[3] for row in found], axis=1)
    pivot = float(np.exp(np.log(compute).mean()))
    log_c = np.log(compute / pivot)
    # A budget whose minimum is uncertain counts for less, and none is surer than a third of a step in size.
    least = np.array([row[4] for row in found]) / 3
    weight = 1 / np.maximum(drawn.std(axis=0), least) ** 2
    slope, at = line(log_c, best, weight)
    again = weight * rng.exponential(size=drawn.shape)
    slopes, ats = line(log_c, drawn, again)
    return Frontier(
        "isoflop",
        compute,
        np.exp(best),
        loss,
        float(slope),
        float(at),
        pivot,
        np.stack([slopes, ats], axis=1),
        tuple(notes),
        dict(table.facts),
    )


def _groups(table: Points, budgets: Sequence[float] | None, tolerance: float) -> list[tuple[float, Points]]:
    compute = table.compute
    if budgets is not None:
        wanted = np.unique(quantity("budgets", budgets))
        return [(float(c), table.take(np.abs(np.log(compute / c)) <= np.log1p(tolerance))) for c in wanted]
    order = np.argsort(compute)
    parts = np.split(order, np.flatnonzero(np.diff(np.log(compute[order])) > _SAME) + 1)
    parts = [part for part in parts if len(part) >= _LEAST_SIZES]
    if len(parts) < _LEAST_BUDGETS:
        raise ValueError(
            f"these runs have {len(parts)} budgets that recur in at least {_LEAST_SIZES} runs, and "
            f"{_LEAST_BUDGETS} are needed: say budgets=[...] in FLOPs, or add runs at fixed budgets"
        )
    return [(float(np.exp(np.log(compute[part]).mean())), table.take(part)) for part in parts]


def _parabola(
    part: Points, within: float, noise: float | None, count: int, rng: np.random.Generator
) -> tuple[float, float, Array, float] | str:
    log, loss = np.log(part.n_params), part.loss
    if not len(part):
        return "no runs"
    near = np.abs(log - log[np.argmin(loss)]) <= np.log(within)
    log, loss = log[near], loss[near]
    sizes = len(np.unique(np.round(log, 3)))
    if sizes < _LEAST_SIZES:
        return f"{sizes} sizes near the best one, and {_LEAST_SIZES} are needed"
    middle = float(log.mean())
    x = log - middle
    powers = np.stack([np.ones_like(x), x, x**2])
    weight = np.concatenate([np.ones((1, len(x))), rng.exponential(size=(count, len(x)))])
    normal = np.einsum("an,sn,bn->sab", powers, weight, powers) + 1e-12 * np.eye(3)
    c = np.linalg.solve(normal, np.einsum("an,sn,n->sa", powers, weight, loss)[:, :, None])[:, :, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.where(c[:, 2] > 0, -c[:, 1] / (2 * c[:, 2]), np.nan)
    if not x.min() < best[0] < x.max():
        return "its minimum is not among its sizes"
    inside = best[1:][(best[1:] > x.min() - 1) & (best[1:] < x.max() + 1)]
    if len(inside) < count / 2:
        return "its minimum is not determined"
    value = c[0, 0] + c[0, 1] * best[0] + c[0, 2] * best[0] ** 2
    return best[0] + middle, float(value), middle + rng.choice(inside, count), np.ptp(x) / (sizes - 1)


def _akima(
    part: Points, within: float, noise: float | None, count: int, rng: np.random.Generator
) -> tuple[float, float, Array, float] | str:
    from scipy.interpolate import Akima1DInterpolator

    log, where = np.unique(np.log(part.n_params), return_inverse=True)
    if len(log) < _LEAST_SIZES:
        return f"{len(log)} sizes, and {_LEAST_SIZES} are needed"
    # The lowest of several runs of one size counts.
    loss = np.full(len(log), np.inf)
    np.minimum.at(loss, where, np.log(part.loss))
    fine = np.linspace(log[0], log[-1], (len(log) - 1) * _FINE)
    spread = _roughness(log, loss) if noise is None else noise
    noisy = loss[:, None] + spread * np.concatenate(
        [np.zeros((len(log), 1)), rng.normal(size=(len(log), count))], 1
    )
    curves = Akima1DInterpolator(log, noisy)(fine)
    at = np.argmin(curves, axis=0)
    if at[0] in (0, len(fine) - 1):
        return "its minimum is at its smallest or largest size"
    inside = at[1:][(at[1:] > 0) & (at[1:] < len(fine) - 1)]
    if len(inside) < count / 2:
        return "its minimum is not determined"
    step = float(np.ptp(log)) / (len(log) - 1)
    return float(fine[at[0]]), float(np.exp(curves[at[0], 0])), fine[rng.choice(inside, count)], step


def _roughness(log: Array, loss: Array) -> float:
    """How far runs near the lowest are off a parabola through them: the noise between sizes."""
    near = np.argsort(loss)[:6]
    left = loss[near] - np.polyval(np.polyfit(log[near], loss[near], 2), log[near])
    return float(np.sqrt(np.sum(left**2) / max(len(near) - 3, 1)))
