"""Curves and runs: what was measured or predicted, and under which schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.schedule import Schedule

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """Loss over steps, with an interval where it is a prediction.

    Parameters
    ----------
    step : array_like, shape (n,)
        Increasing steps, the loss after update `step`.
    loss : array_like, shape (n,)
        Loss in nats per token; not finite only where a run diverged.
    low, high : array_like, shape (n,), optional
        Interval of a prediction.

    Raises
    ------
    ValueError
        When shapes differ, or steps are not finite and increasing.
    """

    step: Array
    loss: Array
    low: Array | None = None
    high: Array | None = None

    def __post_init__(self) -> None:
        step = _column("step", self.step)
        # Of increasing numbers the ends tell whether all are finite and at least 0.
        if len(step) and not (np.all(step[1:] > step[:-1]) and step[0] >= 0 and step[-1] < np.inf):
            raise ValueError("step must be finite, at least 0 and strictly increasing")
        object.__setattr__(self, "step", step)
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high must both be given, or neither")
        for name in ("loss", "low", "high"):
            if getattr(self, name) is None:
                continue
            column = _column(name, getattr(self, name))
            if column.shape != step.shape:
                raise ValueError(f"{name} must have the length of step, {len(step)}; got {len(column)}")
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.step)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Curve) and all(
            _same(getattr(self, name), getattr(other, name)) for name in ("step", "loss", "low", "high")
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if not len(self):
            return "<Curve: empty>"
        first, last = self.step[0], self.step[-1]
        return f"<Curve: {len(self)} points, step {first:g} to {last:g}, last loss {self.loss[-1]:.4f}>"


@dataclass(frozen=True)
class Run:
    """One training: the schedule that was used, the curve that was measured, and all that is known of it.

    Parameters
    ----------
    schedule : Schedule
        The rates that were used.
    curve : Curve
        The loss that the run is judged by.
    task : mapping
        Name and arguments of what was trained, plain values.
    facts : mapping
        Everything else, plain values: seed, device, status ("finished", "stopped", "diverged"), seconds.
    parts : mapping of Curve
        Further curves by name: "train", "river", "hill".
    """

    schedule: Schedule
    curve: Curve
    task: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Curve] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]

    @property
    def final_loss(self) -> float:
        """Last measured loss."""
        return float(self.curve.loss[-1]) if len(self.curve) else float("nan")


def _column(name: str, values: ArrayLike) -> Array:
    try:
        column = np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be an array of numbers; got {type(values).__name__}") from None
    if column.ndim != 1:
        raise ValueError(f"{name} must have one dimension; got the shape {column.shape}")
    # Nobody writes into a read-only array that owns its numbers: it needs no copy.
    if column.flags.writeable or not column.flags.owndata:
        column = column.copy()
    column.flags.writeable = False
    return column


def _same(a: Array | None, b: Array | None) -> bool:
    return a is b or (a is not None and b is not None and np.array_equal(a, b, equal_nan=True))
