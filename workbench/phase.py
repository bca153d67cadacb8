"""One stretch of a schedule: a shape from one rate to another, and how much of it is run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import files, shapes
from workbench.params import MAX_STEPS, RATE, STEPS, number

Array = NDArray[np.float64]

_SPAN = replace(STEPS, high=1e12, help="updates that the shape was meant to last")


@dataclass(frozen=True)
class Phase:
    """One stretch of a schedule, ``rate(t) = start + (end - start) * g(t / span)``.

    Parameters
    ----------
    name : str
        What the phase is called in figures: "warmup", "stable", "decay".
    steps : int
        How many updates it lasts.
    start, end : float
        Rate at u = 0 and at u = 1, in the trainer's unit.
    shape : str
        Name of g in `workbench.shapes`, or "points" for a free curve.
    span : float, optional
        How many updates the shape was meant to last, at least `steps` (the default). A larger
        span is an exact cut: a cosine set too long, a decay stopped early.
    args : mapping
        Arguments of the shape. For "points": ``u`` (n,), increasing from 0 to 1, and ``rate`` (n,),
        joined by straight lines.

    Raises
    ------
    ValueError
        Naming the argument, what is allowed and what came.
    """

    name: str
    steps: int
    start: float
    end: float
    shape: str = "linear"
    span: float = None  # type: ignore[assignment]  # a number once made
    args: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not 0 < len(self.name) <= 80:
            raise ValueError(f"name must be text of 1 to 80 characters; got {files.short(self.name)}")
        if not isinstance(self.args, Mapping):
            raise ValueError(f"args must be a mapping of names to values; got {files.short(self.args)}")
        steps = int(number("steps", self.steps, STEPS, integer=True))
        span = float(steps) if self.span is None else number("span", self.span, _SPAN)
        if span < steps:
            raise ValueError(f"span must be at least steps = {steps}; got {files.short(self.span)}")
        checked: dict[str, Any] = {
            "steps": steps,
            "start": number("start", self.start, RATE),
            "end": number("end", self.end, RATE),
            "span": span,
        }
        if self.shape == "points":
            checked["args"] = _points(self.args, checked["start"], checked["end"])
        else:
            checked["args"] = shapes.check(self.shape, self.args)
        if checked["start"] == checked["end"] and self.shape != "points":
            # However it was made, a constant is one value: equal ones compare equal, also when cut.
            checked.update(shape="linear", span=float(steps), args={})
        for key, value in checked.items():
            object.__setattr__(self, key, value)

    def at(self, t: Array) -> Array:
        """Rates at the steps `t` (n,), counted from the start of this phase."""
        u = t / self.span
        if self.shape == "points":
            return np.interp(u, self.args["u"], self.args["rate"])
        if self.start == self.end:
            return np.full_like(u, self.start)
        return self.start + (self.end - self.start) * shapes.SHAPES[self.shape](u, **self.args)

    def scaled(self, factor: float) -> Phase:
        """The same phase with every rate multiplied by `factor`."""
        args = dict(self.args)
        if self.shape == "points":
            args["rate"] = tuple(factor * rate for rate in args["rate"])
        return replace(self, start=factor * self.start, end=factor * self.end, args=args)


def _points(args: Mapping[str, Any], start: float, end: float) -> dict[str, tuple[float, ...]]:
    if set(args) != {"u", "rate"}:
        raise ValueError(f"shape 'points' needs the arguments u and rate; got {files.short(list(args))}")
    try:
        u, rate = (tuple(float(x) for x in args[key]) for key in ("u", "rate"))
    except (TypeError, ValueError, OverflowError):
        raise ValueError("u and rate of shape 'points' must be lists of numbers") from None
    if len(u) != len(rate) or not 2 <= len(u) <= MAX_STEPS:
        raise ValueError(f"u and rate must have the same length, at least 2; got {len(u)} and {len(rate)}")
    if u[0] != 0 or u[-1] != 1 or not all(a < b for a, b in pairwise(u)):
        raise ValueError("u of shape 'points' must increase from exactly 0 to exactly 1")
    if not all(math.isfinite(x) and RATE.contains(x) for x in rate):
        raise ValueError(f"every rate of shape 'points' must be {RATE.allowed}")
    if (rate[0], rate[-1]) != (start, end):
        raise ValueError(
            f"start and end must be the first and last rate {rate[0], rate[-1]}; got {start, end}"
        )
    return {"u": u, "rate": rate}
