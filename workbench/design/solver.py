"""The best member of the smooth family: a bounded quasi-Newton search on a grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.design.grid import grid
from workbench.design.measure import Measure
from workbench.design.spline import LEAST, Spline
from workbench.imports.simplify import knots as few
from workbench.schedule import Phase, Schedule

Array = NDArray[np.float64]

_STARTS = ((0.2, 1.5), (0.5, 1.0), (1.0, 1.0))
"""Share and power of the decays of which the best is where the search begins."""
_NUMERIC = 12
"""Most knots where every derivative costs an evaluation of the law."""
_CLOSE = 2e-4
"""Share of the first rate by which the points may differ from the spline."""
_HELD = 1e-7
"""Share of the first rate below which a fall has not begun."""


def smooth(
    measure: Measure, done: Schedule | None, total: int, start: float, floor: float, fall: float, knots: int
) -> Schedule:
    """The schedule of `total` updates that ends lowest: `done`, then a spline that never rises.

    From `start` it falls by at most `fall` an update to at least `floor`.
    """
    begin = len(done) if done else 0
    count = min(knots if measure.exact else min(knots, _NUMERIC), total - begin)
    family = Spline(total - begin, start, floor, fall, count)
    g = grid(done, total)
    free = g.t >= begin
    values = np.zeros((len(g.t), count))
    values[free] = family.matrix(g.t[free] - begin)
    fixed = np.zeros(len(g.t))
    if done:
        fixed[~free] = done(g.t[~free])
    objective = measure.objective(g)

    def cost(z: Array) -> tuple[float, Array]:
        c = family.coefficients(z)
        value, slopes = objective(fixed + values @ c)
        return value, (family.back(z, c, slopes @ values) if measure.exact else slopes)

    z = _search(cost, min(_begins(family), key=lambda z: cost(z)[0]), measure.exact)
    phases = done.phases if done else ()
    t = np.append(g.t[free] - begin, family.n).astype(float)
    rates = family.matrix(t) @ family.coefficients(z)
    # Sums of products may leave the limits by their last bit.
    rates = np.minimum.accumulate(np.clip(rates, floor, start))
    rates[0] = start
    return Schedule((*phases, *_phases(t, rates)))


def _search(cost, z: Array, exact: bool) -> Array:
    from scipy.optimize import minimize

    def value(z: Array) -> float:
        return cost(z)[0]

    options = {"maxiter": 400 if exact else 60, "maxcor": 20, "ftol": 2e-11, "gtol": 1e-9}
    if not exact:
        options |= {"eps": 1e-4, "ftol": 1e-8}
    bounds = [(LEAST, 1.0)] * len(z)
    found = minimize(
        cost if exact else value, z, jac=exact, method="L-BFGS-B", bounds=bounds, options=options
    )
    return np.clip(found.x, LEAST, 1.0)


def _begins(family: Spline) -> list[Array]:
    """Where a search may begin: power decays over the last part of the run."""
    out = []
    for share, power in _STARTS:
        x = np.clip((family.centres - (1 - share)) / share, 0, 1)
        out.append(family.nearest(family.floor + (family.start - family.floor) * (1 - x) ** power))
    return out


def _phases(t: Array, rates: Array) -> list[Phase]:
    """A stable phase where nothing falls yet, and few points joined by straight lines after it."""
    start, n = float(rates[0]), int(t[-1])
    held = int(np.flatnonzero(rates >= start * (1 - _HELD))[-1])
    # The last point is one update after the last.
    if t[held] >= n - 1:
        return [Phase("stable", n, start, start)]
    stable = [Phase("stable", int(t[held]), start, start)] if held else []
    t, rates = t[held:] - t[held], rates[held:].copy()
    rates[0] = start
    kept = few(t, rates, np.full(len(t), _CLOSE * start))
    args = {"u": (t[kept] / t[-1]).tolist(), "rate": rates[kept].tolist()}
    return [*stable, Phase("decay", int(t[-1]), start, args["rate"][-1], "points", args=args)]
