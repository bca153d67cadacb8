"""Final loss of a run as a function of its rates on a grid, with its exact gradient, for each law.

A law sums a kernel over the past of the last update; here the rate is linear between the steps of a
grid, each cell is one term, and the gradient goes back through the same sums: one pass for all rates.
Inside a cell the rate falls gradually, so that nothing is to be gained by breaking a fall into stairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from workbench.design.grid import Grid
from workbench.design.kernels import fitted_bound
from workbench.design.norms import effective_rate

Array = NDArray[np.float64]
Final = Callable[[Array], tuple[float, Array]]
_TINY = 1e-12
"""Share of the highest rate that a rate of 0 counts as where it is raised to a power or divided by."""


def power(g: Grid, L0: float, A: float, alpha: float) -> Final:
    """Of the plain power of the sum of rates."""

    def final(rates: Array) -> tuple[float, Array]:
        s = float(g.left(rates)[0])
        value = A * s**-alpha
        return L0 + value, g.sum_back(0, -alpha * value / s)

    return final


def multipower(
    g: Grid,
    L0: float,
    A: float,
    alpha: float,
    B: float,
    C: float,
    beta: float,
    gamma: float,
    *,
    later: bool = False,
) -> Final:
    """Of the multi-power law; of the changes after the warmup only, if `later`."""

    def final(rates: Array) -> tuple[float, Array]:
        a, b = rates[:-1], rates[1:]
        left = g.left(rates)
        some = 1.0 if not later else _later(rates)
        change = (b - a) * some
        mean = g.mean_a * a + g.mean_b * b + _TINY * rates.max()
        area = left[1:] + g.inner_a * a + g.inner_b * b + _TINY * left[0]
        reach = C * mean**-gamma * area
        unpaid = (1 + reach) ** -beta
        value = A * left[0] ** -alpha
        paid = B * (1 - unpaid) * some
        by_log = B * beta * change * unpaid * reach / (1 + reach)
        by_area, by_mean = by_log / area, -gamma * by_log / mean
        slopes = g.left_back(np.concatenate([[-alpha * value / left[0]], by_area]))
        slopes[:-1] += -paid + by_mean * g.mean_a + by_area * g.inner_a
        slopes[1:] += paid + by_mean * g.mean_b + by_area * g.inner_b
        return L0 + value + B * float(change @ (1 - unpaid)), slopes

    return final


def annealing(
    g: Grid, L0: float, A: float, alpha: float, C: float, memory: float, *, later: bool, peak: bool = False
) -> Final:
    """Of the annealing law: drops count from the peak on if `later`, the warmup as at the peak if `peak`."""
    keep = np.log1p(-1 / memory)
    # The mean over the changes of a cell of memory (1 - lambda^age), a geometric sum.
    unpaid = np.exp(keep * (g.total - g.t[1:])) * -np.expm1(keep * g.n) * memory / g.n
    paid = C * memory * (1 - unpaid)

    def final(rates: Array) -> tuple[float, Array]:
        weight = paid * _later(rates) if later else paid
        first = int(np.argmax(rates[1:] <= rates[:-1])) if peak else 0
        s = float(g.left(rates)[first]) + float(g.t[first]) * rates[first]
        value = A * s**-alpha
        by_s = -alpha * value / s
        slopes = g.sum_back(first, by_s)
        slopes[first] += by_s * g.t[first]
        slopes[:-1] -= weight
        slopes[1:] += weight
        return L0 + value + float(weight @ np.diff(rates)), slopes

    return final


def functional(
    g: Grid, L0: float, c1: float, s: float, c2: float, c3: float, c4: float, gamma: float
) -> Final:
    """Of the functional scaling law: of the drops only, each worth more while much is to learn."""

    def final(rates: Array) -> tuple[float, Array]:
        a, b = rates[:-1], rates[1:]
        left = g.left(rates)
        # Where the rate is flat the slope is that of a drop: nothing here can rise.
        drop = b <= a
        inner_a, inner_b = g.inner_a - g.mean_a, g.inner_b - g.mean_b
        # Sum of the rates after a change, the rate that it leads to not counted.
        since = np.maximum(left[1:] + inner_a * a + inner_b * b, 0.0)
        then = np.maximum(left[0] - since, _TINY * left[0])
        early = then**-s
        unpaid = (1 + c4 * since) ** -gamma
        worth = c2 * (c3 + early) * drop
        change = b - a
        value = c1 * left[0] ** -s
        by_then = -s * c2 * change * drop * (1 - unpaid) * early / then
        by_since = change * worth * gamma * c4 * unpaid / (1 + c4 * since) - by_then
        slopes = g.left_back(np.concatenate([[-s * value / left[0] + by_then.sum()], by_since]))
        paid = worth * (1 - unpaid)
        slopes[:-1] += -paid + by_since * inner_a
        slopes[1:] += paid + by_since * inner_b
        return L0 + value + float(change @ paid), slopes

    return final


def _later(rates: Array) -> Array:
    """Whether each cell lies after the first rise of the rate, the warmup."""
    return (np.cumsum(rates[1:] <= rates[:-1]) > 0).astype(float)


FINALS: Mapping[str, Callable[..., Final]] = {
    "annealing": partial(annealing, later=False),
    "annealing_peak": partial(annealing, later=True, peak=True),
    "annealing_s1": partial(annealing, later=True),
    "bound": fitted_bound,
    "effective_rate": effective_rate,
    "functional": functional,
    "multipower": multipower,
    "multipower_later": partial(multipower, later=True),
    "power": power,
}
"""Registered laws whose gradient is known."""
