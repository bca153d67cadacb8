"""Every step before a point as about a hundred nodes, for kernels in the sum of rates between the two.

The convex bound and the effective-rate law sum ``weight_k / distance_k`` over all steps k, the distance a
sum of rates. Nodes are cut where that distance, or the sum from the start, grows by a fixed factor: cut by
steps they would fail where the rate jumps. A node holds the mean and the variance of its steps'
distances, so that what is left out of ``1 / distance`` is of third order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Steps = NDArray[np.intp]

GROWTH = 0.35
"""By how much each node is farther from its point, and from the start, than the one before."""
_LEAST = 1e-9
"""Rates below this share of the highest count as this share."""
_EARLY = 1e-3
"""The share of the whole sum of rates from which on nodes are also graded from the start."""
_STRETCH = 300.0
"""Exponents beyond this are summed in stretches of their own, so that none overflows."""


@dataclass(frozen=True, eq=False)
class Past:
    """Nodes of n points, m for each, in the order of time; an empty node holds no sum.

    Parameters
    ----------
    rate : array, shape (n,)
        Rate of each point.
    sums, squares : array, shape (n, m)
        Sums of the rates, and of the squared rates, of the steps in a node.
    offset, variance : array, shape (n, m)
        Sum of the rates from a step, itself included, to the end of its node: mean and variance over
        the steps, weighted by their squared rates.
    """

    rate: Array
    sums: Array
    squares: Array
    offset: Array
    variance: Array
    _rates: Array
    _edges: Steps
    _known: dict[float, tuple[Array, ...]] = field(default_factory=dict)

    def balance(self, decay: float) -> tuple[Array, ...]:
        """What ``q <- q exp(-2 decay rate) + rate^2`` makes of q = 1 and of q = 0.

        Four arrays (n, m + 1), before each node and, last, after the point: the factor of the first q,
        what was added, and the derivatives of both in `decay`.
        """
        if decay not in self._known:
            s, factor, added, moment = (each[self._edges] for each in _balance(self._rates, decay))
            self._known.clear()
            self._known[decay] = factor, added, -2 * s * factor, -2 * (s * added - moment)
        return self._known[decay]


def past(rates: Array, steps: Steps) -> Past:
    """The past of the points at `steps` (n,) of a schedule with the `rates` (total,)."""
    h = np.maximum(rates, _LEAST * rates.max())
    low, high = _edges(h, steps)
    c = np.concatenate([[0.0], np.cumsum(h)])
    squares, place, variance = _nodes(h, c[:-1], low, high)
    return Past(
        rate=rates[steps],
        sums=c[high] - c[low],
        squares=squares,
        offset=c[high] - place,
        variance=variance,
        _rates=rates,
        _edges=np.concatenate([low, high[:, -1:]], axis=1),
    )


def bound_kernel(rates: Array, steps: Steps) -> Array:
    """``rate_T + sum_{k<T} rate_k^2 / (S_T - S_k)`` at the `steps` T (n,), S_k the sum of rates up to k.

    A rate of 0 moves nothing: the sum is then that of the last step before it that did.
    """
    moved = rates > _LEAST * rates.max()
    h = rates[moved]
    at = np.maximum(np.cumsum(moved)[steps] - 1, 0)
    low, high = _edges(h, at)
    c = np.concatenate([[0.0], np.cumsum(h)])
    squares, place, variance = _nodes(h, c[1:], low, np.minimum(high, at[:, None]))
    distance = c[at + 1][:, None] - place
    inverse = 1 / np.where(squares > 0, distance, 1.0)
    return h[at] + np.sum(squares * inverse * (1 + variance * inverse**2), axis=1)


def _nodes(h: Array, place: Array, low: Steps, high: Steps) -> tuple[Array, Array, Array]:
    """Of the steps low to high - 1: the sum of h^2, and with these weights mean and variance of `place`."""
    low = np.minimum(low, high)
    count, last = high - low, np.maximum(high - 1, 0)
    weight = h**2
    moment = weight * place
    prefix = (np.concatenate([[0.0], np.cumsum(each)]) for each in (weight, moment, moment * place))
    squares, first, second = (each[high] - each[low] for each in prefix)
    squares = np.where(count > 1, squares, np.where(count == 1, h[last] ** 2, 0.0))
    safe = np.where(squares > 0, squares, 1.0)
    # Where a schedule ends near 0 the sums differ by less than they are rounded: stay inside the node.
    low_end, high_end = place[np.minimum(low, last)], place[last]
    mean = np.clip(first / safe, low_end, high_end)
    variance = np.clip(second / safe - mean**2, 0, (high_end - low_end) ** 2 / 4)
    return squares, mean, variance


def _edges(h: Array, steps: Steps) -> tuple[Steps, Steps]:
    """First steps, and those after the last, of the nodes of each point, as two arrays (n, m)."""
    c = np.concatenate([[0.0], np.cumsum(h)])
    total, own = c[steps + 1], h[steps]
    count = int(np.ceil(np.log(np.max(total / own)) / np.log1p(GROWTH))) + 1
    ratio = (total / own) ** (1 / count)
    back = total[:, None] - own[:, None] * ratio[:, None] ** np.arange(count + 1)
    # The step beside the point is a node of its own, wherever rounding puts its edge.
    ends = np.searchsorted(c, np.maximum(back, 0.0).ravel()).reshape(back.shape)
    ends[:, 0] = steps
    first, last = max(float(h[0]), _EARLY * c[-1]), float(c[-1])
    grown = first * (1 + GROWTH) ** np.arange(np.ceil(np.log(last / first) / np.log1p(GROWTH)) + 1)
    start = np.concatenate([[0], np.searchsorted(c, grown)])
    here = steps[:, None]
    edges = np.concatenate([np.broadcast_to(start, (len(steps), len(start))), ends, here + 1], axis=1)
    edges = np.sort(np.minimum(edges, here + 1), axis=1)
    return edges[:, :-1], edges[:, 1:]


def _balance(rates: Array, decay: float) -> tuple[Array, Array, Array, Array]:
    """Before each step and after the last: S, the factor of the first q, what was added, and its moment.

    What was added is ``sum_{k<t} rate_k^2 exp(-2 decay (S_t - S_{k+1}))``, S_t the sum before step t, and
    the moment has the terms times S_{k+1}. Each is one cumulative sum of growing terms in every stretch
    of S in which their growth stays finite.
    """
    s = np.concatenate([[0.0], np.cumsum(rates)])
    square = rates**2
    factor, added, moment = np.ones_like(s), np.zeros_like(s), np.zeros_like(s)
    stretches = np.arange(0.0, max(2 * decay * float(s[-1]), _STRETCH), _STRETCH)
    begins = np.unique(np.minimum(np.searchsorted(s, stretches / (2 * decay)), len(rates) - 1))
    for a, b in zip(begins, [*begins[1:], len(rates)], strict=True):
        fade = np.exp(-2 * decay * (s[a + 1 : b + 1] - s[a]))
        grown = square[a:b] / fade
        factor[a + 1 : b + 1] = fade * factor[a]
        added[a + 1 : b + 1] = fade * (added[a] + np.cumsum(grown))
        moment[a + 1 : b + 1] = fade * (moment[a] + np.cumsum(grown * s[a + 1 : b + 1]))
    return s, factor, added, moment
