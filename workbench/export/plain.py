"""Functions of mathematics in plain arithmetic: no imports and no builtins, so that their text runs anywhere.

`workbench.export.to_python` copies the source of those that a snippet calls. Each is within a few units of
the last place of the C library's.
"""

from __future__ import annotations


def _sin(x: float) -> float:
    """Sine: the cosine a quarter of a turn later."""
    return _turn(x, 3.0)


def _cos(x: float) -> float:
    """Cosine."""
    return _turn(x, 0.0)


def _turn(x: float, quarters: float) -> float:
    """``cos(x + quarters pi / 2)``."""
    # pi / 2 in three parts, the first so short that its multiples are exact.
    n = (x * 0.6366197723675814 + 0.5) // 1.0
    y = x - n * 1.5707963267341256 - n * 6.077100506303966e-11 - n * 2.0222662487959506e-21
    z, quadrant = y * y, (n + quarters) % 4.0
    tail = 0.0
    if quadrant % 2.0 == 0.0:
        for k in (18.0, 16.0, 14.0, 12.0, 10.0, 8.0, 6.0, 4.0):
            tail = (1.0 - tail) * z / (k * (k - 1.0))
        # 1 - z/2 is rounded, and what it lost is given back with the small terms.
        half = 0.5 * z
        top = 1.0 - half
        value = top + ((1.0 - top - half) + half * tail)
    else:
        for k in (19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
            tail = (1.0 - tail) * z / (k * (k - 1.0))
        value = y * tail - y
    return value if quadrant < 2.0 else -value


def _exp(x: float) -> float:
    """``e**x``."""
    if x > 709.782712893384:
        return 1e308 * 10.0
    if x < -745.2:
        return 0.0
    # The double nearest to e is below it by 5.3e-17 of itself.
    return 2.718281828459045**x * (1.0 + x * 5.31823e-17)


def _expm1(x: float) -> float:
    """``e**x - 1``, also for small x."""
    if x < -0.5 or x > 0.5:
        return _exp(x) - 1.0
    value = 0.0
    for k in (16.0, 15.0, 14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0):
        value = (1.0 + value) * x / k
    return x + x * value


def _log1p(x: float) -> float:
    """``log(1 + x)``, also for small x."""
    if x < -0.25 or x > 0.5:
        return _log(1.0 + x)
    return _series(x / (2.0 + x))


def _log(x: float) -> float:
    """Natural logarithm."""
    if x <= 0.0:
        return -1e308 * 10.0 if x == 0.0 else (1e308 * 10.0) * 0.0
    if x > 1.7976931348623157e308:
        return x
    twos = 0.0
    while x > 1.4142135623730951:
        x, twos = x * 0.5, twos + 1.0
    while x < 0.7071067811865476:
        x, twos = x * 2.0, twos - 1.0
    return twos * 0.6931471805599453 + _series((x - 1.0) / (x + 1.0))


def _series(z: float) -> float:
    """``log((1 + z) / (1 - z))`` for small z."""
    square, value = z * z, 0.0
    for k in (25.0, 23.0, 21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
        value = (value + 1.0 / k) * square
    return 2.0 * z + 2.0 * z * value


def _tanh(x: float) -> float:
    """Hyperbolic tangent."""
    if x > 20.0 or x < -20.0:
        return 1.0 if x > 0.0 else -1.0
    twice = _expm1(2.0 * x)
    return twice / (twice + 2.0)


def _sqrt(x: float) -> float:
    """Square root; not a number below 0."""
    return x**0.5 if x >= 0.0 else (1e308 * 10.0) * 0.0


def _abs(x: float) -> float:
    """Distance from 0."""
    return x if x > 0.0 else 0.0 - x


def _floor(x: float) -> float:
    """Largest whole number that is not above x."""
    return x // 1.0


def _min(a: float, b: float) -> float:
    """The smaller of two."""
    return b if b < a else a


def _max(a: float, b: float) -> float:
    """The larger of two."""
    return b if b > a else a


def _div(a: float, b: float) -> float:
    """``a / b``, infinite where b is 0."""
    if b != 0.0:
        return a / b
    return a * (1e308 * 10.0)


def _floordiv(a: float, b: float) -> float:
    """``a // b``, infinite where b is 0."""
    return a // b if b != 0.0 else _div(a, b)


def _mod(a: float, b: float) -> float:
    """``a % b``, not a number where b is 0."""
    return a % b if b != 0.0 else (1e308 * 10.0) * 0.0


def _pow(a: float, b: float) -> float:
    """``a ** b``, as arrays have it: infinite, or not a number, and never an error."""
    if a == 0.0 and b < 0.0:
        return 1e308 * 10.0
    if a < 0.0 and b % 1.0 != 0.0:
        return (1e308 * 10.0) * 0.0
    if b * _log(_abs(a)) > 709.782712893384:
        return 1e308 * 10.0 if a > 0.0 or b % 2.0 == 0.0 else -1e308 * 10.0
    return a**b


def _between(x: float, at: tuple[float, ...], rates: tuple[float, ...], last: int) -> float:
    """The straight line through the two points beside x; `at` increases, `last` is the last index."""
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if at[middle] <= x:
            low = middle
        else:
            high = middle
    if x >= at[high]:
        return rates[high]
    return (rates[high] - rates[low]) / (at[high] - at[low]) * (x - at[low]) + rates[low]
