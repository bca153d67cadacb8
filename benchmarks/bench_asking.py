"""What it costs to ask the law while lanes train; how right its answers are: table_asking."""

from __future__ import annotations

import numpy as np

import workbench as wb
from benchmarks.rows import Row, at_most, cpu_seconds
from workbench.curve import Curve
from workbench.explore.small_gpt import eight
from workbench.live.asking import ask

_POINTS = 100


def rows() -> list[Row]:
    """CPU milliseconds of one answer about eight lanes."""
    fit = wb.defaults.load("gpt/0.1M")
    out = []
    for total in (1_000, 24_000):
        for share in (0.5, 1.0):
            runs = [_run(fit, i, schedule, share) for i, schedule in enumerate(eight(total).values())]
            ms = 1e3 * cpu_seconds(lambda runs=runs: ask(fit, runs, runs), 20)
            name = f"answer about 8 lanes of {_POINTS} points, {total:,} updates, {share:.0%} seen"
            out.append(at_most(name, ms, 100, "ms CPU"))
    return out


def _run(fit: wb.Fit, lane: int, schedule: wb.Schedule, share: float) -> wb.Run:
    """What the law expects of a schedule, with a scatter of a thousandth that no two lanes share."""
    step = np.unique(np.linspace(200, share * len(schedule) - 1, _POINTS).astype(int))
    draw = np.random.default_rng(lane)
    loss = fit.predict(schedule, step).loss * np.exp(1e-3 * draw.normal(size=len(step)))
    return wb.Run(schedule, Curve(step, loss), {}, {"seed": 0, "status": "stopped"})
