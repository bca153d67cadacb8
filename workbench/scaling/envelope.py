"""Chinchilla's first approach: the size with the lowest loss at each compute. arXiv 2203.15556, 3.1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.params import Param, number
from workbench.scaling.frontier import Frontier, line
from workbench.scaling.reading import points
from workbench.scaling.table import SEED

Array = NDArray[np.float64]
_ALIKE = 0.01
_LEAST = 3


def envelope(data: Any, *, budgets: int = 200, count: int = 1000, seed: int = 0) -> Frontier:
    """Best size of each budget: which size's curve of loss against compute is lowest there.

    Parameters
    ----------
    data : Points, or anything that `points` reads
        Several points of each size: runs of several lengths, or points of training curves.
    budgets : int
        How many budgets are looked at, evenly spaced in log compute.
    count, seed : int
        Bootstrap fits and their draws.

    Raises
    ------
    ValueError
        When fewer than three sizes have two points or more, or no budget has a best size inside.

    Notes
    -----
    Curves are straight between their points in log loss and log compute. Budgets where the best size is
    the smallest or the largest that has a curve there are left out: the true best lies beyond.
    On training curves of one long schedule it is biased: their rate has not decayed where it is read.
    The interval is a bootstrap of sizes; few sizes make it coarse.
    """
    table = points(data)
    number("budgets", budgets, Param(10, 10_000), integer=True)
    count = int(number("count", count, Param(100, 100_000), integer=True))
    logs = np.log(table.n_params)
    order = np.argsort(logs)
    parts = np.split(order, np.flatnonzero(np.diff(logs[order]) > _ALIKE) + 1)
    parts = [part for part in parts if len(part) > 1]
    if len(parts) < _LEAST:
        raise ValueError(
            f"at least {_LEAST} sizes must have two points or more; {len(parts)} have: add runs of other "
            "lengths"
        )
    compute, loss = np.log(table.compute), np.log(table.loss)
    sizes = np.array([logs[part].mean() for part in parts])
    grid = np.linspace(compute.min(), compute.max(), int(budgets))
    curves = np.full((len(parts), len(grid)), np.inf)
    for k, part in enumerate(parts):
        along = part[np.argsort(compute[part])]
        x, y = compute[along], np.minimum.accumulate(loss[along])
        has = (grid >= x[0]) & (grid <= x[-1])
        curves[k, has] = np.interp(grid[has], x, y)
    there = np.isfinite(curves)
    rng = np.random.default_rng(int(number("seed", seed, SEED, integer=True)))
    drawn = rng.multinomial(len(parts), np.full(len(parts), 1 / len(parts)), size=count) > 0
    present = np.concatenate([np.ones((1, len(parts)), dtype=bool), drawn])
    slopes, ats, first = [], [], None
    pivot = float(grid.mean())
    for mask in present:
        best, good = _best(curves[mask], there[mask])
        if first is None:
            first = best, good
        if good.sum() < _LEAST or len(np.unique(best[good])) < 2:
            continue
        slope, at = line(grid[good] - pivot, sizes[mask][best[good]], np.ones(int(good.sum())))
        slopes.append(float(slope))
        ats.append(float(at))
    assert first is not None
    best, good = first
    if good.sum() < _LEAST or len(np.unique(best[good])) < 2:
        raise ValueError(
            "no size is best inside the range of sizes at three budgets or more: the curves do not cross"
        )
    at = best[good]
    return Frontier(
        "envelope",
        np.exp(grid[good]),
        np.exp(sizes[at]),
        np.exp(curves[at, np.flatnonzero(good)]),
        slopes[0],
        ats[0],
        float(np.exp(pivot)),
        np.stack([slopes[1:], ats[1:]], axis=1),
        (f"{int((~good).sum())} of {len(grid)} budgets left out: their best size is at an end",),
        dict(table.facts),
    )


def _best(curves: Array, there: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Row of the lowest curve at each budget, and whether there are a smaller and a larger size beside it."""
    best = np.argmin(curves, axis=0)
    rank = np.cumsum(there, axis=0)
    place = rank[best, np.arange(curves.shape[1])]
    return best, (place > 1) & (place < rank[-1])
