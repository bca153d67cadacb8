"""A law at points of a schedule, with derivatives in coordinates that suit a solver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.curve import Run
from workbench.laws.quadrature import THETA, Inputs, inputs
from workbench.params import Param
from workbench.registry import Entry, Field

Array = NDArray[np.float64]
_LEAST = 1e-3
"""Far from the optimum a law may go below zero, where a logarithm has no value."""


def prepare(rates: ArrayLike, steps: ArrayLike, about: Mapping[str, Any], theta: float = THETA) -> Inputs:
    """Inputs of a law at the whole `steps` (n,) of a schedule given by its `rates` (total,).

    `about` is what some laws need beside it, see `about_run`.
    """
    return inputs(rates, steps, theta, **about)


def about_run(run: Run) -> dict[str, Any]:
    """What laws may need of a run beside its rates: where its second stage joins, its model's size."""
    return {"join": run.facts.get("join"), "n_params": run.task.get("n_params")}


def evaluate(entry: Entry, x: Any, params: Mapping[str, float]) -> tuple[Array, Array]:
    """Loss (n,), at least 1e-3, and its derivatives (n, p) in all parameters, 0 where it was less."""
    assert entry.jacobian is not None
    loss, jacobian = entry.jacobian(x, **params)
    low = loss < _LEAST
    if low.any():
        loss, jacobian = np.where(low, _LEAST, loss), np.where(low[:, None], 0.0, jacobian)
    return loss, jacobian


def log_slopes(entry: Entry, x: Any, free: Sequence[str], params: Mapping[str, float]) -> tuple[Array, Array]:
    """Loss (n,) and the derivatives (n, q) of its logarithm in the coordinates of the `free` parameters."""
    loss, jacobian = evaluate(entry, x, params)
    index = [field.name for field in entry.fields]
    columns = [index.index(name) for name in free]
    return loss, jacobian[:, columns] * coordinates(entry, free, params) / loss[:, None]


def coordinates(entry: Entry, free: Sequence[str], params: Mapping[str, float]) -> Array:
    """Derivative of each free parameter in the solver's coordinate: its logarithm where `Param.log`."""
    logs = {field.name: is_log(field) for field in entry.fields}
    return np.array([params[name] if logs[name] else 1.0 for name in free])


def is_log(field: Field) -> bool:
    """Whether a parameter is fitted in its logarithm."""
    return isinstance(field.param, Param) and field.param.log
