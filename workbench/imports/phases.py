"""From a fitted curve to the phase that it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from workbench.imports.families import inverse_of, power_of
from workbench.imports.fit import Fit
from workbench.phase import Phase
from workbench.shapes import SHAPES

Array = NDArray[np.float64]

# Shape, progress u0 and u1 at x = 0 and 1, and arguments, of the parameters q.
_Form = tuple[str, float, float, dict[str, float]]


def _cosine_like(shape: str) -> Callable[[Array], _Form]:
    return lambda q: (shape, float(q[0]), float(q[1]), {})


def _moebius(q: Array) -> _Form:
    alpha = math.expm1(q[0])
    if alpha > 0:
        return "inverse_power", 0, 1, {"alpha": alpha, "p": 1}
    return "rex", 0, 1, {"d": -alpha}


def _inverse_power(q: Array) -> _Form:
    return "inverse_power", 0, 1, {"alpha": math.exp(q[0]), "p": float(inverse_of(q[None])[0])}


_FORMS: Mapping[str, Callable[[Array], _Form]] = {
    "constant": lambda q: ("linear", 0, 1, {}),
    "linear": lambda q: ("linear", 0, 1, {}),
    "cosine": _cosine_like("cosine"),
    "mirror_cosine": _cosine_like("mirror_cosine"),
    "sqrt": lambda q: ("sqrt", float(q[0]), 1, {}),
    "square": lambda q: ("square", float(q[0]), 1, {}),
    "exp": lambda q: ("exp", 0, 1, {"ratio": math.exp(q[0])}),
    "rex": _moebius,
    "inverse_sqrt": lambda q: ("inverse_power", 0, 1, {"alpha": math.exp(q[0]), "p": 0.5}),
    "inverse_power": _inverse_power,
    "power": lambda q: ("power", 0, float(q[0]), {"p": float(power_of(q[None])[0])}),
    "uba": lambda q: ("uba", float(q[0]), float(q[1]), {"phi": math.exp(q[2])}),
    "cosine_power": lambda q: ("cosine_power", float(q[0]), float(q[1]), {"p": math.exp(math.exp(q[2]))}),
    "damped_cosine": lambda q: ("damped_cosine", 0, 1, {"waves": round(q[0]), "damping": float(q[1])}),
    "exp_rise": lambda q: ("exp_rise", float(q[0]), 1, {"ratio": math.exp(q[1] / (1 - q[0]))}),
    "exp_fall": lambda q: ("exp_fall", 0, float(q[0]), {"ratio": math.exp(q[1] / q[0])}),
}


def form(curve: Fit) -> _Form:
    """Shape, u0, u1 and arguments of a fitted curve."""
    return _FORMS[curve.family.name](curve.q)


def phase(shape: str, steps: int, span: float, first: float, args: Mapping[str, float], ends: Array) -> Phase:
    """The phase of `steps` updates with the rates `ends` at u = 0 and 1; a rate just below 0 is 0."""
    if not np.isfinite(ends).all():
        raise ValueError(f"ends must be finite; got {ends}")
    start, end = (float(max(0.0, rate)) for rate in ends)
    return Phase("phase", steps, start, end, shape, max(span, first + steps), dict(args), first)


def ends(
    t: Array, y: Array, weight: Array, shape: str, span: float, first: float, args: Mapping[str, float]
) -> Array:
    """Rates at u = 0 and u = 1 that bring the shape nearest to the points, by least squares; shape (2,).

    `t` counts from the beginning of the phase. A rate below 0 is not one: it becomes 0, and the other
    end follows.
    """
    with np.errstate(all="ignore"):
        g = SHAPES[shape]((t + first) / span, **args)
    columns = np.stack([1 - g, g], axis=1) * np.sqrt(weight)[:, None]
    right = y * np.sqrt(weight)
    if not np.isfinite(columns).all():
        return np.array([np.nan, np.nan])
    found: Array = np.asarray(np.linalg.lstsq(columns, right, rcond=None)[0], dtype=np.float64)
    for k in (0, 1):
        if found[k] < 0:
            other = columns[:, 1 - k]
            found[k], found[1 - k] = 0.0, float(other @ right) / max(float(other @ other), 1e-300)
    return found
