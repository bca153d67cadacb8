"""Exercises of notebooks/schedules.ipynb."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench import defaults, schedules
from workbench.exercises.exercise import Exercise

_TOTAL, _PEAK = 1000, 5e-3
_BUDGET: dict[str, Any] = {"total": _TOTAL, "peak": _PEAK, "warmup": 0.03}


def _restart() -> float:
    fit = defaults.load("gpt/0.1M")
    cosine = schedules.cosine(**_BUDGET)
    step = np.arange(_TOTAL)
    gap = fit.predict(schedules.sgdr(_TOTAL, _PEAK), step).loss - fit.predict(cosine, step).loss
    return float(np.flatnonzero(gap > 0)[-1] + 1)


def _same_area() -> float:
    cosine, wsd = schedules.cosine(**_BUDGET), schedules.wsd(**_BUDGET, decay=0.2)
    return _PEAK * float(cosine.array().sum() / wsd.array().sum())


def _fall() -> float:
    from scipy.optimize import minimize_scalar

    fit = defaults.load("gpt/0.1M")

    def final(start: float) -> float:
        drawn = schedules.points(_TOTAL, u=(0, 0.03, start / _TOTAL, 1), rate=(0, _PEAK, _PEAK, 0))
        return float(fit.predict(drawn).loss[-1])

    found: Any = minimize_scalar(final, bounds=(100, 950), method="bounded", options={"xatol": 1})
    return float(found.x)


EXERCISES = (
    Exercise(
        question="Search the gallery for *restart*. Take SGDR as A and the cosine (warmup 0.03) as B, "
        "both over 1,000 updates at peak 5e-3. From which update on does the law keep SGDR below the "
        "cosine? Why should you not believe it?",
        answer=_restart,
        tolerance=12,
        unit="updates",
        hint="The predicted losses cross more than once; point at the last crossing in the lower panel.",
        explanation="The law lets every fall of the rate pay off and asks nothing for the rise in "
        "between. It was fitted on curves whose rate never rises after its warmup, and says nothing of "
        "restarts.",
    ),
    Exercise(
        question="In the comparison of the cosine with WSD (both with warmup 0.03, decay 0.2), lower the "
        "peak of WSD until both have the same area. Which peak is that? Which of the two is predicted to "
        "end lower then?",
        answer=_same_area,
        tolerance=2e-4,
        hint="The area is proportional to the peak: one division of the two areas is enough.",
        explanation="At the same peak WSD is predicted to end lower, at the same area the cosine is: what "
        "WSD gains at equal peaks comes with half as much rate again.",
    ),
    Exercise(
        question="Load *Constant* into the canvas, switch *Monotone* and *Snap* on, and draw: up to 5e-3 "
        "within 30 updates, level, then one straight line down to 0 at update 1,000. At which update must "
        "the fall begin for the lowest predicted loss?",
        answer=_fall,
        tolerance=70,
        unit="updates",
        hint="The last table of this notebook has the same four points; look between its rows.",
        explanation="Around the best the prediction is flat: a fall that begins 70 updates earlier or "
        "later costs less than 0.002, and the interval is 0.09 wide.",
    ),
)
