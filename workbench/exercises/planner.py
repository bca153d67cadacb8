"""Exercises of notebooks/planner.ipynb."""

from __future__ import annotations

from typing import Any

from workbench import scaling
from workbench.exercises.exercise import Exercise

_FLOPS = 1e21


def _hours() -> float:
    flops = scaling.plan("besiroglu", target_loss=2.2).flops
    return scaling.gpus.hours_of(flops, "H100", 0.4)


def _moved(**asked: Any) -> float:
    """Factor of the rate when something else is asked of the run."""
    size = scaling.plan("besiroglu", flops=_FLOPS)
    usual, other = (scaling.recipe(size.n_params, size.tokens, **more) for more in ({}, asked))
    return other.rate / usual.rate


EXERCISES = (
    Exercise(
        question="Ask for the loss of 2.2. How many hours of an H100 at 40 % of its peak does it cost? "
        "What does a model of half the size cost for the same loss?",
        answer=_hours,
        tolerance=60,
        unit="hours",
        hint="The table beside the sliders says FLOPs; an H100 makes 989.4e12 a second at its peak.",
        explanation="A model of half the size needs a quarter more compute for the same loss, and is "
        "cheaper from then on.",
    ),
    Exercise(
        question="At 1e21 FLOPs, choose *DeepSeek* for the batch and the *Step Law* for the rate. By "
        "which factor does the rate change from what the Step Law's own batch gives, and why?",
        answer=lambda: _moved(batch="deepseek"),
        tolerance=0.05,
        hint="Read the peak rate in the table of the run before and after.",
        explanation="The Step Law's rate belongs to the Step Law's batch. With another batch it is moved "
        "by the root of their ratio, as the note under the table says.",
    ),
    Exercise(
        question="Your machines hold 2e5 tokens at once. Build the run of 1e21 FLOPs with "
        "`wb.scaling.recipe(..., most_batch_tokens=2e5)`. By which factor does the peak rate change? How "
        "does the weight decay follow?",
        answer=lambda: _moved(most_batch_tokens=2e5),
        tolerance=0.015,
        hint="`planner.sizing` has `n_params` and `tokens`, the first two arguments.",
        explanation="The rate falls by the root of the ratio of batches. The weight decay falls by the "
        "same factor: what is kept is the share of the data over which AdamW's weights average.",
    ),
)
