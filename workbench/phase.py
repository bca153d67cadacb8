"""One stretch of a schedule: a shape from one rate to another, and how much of it is run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import expression, files, shapes
from workbench.params import MAX_STEPS, RATE, STEPS, number

Array = NDArray[np.float64]

_SPAN = replace(STEPS, high=1e12, help="updates that the shape was meant to last")
_FIRST = replace(_SPAN, low=0, help="update of the shape at which the phase begins")
_PAIRS: Mapping[str, Callable[[Array, Array], Array]] = {"product": np.multiply, "sum": np.add}
FREE = ("points", "expression", *_PAIRS)
"""Shapes that carry a curve of their own; the others are in `workbench.shapes`."""
_UNBOUNDED = ("expression", *_PAIRS, "exp_rise", "exp_fall")
"""Shapes that do not stay between start and end by themselves."""
_FLAT = (math.exp(-1), math.e)
"""Ratios at which exp_rise and exp_fall are flat at one end; past them they turn."""


@dataclass(frozen=True)
class Phase:
    """One stretch of a schedule, ``rate(t) = start + (end - start) * g((t + first) / span)``.

    Parameters
    ----------
    name : str
        What the phase is called in figures: "warmup", "stable", "decay".
    steps : int
        How many updates it lasts.
    start, end : float
        Rate at u = 0 and at u = 1, in the trainer's unit. Of "expression", "product" and "sum" they
        follow from the arguments, whatever is given here.
    shape : str
        Name of g in `workbench.shapes`, or "points" for a free curve, "expression" for a typed
        formula, "product" or "sum" for two phases taken together.
    span : float, optional
        How many updates the shape was meant to last, at least ``first + steps`` (the default). A
        larger span is an exact cut: a cosine set too long, a decay stopped early.
    args : mapping
        Arguments of the shape. "points": ``u`` (n,), increasing from 0 to 1, and ``rate`` (n,),
        joined by straight lines. "expression": ``text``, and the ``total`` and ``peak`` that it may
        name. "product" and "sum": ``left`` and ``right``, phases whose steps are the span.
    first : float
        Update of the shape at which the phase begins: what is left of it after an exact cut.

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
    first: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not 0 < len(self.name) <= 80:
            raise ValueError(f"name must be text of 1 to 80 characters; got {files.short(self.name)}")
        if not isinstance(self.args, Mapping):
            raise ValueError(f"args must be a mapping of names to values; got {files.short(self.args)}")
        steps = int(number("steps", self.steps, STEPS, integer=True))
        first = number("first", self.first, _FIRST)
        span = first + steps if self.span is None else number("span", self.span, _SPAN)
        # Three sums of shares of a span may differ from it in their last bit.
        if span < (first + steps) * (1 - 1e-12):
            raise ValueError(f"span must be at least first + steps = {first + steps:g}; got {self.span!r}")
        checked: dict[str, Any] = {
            "steps": steps,
            "start": number("start", self.start, RATE),
            "end": number("end", self.end, RATE),
            "span": span,
            "first": first,
        }
        if self.shape == "points":
            checked["args"] = _points(self.args, checked["start"], checked["end"])
        elif self.shape == "expression":
            checked["args"] = _formula(self.args)
        elif isinstance(self.shape, str) and self.shape in _PAIRS:
            checked["args"] = _pair(self.args, span)
        else:
            checked["args"] = shapes.check(self.shape, self.args)
        if checked["start"] == checked["end"] and self.shape not in FREE:
            # However it was made, a constant is one value: equal ones compare equal, also when cut.
            checked.update(shape="linear", span=float(steps), args={}, first=0.0)
        for key, value in checked.items():
            object.__setattr__(self, key, value)
        if self.shape in _UNBOUNDED and not self._monotone:
            self._follow()

    @property
    def _monotone(self) -> bool:
        """Whether the shape's argument keeps it between start and end."""
        ratio = self.args.get("ratio", 0.0)
        return (self.shape == "exp_rise" and ratio >= _FLAT[0]) or (
            self.shape == "exp_fall" and 0 < ratio <= _FLAT[1]
        )

    def _follow(self) -> None:
        """Refuse a curve that leaves the range of rates; of a free one take start and end from it."""
        rates = self.at(np.arange(self.steps, dtype=float))
        bad = ~np.isfinite(rates) | (rates < 0) | (rates > RATE.high)
        if np.any(bad):
            step = int(np.argmax(bad))
            what = files.short(self.args.get("text", self.shape))
            what = f"formula {what}" if self.shape == "expression" else f"shape {what}"
            raise ValueError(f"{what} must give rates {RATE.allowed}; got {rates[step]:g} at step {step}")
        if self.shape not in FREE:
            return
        ends = self.at(np.array([0.0, self.span]) - self.first)
        # Outside what is run a formula may be anything: there the nearest rate stands.
        sound = np.isfinite(ends) & (ends >= 0) & (ends <= RATE.high)
        start, end = np.where(sound, ends, rates[[0, -1]])
        object.__setattr__(self, "start", float(start))
        object.__setattr__(self, "end", float(end))

    @cached_property
    def _knots(self) -> tuple[Array, Array]:
        return np.array(self.args["u"]), np.array(self.args["rate"])

    def at(self, t: Array) -> Array:
        """Rates at the steps `t` (n,), counted from the start of this phase."""
        x = t + self.first
        if self.shape in _PAIRS:
            return _PAIRS[self.shape](self.args["left"].at(x), self.args["right"].at(x))
        if self.shape == "expression":
            total = self.args["total"]
            # In this order a whole step stays whole, which a formula with floor() or % can tell.
            return expression.evaluate(self.args["text"], x * total / self.span, total, self.args["peak"])
        u = x / self.span
        if self.shape == "points":
            return np.interp(u, *self._knots)
        if self.start == self.end:
            return np.full_like(u, self.start)
        return self.start + (self.end - self.start) * shapes.SHAPES[self.shape](u, **self.args)

    @property
    def landing(self) -> float:
        """Rate that the update after the last would have: `end`, unless the phase is cut."""
        return float(self.at(np.array([float(self.steps)]))[0])

    def to_dict(self) -> dict[str, Any]:
        """Plain values, readable by `from_dict`; what is at its default is left out."""
        row: dict[str, Any] = {"name": self.name, "steps": self.steps, "start": self.start, "end": self.end}
        if self.shape != "linear":
            row["shape"] = self.shape
        if self.span != self.first + self.steps:
            row["span"] = self.span
        if self.args:
            row["args"] = {key: _plain(value) for key, value in self.args.items()}
        if self.first:
            row["first"] = self.first
        return row

    @classmethod
    def from_dict(cls, row: Any, what: str = "a phase") -> Phase:
        """The phase that `to_dict` wrote; `what` says in errors which one it is."""
        needs, may = ("name", "steps", "start", "end"), ("shape", "span", "args", "first")
        files.fields(row, what, needs=needs, may=may)
        try:
            return cls(**row)
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from None
        except RecursionError:
            raise ValueError(f"{what}: products and sums are nested too deep") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Phase):
        return value.to_dict()
    return list(value) if isinstance(value, tuple) else value


