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


def rex(u: Array, d: Annotated[float, Param(0, 0.999, help="how late it falls; 0 is a line")]) -> Array:
    """``(1 - d) u / (1 - d u)``: a decay follows ``z / (1 - d + d z)`` with z = 1 - u; REX has d = 1/2."""
    return (1 - d) * u / (1 - d * u)


def uba(u: Array, phi: Annotated[float, Param(0, 1e6, open_low=True, help="how early it falls")]) -> Array:
    """``1 - 2 c / (2 phi + (2 - phi) c)`` with ``c = 1 + cos(pi u)``; phi = 2 is the half cosine."""
    c = 1 + np.cos(np.pi * u)
    return phi * (2 - c) / (2 * phi + (2 - phi) * c)


def cosine_power(u: Array, p: Annotated[float, Param(1, 1e12, help="order; 1 is the half cosine")]) -> Array:
    """``1 - (p**c - 1) / (p - 1)`` with ``c = (1 + cos(pi u)) / 2``."""
    rate, c = np.log(p), 0.5 * (1 + np.cos(np.pi * u))
    return 1 - c if rate == 0 else 1 - np.expm1(rate * c) / np.expm1(rate)


def damped_cosine(
    u: Array,
    waves: Annotated[int, Param(0, 50, help="how often it rises again")],
    damping: Annotated[float, Param(0, 100, help="how fast the waves die away")],
) -> Array:
    """``1 - (1 + cos(pi (2 waves + 1) u)) / 2 * exp(-damping u)``; it comes back ``waves`` times."""
    return 1 - 0.5 * (1 + np.cos(np.pi * (2 * waves + 1) * u)) * np.exp(-damping * u)


def exp_rise(u: Array, ratio: Annotated[float, _RATIO]) -> Array:
    """``u * ratio**(u - 1)``: a straight rise whose height shrinks (ratio < 1) or grows on the way."""
    return u * ratio ** (u - 1)


def exp_fall(u: Array, ratio: Annotated[float, _RATIO]) -> Array:
    """``1 - (1 - u) * ratio**u``: a straight fall whose height shrinks or grows on the way."""
    return 1 - (1 - u) * ratio**u


SHAPES: Mapping[str, Callable[..., Array]] = {
    f.__name__: f
    for f in (
        *(linear, cosine, mirror_cosine, square, sqrt, power, exp, inverse_power, rex, uba),
        *(cosine_power, damped_cosine, exp_rise, exp_fall),
    )
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
    return {
        key: number(key, args[key], param, integer=hints[key].__origin__ is int)
        for key, param in params.items()
    }
