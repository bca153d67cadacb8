"""Exercises of notebooks/runs.ipynb."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from workbench.curve import Run
from workbench.exercises.exercise import Exercise
from workbench.store import Store

_HIGHEST = 1.2
_LAWS = ("power", "annealing")


def _on_examples(answer: Callable[[Store], str]) -> Callable[[], str]:
    """The answer over the example runs, which are trained for it and thrown away."""

    @wraps(answer)
    def found() -> str:
        from workbench.explore.examples import examples

        with tempfile.TemporaryDirectory() as folder:
            return answer(examples(folder))

    return found


def _means(table: Any) -> Any:
    return table.groupby(["schedule", "schedule.peak"])["final_loss"].mean()


@_on_examples
def _winner(store: Store) -> str:
    return str(_means(store.table()).idxmin()[0])


@_on_examples
def _high(store: Store) -> str:
    return str(_means(store.table(peak=_HIGHEST)).idxmin()[0])


@_on_examples
def _follows(store: Store) -> str:
    from workbench.fitting import fit

    runs = [store.load(id) for id in store.table(schedule="wsd")["id"]]
    high = [run for run in runs if run.schedule.peak == _HIGHEST]

    def missed(law: str) -> float:
        fitted = fit(law, runs)
        return float(np.mean([_error(fitted, run) for run in high]))

    return min(_LAWS, key=missed)


def _error(fitted: Any, run: Run) -> float:
    late = run.curve.step >= fitted.burn_in
    said = fitted.predict(run.schedule, run.curve.step[late].astype(int)).loss
    return float(np.mean(np.abs(said - run.curve.loss[late])))


EXERCISES = (
    Exercise(
        question="Of the example runs (with three seeds): sort by *final_loss*. The lowest run is of one "
        "schedule; which schedule has the lowest mean over seeds, at its best peak? Is the difference "
        "larger than the spread?",
        answer=_winner,
        hint="The query under *What won?* has the means of all.",
        explanation="The lowest single run belongs to another schedule: the lowest of sixty runs is "
        "lowest partly by luck. The two means differ by less than one spread over seeds.",
    ),
    Exercise(
        question="Search for the peak 1.2, and set *lines by* to the schedule. Which schedule has the "
        "lowest mean there? Is the order of the schedules the same as at other peaks?",
        answer=_high,
        hint="The query under *What won?*, with `where peak = 1.2`.",
        explanation="The order changes with the peak. To compare schedules at one peak is to compare "
        "their peaks, too.",
    ),
    Exercise(
        question="Choose the runs of `wsd` at all peaks and fit *Power of the sum of rates*, then "
        "*Annealing law, warmup in both sums*. Which of the two (`power` or `annealing`) has the smaller "
        "mean error on the runs of the highest peak?",
        answer=_follows,
        hint="Search for wsd, choose all rows, and look at the dashed curves of the highest peak under both.",
        explanation="A plain power of the sum of rates knows nothing of what a cooldown pays, and high "
        "peaks have the most to gain from theirs.",
    ),
)
