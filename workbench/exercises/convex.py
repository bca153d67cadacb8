"""Exercises of notebooks/convex.ipynb."""

from __future__ import annotations

import numpy as np

from workbench import design, schedules, views
from workbench.exercises.exercise import Exercise

_TOTAL = 400
_TUNED = np.arange(2.5e-4, 6.01e-4, 0.25e-4)
_CROSSINGS = "cosine to 10 %"


def _term() -> str:
    flat, raised = (
        views.convex_bound(schedules.cosine(_TOTAL, 1.0, warmup=0.0, floor=floor)) for floor in (0.0, 0.1)
    )
    return max(("t1", "t2", "t3"), key=lambda name: abs(getattr(raised, name) - getattr(flat, name)))


def _tuned() -> float:
    from workbench.explore import convexity

    runs = convexity.measured()
    missed = []
    for tuned in _TUNED:
        rows = convexity.overtaking(runs, 50_000, 5e-4, float(tuned)).rows
        if not rows:
            raise ValueError("the runs with cooldowns are not here; WORKBENCH_DATA_DIR names their folder")
        pairs = np.array([[row[f"{_CROSSINGS}: {by}"] for by in ("measured", "theory")] for row in rows])
        missed.append(np.nanmean(np.abs(pairs[:, 0] - pairs[:, 1])))
    return float(_TUNED[int(np.argmin(missed))])


def _lower() -> float:
    best, _ = design.best_bound(_TOTAL)
    linear = views.convex_bound(schedules.linear(_TOTAL, 1.0, warmup=0.0)).best
    return 100 * (1 - best / linear)


EXERCISES = (
    Exercise(
        question="Theory gives the cosine that ends at 10 % a high best rate. Which of the three terms of "
        "`wb.views.convex_bound` (`t1`, `t2` or `t3`) changes most when the floor goes from 0 to 0.1, for "
        "400 updates at peak 1 without warmup?",
        answer=_term,
        hint="`wb.views.convex_bound(wb.schedules.cosine(400, 1.0, warmup=0.0, floor=0.1))` shows all three.",
        explanation="The last updates have nothing left to average them out, and this term is what the "
        "last iterate pays for that. A floor makes those updates larger.",
    ),
    Exercise(
        question="`convexity.overtaking(runs, 50_000, 5e-4, tuned)` takes the tuned peak. For which value "
        "does theory fit the measured crossings with the cosine to 10 % at 5e-4 best, as a mean over the "
        "cooldowns that cross? What would that say of the best rate?",
        answer=_tuned,
        tolerance=6e-5,
        hint="Try values from 2.5e-4 to 6e-4 and compare the two columns of the cosine to 10 %.",
        explanation="It is less than half of the peak that the final losses call best. Theory can be made "
        "to fit the crossings, but only with a best rate that is not the measured one.",
    ),
    Exercise(
        question="Use `convex.bound_curve` with a schedule of your own from `wb.explore.draw`: can you "
        "draw one with a lower bound than the linear decay? By how many percent can any rates over 400 "
        "updates lower it, each at its best factor?",
        answer=_lower,
        tolerance=0.06,
        unit="%",
        hint="`wb.design.best_bound(400)` gives the smallest bound; `wb.views.convex_bound(...).best` "
        "that of the linear decay.",
        explanation="The linear decay is all but the best that this theory knows, and a part of the rest "
        "is an artefact: the bound charges the last update less than the others.",
    ),
)
