"""Everything that changes during one training: schedules of several quantities, of one length."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from html import escape
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import files
from workbench.schedule import Schedule
from workbench.sketch import spread, svg

Array = NDArray[np.float64]


class Quantity(NamedTuple):
    """What a quantity is called in figures, and which values it may have."""

    label: str
    allowed: str
    holds: Callable[[Array], NDArray[np.bool_]]
    from_zero: bool


def _below_one(values: Array) -> NDArray[np.bool_]:
    return values < 1


QUANTITIES: Mapping[str, Quantity] = {
    "learning_rate": Quantity("learning rate", "at least 0", lambda values: values >= 0, True),
    "momentum": Quantity("momentum", "at least 0 and below 1", _below_one, False),
    "weight_decay": Quantity("weight decay", "at least 0", lambda values: values >= 0, True),
    "batch_size": Quantity("batch size (samples)", "greater than 0", lambda values: values > 0, True),
    "beta2": Quantity("beta2", "at least 0 and below 1", _below_one, False),
}
"""Every quantity that a plan may hold, by its public name; figures of the two near 1 do not begin at 0."""


@dataclass(frozen=True)
class Plan:
    """Schedules of several quantities for one training, all of one length.

    Parameters
    ----------
    learning_rate : Schedule
        In the trainer's unit.
    momentum : Schedule, optional
        Of SGD, or beta1 of Adam; at least 0 and below 1.
    weight_decay : Schedule, optional
        As the optimizer takes it, at least 0.
    batch_size : Schedule, optional
        Samples per update, greater than 0: sequences, where tokens are trained on.
    beta2 : Schedule, optional
        Of Adam; at least 0 and below 1.

    Raises
    ------
    ValueError
        When two differ in length, naming both, or a value is outside its range.

    Examples
    --------
    >>> from workbench import ramp
    >>> from workbench.plan import Plan
    >>> up, down = ramp(30, 0.04, 1, "cosine"), ramp(70, 1, 0, "cosine")
    >>> against = ramp(30, 0.95, 0.85, "cosine").then(ramp(70, 0.85, 0.95, "cosine"))
    >>> plan = Plan(up.then(down), momentum=against)
    >>> plan(30), len(plan.until(50))
    ({'learning_rate': 1.0, 'momentum': 0.85}, 50)
    """

    learning_rate: Schedule
    momentum: Schedule | None = None
    weight_decay: Schedule | None = None
    batch_size: Schedule | None = None
    beta2: Schedule | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            given = getattr(self, field.name)
            if not isinstance(given, Schedule) and (given is not None or field.name == "learning_rate"):
                raise ValueError(f"{field.name} must be a Schedule; got {files.short(given)}")
        for name, schedule in self.quantities.items():
            if len(schedule) != len(self):
                raise ValueError(
                    f"all quantities must have one length; learning_rate has {len(self)} steps and "
                    f"{name} {len(schedule)}"
                )
            values, quantity = schedule.array(), QUANTITIES[name]
            holds = quantity.holds(values)
            if not np.all(holds):
                step = int(np.argmin(holds))
                raise ValueError(f"{name} must be {quantity.allowed}; got {values[step]:g} at step {step}")

    @property
    def quantities(self) -> dict[str, Schedule]:
        """The schedules that are there, by name."""
        return {name: given for name in QUANTITIES if (given := getattr(self, name)) is not None}

    def __len__(self) -> int:
        return len(self.learning_rate)

    def __getitem__(self, name: str) -> Schedule:
        """The schedule of one quantity, as ``plan["momentum"]``."""
        if not isinstance(name, str) or name not in self.quantities:
            raise ValueError(f"this plan has {', '.join(self.quantities)}; got {files.short(name)}")
        return self.quantities[name]

    def __call__(self, step: ArrayLike) -> dict[str, Any]:
        """Value of each quantity at one step (floats) or at an array of steps (arrays of its shape)."""
        return {name: schedule(step) for name, schedule in self.quantities.items()}

    def array(self) -> dict[str, Array]:
        """Values of all updates, each of shape (len(self),), float64."""
        return {name: schedule.array() for name, schedule in self.quantities.items()}

    def then(self, other: Plan) -> Plan:
        """This plan followed by `other`, which has the same quantities."""
        if not isinstance(other, Plan):
            raise ValueError(f"then needs a Plan; got {files.short(other)}")
        ours, theirs = self.quantities, other.quantities
        if set(ours) != set(theirs):
            raise ValueError(
                f"both plans must have the same quantities; got {', '.join(ours)} and {', '.join(theirs)}"
            )
        return Plan(**{name: schedule.then(theirs[name]) for name, schedule in ours.items()})

    def until(self, step: int) -> Plan:
        """The first `step` updates, exactly as they were."""
        return self._each(lambda schedule: schedule.until(step))

    def after(self, step: int) -> Plan:
        """What is left after the first `step` updates, exactly as it was."""
        return self._each(lambda schedule: schedule.after(step))

    def stretch(self, total: int) -> Plan:
        """The same curves over `total` updates."""
        return self._each(lambda schedule: schedule.stretch(total))

    def _each(self, change: Callable[[Schedule], Schedule]) -> Plan:
        return Plan(**{name: change(schedule) for name, schedule in self.quantities.items()})

    def to_dict(self) -> dict[str, Any]:
        """Plain values, readable by `from_dict`: the saved form of each schedule by its quantity."""
        saved = {name: schedule.to_dict() for name, schedule in self.quantities.items()}
        bare = {name: {k: v for k, v in row.items() if k != "format"} for name, row in saved.items()}
        return {"format": files.FORMAT, **bare}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """The plan that `to_dict` wrote.

        Raises
        ------
        ValueError
            When `data` is not a plan, with the place in it that is wrong.
        """
        needs, *others = QUANTITIES
        files.fields(data, "a plan", needs=(needs,), may=(*others, "format"))
        files.check_format(data)
        made = {}
        for name in QUANTITIES:
            if name in data:
                try:
                    made[name] = Schedule.from_dict(data[name])
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        return cls(**made)

    def to_json(self) -> str:
        """The dict as JSON text."""
        return files.to_json(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The plan in JSON text."""
        return cls.from_dict(files.from_json(text))

    def to_yaml(self) -> str:
        """The dict as YAML text (needs PyYAML)."""
        return files.to_yaml(self.to_dict())

    @classmethod
    def from_yaml(cls, text: str) -> Plan:
        """The plan in YAML text (needs PyYAML)."""
        return cls.from_dict(files.from_yaml(text))

    def __repr__(self) -> str:
        return f"<Plan: {len(self)} steps of {', '.join(self.quantities)}>"

    def _repr_html_(self) -> str:
        at = spread(0, len(self) - 1, 240).astype(float)
        parts = "".join(f"<div>{_sketch(name, s, at)}</div>" for name, s in self.quantities.items())
        return (
            f'<div>{escape(repr(self))}</div><div style="display:flex;flex-wrap:wrap;gap:1em">{parts}</div>'
        )


def _sketch(name: str, schedule: Schedule, at: Array) -> str:
    quantity, values, marks = QUANTITIES[name], schedule(at), [span.start for span in schedule.spans()[1:]]
    low, high = float(values.min()), float(values.max())
    ends = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
    # A cycle between 0.85 and 0.95 is a flat line when seen from 0.
    drawn = values if quantity.from_zero or low == high else values - low
    return svg(at, drawn, marks, title=f"{quantity.label}: {ends}")
