"""What a predicted curve of the multi-power law costs, with the exact sum beside it; fits: bench_fit."""

from __future__ import annotations

import numpy as np

import workbench as wb
from benchmarks.rows import Row, at_most, cpu_seconds
from workbench.laws.quadrature import inputs


def rows() -> list[Row]:
    """CPU milliseconds of predictions with their interval."""
    fit = wb.defaults.load("multipower/100M")
    schedules = {
        "24,000-step WSD": wb.schedules.wsd(24_000, 3e-4, 0.09, 0.2),
        "72,000-step WSD": wb.schedules.wsd(72_000, 3e-4, 0.03, 0.2),
        "72,000-step cosine": wb.schedules.cosine(72_000, 3e-4, 0.03),
    }
    out = []
    for name, schedule in schedules.items():
        ms = 1e3 * cpu_seconds(lambda s=schedule: fit.predict(s), 20)
        out.append(at_most(f"predict every step with interval, {name}", ms, 10, "ms CPU"))
    cosine = wb.schedules.cosine(24_000, 3e-4, 0.09)
    ratio, error = _against_exact(fit, cosine)
    out.append(Row("exact sum at every step over ours, 24,000-step cosine", ratio, "times"))
    out.append(at_most("largest error of the quadrature there", error, 1e-4, "nats"))
    return out


def _against_exact(fit: wb.Fit, schedule: wb.Schedule) -> tuple[float, float]:
    """How much longer the published sum takes, from one step in a hundred, and how far ours is from it."""
    rates, steps = schedule.array(), np.arange(100, len(schedule), 100)
    p = fit.params

    def exact() -> np.ndarray:
        c = np.cumsum(rates)
        eta = np.maximum(rates, 1e-12 * rates.max()) ** -p["gamma"]
        drop = np.diff(rates, prepend=rates[0])
        before = c - rates
        gain = [
            np.sum(
                drop[1 : s + 1]
                * (1 - (1 + p["C"] * eta[1 : s + 1] * (c[s] - before[1 : s + 1])) ** -p["beta"])
            )
            for s in steps
        ]
        return p["L0"] + p["A"] * c[steps] ** -p["alpha"] + p["B"] * np.array(gain)

    seconds = cpu_seconds(exact, 3) * len(schedule) / len(steps)
    quadrature = wb.laws.multipower(inputs(rates, steps), **p)
    return seconds / cpu_seconds(lambda: fit.predict(schedule), 10), float(
        np.max(np.abs(exact() - quadrature))
    )
