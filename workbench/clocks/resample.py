"""Schedules that are meant against tokens, samples or epochs, in steps of a clock."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import files
from workbench.clocks.clock import AMOUNT, Clock
from workbench.making import from_array
from workbench.params import STEPS, number
from workbench.schedule import Schedule

Array = NDArray[np.float64]


def in_steps(schedule: Schedule, clock: Clock, amount: float, unit: str = "tokens") -> Schedule:
    """A schedule that is meant against tokens, samples or epochs, in steps of a clock.

    The whole length of `schedule`, however many steps it is written in, stands for `amount` of `unit`.

    Parameters
    ----------
    schedule : Schedule
        The curve over tokens.
    clock : Clock
        Of the training.
    amount : float
        What the training takes in all.
    unit : str
        "tokens", "samples", "epochs" or "steps".

    Returns
    -------
    Schedule
        Of ``clock.to_steps(amount, unit)`` updates, rounded up. With a constant batch it has the phases of
        `schedule`, whose ends are rounded to whole steps. Else it has a point wherever the rate bends,
        and update k has the rate at what the updates before it took.

    Raises
    ------
    ValueError
        For an amount of no update or of more than a schedule may have, or a size that the clock has not.
    """
    _schedule(schedule)
    total = _total(_clock("clock", clock), number("amount", amount, AMOUNT), unit)
    if clock.constant:
        return schedule.stretch(total)
    taken = clock.from_steps(np.arange(total), unit)
    return _resampled(schedule, taken / amount * len(schedule))


def rebatch(schedule: Schedule, before: Clock, after: Clock, unit: str = "tokens") -> Schedule:
    """The schedule for another batch that has the same rate at the same token.

    Parameters
    ----------
    schedule : Schedule
        In steps of the clock `before`.
    before, after : Clock
        Of the training that it was made for, and of the other.
    unit : str
        What stays: "tokens", "samples" or "epochs".

    Returns
    -------
    Schedule
        In steps of the clock `after`, as `in_steps` gives it. Rates are not scaled to the batch.

    Raises
    ------
    ValueError
        For a size that one of the clocks has not.

    Examples
    --------
    >>> from workbench import schedules
    >>> s = schedules.cosine(10_000, 1e-3)
    >>> len(rebatch(s, Clock(batch_tokens=2**19), Clock(batch_tokens=2**21)))
    2500
    """
    _schedule(schedule)
    amount = _clock("before", before).from_steps(len(schedule), unit)
    total = _total(_clock("after", after), amount, unit)
    if before.constant and after.constant:
        return schedule.stretch(total)
    return _resampled(schedule, before.to_steps(after.from_steps(np.arange(total), unit), unit, "none"))


def _total(clock: Clock, amount: float, unit: str) -> int:
    return int(number("total steps", clock.to_steps(amount, unit), STEPS, integer=True))


def _resampled(schedule: Schedule, at: Array) -> Schedule:
    """Rates at the fractional steps `at` (n,), which increase and are before the end, as points."""
    spans = schedule.spans()
    edges = [0, *np.searchsorted(at, [span.start for span in spans[1:]]), len(at)]
    rates = [
        phase.at(at[edges[i] : edges[i + 1]] - spans[i].start) for i, phase in enumerate(schedule.phases)
    ]
    return from_array(np.concatenate(rates), name="resampled")


def _schedule(given: Any) -> None:
    if not isinstance(given, Schedule):
        raise ValueError(f"schedule must be a Schedule; got {files.short(given)}")


def _clock(name: str, given: Any) -> Clock:
    if not isinstance(given, Clock):
        raise ValueError(f"{name} must be a Clock; got {files.short(given)}")
    return given
