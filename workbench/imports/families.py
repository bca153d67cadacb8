"""Curves that a phase can have, as families ``a + b f(x; q)`` on a window x in [0, 1].

`x` is the place in the window: 0 at its first step, 1 at the step after its last, as in a phase. `q`
are the parameters that do not enter linearly; `a` and `b` follow from them by least squares. ``u0``
and ``u1`` are the progress u of the shape at x = 0 and 1, so that a cut shape is a member as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Family:
    """One kind of curve.

    Parameters
    ----------
    name : str
        The shape of `workbench.shapes` that it becomes.
    curve : callable
        ``f(x, q)`` with x (m,) and q (g, k), giving (g, m).
    grid : ndarray
        Starting points for q, shape (g, k).
    low, high : ndarray
        Bounds of q, shape (k,).
    ends : tuple of int or None
        Which of q are u0 and u1; None where the shape has no such end, or any piece of it is whole.
    """

    name: str
    curve: Callable[[Array, Array], Array]
    grid: Array
    low: Array
    high: Array
    ends: tuple[int | None, int | None] = (None, None)

    @property
    def size(self) -> int:
        """How many parameters are free, the two linear ones included."""
        return len(self.low) + (1 if self.name == "constant" else 2)


def _u(x: Array, q: Array) -> Array:
    return q[:, :1] + (q[:, 1:2] - q[:, :1]) * x


def _half_cosine(u: Array) -> Array:
    # sin^2 keeps its digits where 1 - cos has lost them.
    return np.sin(0.5 * np.pi * u) ** 2


def _none(x: Array, q: Array) -> Array:
    return np.zeros((len(q), len(x)))


def _linear(x: Array, q: Array) -> Array:
    return np.broadcast_to(x, (len(q), len(x)))


def _cosine(x: Array, q: Array) -> Array:
    return _half_cosine(_u(x, q))


def _mirror_cosine(x: Array, q: Array) -> Array:
    u = _u(x, q)
    return 2 * u - _half_cosine(u)


def _uba(x: Array, q: Array) -> Array:
    phi, g = np.exp(q[:, 2:3]), _half_cosine(_u(x, q))
    # shapes.uba with c = 2 (1 - g).
    return phi * g / (phi + (2 - phi) * (1 - g))


def _cosine_power(x: Array, q: Array) -> Array:
    rate = np.exp(q[:, 2:3])
    return -np.expm1(rate * (1 - _half_cosine(_u(x, q)))) / np.expm1(rate)


def _from_origin(x: Array, q: Array) -> Array:
    return q[:, :1] + (1 - q[:, :1]) * x


def _square(x: Array, q: Array) -> Array:
    return _from_origin(x, q) ** 2


def _sqrt(x: Array, q: Array) -> Array:
    return np.sqrt(_from_origin(x, q))


def _exp_rise(x: Array, q: Array) -> Array:
    return _from_origin(x, q) * np.exp(q[:, 1:2] * x)


def _exp_fall(x: Array, q: Array) -> Array:
    return (1 - q[:, :1] * x) * np.exp(q[:, 1:2] * x)


def _power(x: Array, q: Array) -> Array:
    # expm1 and log1p keep the digits of the first few steps of a long phase.
    return -np.expm1(power_of(q)[:, None] * np.log1p(-q[:, :1] * x))


def power_of(q: Array) -> Array:
    """Exponents p of the family "power".

    The second parameter is the bend (p - 1) v: in a short window v and p alone are hardly told apart.
    """
    return np.clip(1 + q[:, 1] / q[:, 0], 0.01, 30)


def _exp(x: Array, q: Array) -> Array:
    k = np.where(q == 0, 1e-300, q)
    return np.expm1(k * x) / k


def _moebius(x: Array, q: Array) -> Array:
    return x / (1 + np.expm1(q) * x)


def _inverse_sqrt(x: Array, q: Array) -> Array:
    return -np.expm1(-0.5 * np.log1p(np.exp(q) * x))


def _inverse_power(x: Array, q: Array) -> Array:
    return -np.expm1(-inverse_of(q)[:, None] * np.log1p(np.exp(q[:, :1]) * x))


def inverse_of(q: Array) -> Array:
    """Exponents p of the family "inverse_power", whose second parameter is the bend (p + 1) alpha."""
    return np.clip(q[:, 1] / np.exp(q[:, 0]) - 1, 0.01, 30)


def _damped_cosine(x: Array, q: Array) -> Array:
    return -(1 + np.cos(np.pi * (2 * q[:, :1] + 1) * x)) * np.exp(-q[:, 1:2] * x)


def _grid(*axes: list[float]) -> Array:
    return np.array(list(product(*axes)), dtype=float)


def _cuts() -> Array:
    """Pairs (u0, u1): whole, cut at either end, and short windows anywhere in the shape."""
    rows = [(0.0, 1.0), (0.0, 0.8), (0.0, 0.5), (0.2, 1.0), (0.5, 1.0), (0.25, 0.75)]
    for width in (0.2, 0.05, 0.01, 1e-3, 1e-4):
        rows += [
            (s, s + width) for s in (0.0, width / 2, 4 * width, *(f * (1 - width) for f in (0.3, 0.6, 1)))
        ]
    return np.array([row for row in rows if row[1] <= 1])


def _with(pairs: Array, more: list[float]) -> Array:
    return np.array([(*pair, m) for pair in pairs for m in more])


def _box(*bounds: tuple[float, float]) -> tuple[Array, Array]:
    return np.array([b[0] for b in bounds], dtype=float), np.array([b[1] for b in bounds], dtype=float)


_UNIT, _NEAR = (0.0, 1.0), (0.0, 1 - 1e-9)
_CUTS = _cuts()
_WIDE = _CUTS[:12]
_ORIGIN = [0.0, 1e-4, 0.003, 0.03, 0.1, 0.3, 0.6, 0.9, 0.99, 0.999]
_V = [1.0, 0.9999, 0.999, 0.99, 0.9, 0.7, 0.4, 0.1, 0.01, 1e-3]
_K = [-20.0, -8, -3, -1, -0.3, -0.03, -1e-3, 1e-3, 0.03, 0.3, 1, 3, 8, 20]
_ALPHA = [-8.0, -4, -2, -1, 0, 1, 2, 3, 4.5, 6, 9, 12]
_P = [0.1, 0.25, 0.5, 0.75, 1.25, 1.5, 2, 3, 6, 20]
_POWERS = np.array([(v, (p - 1) * v) for v in _V for p in _P])
_INVERSES = np.array([(alpha, (p + 1) * np.exp(alpha)) for alpha in _ALPHA for p in _P])

FAMILIES: tuple[Family, ...] = (
    Family("constant", _none, np.zeros((1, 0)), *_box()),
    Family("linear", _linear, np.zeros((1, 0)), *_box()),
    Family("sqrt", _sqrt, _grid(_ORIGIN), *_box(_NEAR), (0, None)),
    Family("square", _square, _grid(_ORIGIN), *_box(_NEAR), (0, None)),
    Family("cosine", _cosine, _CUTS, *_box(_UNIT, _UNIT), (0, 1)),
    Family("exp", _exp, _grid(_K), *_box((-27.6, 27.6))),
    Family("rex", _moebius, _grid([*_ALPHA, -0.1, 0.1]), *_box((-14, 14.5))),
    Family("inverse_sqrt", _inverse_sqrt, _grid(_ALPHA), *_box((-20, 14.5))),
    Family("mirror_cosine", _mirror_cosine, _CUTS, *_box(_UNIT, _UNIT), (0, 1)),
    Family("power", _power, _POWERS, *_box((1e-6, 1), (-1, 30)), (None, 0)),
    Family("inverse_power", _inverse_power, _INVERSES, *_box((-20, 14.5), (0, 6e7))),
    Family("uba", _uba, _with(_WIDE, [-2.0, -1, 0, 1.3, 3]), *_box(_UNIT, _UNIT, (-7, 7)), (0, 1)),
    Family("exp_rise", _exp_rise, _grid(_ORIGIN, _K), *_box(_NEAR, (-27.6, 27.6)), (0, None)),
    Family("exp_fall", _exp_fall, _grid(_V, _K), *_box((1e-6, 1), (-27.6, 27.6)), (None, 0)),
    Family(
        "cosine_power", _cosine_power, _with(_WIDE, [-1.0, 0.3, 1, 2]), *_box(_UNIT, _UNIT, (-3, 2.6)), (0, 1)
    ),
)
"""Every family, simplest first: of two that fit, the earlier is taken."""

_WAVES = _grid([float(k) for k in range(13)], [0.1, 1.0, 3.0, 6.0, 12.0])
_DAMPED = Family("damped_cosine", _damped_cosine, _WAVES, *_box((0, 50), (0, 100)))
BY_NAME = {family.name: family for family in (*FAMILIES, _DAMPED)}

WHOLE: tuple[tuple[Family, dict[int, float]], ...] = (
    (BY_NAME["uba"], {0: 0.0, 1: 1.0}),
    (BY_NAME["cosine_power"], {0: 0.0, 1: 1.0}),
    (BY_NAME["exp_rise"], {0: 0.0}),
    (BY_NAME["exp_fall"], {0: 1.0}),
    (BY_NAME["damped_cosine"], {}),
    (BY_NAME["exp_rise"], {}),
    (BY_NAME["exp_fall"], {}),
)
"""Families that a short window does not tell apart from others, with what is fixed of a whole one."""

_CUT = ("mirror_cosine", "uba", "cosine_power")
CUT: tuple[tuple[Family, dict[int, float]], ...] = tuple(
    (BY_NAME[name], dict(fixed)) for fixed in ({0: 0.0}, {1: 1.0}, {}) for name in _CUT
)
"""Such families without their end, without their beginning, and without either."""
