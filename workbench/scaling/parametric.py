"""Chinchilla's third approach: the optimum of a fitted law. arXiv 2203.15556, section 3.3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import registry
from workbench.scaling.fit import fit
from workbench.scaling.frontier import Frontier, line
from workbench.scaling.reading import points
from workbench.scaling.result import ScalingFit
from workbench.scaling.table import Place, quantity

Array = NDArray[np.float64]
_RANGE = (1e3, 1e15)
_GRID = 241
_BUDGETS = 25


def optimum(
    law: str | Callable[..., Any],
    params: Mapping[str, Any],
    compute: Any,
    *,
    tokens_of: Callable[[Array, Array], Array] | None = None,
) -> tuple[Array, Array, Array]:
    """Best size, tokens and loss of a budget under any law of size and data.

    Parameters
    ----------
    law : str or law
        Of `workbench.scaling.laws`.
    params : mapping
        Parameters; arrays of shape (S, 1) give one row of answers for each set.
    compute : float or array, shape (m,)
        FLOPs, ``6 n_params tokens``.
    tokens_of : callable, optional
        Tokens that a budget (1, m) leaves to a size; ``compute / (6 n_params)`` without.

    Returns
    -------
    n_params, tokens, loss : array, shape (S, m), or (m,) for one set

    Notes
    -----
    By a grid in log size and a parabola through its lowest points, three times; it agrees with the closed
    form of Chinchilla's law to 1e-6. A law without an optimum inside 1e3 to 1e15 parameters ends at one of
    these.
    """
    entry = registry.get("scaling", law if isinstance(law, str) else getattr(law, "__name__", law))
    budget = np.atleast_1d(quantity("compute", compute))[None, :, None]
    leave = tokens_of or (lambda c, n: c / (6 * n))
    values = {name: np.asarray(value, dtype=float) for name, value in params.items()}
    single = all(value.ndim == 0 for value in values.values())
    values = {name: value.reshape(-1, 1, 1) for name, value in values.items()}

    def loss_at(log: Array) -> Array:
        n = np.exp(log)
        tokens = leave(budget, n)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            loss = entry.function(Place(n, np.where(tokens > 0, tokens, np.nan)), **values)
        return np.where(tokens > 0, loss, np.inf)

    log = np.broadcast_to(np.linspace(np.log(_RANGE[0]), np.log(_RANGE[1]), _GRID), (1, 1, _GRID))
    half = float(log[0, 0, 1] - log[0, 0, 0])
    coarse = loss_at(log)
    centre = np.take_along_axis(np.broadcast_to(log, coarse.shape), coarse.argmin(-1)[..., None], -1)
    for _ in range(3):
        fine = centre + half * np.linspace(-1, 1, 21)
        values_there = loss_at(fine)
        k = np.clip(values_there.argmin(-1), 1, fine.shape[-1] - 2)[..., None]
        left, mid, right = (np.take_along_axis(values_there, k + s, -1) for s in (-1, 0, 1))
        step = half / 10
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = 0.5 * (left - right) / (left - 2 * mid + right)
        shift = np.where(np.isfinite(shift), np.clip(shift, -1, 1), 0.0)
        centre = np.take_along_axis(fine, k, -1) + shift * step
        half = step
    centre = np.clip(centre, *np.log(_RANGE))
    n, loss = np.exp(centre[..., 0]), loss_at(centre)[..., 0]
    tokens = np.broadcast_to(leave(budget, np.exp(centre))[..., 0], n.shape)
    return (n[0], tokens[0], loss[0]) if single else (n, tokens, loss)


def parametric(data: Any, law: str | Callable[..., Any] = "chinchilla") -> Frontier:
    """Best size of each budget by a law that was fitted to all runs at once.

    Parameters
    ----------
    data : ScalingFit, Points, or anything that `points` reads
        A fit, or runs to fit `law` to.
    law : str or law
        Of size and data.

    Raises
    ------
    ValueError
        When the law knows no data (or no size), or as for `fit`.
    """
    fitted = data if isinstance(data, ScalingFit) else fit(law, points(data))
    if set(fitted.entry.form.columns) != {"n_params", "tokens"}:
        raise ValueError(
            f"law must be one of size and data; {fitted.law} is of {', '.join(fitted.entry.form.columns)}"
        )
    table = fitted.points
    ends = np.log(table.compute)
    compute = np.exp(np.linspace(ends.min(), ends.max(), _BUDGETS))
    n, _, loss = optimum(fitted.law, fitted.params, compute)
    few = compute[[0, _BUDGETS // 2, -1]]
    drawn, _, _ = optimum(fitted.law, fitted.draws.params, few)
    pivot = float(np.exp(ends.mean()))
    slope, at = line(np.log(compute / pivot), np.log(n), np.ones(_BUDGETS))
    slopes, ats = line(np.log(few / pivot), np.log(drawn), np.ones(drawn.shape))
    return Frontier(
        "parametric",
        compute,
        n,
        loss,
        float(slope),
        float(at),
        pivot,
        np.stack([slopes, ats], axis=1),
        (),
        {**table.facts, "law": fitted.law},
    )
