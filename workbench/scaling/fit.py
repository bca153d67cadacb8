"""Fit a scaling law to a table of runs: the true optimum, with no start given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import registry
from workbench.params import Param, known, number
from workbench.scaling import degenerate
from workbench.scaling.form import BoundForm, best
from workbench.scaling.newton import huber, minimise
from workbench.scaling.reading import points
from workbench.scaling.result import ScalingFit

Array = NDArray[np.float64]
_ROUGH = 1e-4
_POLISHED = 1e-14
_TOLD = 1e-4
"""Share of the objective that a parameter's move to an end of its range must cost, to be told from it."""
WIDE = 10.0
"""Besides the Huber loss as it is, one that begins so much wider: it finds other optima near by."""


def fit(
    law: str | Callable[..., Any],
    data: Any,
    *,
    fixed: Mapping[str, float] | None = None,
    starts: int | None = None,
) -> ScalingFit:
    """Fit a law by the sum of Huber losses (width 1e-3) of log predicted minus log measured loss.

    Parameters
    ----------
    law : str or law
        "chinchilla", or any other of `workbench.scaling.laws`.
    data : Points, or anything that `points` reads
        Finished runs.
    fixed : mapping, optional
        Parameters that are held at a value: ``{"alpha": 0.34}``.
    starts : int, optional
        How many starts, the most promising of a grid, are followed to their optimum: 3 for sums of powers,
        more for laws whose optimum is harder to find.

    Returns
    -------
    ScalingFit

    Raises
    ------
    ValueError
        For data that do not determine the law: one size, one budget, size and tokens that grow together,
        fewer runs than parameters, wrong units, missing or negative losses; for an unknown law or parameter;
        or for a parameter held where no fit looks, such as an exponent of 5.

    Notes
    -----
    The objective is a sum, not a mean: a mean is so small that solvers stop early, far from the optimum.

    Examples
    --------
    >>> import workbench as wb
    >>> fit = wb.scaling.fit("chinchilla", wb.scaling.load("chinchilla"))  # doctest: +SKIP
    >>> fit.params["alpha"], fit.intervals["alpha"]  # doctest: +SKIP
    """
    name = law if isinstance(law, str) else getattr(law, "__name__", law)
    entry = registry.get("scaling", name)
    tries = entry.form.tries if starts is None else starts
    tries = int(number("starts", tries, Param(1, 1000), integer=True))
    table = points(data)
    fixed = dict(fixed or {})
    known(entry.form.names, list(fixed), f"law {entry.name}")
    signed = {field.name for field in entry.fields if isinstance(field.param, Param) and field.param.low < 0}
    for key, value in fixed.items():
        allowed = Param(-np.inf, np.inf) if key in signed else Param(0, np.inf, open_low=True)
        fixed[key] = number(key, value, allowed)
    free = tuple(key for key in entry.form.names if key not in fixed)
    if not free:
        raise ValueError(f"fixed must leave at least one parameter free; it holds all of {', '.join(fixed)}")
    if not fixed:
        degenerate.check(table, entry.form.columns, len(free), entry.form.floor, entry.name)
    elif len(table) <= len(free):
        raise ValueError(f"{entry.name} with {len(free)} free parameters needs more runs; got {len(table)}")
    bound = entry.form.bind(table)
    z, cost, converged = optimum(bound, np.log(table.loss), fixed, tries)
    params = dict(zip(entry.form.names, map(float, bound.params(z[None])[0]), strict=True))
    for key, value in fixed.items():
        if not np.isclose(params[key], value, rtol=1e-6):
            raise ValueError(
                f"fixed must hold {key} where a fit of these runs looks for it; got {value:g}, and the "
                f"nearest is {params[key]:.4g}"
            )
    params.update(fixed)
    return ScalingFit(
        law=entry.name,
        params=params,
        objective=cost,
        converged=converged,
        at_bound=_at_bound(bound, np.log(table.loss), z, cost, free, entry.form.names),
        points=table,
        free=free,
        coordinates=tuple(map(float, z)),
    )


def optimum(bound: BoundForm, y: Array, fixed: Mapping[str, float], starts: int) -> tuple[Array, float, bool]:
    """Coordinates (p,) of the lowest optimum found, its objective, and whether it converged."""
    ones = np.ones(len(y))
    tried = bound.starts(y, 10 * starts if fixed else starts)
    if fixed:
        tried = best(bound, y, np.clip(held(bound, fixed, tried)[1], bound.low, bound.high), starts)
    along, tried = held(bound, fixed, np.tile(tried, (2, 1)))
    first = np.where(np.arange(len(tried)) < len(tried) // 2, 1.0, WIDE)
    rough = minimise(bound, y, tried, ones, along=along, widths=(first, 1.0), tolerance=_ROUGH)
    z = rough.z[np.argmin(rough.cost)]
    along = None if along is None else along[:1]
    end = minimise(bound, y, z[None], ones, along=along, tolerance=_POLISHED)
    return end.z[0], float(end.cost[0]), bool(end.converged[0])


def held(bound: BoundForm, fixed: Mapping[str, float], z: Array) -> tuple[Array | None, Array]:
    """Directions (S, m, p) in which fits may not move, and coordinates (S, p) moved to where they hold."""
    if not fixed:
        return None, z
    rows, values = zip(*(bound.hold(name, value) for name, value in fixed.items()), strict=True)
    c, d = np.array(rows), np.array(values)
    moved = z - (z @ c.T - d) @ np.linalg.pinv(c).T
    return np.broadcast_to(c, (len(z), *c.shape)).copy(), moved


def _at_bound(
    bound: BoundForm, y: Array, z: Array, cost: float, free: tuple[str, ...], names: tuple[str, ...]
) -> tuple[str, ...]:
    """Free parameters that the objective does not tell from an end of their range."""
    p = len(z)
    moved = np.tile(z, (2, p, 1))
    moved[0, range(p), range(p)], moved[1, range(p), range(p)] = bound.low, bound.high
    there = huber(bound.evaluate(moved.reshape(2 * p, p))[0] - y, np.ones_like(y)).reshape(2, p)
    ended = np.any(there <= cost * (1 + _TOLD), axis=0).tolist()
    return tuple(name for name, at in zip(names, ended, strict=True) if at and name in free)
