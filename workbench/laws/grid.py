"""A law at every step from a few hundred evaluations: one spline per phase, dense where it bends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from workbench.laws.changes import graded
from workbench.schedule import Schedule

Array = NDArray[np.float64]

_EVEN = 50
"""Even knots over the whole schedule, beside the graded ones after each start and before each end."""
_BLOCK = 8192
"""Steps that are interpolated at once: memory that is asked for anew costs more than the work in it."""


def every_step(schedule: Schedule, evaluate: Callable[[NDArray[np.intp]], Array]) -> list[Array]:
    """Each of the k values of `evaluate` at every step, which gives positive values (n, k) at n steps.

    A jump or a bend of the rate at a phase's start bends the curve there, so no spline crosses one.
    Their coordinates are the logarithms of the value and of the step within the phase: a law starts
    as a power, which is a straight line there.
    """
    knots = [span.start + _knots(span.stop - span.start, len(schedule)) for span in schedule.spans()]
    values = np.log(evaluate(np.concatenate(knots)))
    out = [np.empty(len(schedule)) for _ in range(values.shape[1])]
    used = 0
    for span, at in zip(schedule.spans(), knots, strict=True):
        for a, b, logs in _pieces(span.start, span.stop, at, values[used : used + len(at)]):
            for column, row in zip(out, logs.T, strict=True):
                np.exp(row, out=column[a:b])
        used += len(at)
    return out


def _pieces(start: int, stop: int, at: NDArray[np.intp], here: Array) -> Iterator[tuple[int, int, Array]]:
    """Ends of some stretches of a phase, and the interpolated values (steps, k) of each."""
    from scipy.interpolate import CubicSpline

    if len(at) == stop - start:
        yield start, stop, here
        return
    spline = CubicSpline(np.log(at - (start - 1)), here)
    for a in range(start, stop, _BLOCK):
        b = min(a + _BLOCK, stop)
        yield a, b, spline(np.log(np.arange(a, b) - (start - 1)))


def _knots(length: int, total: int) -> NDArray[np.intp]:
    last = length - 1
    after, before = graded(last, 0.25), last - graded(last, 0.5)
    even = np.linspace(0, last, 2 + int(_EVEN * length / total)).astype(np.intp)
    return np.unique(np.clip(np.concatenate([after, before, even]), 0, last))
