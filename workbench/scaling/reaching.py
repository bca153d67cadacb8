"""The other way round: tokens, and compute, that a loss needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.scaling.table import Place

Array = NDArray[np.float64]
_TOKENS = (1e4, 1e20)
_HALVINGS = 45
_SIZES = (1e4, 1e15)
_GRID = 121


def tokens_for(law: Callable[..., Any], params: Mapping[str, Any], n_params: Array, loss: float) -> Array:
    """Tokens after which models of these sizes have this loss; infinite where they never do.

    Parameters
    ----------
    law : callable
        Of `Place` and parameters; its loss falls with tokens.
    params : mapping
        Numbers, or arrays that broadcast with `n_params`.
    n_params : array
        Sizes.
    loss : float
        The loss to be reached.
    """
    shape = np.broadcast_shapes(n_params.shape, *(np.shape(value) for value in params.values()))
    n = np.broadcast_to(n_params, shape)
    low, high = (np.full(shape, np.log(end)) for end in _TOKENS)
    never = np.asarray(law(Place(n, np.exp(high)), **params)) > loss
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = np.asarray(law(Place(n, np.exp(middle)), **params)) > loss
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(never, np.inf, np.exp((low + high) / 2))


def cheapest(
    law: Callable[..., Any], params: Mapping[str, Any], loss: float, served: float = 0.0
) -> tuple[Array, Array]:
    """Size and tokens that reach a loss with the least compute of training and serving (S,).

    Parameters
    ----------
    law : callable
        Of `Place` and parameters.
    params : mapping
        Numbers, or arrays of shape (S,).
    loss : float
        The loss to be reached.
    served : float
        Tokens that the model will be asked for, at ``2 n_params`` FLOPs each; training costs ``6 n_params``.

    Returns
    -------
    n_params, tokens : array, shape (S,)
        Not a number where no size reaches the loss.
    """
    values = {name: np.asarray(value, dtype=float).reshape(-1, 1) for name, value in params.items()}
    log = np.linspace(np.log(_SIZES[0]), np.log(_SIZES[1]), _GRID)[None, :]
    half = float(log[0, 1] - log[0, 0])
    while True:
        n = np.exp(log)
        tokens = tokens_for(law, values, n, loss)
        cost = np.log(n) + np.log(6 * tokens + 2 * served)
        k = cost.argmin(-1)[:, None]
        centre = np.take_along_axis(np.broadcast_to(log, cost.shape), k, -1)
        if half < 1e-3:
            break
        log, half = centre + half * np.linspace(-1, 1, 21), half / 10
    best = np.take_along_axis(tokens, k, -1)[:, 0]
    reached = np.isfinite(best)
    return np.where(reached, np.exp(centre[:, 0]), np.nan), np.where(reached, best, np.nan)
