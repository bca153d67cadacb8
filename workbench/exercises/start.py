"""Exercises of notebooks/start.ipynb."""

from __future__ import annotations

from functools import partial
from typing import Any

from workbench import defaults, schedules
from workbench.exercises.exercise import Exercise
from workbench.exercises.solving import crossing
from workbench.fitted import Fit

_SLIDERS: dict[str, Any] = {"total": 1000, "peak": 5e-3, "warmup": 0.03}
_LLAMA: dict[str, Any] = {"total": 24_000, "peak": 3e-4, "warmup": 0.09, "floor": 0.1}
_DECAYS = (0.1, 0.2, 0.4)
_HIGH = 1e-2


def _final(fit: Fit, **args: Any) -> float:
    return float(fit.predict(schedules.wsd(**args)).loss[-1])


def _decay() -> float:
    fit = defaults.load("gpt/0.1M")
    cosine = float(fit.predict(schedules.cosine(**_SLIDERS)).loss[-1])
    return crossing(lambda decay: _final(fit, **_SLIDERS, decay=decay) - cosine, 0.005, 0.2)


def _wider() -> float:
    fit = defaults.load("gpt/0.1M")
    low, high = (_width(fit, **{**_SLIDERS, "peak": peak}) for peak in (_SLIDERS["peak"], _HIGH))
    return high / low


def _width(fit: Fit, **args: Any) -> float:
    end = fit.predict(schedules.wsd(**args, decay=0.2))
    assert end.low is not None and end.high is not None
    return float(end.high[-1] - end.low[-1])


def _lowest() -> float:
    final = partial(_final, defaults.load("multipower/100M"), **_LLAMA)
    return min(_DECAYS, key=lambda decay: final(decay=decay))


EXERCISES = (
    Exercise(
        question="With the small GPT at 1,000 updates, peak 5e-3 and warmup 0.03, pin a cosine. Then take "
        "WSD and shorten its decay below 0.2 until its predicted final loss equals the cosine's. How long "
        "is the decay, as a share of the run?",
        answer=_decay,
        tolerance=0.008,
        hint="The table under the figure shows both predictions while you move the slider of the decay; "
        "what you look for is far to the left.",
        explanation="So short a cooldown of WSD does as much as the long decay of a cosine that ends at a "
        "tenth of its peak. Where the two are equal, the sum of rates still differs by a factor of nearly "
        "two.",
    ),
    Exercise(
        question="Raise the peak of WSD (decay 0.2, warmup 0.03, 1,000 updates) from 5e-3 to 1e-2, where "
        "a warning appears under the figure. How many times as wide is the 90 % interval of the final "
        "loss then? Train there: was the warning right?",
        answer=_wider,
        tolerance=0.15,
        hint="The readout gives both ends of the interval; divide the two widths.",
        explanation="The law has seen one peak, 5e-3. What it says of another is an extrapolation, and "
        "its interval is widened for that.",
    ),
    Exercise(
        question="Choose *100M LLaMA*, pin `constant`, then `wsd` with decays of 0.1, 0.2 and 0.4. Which "
        "of the three decays has the lowest prediction? Is the difference larger than the interval?",
        answer=_lowest,
        hint="The third digit after the point decides between two of them.",
        explanation="The difference between the two best is far smaller than the interval: the law cannot "
        "tell them apart. That 0.4 is worse it says with more reason.",
    ),
)
