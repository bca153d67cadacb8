"""What the best schedule costs, and how near it comes to a search over the rate of every update."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np

import workbench as wb
from benchmarks.rows import Row, at_most, cpu_seconds

PUBLISHED = {
    "25M": (3.04045406, 0.52468604, 0.50786857, 363.78751622, 2.06560812, 0.58279013, 0.64142257),
    "100M": (2.6514477, 0.60115152, 0.45295811, 437.9464276, 2.13245612, 0.59785199, 0.65523644),
    "400M": (2.37474466, 0.65421216, 0.42878731, 523.42464371, 2.02462735, 0.59350493, 0.63472457),
}
"""Parameters of arXiv 2503.12811."""
OURS = {"L0": 2.55, "A": 2.2, "alpha": 0.32, "B": 1.63, "norm": 0.038, "decay": 0.1, "share": 0.5}
"""The effective-rate law, about as fitted on the 124M runs of arXiv 2501.18965."""
PEAK, TOTAL, RISING = 3e-4, 24_000, 2_160
OFFICIAL = 10_000
"""Updates of Adam that the authors' optimiser makes; ours are timed over fewer and multiplied."""
MEASURED = 1_500


def rows() -> list[Row]:
    """CPU milliseconds of designs, their distance from a search over every rate, and its cost."""
    shipped = wb.defaults.load("multipower/100M")
    out = []
    for size, values in PUBLISHED.items():
        params = dict(zip(shipped.params, values, strict=True))
        fit = dataclasses.replace(shipped, params=params)
        seconds = cpu_seconds(lambda f=fit: wb.optimise(f, TOTAL, peak=PEAK, warmup=RISING / TOTAL))
        out.append(at_most(f"optimise, 24,000 steps, 64 knots, {size}", 1e3 * seconds, 50, "ms CPU"))
        found = wb.optimise(fit, TOTAL, peak=PEAK, warmup=RISING / TOTAL)
        start = time.process_time()
        rates = every_rate(params, MEASURED)
        each = (time.process_time() - start) / MEASURED
        apart = _exact(found.array(), params) - _exact(rates, params)
        out.append(
            at_most(
                f"its loss less that of every rate by Adam, {MEASURED:,} updates, {size}", apart, 1e-4, "nats"
            )
        )
        ratio = each * OFFICIAL / seconds
        out.append(Row(f"CPU of {OFFICIAL:,} such updates over ours, {size}", ratio, "times"))
    fit = dataclasses.replace(shipped, params=dict(zip(shipped.params, PUBLISHED["100M"], strict=True)))
    ours = dataclasses.replace(fit, law="effective_rate", params=OURS)
    calls: dict[str, Callable[[], object]] = {
        "optimise, 72,000 steps, 64 knots": lambda: wb.optimise(fit, 72_000),
        "optimise, 24,000 steps, at most 3 phases": lambda: wb.optimise(fit, TOTAL, phases=3),
        "optimise under the effective-rate law, 24,000 steps": lambda: wb.optimise(ours, TOTAL),
        "optimise without data, 24,000 steps": lambda: wb.optimise(None, TOTAL),
        "gains, plain phases and warnings of a design": lambda: str(wb.optimise(fit, TOTAL)),
        "cooldown: 6 shapes by 5 shares": lambda: wb.design.cooldown(fit, TOTAL),
        "deadline moved from 24,000 to 40,000": lambda: wb.design.deadline(
            fit, wb.schedules.wsd(TOTAL, PEAK), 10_000, 40_000
        ),
    }
    out += [Row(name, 1e3 * cpu_seconds(call, 3), "ms CPU") for name, call in calls.items()]
    return out


def _exact(rates: np.ndarray, p: dict[str, float]) -> float:
    c = np.cumsum(rates)
    reach = p["C"] * np.maximum(rates, 1e-16) ** -p["gamma"] * (c[-1] - c + rates)
    gain = 1 - (1 + reach) ** -p["beta"]
    return float(p["L0"] + p["A"] * c[-1] ** -p["alpha"] + p["B"] * np.sum(np.diff(rates) * gain[1:]))


def every_rate(p: dict[str, float], updates: int) -> np.ndarray:
    """The published way: the drop of every update by Adam at rate 5e-9, with the exact gradient."""
    rising = PEAK * np.arange(RISING) / RISING
    drops = np.zeros(TOTAL - RISING - 1)
    mean, square = np.zeros_like(drops), np.zeros_like(drops)
    for k in range(1, updates + 1):
        free = PEAK - np.concatenate([[0], np.cumsum(drops)])
        eta = np.maximum(free, 1e-10)
        left = np.cumsum(eta[::-1])[::-1]
        e, area, s = eta[1:], left[1:], left[0] + rising.sum()
        reach = p["C"] * e ** -p["gamma"] * area
        unpaid = (1 + reach) ** -p["beta"]
        by_log = p["B"] * np.diff(eta) * p["beta"] * unpaid * reach / (1 + reach)
        slope = np.full(len(eta), -p["alpha"] * p["A"] * s ** (-p["alpha"] - 1))
        slope[1:] += -p["gamma"] * by_log / e + np.cumsum(by_log / area) + p["B"] * (1 - unpaid)
        slope[:-1] -= p["B"] * (1 - unpaid)
        slope *= free > 1e-10
        g = -np.cumsum(slope[::-1])[::-1][1:]
        mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
        step = (mean / (1 - 0.9**k)) / (np.sqrt(square / (1 - 0.999**k)) + 1e-8)
        drops = np.maximum(drops - 5e-9 * step, 0)
    return np.concatenate([rising, np.maximum(PEAK - np.concatenate([[0], np.cumsum(drops)]), 1e-10)])
