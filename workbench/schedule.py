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

from workbench import files, operations
from workbench.params import FACTOR, STEPS, Param, number
from workbench.phase import Phase
from workbench.sketch import svg

__all__ = ["Phase", "Schedule", "Span"]

Array = NDArray[np.float64]
_SHARE = Param(0, 1, help="share of the peak")
_BLOCK = 1 << 15
"""Steps evaluated at once: what a core's cache holds."""


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
            # As an array of one: NumPy's powers of a single number end in another last bit.
            return float(self.phases[i].at(np.atleast_1d(t - self._stops[i] + self.phases[i].steps))[0])
        index = np.searchsorted(self._stops, t, side="right")
        rates = np.empty_like(t)
        for i in np.unique(index):
            here = index == i
            rates[here] = self.phases[i].at(t[here] - self._stops[i] + self.phases[i].steps)
        return rates

    def array(self) -> Array:
        """Rates of all updates, shape (len(self),), float64."""
        rates = np.empty(len(self))
        for phase, (_, start, stop) in zip(self.phases, self.spans(), strict=True):
            for a in range(start, stop, _BLOCK):
                b = min(a + _BLOCK, stop)
                rates[a:b] = phase.at(np.arange(a - start, b - start, dtype=float))
        return rates

    def spans(self) -> tuple[Span, ...]:
        """Name, first step and end of each phase."""
        starts = [0, *self._stops[:-1]]
        return tuple(
            Span(phase.name, *edges) for phase, *edges in zip(self.phases, starts, self._stops, strict=True)
        )

    def then(self, other: Schedule) -> Schedule:
        """This schedule followed by `other`, which keeps its own rates."""
        return Schedule(self.phases + _schedule("then", other).phases)

    def until(self, step: int) -> Schedule:
        """The first `step` updates, exactly as they were: shapes are cut, not squeezed."""
        step = self._step("step of until", step, 1, len(self))
        return self if step == len(self) else Schedule(operations.until(self.phases, step))

    def after(self, step: int) -> Schedule:
        """What is left after the first `step` updates, exactly as it was."""
        step = self._step("step of after", step, 0, len(self) - 1)
        return Schedule(operations.after(self.phases, step)) if step else self

    def stretch(self, total: int) -> Schedule:
        """The same curve over `total` updates; ends of phases are rounded to whole steps."""
        total = int(number("total", total, STEPS, integer=True))
        return self if total == len(self) else Schedule(operations.stretch(self.phases, total))

    def with_floor(self, floor: float) -> Schedule:
        """Every rate moved to ``peak * floor + (1 - floor) * rate``: the peak stays, 0 becomes the floor."""
        floor = number("floor", floor, _SHARE)
        lifted = (operations.lift(phase, 1 - floor, floor * self.peak) for phase in self.phases)
        return Schedule(tuple(lifted)) if floor else self

    def restart_at(self, step: int, again: int = 0) -> Schedule:
        """A warm restart: the first `step` updates, then all from update `again` on, squeezed into the rest.

        The length stays. With `again` at the end of the warmup, the second turn starts at the peak.
        """
        step = self._step("step of restart_at", step, 1, len(self) - 1)
        return self.until(step).then(self.after(again).stretch(len(self) - step))

    def extend(self, other: Schedule, rewarm: int = 0) -> Schedule:
        """This finished schedule continued by `other`: at equal rate, or after a new warmup.

        With `rewarm` = 0 `other` is scaled so that it begins at this schedule's last rate. With
        `rewarm` steps a straight line leads from that rate to the first one of `other`, which is kept.
        """
        last, first = self(len(self) - 1), _schedule("extend", other)(0)
        rewarm = int(number("rewarm", rewarm, replace(STEPS, low=0), integer=True))
        if rewarm:
            return self.then(Schedule((Phase("rewarm", rewarm, last, first),))).then(other)
        if last == 0 or first == 0:
            which = "this schedule ends" if last == 0 else "the other begins"
            raise ValueError(f"rewarm must be at least 1 where {which} at rate 0; got 0")
        return self.then((last / first) * other)

    def branch(
        self, step: int, steps: int, shape: str = "linear", floor: float = 0.0, **args: float
    ) -> Schedule:
        """A decay hung on the running schedule: its first `step` updates, then `steps` more.

        They fall from the rate that update `step` would have had to `floor` times it, along `shape` with
        its arguments. Branches of one schedule share their trunk update for update.
        """
        step = self._step("step of branch", step, 1, len(self))
        floor, top = number("floor", floor, _SHARE), self(step)
        decay = Phase("decay", steps, top, floor * top, shape, args=args)
        return self.until(step).then(Schedule((decay,)))

    def moving_average(self, window: int) -> Schedule:
        """The mean of each rate and the ``window - 1`` before it, or of as many as there are, as points."""
        window = int(number("window", window, STEPS, integer=True))
        if window == 1:
            return self
        return Schedule((operations.points("average", operations.average(self.array(), window)),))

    def __mul__(self, other: float | Schedule) -> Schedule:
        """Every rate times a number above 0, or times the rate of another schedule of this length."""
        if isinstance(other, Schedule):
            if len(other) != len(self):
                raise ValueError(
                    f"both schedules must have one length; got {len(self)} and {len(other)} steps"
                )
            return Schedule(operations.product(self.phases, other.phases))
        factor = number("factor", other, FACTOR)
        scaled = (operations.lift(phase, factor, 0) for phase in self.phases)
        return self if factor == 1 else Schedule(tuple(scaled))

    __rmul__ = __mul__

    def _step(self, name: str, value: int, low: int, high: int) -> int:
        return int(number(name, value, replace(STEPS, low=low, high=high), integer=True))

    @cached_property
    def peak(self) -> float:
        """Highest rate of any update."""
        return float(self.array().max())

    def to_dict(self) -> dict[str, Any]:
        """Plain values, readable by `from_dict`; what JSON, YAML and saved runs hold."""
        out: dict[str, Any] = {
            "format": files.FORMAT,
            "phases": [phase.to_dict() for phase in self.phases],
        }
        if self.recipe is not None:
            pairs = self.recipe.items()
            out["recipe"] = {key: list(value) if isinstance(value, tuple) else value for key, value in pairs}
        return out

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
        phases = tuple(Phase.from_dict(row, f"phase {i}") for i, row in enumerate(rows))
        recipe = data.get("recipe")
        if recipe is not None and not isinstance(recipe, Mapping):
            raise ValueError(f"recipe must be a mapping; got {files.short(recipe)}")
        if recipe is not None:
            recipe = {
                key: tuple(value) if isinstance(value, list) else value for key, value in recipe.items()
            }
        return cls(phases, recipe=recipe)

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


def _schedule(method: str, other: Any) -> Schedule:
    if not isinstance(other, Schedule):
        raise ValueError(f"{method} needs a Schedule; got {files.short(other)}")
    return other


def _steps(step: ArrayLike) -> Array:
    try:
        t = np.asarray(step, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"step must be a number or an array of numbers; got {files.short(step)}") from None
    if not np.all(np.isfinite(t)) or np.any(t < 0):
        raise ValueError(f"step must be finite and at least 0; got {files.short(step)}")
    return t
