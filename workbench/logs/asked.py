"""What the caller says of a log, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench import registry
from workbench.files import short
from workbench.logs.names import kind, plain
from workbench.logs.units import UNITS
from workbench.params import Param, number
from workbench.schedule import Schedule

_SIZE = Param(0, 1e15, open_low=True)
_FIRST = Param(0, 1)


@dataclass(frozen=True)
class Asked:
    """Names, units and schedule that are given rather than recognised; `load` says what each means."""

    step: str | None = None
    loss: str | None = None
    rate: str | None = None
    tokens: str | None = None
    tokens_per_step: float | None = None
    unit: str | None = None
    bytes_per_token: float | None = None
    first: int | None = None
    schedule: Schedule | Mapping[str, Any] | None = None
    join: bool | None = None
    task: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in ("step", "loss", "rate", "tokens"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value):
                raise ValueError(f"{name} must be the name of a column; got {short(value)}")
        for name in ("tokens_per_step", "bytes_per_token"):
            if getattr(self, name) is not None:
                number(name, getattr(self, name), _SIZE)
        if self.first is not None:
            number("first", self.first, _FIRST, integer=True)
        if self.unit is not None and self.unit not in UNITS:
            raise ValueError(f"unit must be one of {', '.join(UNITS)}; got {short(self.unit)}")
        if self.join is not None and not isinstance(self.join, bool):
            raise ValueError(f"join must be true or false; got {short(self.join)}")
        if self.task is not None and not isinstance(self.task, Mapping):
            raise ValueError(f"task must be a mapping of names to values; got {short(self.task)}")
        if self.step is not None and self.tokens is not None:
            raise ValueError("step and tokens must not both be given: each says where the steps are")
        if self.tokens is not None and self.tokens_per_step is None:
            raise ValueError("tokens needs tokens_per_step, the tokens of one update")
        self._check_schedule()

    def _check_schedule(self) -> None:
        given = self.schedule
        if given is None or isinstance(given, Schedule):
            return
        if not isinstance(given, Mapping):
            raise ValueError(
                f"schedule must be a Schedule or a mapping such as {{'name': 'wsd'}}; got {short(given)}"
            )
        if "phases" in given:
            object.__setattr__(self, "schedule", Schedule.from_dict(given))
        else:
            # A wrong argument is to be told before a long log is read.
            registry.build("schedule", {"total": 1000, **given})

    def wants(self, name: str) -> bool:
        """Whether the column `name` may be of use."""
        if kind(name) is not None:
            return True
        return any(
            plain(name) == plain(given) for given in (self.step, self.loss, self.rate, self.tokens) if given
        )

    def schedule_for(self, total: int) -> Schedule | None:
        """The given schedule, a recipe without a total built for `total` updates."""
        if self.schedule is None or isinstance(self.schedule, Schedule):
            return self.schedule
        return registry.build("schedule", {"total": total, **self.schedule})
