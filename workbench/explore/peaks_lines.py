"""What the peak page draws: basins over the peak, and best peaks over batch and width beside theory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.explore import peaks_theory as theory
from workbench.explore.figure import Line
from workbench.explore.peaks_basin import Basin, basin
from workbench.explore.peaks_cells import BENCHES, Cell
from workbench.plots import COLORS

Array = NDArray[np.float64]

BASIN = (
    {"height": 300, "yLabel": "loss", "short": "loss", "xLabel": "peak, as a power of ten", "names": True},
)
BEST = (
    {"height": 210, "yLabel": "best peak over batch", "short": "peak", "xLabel": "", "names": False},
    {
        "height": 190,
        "yLabel": "best peak over width",
        "short": "peak",
        "xLabel": "times the base, as a power of two",
        "names": False,
    },
)
_TALL = 2.0
"""Times the lowest loss up to which a basin is drawn: what is on its wall may leave the picture."""
_GRID = 61


@dataclass(frozen=True)
class Dot:
    """One lane as it stands.

    Parameters
    ----------
    peak : float
        Of its schedule.
    seed : int
        Of the lane.
    loss : float
        Last measured, NaN before the first, infinite where it diverged.
    done : float
        Share of its updates, from 0 to 1.
    """

    peak: float
    seed: int
    loss: float
    done: float


Dots = Mapping[Cell, Sequence[Dot]]


def fit(dots: Sequence[Dot]) -> Basin | None:
    """The basin of the lanes that have ended, or None where they are too few or have no lowest point."""
    ended = [dot for dot in dots if dot.done >= 1]
    if not ended:
        return None
    try:
        return basin([d.peak for d in ended], [d.loss for d in ended], [d.seed for d in ended])
    except ValueError:
        return None


def basins(dots: Dots, fits: Mapping[Cell, Basin | None], now: Cell, expected: float) -> list[Line]:
    """Loss of every lane over its peak, a line for each seed, with the parabolas of cells that have ended."""
    out = []
    for i, (cell, lanes) in enumerate(dots.items()):
        color, chosen = COLORS[i % len(COLORS)], cell == now
        group = legend = cell.name
        for seed in dict.fromkeys(dot.seed for dot in lanes):
            some = sorted((d.peak, d.loss) for d in lanes if d.seed == seed and np.isfinite(d.loss))
            if not some:
                continue
            x, y = np.log10([p for p, _ in some]), np.array([loss for _, loss in some])
            look = {"width": 1.6 if chosen else 1.0, "points": True, "group": group, "legend": legend}
            out.append(Line(f"{group} {seed}", 0, x, y, f"{cell.name}, seed {seed}", color, **look))
            legend = ""
        found = fits.get(cell)
        if found is not None:
            x = np.linspace(np.log10(found.first), np.log10(found.last), _GRID)
            look = {"width": 2.2 if chosen else 1.4, "dash": True, "group": group}
            out.append(Line(f"{group} fit", 0, x, found(10**x), f"{cell.name}, fit", color, **look))
    top = _range(dots, now)[1]
    at = np.log10(expected)
    upright = np.array([at, at + 1e-6]), np.array([0.0, top])
    return [*out, Line("said", 0, *upright, "by the rule", "ink", dash=True, group="said", legend="the rule")]


def basin_panels(dots: Dots, now: Cell, found: Basin | None) -> list[dict[str, Any]]:
    """Axis and shade of the basins; the shade is the 90 % interval of the best peak."""
    of = BENCHES[now.bench]
    shades = []
    if found is not None and np.isfinite(found.high) and found.low > 0:
        ends = np.log10([found.low, found.high])
        shades = [{"name": "90 %", "from": float(ends[0]), "to": float(ends[1])}]
    x = [float(np.log10(of.low)) - 0.1, float(np.log10(of.high)) + 0.1]
    label = f"loss ({of.loss})"
    return [{"xRange": x, "yRange": _range(dots, now), "shades": shades, "yLabel": label, "log": False}]


def _range(dots: Dots, now: Cell) -> list[float]:
    every = [d.loss for lanes in dots.values() for d in lanes if np.isfinite(d.loss) and d.done > 0]
    if not every:
        return [0.0, 1.0]
    low = min(every)
    high = min(max(every), _TALL * low)
    pad = 0.06 * max(high - low, 1e-3)
    return [max(0.0, low - pad), high + pad]


def anchor(fits: Mapping[Cell, Basin | None], now: Cell) -> tuple[float, bool]:
    """Best peak at the base batch and width, and whether it was measured here."""
    of = BENCHES[now.bench]
    for mup in (now.mup, not now.mup):
        found = fits.get(Cell(now.bench, of.batch, of.width, mup, now.total))
        if found is not None and not found.beyond:
            return found.peak, True
    return of.peak, False


def expected(now: Cell, rule: str, noise: float, peak: float) -> float:
    """Best peak of a cell: by the rule over the batch, and by its scaling over the width."""
    of = BENCHES[now.bench]
    moved = theory.over_batch(rule, [now.batch], at=of.batch, peak=peak, noise=noise)[0]
    return float(theory.over_width([now.width], at=of.width, peak=moved, mup=now.mup)[0])


def best(fits: Mapping[Cell, Basin | None], now: Cell, rule: str, noise: float, peak: float) -> list[Line]:
    """Theory over batch and width through the base, and the best peaks that were measured."""
    of, out = BENCHES[now.bench], []
    x = np.linspace(*_ends(of.batches, of.batch), _GRID)
    for color, (name, legend) in zip(COLORS[1:], theory.RULES.items(), strict=False):
        y = theory.over_batch(name, of.batch * 2**x, at=of.batch, peak=peak, noise=noise)
        width = 2.6 if name == rule else 1.2
        out.append(Line(name, 0, x, y, legend, color, width=width, dash=True, group=name, legend=legend))
    x = np.linspace(*_ends(of.widths, of.width), _GRID)
    for color, mup, legend in ((COLORS[5], True, "muP"), (COLORS[6], False, "not scaled")):
        y = theory.over_width(of.width * 2**x, at=of.width, peak=peak, mup=mup)
        key, width = f"width {mup}", 2.6 if mup == now.mup else 1.2
        out.append(Line(key, 1, x, y, legend, color, width=width, dash=True, group=key, legend=legend))
        seen = {c.width: b for c, b in fits.items() if b and c.batch == of.batch and c.mup == mup}
        out += _measured(f"measured width {mup}", 1, seen, of.width, color, key, "")
    seen = {c.batch: b for c, b in fits.items() if b and c.width == of.width and c.mup == now.mup}
    return out + _measured("measured", 0, seen, of.batch, COLORS[0], "measured", "measured, 90 % interval")


def _measured(
    key: str, panel: int, seen: Mapping[int, Basin], base: int, color: str, group: str, legend: str
) -> list[Line]:
    if not seen:
        return []
    of = sorted(seen)
    x = np.log2(np.array(of) / base)
    y, low, high = (np.array([getattr(seen[at], name) for at in of]) for name in ("peak", "low", "high"))
    # An interval without ends is drawn a decade wide, which leaves the picture.
    low, high = np.maximum(low, y / 10), np.minimum(high, y * 10)
    look = {"width": 2.0, "points": True, "group": group, "legend": legend}
    return [Line(key, panel, x, y, "measured", color, low, high, **look)]


def best_panels(lines: Sequence[Line], now: Cell) -> list[dict[str, Any]]:
    """Axes of the best peaks: both logarithmic, over the same steps of the base."""
    of = BENCHES[now.bench]
    ends = [_ends(of.batches, of.batch), _ends(of.widths, of.width)]
    x = [min(end[0] for end in ends) - 0.2, max(end[1] for end in ends) + 0.2]
    y = [of.low / 2, of.high * 2]
    return [{"xRange": x, "yRange": y, "log": True, "shades": []} for _ in ends]


def _ends(values: Sequence[int], base: int) -> tuple[float, float]:
    return float(np.log2(values[0] / base)), float(np.log2(values[-1] / base))
