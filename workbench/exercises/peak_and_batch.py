"""Exercises of the notebook about peak rate, batch and width."""

from __future__ import annotations

import numpy as np

from workbench.exercises.exercise import Exercise


def _range_tests() -> float:
    """How many times lower a range test of 3,000 updates suggests than one of 100."""
    from workbench import schedules
    from workbench.explore.peaks_range import reading
    from workbench.train import tasks

    task, said = tasks.quadratic(modes=50, batch=16), []
    for total in (100, 3000):
        s = schedules.range_test(total=total, peak=20.0, start=1e-4)
        curve = task.expected(s)
        said.append(reading(s(curve.step), curve).suggested)
    return said[0] / said[1]


def _surge() -> float:
    """Batch of the largest best rate at a coupling of 0.02."""
    from workbench.explore.peaks_theory import surging

    batch = np.geomspace(1, 4096, 2000)
    return float(batch[np.argmax(surging(batch, 0.02))])


def _best_peak() -> float:
    """Best peak of a WSD over 1,000 updates on a noisy quadratic."""
    from workbench import schedules
    from workbench.explore.peaks_basin import basin
    from workbench.train import tasks

    task, rates = tasks.quadratic(modes=50, batch=64), np.geomspace(0.02, 1.6, 25)
    losses = [task.expected(rate * schedules.wsd(total=1000, peak=1.0)).loss[-1] for rate in rates]
    return basin(rates, losses, within=2.0).peak


EXERCISES = (
    Exercise(
        question="On the noisy quadratic (`modes=50, batch=16`), how many times lower is the suggestion of a "
        "range test of 3,000 updates than that of one of 100?",
        answer=_range_tests,
        tolerance=0.6,
        unit="times",
        hint="The cell above the basins prints both.",
        explanation="A slow test gives noise the time to show, so that the loss turns at a lower rate. The "
        "stable rates are the same in both: all below 2.",
    ),
    Exercise(
        question="At which batch is the best rate of coupled sign descent largest, for a coupling of 0.02?",
        answer=_surge,
        tolerance=12.0,
        unit="samples",
        hint="`peaks_theory.surging(batches, 0.02)` takes many batches at once.",
        explanation="The weaker the coupling, the later the surge: the rate turns where the coupled part of "
        "the curvature, which grows with the batch, is as large as the part that does not.",
    ),
    Exercise(
        question="On the noisy quadratic with `modes=50, batch=64`, which peak of a WSD over 1,000 updates "
        "ends lowest?",
        answer=_best_peak,
        tolerance=0.06,
        hint="`task.expected(peak * wb.schedules.wsd(total=1000, peak=1.0)).loss[-1]` for some peaks, then "
        "`peaks_basin.basin`.",
        explanation="Four times the batch of the cells above leaves a quarter of the noise, and still the "
        "best peak is only about a third higher: the cooldown removes most of the noise anyway. No rule over "
        "the batch knows of the cooldown.",
    ),
)
