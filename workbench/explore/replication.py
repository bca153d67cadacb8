"""The replication of Chinchilla as figures and tables: what the runs say, and what was said of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.explore import convexity
from workbench.scaling import Frontier, Points, ScalingFit, constants, corrections, fit, isoflop
from workbench.scaling.newton import DELTA
from workbench.views.table import Table

Array = NDArray[np.float64]
BUDGETS = (6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21)
"""Budgets of the second approach of arXiv 2203.15556."""


def residuals(fitted: ScalingFit, names: Sequence[str] = ("hoffmann", "hoffmann_unrounded")) -> Any:
    """What each set of constants misses, in percent, against compute, as a running mean over 25 runs."""
    points = fitted.points
    order = np.argsort(points.compute)
    smooth = np.ones(25) / 25
    rows = {"our optimum": np.expm1(-fitted.residuals)}
    for name in names:
        one = constants.get(name)
        said = fitted.entry.function(points, **one.params)
        rows[one.title] = said / points.loss - 1
    x = np.exp(np.convolve(np.log(points.compute[order]), smooth, "valid"))
    lines = {name: (x, 100 * np.convolve(error[order], smooth, "valid")) for name, error in rows.items()}
    note = "Data: runs read off figure 4 of arXiv 2203.15556. Split: none. Law: Chinchilla."
    return convexity.figure(lines, x="compute (FLOPs)", y="predicted over measured, %", caption=note, log="x")


def dropping(points: Points, counts: Sequence[int] = (0, 1, 2, 3, 5, 8, 12)) -> Table:
    """The fit when the highest losses are left out, one after the other."""
    rows = []
    for count in counts:
        found = fit("chinchilla", points.without_worst(count))
        p = found.params
        rows.append({"left out": count, **p, "exponent of size": p["beta"] / (p["alpha"] + p["beta"])})
    return Table("The fit without the highest losses", tuple(rows))


def stopped(points: Points, mean: bool, quick: bool = False) -> tuple[dict[str, float], float]:
    """Where a usual solver with its usual tolerances ends, at its best over a grid of starts.

    The objective is that of the papers; `mean` divides it by the number of runs, so that the solver's
    absolute tolerances are met long before the optimum.

    Returns
    -------
    params, objective
        The objective as a sum in either case.
    """
    from scipy.optimize import minimize
    from scipy.special import huber, logsumexp

    y, n, d = np.log(points.loss), np.log(points.n_params), np.log(points.tokens)
    share = 1 / len(points) if mean else 1.0

    def cost(z: Array) -> tuple[float, Array]:
        terms = np.stack([z[0] - z[1] * n, z[2] - z[3] * d, np.full(len(y), z[4])])
        log = logsumexp(terms, axis=0)
        p, pull = np.exp(terms - log), np.clip(log - y, -DELTA, DELTA)
        slopes = [p[0], -p[0] * n, p[1], -p[1] * d, p[2]]
        return share * huber(DELTA, log - y).sum(), share * np.array([(pull * s).sum() for s in slopes])

    grid = list(product((0, 10, 20), (0, 0.5, 1), (0, 10, 20), (0, 0.5, 1), (0, 0.5)))
    ends = [
        minimize(cost, np.array(z, float), jac=True, method="L-BFGS-B") for z in grid[:: 6 if quick else 1]
    ]
    best = min(ends, key=lambda end: end.fun)
    a, alpha, b, beta, e = best.x
    params = {"E": np.exp(e), "A": np.exp(a), "alpha": alpha, "B": np.exp(b), "beta": beta}
    return {name: float(value) for name, value in params.items()}, float(best.fun / share)


def story(data: str = "rw") -> Any:
    """Best size against compute along the corrections, one line each."""
    lines, dots = {}, {}
    if not corrections.there():
        for row in corrections.story().rows:
            ends = np.array([1e17, 1e20])
            name = f"{row['corrected']}: {row['published']:.2f}"
            lines[name] = (ends, 1e7 * (ends / ends[0]) ** row["published"])
        note = "The runs are not here. Slopes as published by Porian et al., all drawn through one point."
        return convexity.figure(
            lines, x="compute (FLOPs)", y="best size (parameters)", caption=note, log="xy"
        )
    for switches in corrections.STORY:
        found = isoflop(corrections.runs(switches, data), minimum="akima", noise=corrections.SEED_NOISE)
        name = f"{switches.words}: {found.exponent_n:.2f}"
        ends = np.array([found.compute.min() / 2, found.compute.max() * 2])
        lines[name], dots[name] = (ends, found.n_params_at(ends)), (found.compute, found.n_params)
    note = "Data: Porian et al. (arXiv 2406.19146), minimum of each budget. No split. Line: power law."
    return convexity.figure(
        lines, dots=dots, x="compute (FLOPs)", y="best size (parameters)", caption=note, log="xy"
    )


def frontiers(found: Sequence[Frontier]) -> Any:
    """Best size against compute by several approaches, and Hoffmann's third approach as printed."""
    lines, dots = {}, {}
    ends = np.geomspace(5e18, 1e24, 30)
    for one in found:
        name = f"{one.method}: {one.exponent_n:.3f}"
        lines[name] = (ends, one.n_params_at(ends))
        if one.method == "isoflop":
            dots[name] = (one.compute, one.n_params)
    printed = constants.get("hoffmann")
    lines["Hoffmann et al., third approach as printed"] = (ends, printed.best(ends)[0])
    note = "Data: runs read off figure 4 of arXiv 2203.15556. No split. Dots: parabola of each budget."
    return convexity.figure(
        lines, dots=dots, x="compute (FLOPs)", y="best size (parameters)", caption=note, log="xy"
    )
