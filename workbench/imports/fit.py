"""Least squares of one family on one window: the linear parameters in closed form, the others by search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.imports.families import Family
from workbench.imports.series import Series

Array = NDArray[np.float64]

SAMPLE = 160
"""Points of a window that the search looks at; the answer is then held against all of them."""

_ROUNDS, _PATIENCE = 150, 5
"""Steps of the search at most, and steps within which the cost must fall to a third for it to go on."""

_STARTS = 3
_WIDTHS = np.geomspace(1e-5, 1, 16)


@dataclass(frozen=True)
class Fit:
    """A curve ``a + b f((t - origin) / length; q)``.

    Parameters
    ----------
    family : Family
        Which f.
    q : ndarray
        Its parameters, shape (k,).
    a, b : float
        Height and scale, as shares of the peak.
    origin, length : float
        First step of the window, and steps from there to the one after its last.
    excess : float
        Largest residual over tolerance on the sample.
    """

    family: Family
    q: Array
    a: float
    b: float
    origin: float
    length: float
    excess: float

    def __call__(self, t: Array) -> Array:
        """Rates at the steps `t` (n,), as shares of the peak; NaN where the curve does not exist."""
        with np.errstate(all="ignore"):
            return self.a + self.b * self.family.curve((t - self.origin) / self.length, self.q[None])[0]

    def holds(self, series: Series, i: int, j: int) -> bool:
        """Whether every point i..j-1 is met within its tolerance."""
        return self.reach(series, i, j) == j

    def reach(self, series: Series, i: int, j: int) -> int:
        """Index of the first point of i..j-1 that is not met, or `j`."""
        block = 1 << 12
        while i < j:
            stop = min(j, i + block)
            # A NaN is not near anything.
            near = np.abs(self(series.t[i:stop]) - series.y[i:stop]) <= series.tol[i:stop]
            if not near.all():
                return i + int(np.argmin(near))
            i, block = stop, 4 * block
        return j


def window(series: Series, i: int, j: int) -> NDArray[np.intp]:
    """Indices of a sample of i..j-1: all, or some that are denser at both ends, where shapes bend."""
    if j - i <= SAMPLE:
        return np.arange(i, j)
    even = np.linspace(0, 1, SAMPLE // 2)
    bent = 0.5 * (1 - np.cos(np.pi * even))
    first = np.arange(4) / (j - 1 - i)
    at = np.concatenate([even, bent, first, 1 - first])
    return np.unique(i + np.round(at * (j - 1 - i)).astype(np.intp))


def fit(
    family: Family,
    series: Series,
    i: int,
    j: int,
    *,
    fixed: Mapping[int, float] | None = None,
    start: Array | None = None,
    begin: float | None = None,
    end: float | None = None,
    enough: float = 0.5,
) -> Fit:
    """The best member of `family` on the points i..j-1.

    Parameters
    ----------
    family : Family
        What is fitted.
    series : Series
        Steps, rates and tolerances.
    i, j : int
        The window.
    fixed : mapping, optional
        Values of those q that are given rather than fitted.
    start : ndarray, optional
        One more starting point.
    begin, end : float, optional
        Steps that count as x = 0 and x = 1, where these are not the first and the one after the last.
    enough : float
        Residual over tolerance at which the search may stop; 0 searches to the end.
    """
    index = window(series, i, j)
    origin = float(series.t[i]) if begin is None else begin
    length = (float(series.t[j - 1]) + 1 if end is None else end) - origin
    x, y, tol = (series.t[index] - origin) / length, series.y[index], series.tol[index]
    search = _Search(family, x, y, (tol.min() / tol) ** 2, tol, dict(fixed or {}))
    grid = np.vstack([family.grid, _just_after(family, float(x[1])) if len(x) > 1 else family.grid[:0]])
    q, a, b, excess = search.best(grid, start, enough)
    return Fit(family, q, a, b, origin, length, excess)


def _just_after(family: Family, step: float) -> Array:
    """Starting points for a window that begins one step after the shape does, as after a kink."""
    if family.ends == (0, None):
        rows = family.grid.copy()
        rows[:, 0] = step / (1 + step)
        return rows
    if family.ends != (0, 1):
        return family.grid[:0]
    rows = np.repeat(family.grid[:1], len(_WIDTHS), axis=0)
    rows[:, 0], rows[:, 1] = _WIDTHS * step / (1 + step), _WIDTHS
    return rows


def _apart(grid: Array, cost: Array, most: int, shift: int = 0) -> list[int]:
    """Rows to start from: the cheapest, then the cheapest of those far from the ones taken."""
    left, taken = np.isfinite(cost), []
    while left.any() and len(taken) < most:
        k = int(np.argmin(np.where(left, cost, np.inf)))
        taken.append(k)
        far = np.abs(grid - grid[k]) > 0.5 * np.abs(grid[k]) + 0.02
        left &= far.any(axis=1)
    return [k + shift for k in taken]


@dataclass(frozen=True)
class _Search:
    family: Family
    x: Array
    y: Array
    w: Array
    tol: Array
    fixed: dict[int, float]
    free: list[int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "free", [k for k in range(len(self.family.low)) if k not in self.fixed])

    def best(self, grid: Array, start: Array | None, enough: float) -> tuple[Array, float, float, float]:
        # What was right for a shorter window is the likeliest here; then the grid has one more say.
        rows = grid if start is None else np.vstack([start[None], grid])
        for k, value in self.fixed.items():
            rows[:, k] = value
        if not self.free:
            rows = rows[:1]
        residual, _, _ = self.project(rows)
        cost = np.nan_to_num(np.sum(self.w * residual**2, axis=1), nan=np.inf)
        order = (
            _apart(rows, cost, 1 if len(self.free) < 2 else _STARTS)
            if start is None
            else [0, *_apart(rows[1:], cost[1:], 1, 1)]
        )
        q, r, c = rows[0], residual[0], np.inf
        for k in order if self.free else [0]:
            found = (rows[k], residual[k], float(cost[k]))
            found = self.descend(*found, enough) if self.free and np.isfinite(cost[k]) else found
            if found[2] < c:
                q, r, c = found
            if np.max(np.abs(r) / self.tol) <= max(enough, 1e-3):
                break
        residual, a, b = self.project(q[None])
        excess = float(np.max(np.abs(residual[0]) / self.tol))
        return q, float(a[0]), float(b[0]), excess if np.isfinite(excess) else np.inf

    def project(self, q: Array) -> tuple[Array, Array, Array]:
        """Residuals (g, m) at the best a and b of each row of `q`, with these."""
        with np.errstate(all="ignore"):
            f = self.family.curve(self.x, q)
            total = self.w.sum()
            middle = f @ self.w / total
            level = float(self.y @ self.w / total)
            bent, rest = f - middle[:, None], self.y - level
            scale = (bent**2) @ self.w
            b = np.where(scale > 0, bent @ (self.w * rest) / np.where(scale > 0, scale, 1), 0.0)
            return rest - b[:, None] * bent, level - b * middle, b

    def descend(self, q: Array, r: Array, cost: float, enough: float) -> tuple[Array, Array, float]:
        """Levenberg-Marquardt with bounds, from `q`."""
        low, high, free = self.family.low, self.family.high, self.free
        damping, root = 1e-3, np.sqrt(self.w)
        costs = [cost]
        for _ in range(_ROUNDS):
            if np.max(np.abs(r) / self.tol) <= enough:
                break
            if len(costs) > _PATIENCE and cost > 0.3 * costs[-_PATIENCE]:
                break
            costs.append(cost)
            # A forward step that would leave the box is taken backward.
            h = 1e-6 * np.maximum(np.minimum(np.abs(q[free]), 1), 1e-3)
            h = np.where(q[free] + h > high[free], -h, h)
            probes = np.repeat(q[None], len(free), axis=0)
            probes[range(len(free)), free] += h
            slope = ((self.project(probes)[0] - r) / h[:, None] * root).T
            gradient, square = slope.T @ (root * r), slope.T @ slope
            if not np.isfinite(square).all() or not np.diag(square).all():
                break
            moved, corner = False, (range(len(free)), range(len(free)))
            for _ in range(7):
                ridged = square.copy()
                ridged[corner] += damping * square[corner] + 1e-300
                trial = q.copy()
                trial[free] -= np.linalg.solve(ridged, gradient)
                trial = np.minimum(np.maximum(trial, low), high)
                there = self.project(trial[None])[0][0]
                new = float(np.sum(self.w * there**2))
                if np.isfinite(new) and new < cost:
                    moved = True
                    q, r, cost, damping = trial, there, new, max(damping / 10, 1e-14)
                    break
                damping *= 10
            if not moved:
                break
        return q, r, cost
