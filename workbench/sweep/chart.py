"""Charts as inline SVG that needs nothing from anywhere, in colours that suit a light and a dark page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 12, 46
_APART = 7.0
COLOURS = ("#2a78c8", "#d9662b", "#2f9a5d", "#a64ca6", "#b8860b", "#c23b4e", "#2aa0a8", "#6b6fd1")


@dataclass(frozen=True)
class Point:
    """A figure, its interval (NaN: none), and what is said of it."""

    x: float
    y: float
    low: float = math.nan
    high: float = math.nan
    tip: str = ""


@dataclass(frozen=True)
class Series:
    """Points under one name; joined by a line or not."""

    name: str
    points: tuple[Point, ...]
    joined: bool = False


@dataclass(frozen=True)
class Axis:
    """What an axis shows: numbers, on a logarithmic scale or not, or names at 0, 1, 2, ..."""

    label: str
    log: bool = False
    names: tuple[str, ...] = ()


def chart(x: Axis, y: Axis, series: Sequence[Series]) -> str:
    """SVG of points with their intervals, and a legend where there is more than one series."""
    points = [point for one in series for point in one.points]
    across = _Scale(x, [p.x for p in points], _LEFT, WIDTH - _RIGHT)
    heights = [v for p in points for v in (p.y, p.low, p.high) if math.isfinite(v)]
    up = _Scale(y, heights, HEIGHT - _BOTTOM, _TOP)
    # Side by side: points of several series at one place would hide each other.
    middle = (len(series) - 1) / 2
    drawn = [
        _series(one, COLOURS[i % len(COLOURS)], across, up, (i - middle) * _APART)
        for i, one in enumerate(series)
    ]
    title = f"{y.label} over {x.label}"
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{escape(title)}</title>'
        f"{_across(x, across)}{_up(y, up)}{''.join(drawn)}</svg>{_legend(series)}</figure>"
    )


class _Scale:
    def __init__(self, axis: Axis, values: Sequence[float], start: float, stop: float) -> None:
        self.log = axis.log
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        if axis.names:
            low, high = -0.5, len(axis.names) - 0.5
        elif axis.log:
            low, high = math.log10(low), math.log10(high)
        room = (high - low) * 0.06 or abs(high) * 0.05 or 0.5
        self.low, self.high = (low, high) if axis.names else (low - room, high + room)
        self.start, self.stop = start, stop

    def __call__(self, value: float) -> float:
        at = math.log10(value) if self.log else value
        return self.start + (at - self.low) / (self.high - self.low) * (self.stop - self.start)

    def ticks(self) -> list[float]:
        """Round numbers inside the scale."""
        if self.log:
            whole = range(math.ceil(self.low), math.floor(self.high) + 1)
            marks = [10.0**k for k in whole]
            if len(marks) < 3:
                all_ = range(math.floor(self.low), math.ceil(self.high) + 1)
                marks = [m * 10.0**k for k in all_ for m in (1, 2, 5)]
            return [m for m in marks if self.low <= math.log10(m) <= self.high][:12]
        raw = (self.high - self.low) / 5
        size = 10 ** math.floor(math.log10(raw))
        step = next(size * m for m in (1, 2, 5, 10) if size * m >= raw)
        return [float(t) for t in np.arange(math.ceil(self.low / step), self.high / step + 1e-9) * step]


def _series(one: Series, colour: str, across: _Scale, up: _Scale, aside: float) -> str:
    parts = []
    if one.joined:
        path = " ".join(f"{across(p.x):.1f},{up(p.y):.1f}" for p in one.points)
        tip = f"<title>{escape(one.name)}</title>"
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6">{tip}</polyline>'
        )
        return "".join(parts)
    for p in one.points:
        at, height = across(p.x) + aside, up(p.y)
        if math.isfinite(p.low) and math.isfinite(p.high):
            parts.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{up(p.low):.1f}" y2="{up(p.high):.1f}" '
                f'stroke="{colour}" stroke-width="1.5" opacity=".6"/>'
            )
        parts.append(
            f'<circle cx="{at:.1f}" cy="{height:.1f}" r="3.6" fill="{colour}" fill-opacity=".85">'
            f"<title>{escape(p.tip)}</title></circle>"
        )
    return "".join(parts)


def _across(axis: Axis, scale: _Scale) -> str:
    marks = [(float(i), name) for i, name in enumerate(axis.names)]
    marks = marks or [(tick, f"{tick:.4g}") for tick in scale.ticks()]
    # Long names would run into each other: they lean.
    lean = sum(len(name) for _, name in marks) > 56
    base, out = HEIGHT - _BOTTOM, []
    for value, name in marks:
        at, text = scale(value), escape(name if len(name) <= 16 else name[:15] + "…")
        turn = f' transform="rotate(-22 {at:.1f} {base + 14})" text-anchor="end"' if lean else ""
        out.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{base}"/>')
        out.append(
            f'<text x="{at:.1f}" y="{base + 15}" text-anchor="middle"{turn}>{text}</text>'.replace(
                'text-anchor="middle" transform', "transform"
            )
        )
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    label = (
        f'<text class="label" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(axis.label)}</text>'
    )
    return "".join(out) + label


def _up(axis: Axis, scale: _Scale) -> str:
    out = []
    for tick in scale.ticks():
        at = scale(tick)
        out.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        out.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{tick:.6g}</text>')
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    turn = f'transform="rotate(-90 13 {middle})"'
    label = f'<text class="label" x="13" y="{middle}" text-anchor="middle" {turn}>{escape(axis.label)}</text>'
    return "".join(out) + label


def _legend(series: Sequence[Series]) -> str:
    if len(series) < 2:
        return ""
    names = (
        f'<span><i style="background:{COLOURS[i % len(COLOURS)]}"></i>{escape(one.name)}</span>'
        for i, one in enumerate(series)
    )
    return f"<figcaption>{''.join(names)}</figcaption>"
