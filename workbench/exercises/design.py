"""Exercises of notebooks/design.ipynb."""

from __future__ import annotations

from workbench import defaults, design, schedules
from workbench.exercises.exercise import Exercise

_TOTAL, _PEAK = 24_000, 3e-4
_SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)


def _power() -> float:
    best = design.optimise(defaults.load("gpt/0.1M"), 1000, peak=5e-3, warmup=0.02, floor=0.0, phases=1)
    return float(best.phases[-1].args["p"])


def _straight() -> float:
    linear, wsd = (make(_TOTAL, _PEAK, warmup=0.01) for make in (schedules.linear, schedules.wsd))
    return defaults.load("multipower/100M").difference(linear, wsd).mean


def _shortest() -> float:
    law = defaults.load("multipower/100M")
    rows = design.cooldown(law, _TOTAL, peak=_PEAK, shares=_SHARES, shapes=("sqrt",)).table.rows
    return min(row["share"] for row in rows if row["low"] <= 0 <= row["high"])


EXERCISES = (
    Exercise(
        question="In the designer, with the small GPT over 1,000 updates at peak 5e-3, warmup 0.02 and "
        "floor 0, set *phases* to 1. Which power of the time that is left does the law choose for the "
        "fall? Is what it loses to two phases more than the interval?",
        answer=_power,
        tolerance=0.03,
        hint="The plain form under the figure names the shape and its power.",
        explanation="A power below 1 stays high for long and falls late: with one piece it is the nearest "
        "thing to a stable part and a cooldown. It loses 0.02 to two phases, less than the interval of "
        "the loss itself.",
    ),
    Exercise(
        question="Choose *Convex theory*: its best schedule has no stable part, it is nearly the linear "
        "decay. Measured curves speak against it. By the law that was fitted on those of the 100M model, "
        "how much higher does the linear decay end than WSD, over 24,000 updates at peak 3e-4 and warmup "
        "0.01?",
        answer=_straight,
        tolerance=0.003,
        unit="nats",
        hint='`wb.defaults.load("multipower/100M").difference(linear, wsd)`, or two lines of the table of '
        "gains.",
        explanation="In the measured curves the stable part pays: progress goes with the sum of rates "
        "until the cooldown, and theory grants it less than that.",
    ),
    Exercise(
        question="Under the same law, length and peak, let `wb.design.cooldown` compare the shares 0.05, "
        "0.1, 0.2, 0.3 and 0.5 of the shape `sqrt`. Which is the shortest cooldown that the law cannot "
        "tell from the best one?",
        answer=_shortest,
        hint="Read *low* and *high*: they are the interval of the difference from the best.",
        explanation="Its interval holds zero. The shorter a cooldown may be, the more of the run can be "
        "used again for another one. With a fit of your own logs (`wb.logs.load`, `wb.fit`) the same call "
        "answers for your model.",
    ),
)
