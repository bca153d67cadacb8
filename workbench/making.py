"""Schedules made by hand: one phase, every rate of an array, the values of a function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import operations
from workbench.files import short
from workbench.params import STEPS, number
from workbench.phase import Phase
from workbench.schedule import Schedule

Array = NDArray[np.float64]


def ramp(
    steps: int,
    start: float,
    end: float,
    shape: str = "linear",
    *,
    name: str = "ramp",
    span: float | None = None,
    **args: float,
) -> Schedule:
    """A schedule of one phase from `start` to `end`; see `Phase` for the arguments."""
    return Schedule((Phase(name, steps, start, end, shape, span, args),))  # type: ignore[arg-type]


def hold(steps: int, rate: float, *, name: str = "hold") -> Schedule:
    """A schedule of one phase at a constant `rate`."""
    return Schedule((Phase(name, steps, rate, rate),))


def from_array(rates: ArrayLike, *, name: str = "points") -> Schedule:
    """A schedule with exactly the `rates` (n,) of n updates, kept as points where they are not on lines."""
    return Schedule((operations.points(name, rates),))


def from_function(function: Callable[[Array], ArrayLike], total: int, *, name: str = "points") -> Schedule:
    """A schedule of `total` updates from any function of their numbers 0, 1, ... (n,).

    The function itself is not kept: saved and sent is what it gave.
    """
    steps = np.arange(int(number("total", total, STEPS, integer=True)), dtype=float)
    if not callable(function):
        raise ValueError(f"function must be a function of steps; got {short(function)}")
    rates = np.asarray(function(steps))
    if rates.shape not in ((), steps.shape):
        raise ValueError(f"function must give {len(steps)} rates; got shape {rates.shape}")
    return from_array(np.broadcast_to(rates, steps.shape), name=name)
