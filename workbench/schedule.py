"""The schedule algebra: a schedule is a tuple of phases, and every operation gives phases again.

`schedule(t)` is the rate that update `t` uses, the first being t = 0. Inside a phase u = t / span.
After the end the last value holds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import files
from workbench.params import FACTOR, STEPS, number
from workbench.phase import Phase
from workbench.sketch import svg

__all__ = ["Phase", "Schedule", "Span", "hold", "ramp"]

Array = NDArray[np.float64]


class Span(NamedTuple):
    """Name and steps ``start <= t < stop`` of one phase."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class Schedule:
    """A learning rate for every update of a run, as a tuple of phases.

    Parameters
    ----------
    phases : tuple of Phase
        At least one, in order.
    recipe : mapping, optional
        Name and arguments of the builder that made it, which is what sliders are restored from.
        An operation that makes it untrue drops it. It takes no part in equality.

    Examples
    --------
    >>> from workbench import ramp, hold
    >>> s = ramp(300, 0, 1e-3, name="warmup").then(hold(9_700, 1e-3))
    >>> s(150), len(s), s.until(400).spans()[-1]
    (0.0005, 10000, Span(name='hold', start=300, stop=400))
    """

    phases: tuple[Phase, ...]
    recipe: Mapping[str, Any] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        phases = tuple(self.phases) if isinstance(self.phases, tuple | list) else None
        if not phases or not all(isinstance(phase, Phase) for phase in phases):
            raise ValueError(f"phases must be one or more Phase values; got {files.short(self.phases)}")
        object.__setattr__(self, "phases", phases)
        number("total steps", len(self), STEPS, integer=True)

    @cached_property
    def _stops(self) -> list[int]:
        return list(accumulate(phase.steps for phase in self.phases))

    def __len__(self) -> int:
        return self._stops[-1]

    def __call__(self, step: ArrayLike) -> Any:
        """Rate at one step (a float) or at an array of steps (an array of the same shape)."""
        t = _steps(step)
        t = np.minimum(t, len(self) - 1)
        if t.ndim == 0:
            i = bisect_right(self._stops, float(t))
            return float(self.phases[i].at(t - self._stops[i] + self.phases[i].steps))
        index = np.searchsorted(self._stops, t, side="right")
        rates = np.empty_like(t)
        for i in np.unique(index):
            here = index == i
            rates[here] = self.phases[i].at(t[here] - self._stops[i] + self.phases[i].steps)
        return rates

    def array(self) -> Array:
        """Rates of all updates, shape (len(self),), float64."""
        return np.concatenate([phase.at(np.arange(phase.steps, dtype=float)) for phase in self.phases])

    def spans(self) -> tuple[Span, ...]:
        """Name, first step and end of each phase."""
        starts = [0, *self._stops[:-1]]
        return tuple(
            Span(phase.name, *edges) for phase, *edges in zip(self.phases, starts, self._stops, strict=True)
        )

    def then(self, other: Schedule) -> Schedule:
        """This schedule followed by `other`, which keeps its own rates."""
        if not isinstance(other, Schedule):
            raise ValueError(f"then needs a Schedule; got {files.short(other)}")
        return Schedule(self.phases + other.phases)

    def until(self, step: int) -> Schedule:
        """The first `step` updates, exactly as they were: shapes are cut, not squeezed."""
        limit = replace(STEPS, high=len(self))
        step = int(number("step of until", step, limit, integer=True))
        if step == len(self):
            return self
        i = bisect_right(self._stops, step - 1)
        left = step - (self._stops[i] - self.phases[i].steps)
        return Schedule((*self.phases[:i], replace(self.phases[i], steps=left)))

    def __mul__(self, factor: float) -> Schedule:
        """Every rate multiplied by `factor`, which is greater than 0."""
        factor = number("factor", factor, FACTOR)
        return self if factor == 1 else Schedule(tuple(phase.scaled(factor) for phase in self.phases))

    __rmul__ = __mul__

    @cached_property
    def peak(self) -> float:
        """Highest rate of any update."""
        return float(self.array().max())

    def to_dict(self) -> dict[str, Any]:
        """Plain values, readable by `from_dict`; what JSON, YAML and saved runs hold."""
        phases = []
        for phase in self.phases:
            row = {"name": phase.name, "steps": phase.steps, "start": phase.start, "end": phase.end}
            if phase.shape != "linear":
                row["shape"] = phase.shape
            if phase.span != phase.steps:
                row["span"] = phase.span
            if phase.args:
                row["args"] = {k: list(v) if isinstance(v, tuple) else v for k, v in phase.args.items()}
            phases.append(row)
        out: dict[str, Any] = {"format": files.FORMAT, "phases": phases}
        return out if self.recipe is None else {**out, "recipe": dict(self.recipe)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schedule:
        """The schedule that `to_dict` wrote.

        Raises
        ------
        ValueError
            When `data` is not a schedule, with the place in it that is wrong.
        """
        rows = files.fields(data, "a schedule", needs=("phases",), may=("format", "recipe"))["phases"]
        files.check_format(data)
        if not isinstance(rows, list | tuple) or not rows:
            raise ValueError(f"phases must be a list of one or more phases; got {files.short(rows)}")
        phases = []
        for i, row in enumerate(rows):
            needs, may = ("name", "steps", "start", "end"), ("shape", "span", "args")
            files.fields(row, f"phase {i}", needs=needs, may=may)
            try:
                phases.append(Phase(**row))
            except ValueError as error:
                raise ValueError(f"phase {i}: {error}") from None
        recipe = data.get("recipe")
        if recipe is not None and not isinstance(recipe, Mapping):
            raise ValueError(f"recipe must be a mapping; got {files.short(recipe)}")
        return cls(tuple(phases), recipe=recipe)

    def to_json(self) -> str:
        """The dict as JSON text."""
        return files.to_json(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Schedule:
        """The schedule in JSON text."""
        return cls.from_dict(files.from_json(text))

    def to_yaml(self) -> str:
        """The dict as YAML text (needs PyYAML)."""
        return files.to_yaml(self.to_dict())

    @classmethod
    def from_yaml(cls, text: str) -> Schedule:
        """The schedule in YAML text (needs PyYAML)."""
        return cls.from_dict(files.from_yaml(text))

    def __repr__(self) -> str:
        title = self.recipe["name"] if self.recipe else "Schedule"
        inside = ", ".join(f"{phase.name} {phase.steps}" for phase in self.phases[:6])
        more = ", ..." if len(self.phases) > 6 else ""
        return f"<{title}: {len(self)} steps, peak {self.peak:.4g} ({inside}{more})>"

    def _repr_html_(self) -> str:
        steps = np.unique(np.linspace(0, len(self) - 1, 240).round())
        marks = [span.start for span in self.spans()[1:]]
        return svg(steps, self(steps), marks, title=repr(self))


def ramp(
    steps: int,
    start: float,
    end: float,
    shape: str = "linear",
    *,
    name: str = "ramp",
    span: float | None = None,
    **args: float,
) -> Schedule:
    """A schedule of one phase from `start` to `end`; see `Phase` for the arguments."""
    return Schedule((Phase(name, steps, start, end, shape, span, args),))  # type: ignore[arg-type]


def hold(steps: int, rate: float, *, name: str = "hold") -> Schedule:
    """A schedule of one phase at a constant `rate`."""
    return Schedule((Phase(name, steps, rate, rate),))


def _steps(step: ArrayLike) -> Array:
    try:
        t = np.asarray(step, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"step must be a number or an array of numbers; got {files.short(step)}") from None
    if not np.all(np.isfinite(t)) or np.any(t < 0):
        raise ValueError(f"step must be finite and at least 0; got {files.short(step)}")
    return t
