"""The best convex bound of any rates at all: what a schedule by theory alone can at most reach."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.design.grid import Grid
from workbench.design.kernels import bound
from workbench.params import Param, number

Array = NDArray[np.float64]

_TOTAL = Param(2, 5000, unit="steps")


def best_bound(total: int) -> tuple[float, Array]:
    """Smallest convex bound that any `total` rates have at their best factor, for D = G = 1.

    Parameters
    ----------
    total : int
        Updates, 2 to 5,000.

    Returns
    -------
    float
        The bound.
    array, shape (total,)
        The rates, in units of the highest.

    Raises
    ------
    ValueError
        For a total outside its range.

    Notes
    -----
    Use it as the floor of `optimise` without a fit. The rates fall in a nearly straight line, and the
    last one rises again to more than twice the one before: an artefact of the bound, which charges the
    last update less than the others. Without it, in rates that never rise, the bound is higher by
    0.5 % at 100 updates and 0.06 % at 1,000.

    References
    ----------
    Schaipp et al., 2025, arXiv 2501.18965, section on the best schedule.
    """
    from scipy.optimize import minimize

    total = int(number("total", total, _TOTAL, integer=True))
    final = bound(Grid(np.arange(total)))

    def cost(logs: Array) -> tuple[float, Array]:
        rates = np.exp(logs)
        value, slopes = final(rates)
        return value, slopes * rates

    start = np.log(1 - np.arange(total) / total)
    options = {"maxiter": 5000, "maxfun": 10_000, "ftol": 1e-15, "gtol": 1e-11, "maxcor": 30}
    found = minimize(cost, start, jac=True, method="L-BFGS-B", options=options)
    rates = np.exp(found.x - found.x.max())
    return float(found.fun), rates
