"""Exercises of `cooldown`: the best length of a linear cooldown, what eight cost, and a trap of beta2."""

from __future__ import annotations

import math

import numpy as np

from workbench.exercises.exercise import Exercise

TRUNK, COOLING, BRANCHES = 4000, 800, 8
"""Updates of a run and of its cooldown, and how many cooldowns leave one trunk."""
LEAVES, BETA2, BEFORE = 480, 0.999, 0.95


def best_length() -> float:
    """Share of the run, in percent, over which a linear cooldown ends lowest on the noisy quadratic."""
    from workbench.explore import cooldowns_noise as noise

    problem, total, peak = noise.power_law(48, 1.5, 16.0), 1000, 0.5
    counts = np.arange(20, total + 1, 20)
    begin = noise.constant(problem, peak, total - counts)
    losses = []
    for k, n in enumerate(counts):
        state = noise.State(begin.bias[k], begin.variance[k])
        losses.append(noise.split(problem, peak * (1 - np.arange(n) / n), state).loss[0, -1])
    return 100 * float(counts[int(np.argmin(losses))]) / total


def share_of_separate() -> float:
    """Updates of one trunk with its cooldowns, in percent of as many separate runs."""
    return 100 * (TRUNK - COOLING + BRANCHES * COOLING) / (BRANCHES * TRUNK)


def smaller_step() -> float:
    """Factor by which a change of beta2 alone shrinks Adam's first step after it."""
    now, before = (1 - beta ** (LEAVES + 1) for beta in (BETA2, BEFORE))
    return math.sqrt(now / before)


EXERCISES = (
    Exercise(
        question="Set the page to its first values and choose the shape `linear`. Over which share of the "
        "run must it cool down to end lowest, in percent?",
        answer=best_length,
        tolerance=6.0,
        unit="%",
        hint="The lower figure has the final loss against the length; hover over the lowest point of "
        "`linear` and divide its updates by the total of 1,000.",
        explanation="A short cooldown leaves variance, a long one spends updates at rates too low for the "
        "slow directions and leaves bias. The minimum is flat: from 35 to 50 % of the run the loss is "
        "within 2 % of it.",
    ),
    Exercise(
        question="A run of 4,000 updates cools down over its last 800. You want eight shapes of the "
        "cooldown. How many updates does one forked training make, in percent of eight separate runs?",
        answer=share_of_separate,
        tolerance=0.5,
        unit="%",
        hint="The trunk is trained once, every cooldown by itself. `train.plan` of the lanes prints it.",
        explanation="3,200 updates of the trunk and 8 times 800 of cooldowns are 9,600, of 32,000.",
    ),
    Exercise(
        question="A plan raises Adam's beta2 from 0.95 to 0.999 at update 480, and torch corrects the "
        "second moment by `1 - beta2^(t + 1)` with the new value. Seen from this alone, by which factor "
        "does the first step of the cooldown change?",
        answer=smaller_step,
        tolerance=0.01,
        hint="The step goes with the square root of the correction. With 0.95 it is 1 by then; with 0.999 "
        "it is not.",
        explanation="The correction thinks that the second moment has been gathered with 0.999 from the "
        "start, and takes it for too small: it lowers the step, as if the rate had dropped. Part of what a "
        "larger beta2 does early in a run is a lower rate.",
    ),
)
"""In the order of the notebook."""
