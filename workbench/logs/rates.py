"""The schedule of a log: as given, or rebuilt from the rates that were logged."""

from __future__ import annotations

from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from workbench.imports import reduce
from workbench.imports.reduced import Reduced, measured
from workbench.imports.simplify import points
from workbench.logs.asked import Asked
from workbench.logs.order import Points
from workbench.logs.table import counted
from workbench.params import RATE
from workbench.phase import Phase
from workbench.schedule import Schedule

Array = NDArray[np.float64]

_MANY = 20_000
"""Rates that are looked at first; the rest is then held against what was found in them."""

_HIGHEST = 1e6
_MEETS, _BAD = 1e-6, 1e-3
_FEW, _ROW, _SURE = 3, 3, 6
"""Rates too few for a shape, phases in a row that have so few, and rates enough to show a shape."""

_GIVEN_OFF = 1e-3
"""Difference of given and logged rates, as a share of the peak, from which it is a caution."""


def rebuild(rates: Points | None, name: str | None, total: int, asked: Asked) -> tuple[Schedule, list[str]]:
    """The schedule of a run of `total` updates, and how it was found.

    Raises
    ------
    ValueError
        When there are neither rates nor a schedule, or the schedule is shorter than the log.
    """
    sound, notes = (None, []) if rates is None else _sound(rates, name or "rate")
    given = asked.schedule_for(total)
    if given is not None:
        return given, notes + _compared(given, total, sound)
    if rates is None or sound is None:
        raise ValueError(
            "it has no column of rates; give schedule=, a Schedule or a mapping such as {'name': 'cosine', "
            "'peak': 1e-3}, or rate= if a column has another name"
        )
    if not len(sound):
        raise ValueError(f"its column of rates, {name!r}, holds no rate; give schedule=")
    if not np.any(sound.value > 0):
        raise ValueError(f"all rates in its column {name!r} are 0; give schedule=")
    if (top := float(sound.value.max())) > _HIGHEST:
        raise ValueError(f"its column {name!r} reaches {top:g}, which is no rate; give rate= or schedule=")
    sound = sound.until(total)
    found = _reduced(sound, total)
    many = counted(len(sound), "rate")
    notes.append(f"Schedule from {many} in {name!r}: {found.words}.")
    if not found.recognised:
        notes.append("Where the rates are too few to show a shape, or show none, straight lines join them.")
    missing = total - 1 - int(sound.step[-1])
    if missing > 0:
        notes.append(
            f"No rate is logged for the last {counted(missing, 'update')}: they follow the last shape."
        )
    if sound.step[0] > 5 * sound.gap:
        notes.append(
            f"Caution: the first rate is of update {sound.step[0]:g}; those before it follow the first shape."
        )
    return found.schedule, notes


def _sound(rates: Points, name: str) -> tuple[Points, list[str]]:
    """The rates without those that cannot be one."""
    notes = []
    good = np.isfinite(rates.value) & (rates.value >= 0) & (rates.value <= RATE.high) & (rates.step >= 0)
    if not good.all():
        notes.append(
            f"{counted(int(np.count_nonzero(~good)), 'rate')} in {name!r} not finite or negative: left out."
        )
        rates = rates.where(good)
    value = rates.value
    if len(value) > 2:
        # A schedule falls to 0 and leaves it in more than one logged step, or at an end.
        high = 0.05 * np.max(value)
        alone = np.zeros(len(value), bool)
        alone[1:-1] = (value[1:-1] == 0) & (value[:-2] > high) & (value[2:] > high)
        if alone.any():
            notes.append(
                f"{counted(int(alone.sum()), 'rate')} in {name!r} 0 between others that are not: left out."
            )
            rates = rates.where(~alone)
    return rates, notes


