"""A law at every step from a few hundred evaluations: one spline per phase, dense where it bends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workbench.laws.changes import graded
from workbench.schedule import Schedule

Array = NDArray[np.float64]

_EVEN = 50
"""Even knots over the whole schedule, beside the graded ones after each start and before each end."""


def every_step(schedule: Schedule, evaluate: Callable[[NDArray[np.intp]], Array]) -> Array:
    """Values (len(schedule), k) of `evaluate`, which gives positive values (n, k) at n steps.

    A jump or a bend of the rate at a phase's start bends the curve there, so no spline crosses one.
    Their coordinates are the logarithms of the value and of the step within the phase: a law starts
    as a power, which is a straight line there.
    """
    from scipy.interpolate import CubicSpline

    knots = [span.start + _knots(span.stop - span.start, len(schedule)) for span in schedule.spans()]
    values = np.log(evaluate(np.concatenate(knots)))
    out = np.empty((len(schedule), values.shape[1]))
    used = 0
    for span, at in zip(schedule.spans(), knots, strict=True):
        here = values[used : used + len(at)]
        used += len(at)
        if len(at) == span.stop - span.start:
            out[span.start : span.stop] = here
        else:
            spline = CubicSpline(np.log1p(at - span.start), here)
            out[span.start : span.stop] = spline(np.log1p(np.arange(span.stop - span.start)))
    return np.exp(out)


def _knots(length: int, total: int) -> NDArray[np.intp]:
    last = length - 1
    after, before = graded(last, 0.25), last - graded(last, 0.5)
    even = np.linspace(0, last, 2 + int(_EVEN * length / total)).astype(np.intp)
    return np.unique(np.clip(np.concatenate([after, before, even]), 0, last))
