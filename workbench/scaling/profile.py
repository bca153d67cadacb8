"""Profile likelihood of a parameter: the best that the others can do while it is held.

The Huber loss is the logarithm of a density with a normal middle and exponential tails, at a temperature
that is fitted too; twice the loss of log likelihood is then chi-squared for a parameter that is right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.files import short
from workbench.params import known
from workbench.scaling.fit import WIDE
from workbench.scaling.newton import DELTA, minimise
from workbench.scaling.result import ScalingFit
from workbench.scaling.table import quantity

Array = NDArray[np.float64]
_CRITICAL = 2.7055434540954
"""90 % quantile of chi-squared with one degree of freedom."""
_POINTS = 61


@dataclass(frozen=True, eq=False)
class Profile:
    """A profile likelihood.

    Parameters
    ----------
    name : str
        The parameter.
    value : array, shape (m,)
        Where it was held, increasing.
    objective : array, shape (m,)
        Sum of Huber losses, the other parameters fitted anew.
    deviance : array, shape (m,)
        Twice the log likelihood lost against the optimum.
    interval : tuple of float
        Where the deviance is below 2.71, 90 %; an infinity where it stays below to the end of `value`.
    """

    name: str
    value: Array
    objective: Array
    deviance: Array
    interval: tuple[float, float]


def profile(fit: ScalingFit, name: str, values: ArrayLike | None = None) -> Profile:
    """Profile likelihood of one free parameter.

    Parameters
    ----------
    fit : ScalingFit
        Of any law.
    name : str
        One of its free parameters.
    values : array_like, shape (m,), optional
        Where to hold it; 61 values around the optimum, out to where the deviance is above 2.71, without.

    Raises
    ------
    ValueError
        For a name that is not a free parameter, or values that are not above 0.

    Notes
    -----
    It needs no resampling and shows a parameter that is open on one side, which an interval from
    standard errors hides. It takes the runs' noise to be alike and independent: where it is not, trust the
    bootstrap of pairs.
    """
    known(fit.free, [name], f"the free parameters of {fit.law}")
    optimum = fit.params[name]
    if values is not None:
        at = np.unique(quantity("values", values))
        if len(at) < 3:
            raise ValueError(f"values must be at least 3 different numbers; got {short(values)}")
        objective = _objectives(fit, name, at)
    else:
        width = 0.02
        while True:
            # In logarithms, as exponents and amplitudes are judged, and wider until the ends are lost.
            at = optimum * np.exp(np.linspace(-width, width, _POINTS))
            objective = _objectives(fit, name, at)
            ends = deviance(objective[[0, -1]], fit.objective, len(fit.points))
            if width > 8 or ends.min() > 1.5 * _CRITICAL:
                break
            width *= 2
    lost = deviance(objective, fit.objective, len(fit.points))
    return Profile(name, at, objective, lost, _interval(at, lost, optimum))


def deviance(objective: Array, least: float, n: int) -> Array:
    """Twice the log likelihood lost when the objective of n runs is `objective` and not `least`."""
    return 2 * (np.array([_loss(float(f), n) for f in objective]) - _loss(least, n))


def _loss(objective: float, n: int) -> float:
    """Negative log likelihood at the best temperature."""
    from scipy.optimize import minimize_scalar
    from scipy.special import erf

    def at(log: float) -> float:
        t = np.exp(log)
        middle = np.sqrt(2 * np.pi * t) * erf(DELTA / np.sqrt(2 * t))
        return objective / t + n * np.log(middle + 2 * t / DELTA * np.exp(-(DELTA**2) / (2 * t)))

    mean = max(objective / n, 1e-300)
    # Normal residuals have a temperature of twice the mean loss, exponential ones of the mean loss.
    found = minimize_scalar(at, bounds=(np.log(mean) - 3, np.log(mean) + 3), method="bounded")
    return float(found.fun)


def _objectives(fit: ScalingFit, name: str, values: Array) -> Array:
    bound, y = fit.bound, np.log(fit.points.loss)
    others = [bound.hold(key, value) for key, value in fit.fixed.items()]
    along, starts = [], []
    for value in values:
        rows, targets = zip(*[bound.hold(name, float(value)), *others], strict=True)
        c, d, z = np.array(rows), np.array(targets), np.array(fit.coordinates)
        along.append(c)
        starts.append(z - np.linalg.pinv(c) @ (c @ z - d))
    ones, start = np.ones(len(y)), np.array(starts)
    ends = [
        minimise(bound, y, start, ones, along=np.array(along), widths=widths, tolerance=1e-10)
        for widths in ((1.0,), (WIDE, 1.0))
    ]
    return np.minimum(ends[0].cost, ends[1].cost)


def _interval(at: Array, lost: Array, optimum: float) -> tuple[float, float]:
    ends = []
    for side, open_end in ((at <= optimum, -np.inf), (at >= optimum, np.inf)):
        x, up = at[side], lost[side]
        if open_end < 0:
            x, up = x[::-1], up[::-1]
        above = np.flatnonzero(up > _CRITICAL)
        if not len(above):
            ends.append(open_end)
            continue
        k = int(above[0])
        x0, u0 = (x[k - 1], up[k - 1]) if k else (optimum, 0.0)
        ends.append(float(x0 + (x[k] - x0) * (_CRITICAL - u0) / (up[k] - u0)))
    return ends[0], ends[1]
