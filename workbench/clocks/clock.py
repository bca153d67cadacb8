"""How much one update takes, and with it steps, tokens, samples and epochs of one training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import files
from workbench.params import Choice, Param, choice, number
from workbench.schedule import Schedule
from workbench.views.rates import numeric

Array = NDArray[np.float64]

UNITS = ("steps", "tokens", "samples", "epochs")
"""Names of the units."""

_UNIT = Choice(UNITS)
_ROUNDING = Choice(("up", "down", "nearest", "none"))
AMOUNT = Param(0, 2.0**53)  # whole numbers are exact up to here
_SIZE = Param(0, 2.0**53, open_low=True)
_NEAR = 4 * np.finfo(float).eps
_MISSING = {
    "tokens": "sequence_length or batch_tokens",
    "samples": "batch_size or sequence_length",
    "epochs": "epoch_samples, and batch_size or sequence_length",
}


@dataclass(frozen=True)
class Clock:
    """How much one update takes, and so how steps, tokens, samples and epochs convert.

    ``tokens = samples sequence_length``, ``epochs = samples / epoch_samples``, and step k comes after k
    updates, which took ``k batch_size`` samples, or the sum of the first k batches.

    Parameters
    ----------
    batch_size : float or Schedule, optional
        Samples per update; a Schedule when it changes, whose last value holds after its end.
    sequence_length : float, optional
        Tokens per sample.
    epoch_samples : float, optional
        Samples in one pass through the data.
    batch_tokens : float, optional
        Tokens per update, ``batch_size sequence_length``. Two of these three are enough; `batch_tokens`
        alone converts between steps and tokens.

    Raises
    ------
    ValueError
        For a size that is not above 0, neither `batch_size` nor `batch_tokens`, or three that disagree.

    Examples
    --------
    >>> clock = Clock(batch_size=256, sequence_length=2048, epoch_samples=1_000_000)
    >>> clock.to_steps(1e9, "tokens"), clock.from_steps(3_906.25, "epochs")
    (1908, 1.0)
    """

    batch_size: float | Schedule | None = None
    sequence_length: float | None = None
    epoch_samples: float | None = None
    batch_tokens: float | None = None

    def __post_init__(self) -> None:
        for name in ("batch_size", "sequence_length", "epoch_samples", "batch_tokens"):
            given = getattr(self, name)
            if given is not None and not (name == "batch_size" and isinstance(given, Schedule)):
                object.__setattr__(self, name, number(name, given, _SIZE))
        size, length, tokens = self.batch_size, self.sequence_length, self.batch_tokens
        if size is None and tokens is None:
            raise ValueError("a Clock needs batch_size or batch_tokens; got neither")
        if isinstance(size, Schedule):
            if tokens is not None:
                raise ValueError(
                    "batch_tokens must not be given where batch_size is a Schedule; give sequence_length"
                )
            if np.any(size.array() <= 0):
                raise ValueError(f"batch_size must be greater than 0 at every step; got {size!r}")
        elif size and length and tokens and not math.isclose(size * length, tokens, rel_tol=1e-12):
            raise ValueError(
                f"batch_tokens must be batch_size * sequence_length = {size * length:g}; got {tokens:g}"
            )

    @property
    def constant(self) -> bool:
        """Whether every update takes the same."""
        return not isinstance(self.batch_size, Schedule) or bool(np.ptp(self.batch_size.array()) == 0)

    @cached_property
    def _taken(self) -> Array:
        assert isinstance(self.batch_size, Schedule)
        return np.concatenate([[0.0], np.cumsum(self.batch_size.array())])

    def from_steps(self, steps: ArrayLike, unit: str) -> Any:
        """Amount of `unit` that the first `steps` updates take.

        Parameters
        ----------
        steps : float or array_like
            Updates made, at least 0; a fraction is that part of an update.
        unit : str
            "tokens", "samples", "epochs" or "steps".

        Returns
        -------
        float or array
            Exact where it is a whole number below 2**53.

        Raises
        ------
        ValueError
            For an unknown unit, one for which a size is missing, or steps that are negative or not finite.
        """
        out = self._amount(_amounts("steps", steps), unit)
        return float(out) if out.ndim == 0 else out

    def to_steps(self, amount: ArrayLike, unit: str, rounding: str = "up") -> Any:
        """Updates that take `amount` of `unit`.

        Parameters
        ----------
        amount : float or array_like
            Tokens, samples, epochs or steps, at least 0.
        unit : str
            "tokens", "samples", "epochs" or "steps".
        rounding : str
            "up", the fewest updates that take at least the amount; "down", the most that take no more;
            "nearest", halves up; "none", a float with the fraction of the last update. An amount that is
            that of a whole number of updates but for a few roundings counts as it.

        Returns
        -------
        int, or array of int64; with rounding "none" float, or array

        Raises
        ------
        ValueError
            For an unknown unit or rounding, one for which a size is missing, or an amount that is negative
            or not finite.
        """
        x, (over, under) = _amounts("amount", amount), self._ratio(unit)
        choice("rounding", rounding, _ROUNDING)
        steps = x * over / under
        if isinstance(self.batch_size, Schedule) and unit != "steps":
            taken, n = self._taken, len(self.batch_size)
            beyond = np.maximum(steps - taken[n], 0) / (taken[n] - taken[n - 1])
            steps = np.interp(steps, taken, np.arange(n + 1)) + beyond
        near = np.rint(steps)
        steps = np.where(np.abs(self._amount(near, unit) - x) <= _NEAR * x, near, steps)
        if rounding == "none":
            return float(steps) if steps.ndim == 0 else steps
        if np.any(steps > AMOUNT.high):
            raise ValueError(f"amount must be at most {AMOUNT.high:g} steps; got {files.short(amount)}")
        rounded = {"up": np.ceil, "down": np.floor, "nearest": lambda v: np.floor(v + 0.5)}[rounding](steps)
        return int(rounded) if steps.ndim == 0 else rounded.astype(np.int64)

    def convert(self, amount: ArrayLike, unit: str, to: str) -> Any:
        """`amount` of one unit in another, such as epochs in tokens; fractions are kept."""
        return self.from_steps(self.to_steps(amount, unit, "none"), to)

    def _amount(self, t: Array, unit: str) -> Array:
        over, under = self._ratio(unit)
        if isinstance(self.batch_size, Schedule) and unit != "steps":
            taken, n = self._taken, len(self.batch_size)
            t = np.interp(t, np.arange(n + 1), taken) + np.maximum(t - n, 0) * (taken[n] - taken[n - 1])
        return t * under / over

    def _ratio(self, unit: str) -> tuple[float, float]:
        """Two numbers: steps = amount * first / second; samples instead of steps where the batch changes."""
        choice("unit", unit, _UNIT)
        if unit == "steps":
            return 1.0, 1.0
        length, epoch, tokens = self.sequence_length, self.epoch_samples, self.batch_tokens
        size = 1.0 if isinstance(self.batch_size, Schedule) else self.batch_size
        # Products of what was given, never quotients of it: whole numbers so stay exact.
        if size is None:
            ratios = {"samples": (length, tokens), "epochs": (_product(epoch, length), tokens)}
        else:
            ratios = {"samples": (1.0, size), "epochs": (epoch, size)}
        ratios["tokens"] = (1.0, _product(size, length) if tokens is None else tokens)
        over, under = ratios[unit]
        if over is None or under is None:
            raise ValueError(f"{unit} need {_MISSING[unit]}, which this clock was not given")
        return over, under


def _product(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a * b


def _amounts(name: str, values: ArrayLike) -> Array:
    array = numeric(name, values)
    if not np.all((array >= AMOUNT.low) & (array <= AMOUNT.high)):
        raise ValueError(f"{name} must be {AMOUNT.allowed}; got {files.short(values)}")
    return array
