"""Rates in, phases out: the schedule that a log or another library's schedule is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.files import short
from workbench.imports.names import named, round_rates
from workbench.imports.rounding import levels
from workbench.imports.series import Series
from workbench.imports.split import split
from workbench.imports.tidy import tidy
from workbench.params import MAX_STEPS, RATE, STEPS, Param, number
from workbench.phase import Phase
from workbench.schedule import Schedule

Array = NDArray[np.float64]

_TOLERANCE = Param(0, 1, open_low=True, help="largest deviation, as a share of the peak")

_SIMPLER = 3
"""How many times fewer phases a coarser tolerance must give to be taken; just round rates give no fewer."""


_MANY = 12
"""Phases below which rates are not simplified: a short run of round rates is what it is."""

_FINE = 1e-5
"""Share of the peak above which a tolerance is not used for rates that are not recognised."""


@dataclass(frozen=True)
class Reduced:
    """A schedule recognised in rates, and how far it is from them.

    Parameters
    ----------
    schedule : Schedule
        The phases.
    deviation : float
        Largest difference between `schedule` and the given rates, as a share of the highest of them.
    at : int
        Step of that difference.
    peak : float
        Highest of the given rates, in the trainer's unit.
    notes : tuple of str
        What else was found, such as which columns were read: one sentence each.
    """

    schedule: Schedule
    deviation: float
    at: int
    peak: float
    notes: tuple[str, ...] = ()

    @property
    def absolute(self) -> float:
        """Largest difference in the trainer's unit."""
        return self.deviation * self.peak

    @property
    def recognised(self) -> bool:
        """Whether every phase has a shape with a name, rather than a list of points."""
        return all(phase.shape != "points" for phase in self.schedule.phases)

    @property
    def words(self) -> str:
        """One sentence: the phases, the largest deviation with its step, and the notes."""
        phases = self.schedule.phases
        rows = ", ".join(_row(phase) for phase in phases[:8]) + (", ..." if len(phases) > 8 else "")
        count = f"{len(phases)} phase{'s' if len(phases) > 1 else ''}"
        worst = (
            f"largest deviation {self.deviation:.1g} of peak at step {self.at}" if self.deviation else "exact"
        )
        return "; ".join([f"{count}: {rows}", worst, *self.notes])


def reduce(
    rates: ArrayLike,
    steps: ArrayLike | None = None,
    *,
    total: int | None = None,
    tolerance: float | None = None,
) -> Reduced:
    """Find the fewest phases that give the rates.

    Each piece is one of the shapes of `workbench.shapes`, whole or cut, within the tolerance; what is
    none of them becomes a phase of points joined by straight lines.

    Parameters
    ----------
    rates : array_like
        Rate of each update, shape (n,), in the trainer's unit, at least 0.
    steps : array_like, optional
        Their steps, shape (n,), whole numbers from 0, increasing. 0, 1, ..., n - 1 by default. Steps
        in between follow the shape that is recognised. So do steps before the first where the first
        shape reaches back to step 0; else its first rate is held.
    total : int, optional
        Updates in the whole run, more than the last of `steps`, which is where it ends by default. The
        last shape is followed to there.
    tolerance : float, optional
        Largest deviation as a share of the highest rate. By default it follows from the rates: 5e-10
        where they are float64, else the rounding that is found in them (float32, or decimal digits),
        and only where that makes them simpler.

    Returns
    -------
    Reduced
        With the schedule, the largest deviation and its step, and a sentence.

    Raises
    ------
    ValueError
        For rates or steps that are not numbers, not finite, negative, not increasing, or none.

    Notes
    -----
    Use it to turn what a trainer logged, or any library's schedule, into phases that can be bent,
    joined and exported. A boundary between two logged steps is placed where the two shapes meet; a
    jump between them is placed at the later.
    """
    y = _rates(rates)
    t = _steps(steps, len(y))
    last = int(t[-1]) + 1
    if total is not None:
        last = int(number("total", total, replace(STEPS, low=last), integer=True))
    peak = float(y.max())
    if tolerance is not None:
        number("tolerance", tolerance, _TOLERANCE)
    if peak == 0:
        return Reduced(Schedule((Phase("stable", last, 0.0, 0.0),)), 0.0, int(t[0]), 0.0)
    wanted = levels(y) if tolerance is None else [np.full(len(y), tolerance * peak)]
    best = _phases([Series(t, y / peak, allowed / peak) for allowed in wanted], last)
    schedule = Schedule(tuple(named(round_rates((Schedule(tuple(best)) * peak).phases, t, y))))
    return measured(schedule, t, y)