def _points(args: Mapping[str, Any], start: float, end: float) -> dict[str, tuple[float, ...]]:
    files.fields(args, "args of shape 'points'", needs=("u", "rate"))
    try:
        u, rate = (np.array([float(x) for x in args[key]]) for key in ("u", "rate"))
    except (TypeError, ValueError, OverflowError):
        raise ValueError("u and rate of shape 'points' must be lists of numbers") from None
    if len(u) != len(rate) or not 2 <= len(u) <= MAX_STEPS:
        raise ValueError(f"u and rate must have the same length, at least 2; got {len(u)} and {len(rate)}")
    if u[0] != 0 or u[-1] != 1 or not np.all(np.diff(u) > 0):
        raise ValueError("u of shape 'points' must increase from exactly 0 to exactly 1")
    if not np.all((rate >= RATE.low) & (rate <= RATE.high)):
        raise ValueError(f"every rate of shape 'points' must be {RATE.allowed}")
    if (rate[0], rate[-1]) != (start, end):
        ends = (float(rate[0]), float(rate[-1]))
        raise ValueError(f"start and end must be the first and last rate {ends}; got {start}, {end}")
    return {"u": tuple(u.tolist()), "rate": tuple(rate.tolist())}


def _formula(args: Mapping[str, Any]) -> dict[str, Any]:
    files.fields(args, "args of shape 'expression'", needs=("text", "total", "peak"))
    return {
        "text": expression.check(args["text"]),
        "total": number("total", args["total"], _SPAN),
        "peak": number("peak", args["peak"], RATE),
    }


def _pair(args: Mapping[str, Any], span: float) -> dict[str, Phase]:
    files.fields(args, "args of shapes 'product' and 'sum'", needs=("left", "right"))
    pair = {}
    for side in ("left", "right"):
        given = args[side]
        pair[side] = given if isinstance(given, Phase) else Phase.from_dict(given, side)
        if pair[side].steps != span:
            raise ValueError(f"{side} must have the {span:g} steps of the span; got {pair[side].steps}")
    return pair
