"""What can be done to phases: each operation takes and gives a tuple of them, and cuts to the last bit."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.files import short
from workbench.params import MAX_STEPS, RATE
from workbench.phase import FREE, Phase

Array = NDArray[np.float64]
Phases = tuple[Phase, ...]

_STRAIGHT = 4 * np.finfo(float).eps
"""Bend, as a share of the peak, below which a point lies on the line between its neighbours."""


def until(phases: Phases, step: int) -> Phases:
    """The first `step` updates."""
    stops = list(accumulate(phase.steps for phase in phases))
    i = bisect_right(stops, step - 1)
    left = step - (stops[i] - phases[i].steps)
    return (*phases[:i], replace(phases[i], steps=left))


def after(phases: Phases, step: int) -> Phases:
    """All updates but the first `step`."""
    stops = list(accumulate(phase.steps for phase in phases))
    i = bisect_right(stops, step)
    gone = step - (stops[i] - phases[i].steps)
    return (rest(phases[i], gone), *phases[i + 1 :]) if gone else phases[i:]


def rest(phase: Phase, gone: int) -> Phase:
    """A phase without its first `gone` updates."""
    return replace(phase, steps=phase.steps - gone, first=phase.first + gone)


def stretch(phases: Phases, total: int) -> Phases:
    """The same curve over `total` updates; a phase left without an update is gone."""
    before = sum(phase.steps for phase in phases)
    # Ends are rounded, not lengths, so that no phase drifts from its place.
    stops = [0, *(round(stop * total / before) for stop in accumulate(phase.steps for phase in phases))]
    lengths = [b - a for a, b in pairwise(stops)]
    return tuple(_long(phase, steps) for phase, steps in zip(phases, lengths, strict=True) if steps)


def _long(phase: Phase, steps: int) -> Phase:
    if phase.shape in ("product", "sum"):
        whole = round(phase.span * steps / phase.steps)
        first = phase.first * steps / phase.steps
        pair = {side: _long(each, max(whole, steps)) for side, each in phase.args.items()}
        span = float(max(whole, steps))
        return replace(phase, steps=steps, span=span, first=min(first, span - steps), args=pair)
    span, first = (length * steps / phase.steps for length in (phase.span, phase.first))
    return replace(phase, steps=steps, span=max(span, first + steps), first=first)


def lift(phase: Phase, factor: float, offset: float) -> Phase:
    """The phase whose rates are ``offset + factor * rate``."""
    if phase.shape == "points":
        rate = tuple(offset + factor * each for each in phase.args["rate"])
        return replace(phase, start=rate[0], end=rate[-1], args={**phase.args, "rate": rate})
    if phase.shape in FREE:
        scaled = _scaled(phase, factor)
        return _beside("sum", scaled, offset) if offset else scaled
    return replace(phase, start=offset + factor * phase.start, end=offset + factor * phase.end)


def _scaled(phase: Phase, factor: float) -> Phase:
    if factor == 1:
        return phase
    if phase.shape == "expression":
        return _beside("product", phase, factor)
    left, right = phase.args["left"], phase.args["right"]
    if phase.shape == "sum":
        return replace(phase, args={"left": lift(left, factor, 0), "right": lift(right, factor, 0)})
    if left.shape not in FREE and factor * left.start == factor * left.end == 1:
        # Scaled there and back, it is itself again.
        return replace(right, name=phase.name, steps=phase.steps, first=right.first + phase.first)
    return replace(phase, args={"left": lift(left, factor, 0), "right": right})


def _beside(shape: str, phase: Phase, rate: float) -> Phase:
    """A phase with a constant added or multiplied."""
    constant = Phase("constant", phase.steps, rate, rate)
    return Phase(phase.name, phase.steps, 0, 0, shape, args={"left": constant, "right": phase})


def product(ours: Phases, theirs: Phases) -> Phases:
    """The pointwise product of two schedules of one length, cut wherever either changes its phase."""
    ends = sorted({*accumulate(p.steps for p in ours), *accumulate(p.steps for p in theirs)})
    out = []
    for start, stop in pairwise([0, *ends]):
        (a,), (b,) = (until(after(each, start), stop - start) for each in (ours, theirs))
        out.append(_times(a, b))
    return tuple(out)


def _times(a: Phase, b: Phase) -> Phase:
    for one, other in ((a, b), (b, a)):
        if one.shape not in FREE and one.start == one.end:
            return replace(lift(other, one.start, 0), name=a.name)
    return Phase(a.name, a.steps, 0, 0, "product", args={"left": a, "right": b})


def average(rates: Array, window: int) -> Array:
    """Mean of each rate and up to ``window - 1`` before it."""
    # Long doubles: the sum of a million rates must not blur a window of a few.
    sums = np.concatenate([[0], np.cumsum(rates, dtype=np.longdouble)])
    stop = np.arange(1, len(rates) + 1)
    start = np.maximum(stop - window, 0)
    return ((sums[stop] - sums[start]) / (stop - start)).astype(float)


def points(name: str, rates: ArrayLike) -> Phase:
    """A phase with the rate of every update, on straight lines wherever the rates are."""
    try:
        given = np.asarray(rates, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"rates must be numbers; got {short(rates)}") from None
    if given.ndim != 1 or not 1 <= len(given) <= MAX_STEPS:
        raise ValueError(f"rates must be a list of 1 to {MAX_STEPS:,} numbers; got shape {given.shape}")
    bad = ~((given >= RATE.low) & (given <= RATE.high))
    if np.any(bad):
        step = int(np.argmax(bad))
        raise ValueError(f"rates must be {RATE.allowed}; got {given[step]} at step {step}")
    bend = np.abs(np.diff(given, 2)) > _STRAIGHT * given.max()
    keep = np.concatenate([[True], bend, [True]])[: len(given)]
    at = np.append(np.flatnonzero(keep), len(given))
    rate = np.append(given[keep], given[-1])
    args = {"u": at / len(given), "rate": rate}
    return Phase(name, len(given), float(rate[0]), float(rate[-1]), "points", args=args)