def measured(schedule: Schedule, t: Array, y: Array) -> Reduced:
    """How far `schedule` is from the rates `y` at the steps `t`."""
    off = np.abs(schedule(t) - y)
    worst, peak = int(np.argmax(off)), float(y.max())
    return Reduced(schedule, float(off[worst]) / peak if peak else 0.0, int(t[worst]), peak)


def with_notes(found: Reduced, *notes: str) -> Reduced:
    """The same with more sentences."""
    return replace(found, notes=(*found.notes, *notes))


def _phases(tries: list[Series], total: int) -> list[Phase]:
    """Phases at the finest tolerance at which there are few and each has a shape."""
    best: list[Phase] | None = None
    for series in tries:
        pieces = split(series, whole=True)
        if pieces is None:
            continue
        phases = tidy(series, pieces, total)
        if any(phase.shape == "points" for phase in phases):
            continue
        if best is None or (len(best) >= _MANY and len(phases) * _SIMPLER <= len(best)):
            best = phases
    if best is not None:
        return best
    # Points need no more than their rounding, but a table of round numbers is not a rough one.
    last = next(series for series in reversed(tries) if len(tries) == 1 or series.tol.max() <= _FINE)
    return tidy(last, split(last) or [], total)


def _row(phase: Phase) -> str:
    flat = phase.start == phase.end and phase.shape == "linear"
    shape = "constant" if flat else phase.shape
    if phase.shape == "points":
        shape = f"points ({len(phase.args['u'])})"
    args = ", ".join(f"{key} = {value:.4g}" for key, value in phase.args.items() if phase.shape != "points")
    return f"{phase.name} {phase.steps} {shape}" + (f" ({args})" if args else "")


def _numbers(name: str, values: ArrayLike) -> Array:
    try:
        out = np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a list of numbers; got {short(values)}") from None
    if out.ndim != 1 or not len(out):
        raise ValueError(f"{name} must be one row of one or more numbers; got the shape {out.shape}")
    return out


def _rates(values: ArrayLike) -> Array:
    rates = _numbers("rates", values)
    # A -0.0 or the like is a formula's way to say 0.
    bad = ~(np.isfinite(rates) & (rates >= RATE.low) & (rates <= RATE.high))
    if bad.any():
        k = int(np.argmax(bad))
        raise ValueError(f"every one of rates must be {RATE.allowed}; got {rates[k]} at place {k}")
    return rates


def _steps(values: ArrayLike | None, n: int) -> Array:
    if n > MAX_STEPS:
        raise ValueError(f"rates must be at most {MAX_STEPS} numbers; got {n}")
    if values is None:
        return np.arange(n, dtype=float)
    steps = _numbers("steps", values)
    if len(steps) != n:
        raise ValueError(f"steps must be as many as rates, {n}; got {len(steps)}")
    bad = ~(np.isfinite(steps) & (steps >= 0) & (steps < MAX_STEPS) & (steps == np.rint(steps)))
    bad[1:] |= np.diff(steps) <= 0
    if bad.any():
        k = int(np.argmax(bad))
        allowed = f"whole numbers from 0 to {MAX_STEPS - 1}, increasing"
        raise ValueError(f"steps must be {allowed}; got {steps[k]} at place {k}")
    return steps
