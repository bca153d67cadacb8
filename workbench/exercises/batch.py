"""Exercises of notebooks/batch.ipynb."""

from __future__ import annotations

import numpy as np

from workbench.exercises.exercise import Exercise
from workbench.scaling import rules

_AFFORDABLE = 0.2
"""The share of data more that the law of the critical batch grants (arXiv 2410.21676)."""


def _updates(batch: float) -> float:
    """Updates over their least at a batch in units of that at which both costs double."""
    return 1 + 1 / batch


def _data() -> float:
    from workbench.exercises.solving import crossing

    critical = rules.critical_batch_data(1e12).batch_tokens
    batch = rules.steplaw(1e9, 1e12).batch_tokens
    assert critical is not None and batch is not None
    now = batch * _AFFORDABLE / critical
    larger = crossing(lambda b: _updates(b) - _updates(now) / 2, now, 1e3)
    return 100 * ((1 + larger) / (1 + now) - 1)


def _fewer() -> float:
    # The data over its least is 1 + b, so that an overhead of b is the batch b.
    return _updates(0.05) / _updates(1.0)


def _later() -> float:
    from workbench import train
    from workbench.making import hold

    sizes, rates = (1, 4, 16, 64, 256), np.geomspace(0.05, 1.6, 14)
    runs = [
        (float(size), train.tasks.quadratic(batch=size, modes=60).expected(hold(600, float(rate))))
        for size in sizes
        for rate in rates
    ]
    early, late = (rules.fit_tradeoff(*rules.measure(runs, loss)).critical for loss in (0.6, 0.3))
    return late / early


EXERCISES = (
    Exercise(
        question="You have 1e12 tokens and 1e9 parameters, and want the run over in half as many updates "
        "as the Step Law's batch takes. How many percent more data does it cost to the same loss, by the "
        "page above?",
        answer=_data,
        tolerance=0.7,
        unit="%",
        hint="The law of the critical batch names the batch that takes 20 % more data, so E / E_min is 1 "
        "+ 0.2 B / B*. Find the batch that halves S, then compare E.",
        explanation="Below the critical batch updates fall nearly as one over the batch, and data hardly "
        "grows: half the time is cheap here. The next halving is not.",
    ),
    Exercise(
        question="Set *overhead* to 0.05 and to 1. By which factor do the updates fall, and where would "
        "you stop?",
        answer=_fewer,
        tolerance=0.1,
        hint="(S / S_min - 1)(E / E_min - 1) = 1, and the overhead is the second bracket.",
        explanation="From 21 times the least to twice it. From an overhead of 1 to 2 only a quarter more "
        "is saved: few stop beyond the critical batch.",
    ),
    Exercise(
        question="In the sweep of the noisy quadratic (with `quick` off), by which factor is the critical "
        "batch larger at loss 0.3 than at loss 0.6? Then sweep batch and rate on the small GPT "
        "(`wb.train.tasks.gpt`): does it grow there, too?",
        answer=_later,
        tolerance=0.1,
        hint="`rules.fit_tradeoff(*rules.measure(runs, target)).critical`",
        explanation="As the loss falls the gradient shrinks and its noise does not. A batch that grows "
        "during the run follows that.",
    ),
)