def _reduced(rates: Points, total: int) -> Reduced:
    if len(rates) <= _MANY:
        return _mended(reduce(rates.value, rates.step, total=total), rates)
    some = np.unique(np.linspace(0, len(rates) - 1, _MANY).round().astype(np.intp))
    few = reduce(rates.value[some], rates.step[some], total=total)
    found = measured(few.schedule, rates.step, rates.value)
    # Where no shape was recognised, every rate as a point would say no more.
    if found.deviation <= _MEETS or not few.recognised:
        return found
    return _mended(reduce(rates.value, rates.step, total=total), rates)


def _mended(found: Reduced, rates: Points) -> Reduced:
    """The same with straight lines between the logged rates wherever they are too few to show a shape."""
    spans, t, y = found.schedule.spans(), rates.step, rates.value
    edges = np.searchsorted(t, [span.start for span in spans] + [spans[-1].stop])
    off = np.abs(found.schedule(t) - y)
    few = [b - a < _FEW for a, b in pairwise(edges)]
    row = [n for _, each in groupby(few) for n in [len(list(each))] for _ in range(n)]
    bad = [
        np.max(off[a:b], initial=0) > _BAD * found.peak
        or (short and n >= _ROW)
        or _overshoots(phase, y, a, b)
        for phase, (a, b), short, n in zip(found.schedule.phases, pairwise(edges), few, row, strict=True)
    ]
    if not any(bad):
        return found
    phases: list[Phase] = []
    for broken, group in groupby(range(len(spans)), key=bad.__getitem__):
        which = list(group)
        begin, end = spans[which[0]].start, spans[which[-1]].stop
        here = slice(edges[which[0]], edges[which[-1] + 1])
        if broken and len(t[here]):
            phases.append(_lines(begin, end, t, y, here))
        else:
            phases += found.schedule.phases[which[0] : which[-1] + 1]
    return measured(Schedule(tuple(phases)), t, y)


def _overshoots(phase: Phase, y: Array, a: int, b: int) -> bool:
    """Whether a phase with few rates a to b - 1 rises above these and those beside them."""
    if b - a >= _SURE:
        return False
    top = np.max(y[max(0, a - 1) : b + 1])
    return bool(np.max(phase.at(np.arange(phase.steps, dtype=float))) > top * (1 + _BAD))


def _lines(begin: int, end: int, t: Array, y: Array, here: slice) -> Phase:
    """The phase of the updates begin to end - 1 through their logged rates."""
    step, rate = t[here], y[here]
    if step[0] > begin == 0 and len(step) > 1:
        # A warmup that began before the first row is followed back to the first update.
        slope = (rate[1] - rate[0]) / (step[1] - step[0])
        step, rate = np.append(0.0, step), np.append(max(0.0, rate[0] - slope * step[0]), rate)
    elif step[0] > begin:
        step, rate = np.append(t[here.start - 1], step), np.append(y[here.start - 1], rate)
        step, rate = np.append(begin, step[1:]), np.append(np.interp(begin, step, rate), rate[1:])
    # The straight line goes on to the first rate of the next phase.
    after = np.interp(end, t, y)
    return points(
        begin, end, step, rate, np.full(len(step), 1e-12 + 1e-9 * float(np.max(rate))), float(after)
    )


def _compared(given: Schedule, total: int, rates: Points | None) -> list[str]:
    if len(given) < total:
        raise ValueError(f"schedule must last at least the {total} updates of the log; got {len(given)}")
    notes = ["The schedule is the one that was given."]
    if len(given) > total:
        notes.append(
            f"It goes on for {counted(len(given) - total, 'update')} after the last that was logged."
        )
    if rates is not None and len(rates):
        off = np.abs(given(rates.step) - rates.value)
        worst = int(np.argmax(off))
        share = float(off[worst]) / max(given.peak, float(rates.value.max()), 1e-300)
        caution = "Caution: it" if share > _GIVEN_OFF else "It"
        notes.append(
            f"{caution} differs from the logged rates by at most {share:.2g} of the peak, at update "
            f"{rates.step[worst]:g}."
        )
    return notes
