"""The simplest phase between two given steps that meets the points there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.imports.families import BY_NAME
from workbench.imports.fit import Fit, fit, window
from workbench.imports.phases import ends, form, phase
from workbench.imports.series import Series
from workbench.phase import Phase

Array = NDArray[np.float64]

_WHOLE = {0: 0.0, 1: 1.0}
_PLAIN: dict[str, dict[int, float]] = {
    "sqrt": {0: 0.0},
    "square": {0: 0.0},
    "cosine": _WHOLE,
    "mirror_cosine": _WHOLE,
}
"""Whole shapes without a parameter, and what is fixed for it."""

_BENT: dict[str, dict[int, float]] = {
    "exp": {},
    "rex": {},
    "inverse_sqrt": {},
    "power": {0: 1.0},
    "uba": _WHOLE,
    "cosine_power": _WHOLE,
    "damped_cosine": {},
    "exp_rise": {0: 0.0},
    "exp_fall": {0: 1.0},
}
"""Whole shapes with one parameter."""


class Resolved(NamedTuple):
    """A phase in shares of the peak, and how complicated it is."""

    cost: float
    phase: Phase


def resolve(series: Series, begin: int, end: int, hint: Fit, *, final: bool = False) -> Resolved | None:
    """The simplest phase of the steps begin..end-1, looked for near the curve `hint`; None if there is none.

    `final` searches to the last digit, rounds the arguments where that does no harm, and checks every
    point rather than a sample.
    """
    i, j = np.searchsorted(series.t, [begin, end])
    if j <= i:
        return None
    for cost, name, fixed in _attempts(hint.family.name):
        free = len(BY_NAME[name].low) - len(fixed)
        if name not in ("constant", hint.family.name) and j - i < free + 3:
            continue
        enough = 0.0 if final else 0.5
        start = hint.q if name == hint.family.name else None
        curve = fit(
            BY_NAME[name], series, i, j, fixed=fixed, start=start, begin=begin, end=end, enough=enough
        )
        # Ends that may not be negative are found only below: here the curve need not be met quite.
        if curve.excess > 3:
            continue
        made = _phase(series, i, j, begin, end, curve, final)
        if made is not None:
            return Resolved(cost, made)
    return None


def _attempts(own: str) -> Iterator[tuple[float, str, dict[int, float]]]:
    yield 1, "constant", {}
    yield 2, "linear", {}
    for name, fixed in _PLAIN.items():
        yield 2.5, name, fixed
    if own in _BENT:
        yield 3, own, _BENT[own]
    cut = {**_PLAIN, **_BENT}.get(own, {})
    if len(cut) > 1:
        for k, value in cut.items():
            yield 4, own, {k: value}
    elif cut:
        yield 4, own, {}
    for name, fixed in _BENT.items():
        if name not in (own, "damped_cosine"):
            yield 4.5, name, fixed
    if own not in ("constant", "linear"):
        yield 5, own, {}


def _phase(series: Series, i: int, j: int, begin: int, end: int, curve: Fit, final: bool) -> Phase | None:
    shape, u0, u1, args = form(curve)
    steps = end - begin
    if not 0 <= u0 < u1 <= 1 + 1e-12:
        return None
    span, first = steps / (u1 - u0), u0 * steps / (u1 - u0)
    index = window(series, i, j)
    flat = curve.family.name == "constant"
    made, off = _made(series, index, begin, shape, steps, span, first, args, flat)
    if not final:
        return made if off <= 1 else None
    for key in args:
        for digits in range(1, 9):
            trial, there = _made(series, index, begin, shape, steps, span, first, _rounded(args, key, digits))
            if trial is not None and there <= max(1.05 * off, 0.01):
                made, args = trial, _rounded(args, key, digits)
                break
    if first or span != steps:
        for whole, width in _round_cuts(steps, span, first):
            trial, there = _made(series, index, begin, shape, steps, width, whole, args)
            if trial is not None and there <= max(1.05 * off, 0.01):
                made = trial
                break
    if made is None:
        return None
    off = np.abs(made.at(series.t[i:j] - begin) - series.y[i:j]) / series.tol[i:j]
    return made if np.all(off <= 1) else None


def _made(
    series: Series,
    index: NDArray[np.intp],
    begin: int,
    shape: str,
    steps: int,
    span: float,
    first: float,
    args: dict[str, float],
    flat: bool = False,
) -> tuple[Phase | None, float]:
    t, y, tol = series.t[index] - begin, series.y[index], series.tol[index]
    if flat:
        found = np.full(2, (np.max(y - tol) + np.min(y + tol)) / 2 if np.ptp(y) else y[0])
    else:
        found = ends(t, y, (tol.min() / tol) ** 2, shape, span, first, args)
    try:
        made = phase(shape, steps, span, first, args, found)
    except ValueError:
        return None, np.inf
    return made, float(np.max(np.abs(made.at(t) - y) / tol))


def _rounded(args: dict[str, float], key: str, digits: int) -> dict[str, float]:
    if isinstance(args[key], int):
        return args
    return {**args, key: float(f"{args[key]:.{digits - 1}e}")}


def _round_cuts(steps: int, span: float, first: float) -> Iterator[tuple[float, float]]:
    """Pairs (first, span) of whole numbers near what was found, the roundest first."""
    for digits in range(1, 9):
        width = float(f"{span:.{digits - 1}e}")
        for whole in dict.fromkeys((0.0, width - steps, float(round(first)))):
            if whole >= 0 and whole.is_integer() and width >= whole + steps:
                yield whole, width
