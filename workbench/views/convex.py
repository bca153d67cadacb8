"""What convex theory says of a schedule: a bound of the last iterate's loss. arXiv 2501.18965."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.params import Param, number
from workbench.views.rates import Rates, numeric, rates_of, suffix_sums

Array = NDArray[np.float64]

_SIZE = Param(1e-50, 1e50)  # so that the bound of any schedule is a floating-point number
_ROUNDED = 1e-15
"""Share of the peak below which a rate at the end is a 0 that was rounded."""


@dataclass(frozen=True)
class ConvexBound:
    """The three terms of the bound, for the rates as they are.

    Attributes
    ----------
    t1, t2, t3 : float
        Distance left to go, noise of the average, and what the last iterate pays beyond the average.
    updates : int
        T, the updates that count: those up to the last rate above 0.
    """

    t1: float
    t2: float
    t3: float
    updates: int

    @property
    def value(self) -> float:
        """The bound for the rates as they are, ``Omega(1) = t1 + t2 + t3``."""
        return self.t1 + self.t2 + self.t3

    @property
    def averaged(self) -> float:
        """The standard bound, of the averaged iterate, ``t1 + t2``."""
        return self.t1 + self.t2

    @property
    def gamma(self) -> float:
        """Factor of all rates that makes the bound smallest, ``gamma* = sqrt(t1 / (t2 + t3))``."""
        return math.sqrt(self.t1) / math.sqrt(self.t2 + self.t3)

    @property
    def best(self) -> float:
        """The bound at the best factor, ``Omega* = 2 sqrt(t1 (t2 + t3))``."""
        return 2 * math.sqrt(self.t1) * math.sqrt(self.t2 + self.t3)

    def at(self, gamma: float) -> float:
        """The bound when every rate is multiplied by `gamma`, ``t1 / gamma + gamma (t2 + t3)``."""
        gamma = number("gamma", gamma, _SIZE)
        return self.t1 / gamma + gamma * (self.t2 + self.t3)


def convex_bound(s: Rates, D: float = 1.0, G: float | ArrayLike = 1.0) -> ConvexBound:
    """Bound of ``f(x_T) - f*`` for subgradient steps with these rates on any convex f.

    With ``S_{a:b} = sum rate_t`` and ``Q_{a:b} = sum rate_t^2 G_t^2`` over t = a .. b, counted from 1,

    ``t1 = D^2 / (2 S_{1:T})``, ``t2 = Q_{1:T} / (2 S_{1:T})``,
    ``t3 = 1/2 sum_{k=1}^{T-1} (rate_k / S_{k+1:T}) (Q_{k:T} / S_{k:T})``.

    Parameters
    ----------
    s : Schedule or array_like, shape (n,)
        A schedule, or the rate of every update.
    D : float
        Distance of the start from a minimiser, ``|x_1 - x*|``, above 0.
    G : float or array_like, shape (n,)
        Bound of the subgradients' norms, above 0: one, or one for each update.

    Returns
    -------
    ConvexBound
        The terms, and from them gamma*, Omega*, and the bound at any factor.

    Raises
    ------
    ValueError
        For rates that are negative or not finite, a highest rate below 1e-50, and D or G outside
        1e-50 to 1e50.

    Notes
    -----
    Rates of 0 at the end move nothing and would make t3 infinite. They are left out, and so are those
    below 1e-15 of the peak, which are zeros that were rounded. T is the last update before them: a
    schedule of T + 1 entries whose last is 0, as the authors write them, and the same without that
    entry have the same bound. Cost and memory are O(n).

    Use it to rank shapes at their best factor by Omega*, and to see by gamma* how the best peak moves
    with the shape and the length; the paper finds both to agree with trainings of language models. The
    bound itself says nothing of a loss in nats.

    References
    ----------
    Schaipp et al., "The Surprising Agreement Between Convex Optimization Theory and Learning-Rate
    Scheduling", 2025, arXiv 2501.18965. Defazio et al., 2023, arXiv 2310.07831, Theorem 10.
    """
    D, rates = number("D", D, _SIZE), rates_of(s)
    peak = float(rates.max())
    if peak < _SIZE.low:
        raise ValueError(f"convex_bound needs a rate of at least {_SIZE.low:g}; the highest is {peak:g}")
    norms = _norms(G, len(rates))
    updates = int(np.flatnonzero(rates > _ROUNDED * peak)[-1]) + 1
    # In units of the peak and of the largest norm no square leaves the range of floating point.
    steepest = float(np.max(norms))
    h = rates[:updates] / peak
    g = norms[:updates] / steepest if np.ndim(norms) else 1.0
    s_from, q_from = suffix_sums(h), suffix_sums((h * g) ** 2)
    noise = peak * steepest**2
    last = float(np.sum(h[:-1] / s_from[1:] * (q_from[:-1] / s_from[:-1])))
    return ConvexBound(
        t1=D**2 / (2 * peak * float(s_from[0])),
        t2=noise * float(q_from[0]) / (2 * float(s_from[0])),
        t3=noise * last / 2,
        updates=updates,
    )


def _norms(G: float | ArrayLike, n: int) -> Array:
    norms = numeric("G", G, "a number or one number for each update")
    if norms.ndim == 0:
        return np.asarray(number("G", G, _SIZE))
    if norms.shape != (n,):
        raise ValueError(
            f"G must be a number or one for each of the {n} updates; got the shape {norms.shape}"
        )
    if not np.all((norms >= _SIZE.low) & (norms <= _SIZE.high)):
        raise ValueError(f"every entry of G must be {_SIZE.allowed}")
    return norms
