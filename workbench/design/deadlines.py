"""When to start cooling down, where the deadline of a running training has moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.design.decision import Decision, Row, decide
from workbench.design.grid import grid
from workbench.design.limits import LEAST, steepest
from workbench.design.measure import Measure, measure_of
from workbench.design.plain import SHAPES, steepness
from workbench.design.solver import smooth
from workbench.files import short
from workbench.fitted import Fit
from workbench.params import MAX_STEPS, STEPS, Param, number
from workbench.schedule import Phase, Schedule

_POWER = 1.5
_SLOPE = Param(0, 1e9, open_low=True)


def deadline(
    fit: Fit | None,
    running: Schedule,
    done: int,
    new_total: int,
    *,
    floor: float = 0.0,
    slope: float | None = None,
    knots: int = 64,
) -> Decision:
    """When a running training should start to cool down for a deadline that has moved.

    After `done` updates the rate is held where it is up to some step, and then falls along one of the
    plain curves; compared with a free spline, with falling at once, and with the schedule as it was
    planned, cut or held at its last rate.

    Parameters
    ----------
    fit : Fit or None
        A fitted law, or None for the convex bound.
    running : Schedule
        The schedule as planned.
    done : int
        Updates that have been made.
    new_total : int
        Updates after which the training now has to end, at least 8 more than `done`.
    floor : float
        Least rate at the end as a share of the peak of `running`.
    slope : float, optional
        Steepest fall from now on, in peaks per `new_total` updates.
    knots : int
        Of the spline.

    Returns
    -------
    Decision
        The best of the plain ones and the spline, and a row for each with the step at which it begins to
        fall.

    Raises
    ------
    ValueError
        For an argument outside its range, or a running rate that is no higher than the floor.

    Notes
    -----
    Use it when compute is taken away or added. A rate that has already fallen is not raised again:
    for that see `wb.schedules.rewarm`.

    References
    ----------
    Hägele et al., 2024, arXiv 2405.18392, for cooldowns from any point of a constant rate.
    """
    measure = measure_of(fit)
    if not isinstance(running, Schedule):
        raise ValueError(f"running must be a Schedule; got {short(running)}")
    done = int(number("done", done, replace(STEPS, high=len(running)), integer=True))
    low_high = replace(STEPS, low=done + LEAST, high=MAX_STEPS)
    total = int(number("new_total", new_total, low_high, integer=True))
    least = number("floor", floor, Param(0, 1)) * running.peak
    fall = steepest(running.peak, total, None if slope is None else number("slope", slope, _SLOPE))
    count = int(number("knots", knots, Param(3, 1024), integer=True))
    rate = running(done)
    if rate <= least:
        raise ValueError(
            f"done must be where the rate is above the floor, {least:.3g}; got {done}, where it is {rate:.3g}"
        )
    kept = running.until(done)
    held = kept.then(Schedule((Phase("stable", total - done, rate, rate),)))
    rows: list[Row] = []
    for shape in SHAPES:
        if slope is None or np.isfinite(steepness(shape, _POWER)):
            start, made = _latest(measure, held, done, total, shape, least / rate, fall)
            rows.append(({"way": shape, "starts at": start}, made))
    spline = smooth(measure, kept, total, rate, least, fall, count)
    first = int(np.flatnonzero(spline.array()[done:] >= rate * (1 - 1e-6))[-1]) + done + 1
    rows.append(({"way": "spline", "starts at": min(first, total)}, spline))
    at_once = _cooled(held, done, total, "linear", least / rate, fall)
    rows.append(({"way": "linear, at once", "starts at": done}, at_once))
    planned = running.until(total) if total <= len(running) else _held_on(running, total)
    best = decide(measure, f"Ways to end after {total:,} updates, {done:,} of them made", rows, "")
    names = next(name for name, s in rows if s is best.best)
    behind = measure.gain(best.best, planned, "")
    note = (
        f"as planned ({'cut' if total <= len(running) else 'then held'}) it ends {behind.mean:+.4g} "
        f"{measure.unit} behind the best"
    )
    start, way = names["starts at"], names["way"]
    words = f"Start to cool down at update {start:,} ({way}), {total - start:,} before the end."
    table = replace(best.table, notes=(note, *best.table.notes))
    return Decision(best.best, words, table)


def _held_on(running: Schedule, total: int) -> Schedule:
    last = running(len(running) - 1)
    return running.then(Schedule((Phase("held", total - len(running), last, last),)))


def _cooled(held: Schedule, start: int, total: int, shape: str, floor: float, fall: float) -> Schedule:
    """`held` up to `start`, then down along `shape`, no further than the slope allows."""
    rate = held(start)
    steep = steepness(shape, _POWER)
    if np.isfinite(steep):
        floor = max(floor, 1 - fall * (total - start) / steep / rate)
    return held.branch(start, total - start, shape, floor, **({"p": _POWER} if shape == "power" else {}))


def _latest(
    measure: Measure, held: Schedule, done: int, total: int, shape: str, floor: float, fall: float
) -> tuple[int, Schedule]:
    """The best step to start at, from every so many of them, then more closely."""
    objective = measure.objective(g := grid(held.until(done), total))

    def cost(start: int) -> float:
        return objective(_cooled(held, start, total, shape, floor, fall)(g.t))[0]

    low, high = done, total - 1
    while True:
        tried = np.unique(np.linspace(low, high, 17).astype(int))
        at = int(np.argmin([cost(int(start)) for start in tried]))
        if high - low <= 16:
            start = int(tried[at])
            return start, _cooled(held, start, total, shape, floor, fall)
        low, high = int(tried[max(at - 1, 0)]), int(tried[min(at + 1, len(tried) - 1)])
