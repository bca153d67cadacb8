"""How a law is fitted: coordinates that bind it to points, and help for laws that are no sum of powers."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.scaling.newton import DELTA, Bound, huber
from workbench.scaling.table import Points

Array = NDArray[np.float64]


class BoundForm(Bound, Protocol):
    """A law at given points, with the way from its coordinates to its parameters and back."""

    def params(self, z: Array) -> Array:
        """Parameters (S, p) of coordinates (S, p), in the order of `Form.names`."""
        ...

    def coordinates(self, params: Array) -> Array:
        """Coordinates (S, p) of parameters (S, p)."""
        ...

    def hold(self, name: str, value: float) -> tuple[Array, float]:
        """The linear equation ``c z = d`` that says that parameter `name` has this value."""
        ...

    def starts(self, y: Array, count: int) -> Array:
        """The `count` most promising coordinates (count, p), from no start given."""
        ...


class Form(Protocol):
    """What a registered law says of its fit."""

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters, in the order of the law's arguments."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that must vary."""
        ...

    @property
    def floor(self) -> bool:
        """Whether the law has a loss that remains."""
        ...

    @property
    def tries(self) -> int:
        """How many starts find the optimum."""
        ...

    def bind(self, points: Points) -> BoundForm:
        """The law at these points."""
        ...


def best(bound: Bound, y: Array, tried: Array, count: int) -> Array:
    """The `count` of the `tried` coordinates (S, p) that miss least, by a wide Huber loss."""
    residual = bound.evaluate(tried)[0] - y
    return tried[np.argsort(huber(residual, np.ones_like(y), 100 * DELTA))[:count]]
