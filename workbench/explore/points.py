"""Control points of a drawn schedule, pairs of step and rate: pure functions on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.files import short
from workbench.params import RATE, STEPS, number
from workbench.schedule import Phase, Schedule
from workbench.sketch import spread

Points = tuple[tuple[int, float], ...]
MOST = 200
"""Control points that are still told apart; a drawing needs about ten."""
_SAMPLES = 24
"""Straight lines that stand for the smooth curve between two control points; fewer where steps are."""
_ASPECT = 0.6
"""Height of the picture over its width, about."""


def check(points: Any) -> Points:
    """Return `points` as whole steps, increasing from 0 to the total, each with its rate.

    Raises
    ------
    ValueError
        For fewer than 2 or more than 200 points, for what is no pair of numbers, for steps that do not
        increase from 0, and for a rate below 0.
    """
    if isinstance(points, str) or not isinstance(points, Iterable):
        raise ValueError(f"points must be a list of pairs (step, rate); got {short(points)}")
    rows = list(points)
    if not 2 <= len(rows) <= MOST:
        raise ValueError(f"points must be 2 to {MOST} pairs (step, rate); got {len(rows)}")
    out = []
    for i, row in enumerate(rows):
        if isinstance(row, str) or not isinstance(row, Sequence | np.ndarray) or len(row) != 2:
            raise ValueError(f"point {i} must be a pair (step, rate); got {short(row)}")
        limit = STEPS if i else replace(STEPS, low=0, high=0)
        step = int(number(f"step of point {i}", row[0], limit, integer=True))
        out.append((step, number(f"rate of point {i}", row[1], RATE)))
    for i, (a, b) in enumerate(pairwise(out), 1):
        if b[0] <= a[0]:
            raise ValueError(f"steps must increase: point {i} at {b[0]} comes after {a[0]}")
    return tuple(out)


def level(points: Points) -> Points:
    """The same points without a rise after the peak: each is lowered to the one before it."""
    rates = np.array([rate for _, rate in points])
    peak = len(rates) - 1 - int(np.argmax(rates[::-1]))
    rates[peak:] = np.minimum.accumulate(rates[peak:])
    return tuple((step, float(rate)) for (step, _), rate in zip(points, rates, strict=True))


def stretch(points: Points, total: int) -> Points:
    """The same drawing over `total` steps; points that would meet become one."""
    old = points[-1][0]
    kept: dict[int, float] = {}
    for step, rate in points[:-1]:
        kept.setdefault(round(step * total / old), rate)
    kept.pop(total, None)
    return (*kept.items(), (total, points[-1][1]))


def schedule(points: Points, *, smooth: bool = False) -> Schedule:
    """The schedule through the points: straight lines, or a curve that overshoots none of them.

    ``rate(t) = interpolation of the points at step t``, the last of which lies at step ``total``, one after
    the last update. `smooth` takes the monotone cubic of Fritsch and Carlson, at up to 24 steps
    between two points.
    """
    steps, rates = (np.array(column, dtype=float) for column in zip(*points, strict=True))
    if smooth and len(points) > 2:
        from scipy.interpolate import PchipInterpolator

        ends = pairwise(step for step, _ in points)
        at = np.unique(np.concatenate([spread(a, b, _SAMPLES + 1) for a, b in ends])).astype(float)
        # A slope that overflows is of a rate that nobody can see, and ends as 0.
        with np.errstate(over="ignore"):
            between = PchipInterpolator(steps, rates)(at)
        steps, rates = at, np.clip(between, rates.min(), rates.max())
    u = tuple((steps / steps[-1]).tolist())
    args = {"u": u, "rate": tuple(rates.tolist())}
    return Schedule((Phase("drawn", points[-1][0], float(rates[0]), float(rates[-1]), "points", args=args),))


def through(given: Schedule, most: int = 24, apart: float = 0.035, within: float = 0.004) -> Points:
    """Control points on `given`: always one more where it is missed most.

    It ends when nothing is missed by more than `within` of the peak, or with `most` points. Edges of
    phases apart, points keep a distance of `apart` of the picture, so that a hand can take each of them.
    """
    total = len(given)
    edges = {step for span in given.spans() for step in (span.start, span.stop - 1, span.stop)}
    step = np.unique([*spread(0, total - 1, 1500), *edges, total]).astype(float)
    rate = given(step)
    rate[-1] = given.phases[-1].landing
    free = np.isin(step, list(edges))
    kept = [0, len(step) - 1]
    while len(kept) < most:
        away = np.abs(rate - np.interp(step, step[kept], rate[kept]))
        across, up = (step[:, None] - step[kept]) / total, (rate[:, None] - rate[kept]) / (given.peak or 1)
        near = np.min(np.hypot(across, _ASPECT * up), axis=1)
        away[(near < apart) & ~free | (near == 0)] = 0
        worst = int(np.argmax(away))
        if away[worst] <= within * given.peak:
            break
        kept = sorted([*kept, worst])
    return tuple((int(step[i]), float(rate[i])) for i in kept)


def deviation(given: Schedule, drawn: Schedule) -> float:
    """Largest difference of two schedules, as a share of the peak of `given`."""
    at: NDArray[np.float64] = spread(0, len(given) - 1, 20_000).astype(float)
    return float(np.max(np.abs(given(at) - drawn(at)))) / (given.peak or 1)
