"""A schedule as text: its phases as a table, its curve as dots in a terminal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.schedule import Schedule
from workbench.sketch import spread

_WIDTH, _HEIGHT = 64, 12
_SAMPLES = 4000
# Bits of one braille character, by row and column of its dots.
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_MARGIN = 10


def summary(schedule: Schedule) -> str:
    """Phases of a schedule and the rates where they meet, as text."""
    rows = [f"{'phase':<12} {'from':>11} {'to':>11} {'first rate':>12} {'last rate':>12}  shape"]
    for span, phase in zip(schedule.spans(), schedule.phases, strict=True):
        first, last = schedule(span.start), schedule(span.stop - 1)
        rows.append(
            f"{span.name:<12} {span.start:>11} {span.stop:>11} {first:>12.5g} {last:>12.5g}  {phase.shape}"
        )
    steps = sorted({0, *(len(schedule) * i // 4 for i in (1, 2, 3)), len(schedule) - 1})
    rates = ", ".join(f"{schedule(step):.5g} at {step}" for step in steps)
    return "\n".join([repr(schedule), "", *rows, "", f"rates: {rates}"])


def plot(schedule: Schedule, *, log: bool = False, plain: bool = False, label: str = "learning rate") -> str:
    """The curve over the steps under its `label`, in braille dots, or in stars where `plain`.

    With `log` the rate has a logarithmic axis over at most four decades below the peak.
    """
    at = spread(0, len(schedule) - 1, _SAMPLES)
    rates = schedule(at.astype(float))
    top = float(rates.max()) or 1.0
    low = max(float(rates[rates > 0].min(initial=top)), 1e-4 * top) if log else 0.0
    shown = np.log(np.maximum(rates, low) / low) / (np.log(top / low) or 1.0) if log else rates / top
    lines = _stars(shown) if plain else _braille(shown)
    middle = np.sqrt(low * top) if log else top / 2
    labels = {0: f"{top:.3g}", (_HEIGHT - 1) // 2: f"{middle:.3g}", _HEIGHT - 1: f"{low:.3g}"}
    bar = "|" if plain else "│"
    rows = [f"{labels.get(i, ''):>{_MARGIN}} {bar}{line}" for i, line in enumerate(lines)]
    corner, dash = ("+", "-") if plain else ("└", "─")
    half = f"{len(schedule) // 2:,}" if len(schedule) > 3 else ""
    ends = f"{'0':<{_WIDTH // 2}}{half}".ljust(_WIDTH - 11) + f"{len(schedule):,}".rjust(11)
    axis = [f"{'':>{_MARGIN}} {corner}{dash * _WIDTH}", f"{'':>{_MARGIN}}  {ends} steps"]
    return "\n".join([label + (", log axis" if log else ""), *rows, *axis])


def _raster(shown: NDArray[np.float64], width: int, height: int) -> NDArray[np.bool_]:
    """Which cells a curve from 0 to 1 passes through, rows from the top; columns are joined to the next."""
    column = np.minimum(np.arange(len(shown)) * width // len(shown), width - 1)
    row = np.round((1 - np.clip(shown, 0, 1)) * (height - 1)).astype(int)
    # A short schedule has fewer values than columns: each holds until the next.
    first = np.searchsorted(column, np.arange(width), side="right") - 1
    highest, lowest = row[first].copy(), row[first].copy()
    np.minimum.at(highest, column, row)
    np.maximum.at(lowest, column, row)
    lowest[1:] = np.maximum(lowest[1:], np.minimum(row[first][:-1], highest[1:]))
    highest[1:] = np.minimum(highest[1:], np.maximum(row[first][:-1], lowest[1:]))
    grid = np.arange(height)[:, None]
    return (grid >= highest) & (grid <= lowest)


def _braille(shown: NDArray[np.float64]) -> list[str]:
    lit = _raster(shown, 2 * _WIDTH, 4 * _HEIGHT).reshape(_HEIGHT, 4, _WIDTH, 2)
    codes = np.einsum("hrwc,rc->hw", lit.astype(int), _DOTS)
    return ["".join(chr(0x2800 + code) for code in row).replace("\u2800", " ") for row in codes]


def _stars(shown: NDArray[np.float64]) -> list[str]:
    return ["".join("*" if cell else " " for cell in row) for row in _raster(shown, _WIDTH, _HEIGHT)]
