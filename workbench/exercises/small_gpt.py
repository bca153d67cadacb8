"""Exercises of `small_gpt`: what eight lanes cost, what three seeds show, and what a temperature does."""

from __future__ import annotations

import math

import numpy as np

from workbench.exercises.exercise import Exercise

DIFFERENCES = (-0.012, -0.018, -0.009)
"""Final losses of one schedule less those of another, seed by seed, in nats per byte."""
LOGITS, TEMPERATURE = (2.0, 1.0, 0.0), 0.5


def share_of_separate() -> float:
    """Updates of the eight schedules over 1,000 updates with two seeds, in percent of separate trainings."""
    from workbench import train
    from workbench.explore.small_gpt import eight

    return 100 * train.plan(list(eight(1000).values()), seed=[0, 1]).cost


def half_width() -> float:
    """Half of the 90 % interval of the mean of the differences."""
    from scipy.stats import t

    n = len(DIFFERENCES)
    return float(t.ppf(0.95, n - 1) * np.std(DIFFERENCES, ddof=1) / math.sqrt(n))


def likeliest() -> float:
    """Chance of the likeliest token, in percent."""
    weights = [math.exp(logit / TEMPERATURE) for logit in LOGITS]
    return 100 * max(weights) / sum(weights)


EXERCISES = (
    Exercise(
        question="The eight schedules of this page over 1,000 updates, with two seeds: "
        "how many updates are made, "
        "in percent of sixteen separate trainings?",
        answer=share_of_separate,
        tolerance=0.6,
        unit="%",
        hint="`wb.train.plan(list(small_gpt.eight(1000).values()), seed=[0, 1])` "
        "says it before anything is trained.",
        explanation="Lanes share every update up to where their rates part: the constant "
        "one and four WSDs share a "
        "trunk, and all of a seed share the warmup. The other three schedules leave it at its end.",
    ),
    Exercise(
        question="With three seeds a schedule ends 0.012, 0.018 and 0.009 nats below "
        "the cosine. What is half of "
        "the 90 % interval of the mean difference?",
        answer=half_width,
        tolerance=0.0004,
        unit="nats",
        hint="Student's t with two degrees of freedom, 2.92, times the standard "
        "deviation over the root of three.",
        explanation="The interval is -0.013 with a good half of it to either side: it "
        "excludes 0. Without pairs the "
        "spread between seeds, 1 % of the loss of this model, would hide it.",
    ),
    Exercise(
        question="Three bytes have the logits 2, 1 and 0. How often is the likeliest "
        "drawn at temperature 0.5?",
        answer=likeliest,
        tolerance=0.6,
        unit="%",
        hint="Divide the logits by the temperature, then take the softmax.",
        explanation="exp(4) / (exp(4) + exp(2) + 1). At temperature 1 it is 67 %, at 0 it "
        "is always drawn, and "
        "with `top_p` of 0.6 it would be the only one left at either.",
    ),
)
"""In the order of the notebook."""
