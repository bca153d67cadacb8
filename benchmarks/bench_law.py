"""What the multi-power law costs: a predicted curve, a fit, many starts, and the exact sum beside them."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np

import workbench as wb
from benchmarks.rows import Row
from workbench.laws.quadrature import inputs

TRAIN = ("cosine_24000", "constant_24000", "wsdcon_9")


def rows() -> list[Row]:
    """CPU milliseconds of predictions with their interval, CPU seconds of fits."""
    fit = wb.defaults.load("multipower/100M")
    schedules = {
        "24,000-step WSD": wb.schedules.wsd(24_000, 3e-4, 0.09, 0.2),
        "72,000-step cosine": wb.schedules.cosine(72_000, 3e-4, 0.03),
    }
    out = []
    for name, schedule in schedules.items():
        ms = 1e3 * _cpu(lambda s=schedule: fit.predict(s), 20)
        target = "at most 10" if "24,000" in name else ""
        out.append(
            Row(
                f"predict every step with interval, {name}",
                ms,
                "ms CPU",
                target,
                ms <= 10 if target else None,
            )
        )
    cosine = wb.schedules.cosine(24_000, 3e-4, 0.09)
    ratio, error = _against_exact(fit, cosine)
    out.append(Row("exact sum at every step over ours, 24,000-step cosine", ratio, "times"))
    out.append(Row("largest error of the quadrature there", error, "nats", "at most 1e-4", error <= 1e-4))
    for size in ("25M", "100M"):
        runs = {run.facts["name"]: run for run in wb.datasets.load(f"multipower/{size}")}
        train, held = [runs[name] for name in TRAIN], [run for name, run in runs.items() if name not in TRAIN]
        seconds = _cpu(lambda t=train: wb.fit(wb.laws.multipower, t), 3)
        out.append(Row(f"fit of 3 curves, 8 starts, with left-out error, {size}", seconds, "s CPU"))
        fitted = wb.fit(wb.laws.multipower, train)
        best = {"25M": 1.38e-4, "100M": 2.1e-5}[size]
        reached = fitted.objective <= 1.02 * best
        out.append(Row(f"objective reached, {size}", fitted.objective, "", f"{best:.2g}", reached))
        for label, fixed in (("raw optimum", {}), ("gamma held at 0.6", {"gamma": 0.6})):
            mean = wb.fit(wb.laws.multipower, train, fixed=fixed).report(held)["mean"]
            out.append(Row(f"mean error on 6 held-out curves, {size}, {label}", mean["mae"], "nats"))
            out.append(
                Row(f"points inside the 90 % interval there, {size}, {label}", mean["coverage"], "share")
            )
    return out


def _cpu(call: Callable[[], object], times: int) -> float:
    call()
    taken = []
    for _ in range(times):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return median(taken)


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

    seconds = _cpu(exact, 3) * len(schedule) / len(steps)
    quadrature = wb.laws.multipower(inputs(rates, steps), **p)
    return seconds / _cpu(lambda: fit.predict(schedule), 10), float(np.max(np.abs(exact() - quadrature)))
