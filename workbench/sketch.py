"""A small inline SVG of a curve, in the colour of the text around it so that it suits both themes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT, _PAD = 260, 72, 5


def spread(first: int, last: int, points: int) -> NDArray[np.int64]:
    """At most `points` whole steps from `first` to `last`, both included, evenly spread."""
    return np.unique(np.linspace(first, last, points).astype(np.int64))


def svg(x: NDArray[np.float64], y: NDArray[np.float64], marks: Sequence[float], *, title: str) -> str:
    """SVG text of the curve `y` (n,) over `x` (n,), dotted lines at the positions `marks`."""
    right = max(float(x[-1]), 1.0)
    top = float(y.max()) or 1.0
    px = _PAD + x / right * (_WIDTH - 2 * _PAD)
    py = _HEIGHT - _PAD - y / top * (_HEIGHT - 2 * _PAD)
    curve = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px, py, strict=True))
    at = [_PAD + mark / right * (_WIDTH - 2 * _PAD) for mark in marks[:50]]
    lines = "".join(
        f'<line x1="{a:.1f}" x2="{a:.1f}" y1="{_PAD}" y2="{_HEIGHT - _PAD}" '
        'stroke-dasharray="2 3" opacity=".4"/>'
        for a in at
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" fill="none" stroke="currentColor">'
        f"<title>{escape(title)}</title>{lines}"
        f'<polyline stroke-width="1.6" points="{curve}"/></svg>'
        f'<div style="font-size:smaller">{escape(title)}</div>'
    )
