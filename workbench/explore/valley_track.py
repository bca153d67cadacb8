"""What is drawn of walkers in the valley: their means as lines, axis ranges, and words."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.explore.controls import plain
from workbench.explore.figure import Line
from workbench.sketch import spread
from workbench.train.tasks.valley import valley
from workbench.train.tasks.walking import Walk

Array = NDArray[np.float64]

POINTS = 400
"""Of a drawn line, about."""
PANELS = (
    {"height": 96, "yLabel": "rate", "short": "rate", "xLabel": "", "names": True},
    {"height": 140, "yLabel": "loss (nats)", "short": "loss", "xLabel": "", "names": False},
    {"height": 140, "yLabel": "hill (nats)", "short": "hill", "xLabel": "", "names": False},
    {"height": 150, "yLabel": "river, x", "short": "x", "xLabel": "step (updates)", "names": False},
)
_EDGE = 1.645
"""Standard errors of a 90 % interval."""


@dataclass(frozen=True, eq=False)
class Track:
    """Means of a walk, all of shape (k,), over the walkers that are still there and a few updates each.

    Parameters
    ----------
    step : array
        Last update of each stretch, counted from 1.
    rate, area : array
        Its rate, and the sum of rates up to it.
    loss, hill, river, x : array
        Means; `river` and `hill` sum to `loss`.
    hill_edge, loss_edge : array
        Half the width of the 90 % interval of a mean over walkers; 0 for a single one.
    settled : array
        Where the closed form has the hill settle at this rate and place; not a number where it has not.
    """

    step: Array
    rate: Array
    area: Array
    loss: Array
    hill: Array
    river: Array
    x: Array
    hill_edge: Array
    loss_edge: Array
    settled: Array


def track(task: valley, walk: Walk, points: int = POINTS) -> Track:
    """Means of a walk over its walkers and over about `points` stretches of updates."""
    n = len(walk.rate)
    edges = spread(0, n, points + 1)
    counts = np.diff(edges)

    def short(values: Array) -> Array:
        return np.add.reduceat(values[1:], edges[:-1], axis=0) / counts[:, None]

    hill, river, x = short(walk.hill), short(walk.river), short(walk.x)
    rate = walk.rate[edges[1:] - 1]
    settled = task.excess(rate[:, None], x)
    with warnings.catch_warnings():
        # Where no walker is left there is no mean, and nothing is drawn.
        warnings.simplefilter("ignore", RuntimeWarning)
        loss = hill + river
        return Track(
            step=edges[1:].astype(float),
            rate=rate,
            area=walk.area[edges[1:]],
            loss=np.nanmean(loss, axis=1),
            hill=np.nanmean(hill, axis=1),
            river=np.nanmean(river, axis=1),
            x=np.nanmean(x, axis=1),
            hill_edge=_edge(hill),
            loss_edge=_edge(loss),
            settled=np.nanmean(settled, axis=1),
        )


def lines(key: str, name: str, color: str, found: Track, *, area: bool, closed: bool) -> list[Line]:
    """The four lines of a walk; with `closed` also where the closed form has the hill settle."""
    along = found.area if area else found.step
    panels = (
        ("rate", found.rate, None),
        ("loss", found.loss, found.loss_edge),
        ("hill", found.hill, found.hill_edge),
        ("x", found.x, None),
    )
    made = []
    for panel, (what, y, edge) in enumerate(panels):
        keep = np.isfinite(y)
        legend = name if what == "rate" else ""
        low, high = (None, None) if edge is None else ((y - edge)[keep], (y + edge)[keep])
        made.append(
            Line(
                f"{key} {what}",
                panel,
                along[keep],
                y[keep],
                name,
                color,
                low,
                high,
                width=2,
                group=key,
                legend=legend,
            )
        )
    if closed:
        keep = np.isfinite(found.settled)
        made.append(
            Line(
                f"{key} settled",
                2,
                along[keep],
                found.settled[keep],
                "closed form",
                "ink",
                width=1.4,
                dash=True,
                group="settled",
                legend="where the hill settles at this rate (closed form)",
            )
        )
    return made


def panels(
    every: Sequence[Track], shades: Sequence[Mapping[str, Any]], *, area: bool
) -> list[dict[str, Any]]:
    """Axis ranges in round numbers, so that nothing jumps; the fall from the start is left out of them."""
    last = max(float((one.area if area else one.step)[-1]) for one in every)
    common = {"xRange": [0, last or 1.0], "shades": [] if area else list(shades)}
    rate = max(float(one.rate.max()) for one in every)
    losses = [_late(one.loss + sign * one.loss_edge) for one in every for sign in (1, -1)]
    hills = [_late(one.hill + one.hill_edge) for one in every]
    places = [one.x[np.isfinite(one.x)] for one in every]
    ranges = [[0, 1.16 * rate or 1.0], _range(losses), _range(hills, 0.0), _range(places, 0.0)]
    made = [{**common, "yRange": found} for found in ranges]
    made[-1]["xLabel"] = "sum of rates" if area else "step (updates)"
    return made


def ending(name: str, found: Track) -> str:
    """Where a walk ends, in words."""
    if not np.isfinite(found.loss[-1]):
        return f"{name}: all walkers diverged"
    return (
        f"{name} ends at loss {found.loss[-1]:.3f}: river {found.river[-1]:.3f} (x {found.x[-1]:.2f}), "
        f"hill {found.hill[-1]:.3f}; sum of rates {plain(float(found.area[-1]))}"
    )


def warning(task: valley, walk: Walk) -> str:
    """What is wrong with a walk, or nothing."""
    n, peak = len(walk.rate), float(walk.rate.max())
    lost = walk.ended < n
    said = f"the rate {plain(peak)} is above {plain(task.limit)}, where the steepest bends are not stable"
    if lost.any():
        first = int(walk.ended.min())
        why = f": {said}" if peak > task.limit else ""
        return f"{int(lost.sum())} of {len(lost)} walkers diverged, the first after {first:,} updates{why}."
    return f"{said[0].upper()}{said[1:]}." if peak > task.limit else ""


def _edge(part: Array) -> Array:
    left = np.sum(np.isfinite(part), axis=1)
    if part.shape[1] < 2:
        return np.zeros(len(part))
    return _EDGE * np.nan_to_num(np.nanstd(part, axis=1, ddof=1)) / np.sqrt(np.maximum(left, 1))


def _late(values: Array) -> Array:
    """Without the fall from the start, which would flatten the rest."""
    late = values[len(values) // 16 :]
    return late[np.isfinite(late)]


def _range(parts: Sequence[Array], low: float | None = None) -> list[float]:
    seen = [part for part in parts if len(part)]
    if not seen:
        return [0.0, 1.0]
    bottom = min(float(part.min()) for part in seen) if low is None else low
    top = max(float(part.max()) for part in seen)
    grain = 10 ** math.floor(math.log10(max(top - bottom, 1e-3))) / 4
    return [math.floor(bottom / grain) * grain, math.ceil(top / grain + 0.2) * grain]
