"""A law fitted to nothing but what came in, as soon as that can tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from workbench.curve import Run
from workbench.fitting import Fit, fit
from workbench.judge import rise_end, usable

LAW = "multipower"
ESTIMATOR = "soft 1 %"
"""The one that predicted left-out curves of the public data best; choosing among all takes minutes."""
_POINTS = 30
_DROP = 0.5
_AFTER = 5


def afresh(runs: Sequence[Run]) -> tuple[Fit | None, str]:
    """The fit and a sentence, or None and what is missing."""
    sound = [_so_far(run) for run in runs if run.facts.get("status") != "diverged" and len(run.curve)]
    ready = [run for run in sound if run.curve.step[-1] > rise_end(run.schedule)]
    points = sum(len(usable(run, "a run")[0]) for run in ready)
    schedules = {run.schedule.array().tobytes() for run in ready}
    if points < _POINTS or len(schedules) < 2:
        return None, (
            f"There is no fit to begin with, and too little to make one: {points} points after the warmup of "
            f"{len(schedules)} different schedules, where {_POINTS} points of 2 are the least. "
            "Give a fit, such as one of workbench.defaults, or wait."
        )
    if not any(map(_dropped, ready)):
        return None, (
            "There is no fit to begin with, and no run has been measured after its rate had halved: what a "
            "drop of the rate gains cannot be known yet. Give a fit, or wait."
        )
    made = fit(LAW, ready, estimator=ESTIMATOR, starts=4)
    return made, f"Without a fit to begin with, {points} points of {len(ready)} runs say it all."


def _so_far(run: Run) -> Run:
    """A run with no more of its schedule than was measured."""
    return replace(run, schedule=run.schedule.until(int(run.curve.step[-1]) + 1))


def _dropped(run: Run) -> bool:
    rates = run.schedule.array()
    low = rates[run.curve.step.astype(np.intp)] <= _DROP * rates.max()
    return bool(np.count_nonzero(low & (run.curve.step > rise_end(run.schedule))) >= _AFTER)
