"""What a law sees of a schedule: sums of rates, the changes of the rate, and every step before a point.

Nothing here holds a parameter of a law, so a fit makes it once; and each part is made when a law first
asks for it. See `changes` and `past` for how exact they are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.laws.changes import THETA, Changes, changes, rise_end
from workbench.laws.past import Past, bound_kernel, past

__all__ = ["THETA", "Changes", "Inputs", "One", "inputs", "stack"]

Array = NDArray[np.float64]
Steps = NDArray[np.intp]
Kept = TypeVar("Kept")


@dataclass(frozen=True, eq=False)
class One:
    """Some steps (n,) of one schedule, what was said of it, and what follows: made once, when asked for."""

    rates: Array
    steps: Steps
    theta: float
    join: int | None
    n_params: float | None

    @cached_property
    def sums(self) -> Array:
        """Sums of the rates up to each step of the schedule, itself included."""
        return np.cumsum(self.rates)

    @cached_property
    def bound(self) -> Array:
        """As `Inputs.bound`."""
        return bound_kernel(self.rates, self.steps)

    @cached_property
    def past(self) -> Past:
        """Every step before the points."""
        return past(self.rates, self.steps)

    @cached_property
    def changes(self) -> Changes:
        """The changes of the rate before the points, as nodes."""
        return changes(self.rates, self.sums, self.steps, self.theta, self.join)


@dataclass(frozen=True, eq=False)
class Inputs:
    """Inputs of a law at n points of one or more schedules, each made when a law first asks for it.

    Parameters
    ----------
    ones : tuple of One
        The steps of each schedule.
    """

    ones: tuple[One, ...]
    _kept: dict[Hashable, tuple[Hashable, Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(one.steps) for one in self.ones)

    @cached_property
    def s1(self) -> Array:
        """Sum of rates up to and including each point, warmup included, shape (n,)."""
        return self._of_each(_s1)

    @cached_property
    def s1_peak(self) -> Array:
        """The same with the warmup counted at the rate that it ends with, shape (n,)."""
        return self._of_each(lambda one: _s1(one) + _missed(one))

    @cached_property
    def s1_joined(self) -> Array:
        """Sum of rates since the join of two stages, 0 before it, shape (n,)."""
        return self._of_each(_s1_joined)

    @cached_property
    def rate(self) -> Array:
        """Rate of each point, shape (n,)."""
        return self._of_each(lambda one: one.rates[one.steps])

    @cached_property
    def bound(self) -> Array:
        """Kernel sum of the convex bound, ``rate_T + sum rate_k^2 / (S_T - S_k)``, shape (n,)."""
        return self._of_each(lambda one: one.bound)

    @cached_property
    def pasts(self) -> tuple[Past, ...]:
        """Every step before the points, one past for each schedule."""
        return tuple(one.past for one in self.ones)

    @cached_property
    def n_params(self) -> Array:
        """Parameters of the model that each point belongs to, shape (n,)."""
        if any(one.n_params is None for one in self.ones):
            raise ValueError("this law needs n_params, the parameters of the model, of every run")
        return self._of_each(lambda one: np.full(len(one.steps), one.n_params))

    @cached_property
    def changes(self) -> Changes:
        """The changes of the rate before each point, as nodes."""
        parts = [one.changes for one in self.ones]
        offsets = np.cumsum([0, *(len(one.steps) for one in self.ones[:-1])])
        rows = np.concatenate([part.row + offset for part, offset in zip(parts, offsets, strict=True)])
        names = [each.name for each in fields(Changes)[1:-1]]
        columns = (np.concatenate([getattr(part, name) for part in parts]) for name in names)
        return Changes(rows, *columns, ages=tuple(make for part in parts for make in part.ages))

    @property
    def change(self) -> Array:
        """Of `changes`, shape (m,)."""
        return self.changes.change

    @property
    def log_rate(self) -> Array:
        """Of `changes`, shape (m,)."""
        return self.changes.log_rate

    @property
    def area(self) -> Array:
        """Of `changes`, shape (m,)."""
        return self.changes.area

    def total(self, kernel: Array) -> Array:
        """Sum ``change * kernel`` over the nodes of each point, shape (n,)."""
        nodes = self.changes
        sums = np.bincount(nodes.row, weights=nodes.change * kernel, minlength=len(self))
        return sums.astype(float, copy=False)

    def kept(self, name: Hashable, values: Hashable, make: Callable[[], Kept]) -> Kept:
        """What `make` gives, made once as long as the same `values` are asked for under a `name`.

        A fit that holds a parameter, or moves others, asks for the same sum over the past again and again.
        """
        if name not in self._kept or self._kept[name][0] != values:
            self._kept[name] = values, make()
        return self._kept[name][1]

    def _of_each(self, make: Callable[[One], Array]) -> Array:
        return np.concatenate([make(one) for one in self.ones])


def inputs(
    rates: ArrayLike,
    steps: ArrayLike,
    theta: float = THETA,
    *,
    join: int | None = None,
    n_params: float | None = None,
) -> Inputs:
    """Inputs at the whole `steps` (n,) of a schedule given by its `rates` (total,).

    A step beyond the end counts as if the last rate was held. Before the first rate above 0 the
    sum of rates is taken as that rate, so that a power of it stays finite. `join` is the first step of
    the second stage of a continual pretraining; without one all is the first. `n_params` is asked for
    by laws of several model sizes.

    Raises
    ------
    ValueError
        For rates that are 0 throughout.
    """
    rates = np.asarray(rates, dtype=float)
    steps = np.asarray(steps, dtype=np.intp)
    if not np.any(rates > 0):
        raise ValueError("rates must be above 0 somewhere: no law says anything of a run at rate 0")
    beyond = int(steps.max(initial=0)) + 1 - len(rates)
    if beyond > 0:
        rates = np.concatenate([rates, np.full(beyond, rates[-1])])
    return Inputs((One(rates, steps, theta, join, n_params),))


def stack(parts: Sequence[Inputs]) -> Inputs:
    """The inputs of several schedules as one."""
    return Inputs(tuple(one for part in parts for one in part.ones))


def _s1(one: One) -> Array:
    first = one.rates[np.argmax(one.rates > 0)]
    return np.maximum(one.sums[one.steps], first)


def _missed(one: One) -> Array:
    """By how much the sum of rates up to each point would be larger without a warmup."""
    end = rise_end(one.rates)
    missed = np.cumsum(one.rates[end] - one.rates[: end + 1])
    return missed[np.minimum(one.steps, end)]


def _s1_joined(one: One) -> Array:
    if one.join is None:
        return np.zeros(len(one.steps))
    c = np.concatenate([[0.0], np.cumsum(one.rates)])
    return np.maximum(c[one.steps + 1] - c[min(one.join, len(one.rates))], 0.0)
