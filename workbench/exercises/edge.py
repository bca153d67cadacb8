"""Exercises of the notebook about sharpness and rate."""

from __future__ import annotations

import numpy as np

from workbench.exercises.exercise import Exercise


def _allowed() -> float:
    """Sharpness that a rate of 0.02 allows with a momentum of 0.9."""
    from workbench.explore.edge_theory import threshold

    return float(threshold(0.02, 0.9))


def _growth() -> float:
    """Factor of an update at a rate of 0.04 along a curvature of 60."""
    from workbench.explore.edge_theory import growth

    return float(growth(0.04, 60.0))


def _four_times() -> float:
    """First update of a WSD at which the threshold is four times that of its plateau."""
    from workbench import schedules
    from workbench.explore.edge_theory import threshold

    allowed = threshold(schedules.wsd(total=1500, peak=0.04, decay=0.3).array())
    falling = np.arange(1500) >= 1050
    return float(np.flatnonzero(falling & (allowed >= 4 * threshold(0.04) * (1 - 1e-12)))[0])


EXERCISES = (
    Exercise(
        question="How sharp may full-batch descent become at a rate of 0.02 with a momentum of 0.9?",
        answer=_allowed,
        tolerance=1.0,
        hint="The threshold of the heavy ball is `(2 + 2 beta) / rate`.",
        explanation="Momentum nearly doubles what is allowed. It does not make descent as fast as a rate "
        "twice as high would: it averages steps that would cancel.",
    ),
    Exercise(
        question="The sharpness is 60, the rate 0.04, and there is no momentum. By which factor does the "
        "distance along the steepest direction grow in each update?",
        answer=_growth,
        tolerance=0.02,
        hint="A step multiplies the distance by `1 - rate sharpness`; its size is asked for.",
        explanation="It changes sides in every update and grows by two fifths: after ten updates it is "
        "nearly thirty times as far. On a network it is thrown to where the curvature is below the threshold "
        "before that.",
    ),
    Exercise(
        question="A WSD of 1,500 updates with a peak of 0.04 decays over its last 30 %. At which update is "
        "the threshold four times that of the plateau?",
        answer=_four_times,
        tolerance=3.0,
        unit="updates",
        hint="The threshold is four times as high where the rate is a quarter of the peak.",
        explanation="The decay begins at update 1,050 and is linear: three quarters of its 450 updates later "
        "a quarter of the rate is left. The sharpness cannot follow as fast.",
    ),
)
