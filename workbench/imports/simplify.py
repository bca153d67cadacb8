"""Rates that no family describes, as few points joined by straight lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.phase import Phase

Array = NDArray[np.float64]


def knots(t: Array, y: Array, tol: Array) -> NDArray[np.intp]:
    """Indices of points whose straight joins meet all others within their tolerance.

    Douglas and Peucker's splitting at the worst point, one level of all intervals at a time.
    """
    if len(t) < 3:
        return np.arange(len(t))
    bend = np.abs(y[1:-1] - (y[:-2] * (t[2:] - t[1:-1]) + y[2:] * (t[1:-1] - t[:-2])) / (t[2:] - t[:-2]))
    if np.mean(bend > 2 * tol[1:-1]) > 0.5:
        # Mostly noise: to look for what can be left out takes longest there and finds nothing.
        return np.flatnonzero(np.concatenate([[True], bend > 0, [True]]))
    keep = np.array([0, len(t) - 1])
    while True:
        off = np.abs(y - np.interp(t, t[keep], y[keep])) / tol
        owner = np.searchsorted(keep, np.arange(len(t)), side="right")
        worst = np.zeros(len(keep) + 1)
        np.maximum.at(worst, owner, off)
        bad = np.flatnonzero((off > 1) & (off == worst[owner]))
        if not len(bad):
            return keep
        # Of several equally bad points in one interval the first is enough.
        keep = np.sort(np.concatenate([keep, bad[np.unique(owner[bad], return_index=True)[1]]]))


def points(begin: int, end: int, t: Array, y: Array, tol: Array, landing: float) -> Phase:
    """The phase of steps begin..end-1 through the points; `landing` is the rate that comes after it.

    Before its first point and after its last the nearest rate holds.
    """
    kept = knots(t, y, tol)
    steps, rates = t[kept], y[kept]
    if steps[0] > begin:
        steps, rates = np.append(float(begin), steps), np.append(rates[0], rates)
    n = end - begin
    u = np.append((steps - begin) / n, 1.0)
    rates = np.append(rates, landing)
    if np.all(rates == rates[0]):
        return Phase("points", n, float(rates[0]), float(rates[0]))
    args = {"u": u.tolist(), "rate": rates.tolist()}
    return Phase("points", n, float(rates[0]), float(rates[-1]), "points", args=args)
