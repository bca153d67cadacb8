"""Random and Sobol samples of ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.files import short
from workbench.params import Choice, Param
from workbench.sweep.parameter import Parameter

METHODS = ("random", "sobol")


@dataclass(frozen=True)
class Range:
    """What a sampled parameter may be: numbers from `low` to `high`, or a few `options`."""

    name: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    whole: bool = False
    options: tuple[Any, ...] = ()

    def at(self, share: NDArray[np.float64]) -> list[Any]:
        """Values at shares in [0, 1)."""
        if self.options:
            return [self.options[int(i)] for i in np.floor(share * len(self.options))]
        low, high = (self.low, self.high + 1) if self.whole else (self.low, self.high)
        if self.log:
            found = np.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            found = low + share * (high - low)
        if self.whole:
            return [int(value) for value in np.minimum(np.floor(found), self.high)]
        return [float(value) for value in np.clip(found, low, high)]


def range_of(parameter: Parameter, text: str = "") -> Range:
    """The range that is sampled: ``low:high``, ``low:high:log``, listed values, or (no text) its `Param`.

    Raises
    ------
    ValueError
        For a range outside the parameter's own, or a parameter without one.
    """
    from workbench.sweep.axes import values

    if not isinstance(text, str):
        raise ValueError(f"a range of {parameter.name} must be text such as 1e-4:1e-2:log; got {short(text)}")
    rule, name, whole = parameter.rule, parameter.name, parameter.type == "int"
    if text and (":" not in text or parameter.type not in ("int", "float")):
        return Range(name, options=tuple(values(parameter, text)))
    if not text:
        options = parameter.options or (rule.options if isinstance(rule, Choice) else ())
        if parameter.type == "bool":
            options = (False, True)
        if options:
            return Range(name, options=tuple(options))
        bounds = (rule.slider or (rule.low, rule.high)) if isinstance(rule, Param) else (math.nan, math.nan)
        low, high, log = *bounds, isinstance(rule, Param) and rule.log
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError(f"{name} has no range to sample from: give one, as in {name}=1e-4:1e-2:log")
    else:
        low, high, log = _parsed(name, text)
        parameter.check(int(low) if whole else low)
        parameter.check(int(high) if whole else high)
    if log and low <= 0:
        raise ValueError(
            f"{name} must have a range above 0 to be sampled on a logarithmic scale; got {low:g}"
        )
    return Range(name, low, high, log, whole)


def sampled(
    ranges: Sequence[Range], count: int, method: str = "sobol", seed: int = 0
) -> list[dict[str, Any]]:
    """`count` points of the ranges, each a mapping of names to values.

    Parameters
    ----------
    ranges : sequence of Range
        One dimension each.
    count : int
        How many points. Sobol's points are even at powers of 2.
    method : str
        "sobol" (scrambled, scipy.stats.qmc) or "random".
    seed : int
        Seed of the points or of their scrambling; the same seed gives the same points, and a larger
        `count` only adds to them.

    Raises
    ------
    ValueError
        For an unknown method, a count below 1, or no range.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    if not ranges:
        raise ValueError("ranges must name at least one parameter to sample")
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 1_000_000:
        raise ValueError(f"count must be a whole number from 1 to 1,000,000; got {count!r}")
    if method == "random":
        shares = np.random.default_rng(seed).random((count, len(ranges)))
    else:
        from scipy.stats import qmc

        sobol = qmc.Sobol(len(ranges), scramble=True, rng=np.random.default_rng(seed))
        # Whole powers of 2: scipy warns of anything else, and the first points are the same.
        shares = sobol.random_base2(max(0, math.ceil(math.log2(count))))[:count]
    columns = {one.name: one.at(shares[:, i]) for i, one in enumerate(ranges)}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def ranges(declared: Mapping[str, Parameter], given: Mapping[str, str]) -> tuple[Range, ...]:
    """Every range that was asked for."""
    return tuple(range_of(declared[name], text) for name, text in given.items())


def _parsed(name: str, text: str) -> tuple[float, float, bool]:
    parts = text.split(":")
    try:
        if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] != "log"):
            raise ValueError
        low, high = float(parts[0]), float(parts[1])
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError
    except ValueError:
        raise ValueError(f"{name}={text} must be low:high or low:high:log, low below high") from None
    return low, high, len(parts) == 3
