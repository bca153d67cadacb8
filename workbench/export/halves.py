"""Shapes in float32: g(u) and 1 - g(u), each from u and v = 1 - u without a difference of near equals.

``start * (1 - g) + end * g`` then has float32's own relative accuracy down to a floor of 0, where
``start + (end - start) * g`` has lost every digit. `ready` turns a shape's arguments, in float64, into
numbers by which nothing is lost on the way either.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Pair = tuple[Any, Any]


class Halves(NamedTuple):
    """How one shape is evaluated: arguments to constants, and ``(u, v, constants, xp)`` to g and 1 - g."""

    ready: Callable[[Mapping[str, float]], dict[str, float]]
    pair: Callable[[Any, Any, Mapping[str, Any], Any], Pair]


def _hill(u: Any, v: Any, xp: Any) -> Pair:
    """``sin(pi u / 2)**2`` and ``cos(pi u / 2)**2``."""
    s, c = xp.sin(0.5 * math.pi * u), xp.sin(0.5 * math.pi * v)
    return s * s, c * c


def _linear(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    return u, v


def _cosine(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    return _hill(u, v, xp)


def _mirror_cosine(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    s, c = _hill(u, v, xp)
    return 2 * u - s, 2 * v - c


def _square(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    return u * u, v * (1 + u)


def _sqrt(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    root = xp.sqrt(u)
    return root, v / (1 + root)


def _power(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    # Below a half v is near 1 and its logarithm best taken from u. The bounds keep both branches finite.
    near = xp.log1p(-xp.minimum(u, 0.75))
    bend = a["p"] * xp.where(u < 0.5, near, xp.log(xp.maximum(v, 1e-37)))
    return -xp.expm1(bend), xp.exp(bend)


def _bend(near: Any, far: Any, k: Any, scale: Any, xp: Any) -> Pair:
    """``expm1(k near) / expm1(k)`` and what it lacks to 1, for k < 0 and near + far = 1."""
    return xp.expm1(k * near) * scale, xp.exp(k * near) * xp.expm1(k * far) * scale


def _exp(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    # A rise is a fall seen from its end; both ways k is negative, and exp cannot grow an error.
    near, far = a["falls"] * u + (1 - a["falls"]) * v, a["falls"] * v + (1 - a["falls"]) * u
    close, rest = _bend(near, far, a["k"], a["scale"], xp)
    return a["falls"] * close + (1 - a["falls"]) * rest, a["falls"] * rest + (1 - a["falls"]) * close


def _inverse_power(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    here, left = xp.log1p(a["alpha"] * u), xp.log1p(a["alpha"] * v / (1 + a["alpha"] * u))
    g = xp.expm1(-a["p"] * here) * a["scale"]
    return g, xp.exp(-a["p"] * here) * xp.expm1(-a["p"] * left) * a["scale"]


def _rex(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    below = a["rest"] + a["d"] * v
    return a["rest"] * u / below, v / below


def _uba(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    s, c = _hill(u, v, xp)
    below = a["phi"] * s + 2 * c
    return a["phi"] * s / below, 2 * c / below


def _cosine_power(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    s, c = _hill(u, v, xp)
    return _bend(s, c, a["k"], a["scale"], xp)


def _wave(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    """One half wave of the damped cosine, u counted inside it: it falls where `down` is 1, else rises."""
    s, c = _hill(u, v, xp)
    h = (a["down"] * c + (1 - a["down"]) * s) * xp.exp(-a["damping"] * (a["before"] + u))
    return 1 - h, h


def _exp_rise(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    height = xp.exp(-a["k"] * v)
    return u * height, v * height - xp.expm1(-a["k"] * v)


def _exp_fall(u: Any, v: Any, a: Mapping[str, Any], xp: Any) -> Pair:
    height = xp.exp(a["k"] * u)
    return u * height - xp.expm1(a["k"] * u), v * height


def _as_given(args: Mapping[str, float]) -> dict[str, float]:
    return dict(args)


def _geometric(ratio: float) -> dict[str, float]:
    # A straight line is the limit of k to 0, and at 1e-9 it is that line in float32.
    k = -max(abs(math.log(ratio)), 1e-9)
    return {"k": k, "scale": 1 / math.expm1(k), "falls": float(ratio < 1)}


def _ready_inverse(args: Mapping[str, float]) -> dict[str, float]:
    return {**args, "scale": 1 / math.expm1(-args["p"] * math.log1p(args["alpha"]))}


def _log_ratio(args: Mapping[str, float]) -> dict[str, float]:
    return {"k": math.log(args["ratio"])}


HALVES: Mapping[str, Halves] = {
    "linear": Halves(_as_given, _linear),
    "cosine": Halves(_as_given, _cosine),
    "mirror_cosine": Halves(_as_given, _mirror_cosine),
    "square": Halves(_as_given, _square),
    "sqrt": Halves(_as_given, _sqrt),
    "power": Halves(_as_given, _power),
    "exp": Halves(lambda args: _geometric(args["ratio"]), _exp),
    "inverse_power": Halves(_ready_inverse, _inverse_power),
    "rex": Halves(lambda args: {"d": args["d"], "rest": 1 - args["d"]}, _rex),
    "uba": Halves(_as_given, _uba),
    "cosine_power": Halves(lambda args: _geometric(args["p"]), _cosine_power),
    "wave": Halves(_as_given, _wave),
    "exp_rise": Halves(_log_ratio, _exp_rise),
    "exp_fall": Halves(_log_ratio, _exp_fall),
}
"""Every shape of `workbench.shapes`; the damped cosine as its half waves."""
