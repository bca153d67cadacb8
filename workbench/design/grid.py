"""A run seen from its end: a few hundred steps, dense near the end, with the rate linear in between."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.schedule import Schedule

Array = NDArray[np.float64]

_EVERY = 1500
"""Runs of at most so many updates are kept step by step."""
_GRADED, _EVEN, _UNIT = 220, 60, 16


@dataclass(frozen=True, eq=False)
class Grid:
    """Steps of a run and the sums over what lies between them, exact for rates that are linear there.

    Parameters
    ----------
    t : array of int, shape (m,)
        Increasing steps, the first 0, the last that of the last update.
    """

    t: NDArray[np.intp]
    n: Array = field(init=False)
    sum_a: Array = field(init=False)
    sum_b: Array = field(init=False)
    inner_a: Array = field(init=False)
    inner_b: Array = field(init=False)
    mean_a: Array = field(init=False)
    mean_b: Array = field(init=False)

    def __post_init__(self) -> None:
        n = np.diff(self.t).astype(float)
        inner = (n - 1) * (2 * n - 1) / (6 * n)
        values = {
            "n": n,
            # Sum of the rates of the steps a .. b - 1.
            "sum_a": (n + 1) / 2,
            "sum_b": (n - 1) / 2,
            # Sum of the rates from a change to b - 1, averaged over the changes at a + 1 .. b.
            "inner_a": (n - 1) / 2 - inner,
            "inner_b": inner,
            # Rate after a change, averaged over them.
            "mean_a": (n - 1) / (2 * n),
            "mean_b": (n + 1) / (2 * n),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def total(self) -> int:
        """Updates of the run."""
        return int(self.t[-1]) + 1

    def left(self, rates: Array) -> Array:
        """Sum of the rates from each of the steps to the end, itself and the last included, shape (m,)."""
        cells = self.sum_a * rates[:-1] + self.sum_b * rates[1:]
        out = np.empty(len(rates))
        out[-1] = rates[-1]
        out[:-1] = np.cumsum(cells[::-1])[::-1] + rates[-1]
        return out

    def sum_back(self, first: int, slope: float) -> Array:
        """Derivatives in the rates of what has the derivative `slope` in ``left[first]``."""
        at = np.zeros(len(self.t))
        at[first] = slope
        return self.left_back(at)

    def left_back(self, slopes: Array) -> Array:
        """Derivatives in the rates of what has the derivatives `slopes` (m,) in `left`."""
        before = np.cumsum(slopes)
        out = np.zeros(len(slopes))
        out[:-1] += self.sum_a * before[:-1]
        out[1:] += self.sum_b * before[:-1]
        out[-1] += before[-1]
        return out


def grid(done: Schedule | None, total: int) -> Grid:
    """The grid of a run of `total` updates whose first ones, `done`, are fixed."""
    begin, last = (len(done) if done else 0), total - 1
    if total <= _EVERY:
        return Grid(np.arange(total))
    x = np.linspace(0, 1, _GRADED + 1)
    free = begin + (last - begin) * np.concatenate([1 - (1 - x) ** 2, np.linspace(0, 1, _EVEN + 1)])
    parts = [np.rint(free), last - np.arange(min(_UNIT, last - begin)), np.array([0, begin])]
    if done:
        edges = np.array([span.start for span in done.spans()] + [begin])
        parts += [edges, np.maximum(edges - 1, 0)]
        for start, stop in zip(edges[:-1], edges[1:], strict=True):
            parts.append(np.rint(np.linspace(start, stop - 1, 9)))
    return Grid(np.unique(np.concatenate(parts)).astype(np.intp))
