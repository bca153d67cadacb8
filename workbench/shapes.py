"""Shapes of a phase: functions g on [0, 1] with g(0) = 0 and g(1) = 1, vectorised over u.

A phase that runs from `start` to `end` has the rate ``start + (end - start) * g(u)``, u = t / span.
Names are saved in files: they are added to, never changed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from workbench.files import short
from workbench.params import Param, known, number

Array = NDArray[np.float64]

_POWER = Param(0, 100, open_low=True, help="exponent")
_RATIO = Param(1e-12, 1e12, help="value at u = 1 over value at u = 0")


def linear(u: Array) -> Array:
    """Straight line, ``u``."""
    return u


def cosine(u: Array) -> Array:
    """Half a cosine, ``(1 - cos(pi u)) / 2``."""
    return 0.5 * (1 - np.cos(np.pi * u))


def mirror_cosine(u: Array) -> Array:
    """The half cosine mirrored at the straight line, ``2 u - (1 - cos(pi u)) / 2``."""
    return 2 * u - cosine(u)


def square(u: Array) -> Array:
    """``u**2``: a decay keeps high and drops late (1-square)."""
    return u * u


def sqrt(u: Array) -> Array:
    """``sqrt(u)``: a decay drops early and lands softly (1-sqrt)."""
    return np.sqrt(u)


def power(u: Array, p: Annotated[float, _POWER]) -> Array:
    """``1 - (1 - u)**p``: a decay follows ``(1 - x)**p``; p = 1/2 is the 1-sqrt warmup."""
    return 1 - (1 - u) ** p


def exp(u: Array, ratio: Annotated[float, _RATIO]) -> Array:
    """Geometric interpolation, ``(1 - ratio**u) / (1 - ratio)``, with ratio = end / start.

    The ratio is an argument, not read from the phase, so that a phase lowered to a floor keeps
    its exact form.
    """
    rate = np.log(ratio)
    return u if rate == 0 else np.expm1(rate * u) / np.expm1(rate)


def inverse_power(
    u: Array,
    alpha: Annotated[float, Param(0, 1e12, open_low=True, help="length over timescale")],
    p: Annotated[float, _POWER],
) -> Array:
    """``(1 - h(u)) / (1 - h(1))`` with ``h(u) = (1 + alpha u)**-p``.

    p = 1 is the harmonic decay of WSD-S, p = 1/2 the inverse square root, other p the power
    scheduler.
    """
    return np.expm1(-p * np.log1p(alpha * u)) / np.expm1(-p * np.log1p(alpha))


SHAPES: Mapping[str, Callable[..., Array]] = {
    f.__name__: f for f in (linear, cosine, mirror_cosine, square, sqrt, power, exp, inverse_power)
}
"""Every shape by its public name."""


def check(name: str, args: Mapping[str, Any]) -> dict[str, float]:
    """Return the validated arguments of shape `name`.

    Raises
    ------
    ValueError
        For an unknown shape, a missing or unknown argument, or a value out of range.
    """
    if not isinstance(name, str) or name not in SHAPES:
        raise ValueError(f"shape must be one of {', '.join(SHAPES)}; got {short(name)}")
    function = SHAPES[name]
    hints = get_type_hints(function, include_extras=True)
    params = {key: hints[key].__metadata__[0] for key in inspect.signature(function).parameters if key != "u"}
    known(list(params), list(args), f"shape {name!r}")
    missing = [key for key in params if key not in args]
    if missing:
        raise ValueError(f"shape {name!r} needs the argument {missing[0]!r}; got {short(dict(args))}")
    return {key: number(key, args[key], param) for key, param in params.items()}
