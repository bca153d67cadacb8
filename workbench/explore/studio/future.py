"""The future of a lane's rate as handles that are dragged, and the schedule that they draw."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from workbench.explore import points as of
from workbench.schedule import Phase, Schedule

Points = Sequence[tuple[float, float]]
_MOST = 7
"""Handles of a future: enough for its shape, few enough to be taken one by one."""
_LEAST = 5
"""Handles of a straight line: its ends alone could not bend it."""
_SAMPLES = 48
"""Straight lines that stand for the curve between two handles of which one was moved."""


def handles(branch: Any) -> list[tuple[int, float]]:
    """Steps and rates of the handles: the next update, the end, and between them where the rate bends.

    None where fewer than two updates are left.
    """
    if len(branch.schedule) - branch.step < 2:
        return []
    rest = branch.schedule.after(branch.step)
    points = list(of.through(rest, _MOST, apart=0.06, within=0.03))
    while len(points) < _LEAST:
        gap, i = max((b[0] - a[0], i) for i, (a, b) in enumerate(pairwise(points)))
        if gap < 2:
            break
        middle = points[i][0] + gap // 2
        points.insert(i + 1, (middle, float(rest(middle))))
    return [(branch.step + step, rate) for step, rate in points]


def bent(schedule: Schedule, old: Points, new: Points) -> Schedule:
    """The whole schedule with its future moved from the handles `old` to `new`.

    ``rate'(t) = line through new + (rate(s(t)) - line through old)``, where s(t) takes the steps of the new
    handles to those of the old ones. Between two handles that stayed it is to the bit what it was.

    Parameters
    ----------
    schedule : Schedule
        The whole as it was planned.
    old, new : sequence of (step, rate), shape (n, 2)
        Handles before and after; the first is the first update of the future, the last the end of the whole.
        Handles that were pushed together stand one update apart.
    """
    steps = _apart([round(step) for step, _ in new], int(old[0][0]), int(old[-1][0]))
    moved = list(zip(steps, (max(float(rate), 0.0) for _, rate in new), strict=True))
    given = [(int(step), float(rate)) for step, rate in old]
    phases = schedule.until(given[0][0]).phases if given[0][0] else ()
    for (a, b), (c, d) in zip(pairwise(given), pairwise(moved), strict=True):
        if _same(a, c) and _same(b, d):
            phases += schedule.until(b[0]).after(a[0]).phases
        else:
            phases += (_between(schedule, a, b, c, d),)
    return Schedule(phases)


def _apart(steps: list[int], first: int, last: int) -> list[int]:
    out = [first]
    for i, step in enumerate(steps[1:-1], 1):
        most = last - (len(steps) - 1 - i)
        out.append(min(max(step, out[-1] + 1), most))
    return [*out, last]


def _same(a: tuple[int, float], b: tuple[int, float]) -> bool:
    # What comes back from a browser has the digits of a float32 axis.
    return a[0] == b[0] and abs(a[1] - b[1]) <= 1e-6 * max(abs(a[1]), abs(b[1]))


def _between(schedule: Schedule, a: Any, b: Any, c: Any, d: Any) -> Phase:
    """The stretch from handle `c` to `d` that was from `a` to `b`."""
    u = np.linspace(0, 1, min(_SAMPLES, max(b[0] - a[0], 1)) + 1)
    bend = schedule(a[0] + u * (b[0] - a[0])) - (a[1] + u * (b[1] - a[1]))
    bend[[0, -1]] = 0.0
    rate = np.maximum(c[1] + u * (d[1] - c[1]) + bend, 0.0)
    args = {"u": tuple(u.tolist()), "rate": tuple(rate.tolist())}
    return Phase("drawn", d[0] - c[0], float(rate[0]), float(rate[-1]), "points", args=args)
