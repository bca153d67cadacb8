"""The plain phases that come nearest: builders anybody has, their few numbers chosen under the same law."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.design.grid import grid
from workbench.design.limits import Limits
from workbench.design.measure import Measure
from workbench.schedule import Schedule
from workbench.schedules import wsd

Array = NDArray[np.float64]

STEEPEST: Mapping[str, float] = {
    "linear": 1.0,
    "cosine": math.pi / 2,
    "square": 2.0,
    "mirror_cosine": 2.0,
    "sqrt": math.inf,
}
"""Largest slope of each cooldown shape over its mean."""
SHAPES = (*STEEPEST, "power")
_SHORTEST = 0.005
_LIFT = 0.1
"""How far above its limit the floor of a power may end: a small rate left is better than none at all."""
_DIGITS = 3
_SIMPLEX = 1 + np.diag([0.2, 0.2, -0.5])


@dataclass(frozen=True)
class Plain:
    """A schedule in plain phases, and what it costs to use it instead of the best one.

    Parameters
    ----------
    schedule : Schedule
        With its recipe.
    cost : float
        Its final loss minus that of the best schedule, in the unit of the measure.
    """

    schedule: Schedule
    cost: float

    @property
    def words(self) -> str:
        """The call that makes it."""
        recipe = dict(self.schedule.recipe or {})
        used = ("total", "peak", "warmup", "decay", "shape", "floor")
        more = ("power",) if recipe.get("shape") == "power" else ()
        args = ", ".join(f"{key}={_text(recipe[key])}" for key in (*used, *more))
        return f"{recipe['name']}({args})"


def plainest(measure: Measure, limits: Limits) -> Schedule:
    """The best of the plain cooldowns of `SHAPES` within the limits."""
    return min(
        (tuned(measure, limits, shape) for shape in SHAPES if allowed(limits, shape)), key=measure.final
    )


def allowed(limits: Limits, shape: str, power: float = 1.0) -> bool:
    """Whether a shape has a limited slope where one is asked for."""
    return limits.slope is None or math.isfinite(steepness(shape, power))


def steepness(shape: str, power: float) -> float:
    """Largest slope of a cooldown shape over its mean."""
    if shape == "power":
        return power if power >= 1 else math.inf
    return STEEPEST[shape]


def cooled(limits: Limits, decay: float, shape: str, power: float = 1.5, floor: float = 0.0) -> Schedule:
    """WSD within the limits: the floor is raised where the slope does not let the rate reach it."""
    decay = min(decay, 1 - limits.warmup)
    floor = max(floor, limits.floor)
    if limits.slope is not None:
        # A cooldown of whole steps may be shorter than its share by half of one.
        steps = max(math.floor(decay * limits.total), 1)
        floor = max(floor, 1 - limits.slope * (steps - 1) / limits.total / steepness(shape, power))
    args = {"power": power} if shape == "power" else {}
    return wsd(limits.total, limits.peak, limits.warmup, decay, shape=shape, floor=floor, **args)


def tuned(measure: Measure, limits: Limits, shape: str) -> Schedule:
    """WSD with the cooldown's share, and the exponent of a power, that end lowest, as round numbers."""
    from scipy.optimize import minimize, minimize_scalar

    objective = measure.objective(g := grid(limits.rising, limits.total))
    longest = 1 - limits.warmup
    # A single phase leaves no room for a stable one.
    shortest = longest if limits.phases == 1 else min(max(_SHORTEST, 4 / limits.total), longest)

    def cost(decay: float, power: float = 1.5, floor: float = 0.0) -> float:
        return objective(cooled(limits, decay, shape, power, floor)(g.t))[0]

    # SciPy's stubs leave the type of the result open.
    found: Any = minimize_scalar(cost, bounds=(shortest, longest), method="bounded", options={"xatol": 1e-3})
    decay, power, floor = float(found.x), 1.5, limits.floor
    if shape == "power":
        low = 1.0 if limits.slope is not None else 0.2
        most = min(limits.floor + _LIFT, 1.0)
        box = [(shortest, longest), (low, 6.0), (limits.floor, most)]
        simplex = np.array([decay, power, (limits.floor + most) / 2]) * np.vstack([np.ones(3), _SIMPLEX])
        low_high = np.array(box).T
        options = {
            "initial_simplex": np.clip(simplex, *low_high),
            "xatol": 1e-3,
            "fatol": 1e-8,
            "maxiter": 120,
        }
        best = minimize(lambda z: cost(*z), simplex[0], method="Nelder-Mead", bounds=box, options=options)
        decay, power, floor = (float(value) for value in best.x)
    # At an end of the range the search stops just before it.
    decay = longest if decay > longest - 2e-3 else min(max(round(decay, _DIGITS), shortest), longest)
    return cooled(limits, decay, shape, round(power, 2), round(floor, _DIGITS))


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)
