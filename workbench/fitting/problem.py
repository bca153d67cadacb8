"""One law on measured points, in coordinates that suit a solver: what `solve` is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.fitted.evaluation import log_slopes
from workbench.fitting.solver import DELTA, Care, End, Prior, huber, solve
from workbench.laws.quadrature import Inputs, stack
from workbench.params import Param
from workbench.registry import Entry

Array = NDArray[np.float64]
_RANGE = 3.0
"""Standard deviations of a typical value's prior in the range of its slider: of 0 to 4, 3 won."""


@dataclass(frozen=True, eq=False)
class Part:
    """Points of one run: a law's inputs, log losses (n,), weights (n,), steps (n,), the run's number."""

    x: Inputs
    y: Array
    weight: Array
    step: NDArray[np.intp]
    run: int

    def __len__(self) -> int:
        return len(self.y)


class Problem:
    """The law over the points of several parts, some parameters fixed, some with a prior.

    With `typical` a parameter on a logarithmic scale without a prior of its own has a wide one: the
    range of its slider is three of its standard deviations. `x` are the inputs of all parts, where they
    have been stacked already.
    """

    def __init__(
        self,
        entry: Entry,
        parts: Sequence[Part],
        fixed: Mapping[str, float],
        prior: Mapping[str, tuple[float, float]] | None = None,
        typical: bool = False,
        x: Inputs | None = None,
    ) -> None:
        self.entry, self.fixed = entry, dict(fixed)
        fields = [field for field in entry.fields if field.name not in fixed]
        self.free = tuple(field.name for field in fields)
        self.ranges = [field.param for field in fields if isinstance(field.param, Param)]
        self.logs = np.array([param.log for param in self.ranges], dtype=bool)
        self.low = self.inward(np.array([param.low for param in self.ranges], dtype=float))
        self.high = self.inward(np.array([param.high for param in self.ranges], dtype=float))
        self.x = stack([part.x for part in parts]) if x is None else x
        self.y = np.concatenate([part.y for part in parts])
        self.weight = np.concatenate([part.weight for part in parts])
        self.prior = self._prior(prior or {}, typical)

    def inward(self, values: Array) -> Array:
        """Parameters to the solver's coordinates: logarithms where `Param.log`."""
        return np.where(self.logs, np.log(np.where(self.logs, values, 1.0)), values)

    def params(self, z: Array) -> dict[str, float]:
        """All parameters of the law, the fixed ones too, in its order."""
        values = np.where(self.logs, np.exp(np.where(self.logs, z, 0.0)), z)
        named = {**self.fixed, **{name: float(v) for name, v in zip(self.free, values, strict=True)}}
        return {field.name: named[field.name] for field in self.entry.fields}

    def at(self, params: Mapping[str, float]) -> Array:
        """Coordinates of `params`."""
        return self.inward(np.array([params[name] for name in self.free], dtype=float))

    def __call__(self, z: Array) -> tuple[Array, Array]:
        """Log residuals (n,) and their derivatives (n, p) in the solver's coordinates."""
        loss, slopes = log_slopes(self.entry, self.x, self.free, self.params(z))
        return np.log(loss) - self.y, slopes

    def solve(self, start: Array, care: Care) -> End:
        """The optimum that a start leads to."""
        return solve(self, start, self.low, self.high, self.weight, self.prior, care)

    def objective(self, z: Array) -> float:
        """The published objective: every point counts once, no prior."""
        return huber(self(z)[0], np.ones_like(self.y), DELTA)

    def starts(self, rng: np.random.Generator, count: int) -> Array:
        """Starting points (count, p): where sliders go, and for a loss just below the smallest measured."""
        smallest = float(np.exp(self.y.min()))
        spans = [
            (0.8 * smallest, smallest) if param.unit == "nats" else param.slider or (param.low, param.high)
            for param in self.ranges
        ]
        low, high = (self.inward(np.array(ends, dtype=float)) for ends in zip(*spans, strict=True))
        return rng.uniform(low, high, size=(count, len(self.free)))

    def at_bound(self, z: Array) -> tuple[str, ...]:
        """Parameters at an end of their range."""
        near = (z - self.low < 1e-6) | (self.high - z < 1e-6)
        return tuple(name for name, there in zip(self.free, near, strict=True) if there)

    def _prior(self, known: Mapping[str, tuple[float, float]], typical: bool) -> Prior:
        centre, strength = np.zeros(len(self.free)), np.zeros(len(self.free))
        for i, (name, param) in enumerate(zip(self.free, self.ranges, strict=True)):
            if name in known:
                value, width = known[name]
                centre[i] = np.log(value) if param.log else value
                # The width is relative; a coordinate that is no logarithm has it in units of the value.
                strength[i] = 1 / (width if param.log else width * abs(value))
            elif typical and param.log and param.slider:
                low, high = np.log(param.slider)
                centre[i], strength[i] = (low + high) / 2, _RANGE / (high - low)
        return Prior(centre, strength)
