"""What runs along the axis: updates, tokens, or the rate spent so far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.schedule import Schedule
from workbench.views.areas import area

Array = NDArray[np.float64]
STEPS, TOKENS, SUM = "steps", "tokens", "sum of rates"
UNITS = (STEPS, TOKENS, SUM)
_LABELS = {STEPS: "step (updates)", TOKENS: "tokens", SUM: "sum of rates"}


@dataclass(frozen=True)
class Axis:
    """A unit of the horizontal axis.

    Parameters
    ----------
    unit : str
        "steps", "tokens" or "sum of rates": ``x(t) = t``, ``t batch_tokens``, ``sum_{i <= t} rate(i)``.
    batch_tokens : float
        Tokens of one update.
    """

    unit: str = STEPS
    batch_tokens: float = 1.0

    @property
    def label(self) -> str:
        """Words under the axis."""
        return _LABELS[self.unit]

    def x(self, schedule: Schedule, step: ArrayLike) -> Array:
        """Where `step` of a lane with this `schedule` is drawn."""
        at = np.asarray(step, dtype=float)
        if self.unit == SUM:
            spent = _spent(_Same(schedule))
            return np.interp(at, np.arange(-1.0, len(spent) - 1), spent)
        return at * self.batch_tokens if self.unit == TOKENS else at

    def step(self, schedule: Schedule, x: float) -> int:
        """The step that is drawn nearest to `x`."""
        if self.unit == SUM:
            spent = _spent(_Same(schedule))
            return int(round(max(float(np.interp(x, spent, np.arange(-1.0, len(spent) - 1))), 0.0)))
        return int(round(max(x / self.batch_tokens if self.unit == TOKENS else x, 0.0)))


class _Same:
    """A schedule as a key: the object itself, which a long schedule compares faster than its phases."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    def __hash__(self) -> int:
        return id(self.schedule)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.schedule is self.schedule


@lru_cache(maxsize=128)
def _spent(key: _Same) -> Array:
    """Rate spent before update 0 and after each update, shape (T + 1,)."""
    return np.concatenate([[0.0], area(key.schedule)])
