"""What the law is asked about: schedules on their way, and the steps at which their curves are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.curve import Run
from workbench.fitted.evaluation import about_run
from workbench.judge import rise_end
from workbench.live.kinship import Lane
from workbench.schedule import Schedule

Steps = NDArray[np.intp]

_EVEN = 40
_GRADED = 8


class Target(NamedTuple):
    """A schedule to predict, its lane, the steps (n,) of its curve, and what the law needs beside."""

    schedule: Schedule
    lane: Lane
    step: Steps
    about: dict[str, Any]


def lane_of(schedule: Schedule, seed: object, burn_in: int) -> Lane:
    """A schedule on its way, from where a law describes it."""
    last = len(schedule) - 1
    return Lane(schedule.array(), seed, min(max(burn_in, rise_end(schedule)), last))


def target(each: Schedule | Run, runs: Sequence[Run], lanes: Sequence[Lane], burn_in: int) -> Target:
    """What to predict, placed among the `runs` with their `lanes`."""
    if isinstance(each, Run):
        schedule, about = each.schedule, about_run(each)
        own = [lane for run, lane in zip(runs, lanes, strict=True) if run is each]
        lane = own[0] if own else lane_of(schedule, each.facts.get("seed", 0), burn_in)
    else:
        schedule, about, lane = each, {}, lane_of(each, None, burn_in)
        if lanes:
            # It goes on from the run that it has most in common with; the first of them says the seed.
            common = [replace(lane, seed=other.seed).parts(other) for other in lanes]
            near = int(np.argmax(common))
            lane, about = replace(lane, seed=lanes[near].seed), about_run(runs[near])
    return Target(schedule, lane, _steps(schedule, lane.start), about)


def _steps(schedule: Schedule, start: int) -> Steps:
    """Steps from `start` to the end: even ones, and more about each bend."""
    last = len(schedule) - 1
    near = np.unique(np.geomspace(1, max(last, 1), _GRADED).astype(np.intp))
    graded = [[span.start - 1, span.start, *(span.start + near)] for span in schedule.spans()]
    wanted = np.concatenate([np.linspace(start, last, _EVEN).astype(np.intp), *graded, [last]])
    return np.unique(wanted[(wanted >= start) & (wanted <= last)]).astype(np.intp)
