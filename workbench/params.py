"""What an argument may be: its range, unit and one line of help.

One `Param` beside an argument's type feeds validation, sliders, docs and the command line alike.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from workbench.files import short

MAX_STEPS = 100_000_000
"""Longest schedule that is built: its array takes 0.8 GB."""


@dataclass(frozen=True)
class Param:
    """Range, unit and help of a number.

    Parameters
    ----------
    low, high : float
        Smallest and largest allowed value, both included unless `open_low` is set.
    help : str
        One line for docs, tooltips and the command line.
    unit : str
        Unit shown beside the value.
    log : bool
        Whether a slider moves it on a logarithmic scale.
    slider : tuple of float, optional
        Range that a slider offers; ``(low, high)`` where it is not given.
    open_low : bool
        Whether `low` itself is excluded.
    only : tuple of str, optional
        Another argument and the value of it with which alone this one counts: ``("shape", "power")``.
    """

    low: float
    high: float
    help: str = ""
    unit: str = ""
    log: bool = False
    slider: tuple[float, float] | None = None
    open_low: bool = False
    only: tuple[str, str] | None = None

    @property
    def allowed(self) -> str:
        """The range in words, for error sentences and tooltips."""
        if math.isinf(self.low) and math.isinf(self.high):
            return "a finite number"
        bound = "greater than" if self.open_low else "at least"
        lower = f"{bound} {self.low:g}"
        return lower if math.isinf(self.high) else f"{lower} and at most {self.high:g}"

    def contains(self, value: float) -> bool:
        """Whether `value` is finite and inside the range."""
        above = value > self.low if self.open_low else value >= self.low
        return math.isfinite(value) and above and value <= self.high


@dataclass(frozen=True)
class Choice:
    """An argument that is one of a few names."""

    options: tuple[str, ...]
    help: str = ""

    @property
    def allowed(self) -> str:
        """The options in words."""
        return "one of " + ", ".join(self.options)


@dataclass(frozen=True)
class Text:
    """An argument that is free text, such as a path."""

    help: str = ""
    allowed: str = "text"


@dataclass(frozen=True)
class Flag:
    """An argument that is true or false."""

    help: str = ""
    allowed: str = "true or false"


@dataclass(frozen=True)
class Numbers:
    """An argument that is a list of numbers, given as a sequence or as text such as "0.25, 0.5, 1".

    Parameters
    ----------
    each : Param
        Range and unit of every number.
    help : str
        One line for docs, tooltips and the command line.
    least, most : int
        How many numbers there may be.
    increasing : bool
        Whether each number must be greater than the one before.
    last : float, optional
        What the last number must be.
    """

    each: Param
    help: str = ""
    least: int = 1
    most: int = 12
    increasing: bool = False
    only: tuple[str, str] | None = None
    last: float | None = None

    @property
    def unit(self) -> str:
        """Unit of every number."""
        return self.each.unit

    @property
    def allowed(self) -> str:
        """What may be given, in words."""
        order = "increasing numbers" if self.increasing else "numbers"
        last = "" if self.last is None else f", the last {self.last:g}"
        return f"{self.least} to {self.most} {order}, each {self.each.allowed}{last}"


Kind = Param | Choice | Text | Flag | Numbers
"""Every kind of argument."""


def number(name: str, value: Any, param: Param, *, integer: bool = False) -> float:
    """Return `value` as a float (or int) inside `param`'s range.

    Raises
    ------
    ValueError
        Naming the argument, what is allowed and what came. Booleans, text, NaN and infinities are
        refused; a whole float such as ``1e5`` passes where an integer is asked for.
    """
    kind = "a whole number" if integer else "a number"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"{name} must be {kind}, {param.allowed}; got {short(value)}")
    # A huge integer overflows float(); it is out of every range that we have.
    try:
        as_float = float(value)
    except OverflowError:
        raise ValueError(f"{name} must be {param.allowed}; got a number beyond 1e308") from None
    if not param.contains(as_float):
        raise ValueError(f"{name} must be {param.allowed}; got {short(value)}")
    if integer:
        if not as_float.is_integer():
            raise ValueError(f"{name} must be a whole number, {param.allowed}; got {short(value)}")
        return int(value)  # pyright: ignore[reportArgumentType], Real does not promise __int__
    return as_float


def choice(name: str, value: Any, param: Choice) -> str:
    """Return `value` if it is one of the options of `param`, else raise ``ValueError``."""
    if not isinstance(value, str) or value not in param.options:
        raise ValueError(f"{name} must be {param.allowed}; got {short(value)}")
    return value


def numbers_in(name: str, value: Any, param: Numbers) -> tuple[float, ...]:
    """Return `value` as a tuple of floats that `param` allows, or raise ``ValueError``."""
    refusal = f"{name} must be {param.allowed}; got {short(value)}"
    if isinstance(value, str):
        try:
            value = [float(part) for part in value.replace(",", " ").split()]
        except ValueError:
            raise ValueError(refusal) from None
    try:
        given = list(value)
    except TypeError:
        raise ValueError(refusal) from None
    if isinstance(value, Mapping | bytes) or not param.least <= len(given) <= param.most:
        raise ValueError(refusal)
    each = [number(f"{name}[{i}]", one, param.each) for i, one in enumerate(given)]
    if param.increasing and any(a >= b for a, b in pairwise(each)):
        raise ValueError(refusal)
    if param.last is not None and each[-1] != param.last:
        raise ValueError(refusal)
    return tuple(each)


def check(name: str, value: Any, param: Kind, *, integer: bool = False) -> Any:
    """Return the validated `value` of any kind of argument, or raise ``ValueError``."""
    if isinstance(param, Numbers):
        return numbers_in(name, value, param)
    if isinstance(param, Param):
        return number(name, value, param, integer=integer)
    if isinstance(param, Choice):
        return choice(name, value, param)
    if not isinstance(value, str if isinstance(param, Text) else bool):
        raise ValueError(f"{name} must be {param.allowed}; got {short(value)}")
    return value


def known(names: Sequence[str], given: Sequence[Any], what: str) -> None:
    """Raise ``ValueError`` for the first of `given` that is not among `names`."""
    for name in given:
        if name not in names:
            raise ValueError(f"{what} has no argument {short(name)}; allowed: {', '.join(names)}")


STEPS = Param(1, MAX_STEPS, unit="steps", help="number of updates")
RATE = Param(0, 1e12, help="rate, or another quantity that is scheduled, such as a batch size")
FACTOR = Param(0, 1e6, open_low=True, help="factor of the whole schedule")

Total = Annotated[
    int,
    Param(
        1,
        MAX_STEPS,
        unit="steps",
        log=True,
        slider=(100, 100_000),
        help="updates in the whole run, warmup included",
    ),
]
Peak = Annotated[float, Param(0, 1e6, open_low=True, log=True, slider=(1e-5, 1e-1), help="highest rate")]
Warmup = Annotated[
    float,
    Param(0, 1, unit="of total", slider=(0, 0.5), help="share of total that rises from 0 to peak"),
]
Floor = Annotated[float, Param(0, 1, unit="of peak", help="last rate as a share of peak")]
