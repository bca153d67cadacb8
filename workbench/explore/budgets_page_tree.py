"""What each way trains, drawn: a stroke for every stretch of updates, a fork where one leaves another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from workbench.explore.budgets_page_ways import COLORS, Strand, Way

_ROW = 13
_WIDTH = 560
_LABEL = 150


@dataclass(frozen=True)
class Drawing:
    """A drawing that a notebook shows; `svg` is its text, the same as text its words."""

    svg: str
    words: str

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return self.svg


def drawing(ways: Sequence[Way]) -> Drawing:
    """All ways over one axis of updates, with their cost at the end of the line."""
    longest = max(max(way.budgets) for way in ways)
    parts, y = [], 0.0
    for way in ways:
        body, height = _way(way, longest, y)
        parts.append(body)
        y += height + _ROW * 0.8
    said = "; ".join(f"{way.name}: {way.updates:,} updates" for way in ways)
    whole = _LABEL + _WIDTH + 96
    svg = (
        f'<svg viewBox="0 0 {whole} {y:.0f}" style="width:100%;max-width:{whole}px" role="img" '
        f'aria-label="{escape(said)}" font-family="system-ui, sans-serif" font-size="12" '
        f'fill="currentColor">{"".join(parts)}</svg>'
    )
    return Drawing(svg, said)


def _way(way: Way, longest: int, top: float) -> tuple[str, float]:
    """The strokes of one way below `top`, and how high they are."""
    scale, color = _WIDTH / longest, COLORS.get(way.name, "#7F7F7F")
    strands, rows, strokes = way.strands, dict[int, float](), list[str]()
    # The longest lies lowest, so that branches stand on it.
    drawn = [strand for strand in strands if strand.stop > strand.start]
    for i, strand in enumerate(sorted(drawn, key=lambda each: each.stop)):
        rows[strand.of] = top + _ROW * (i + 0.6)
    for strand in drawn:
        row = rows[strand.of]
        x0, x1 = _LABEL + strand.start * scale, _LABEL + strand.stop * scale
        if strand.parent is not None:
            strokes.append(f"M{x0:.1f} {rows[strand.parent]:.1f}V{row:.1f}")
        strokes.append(f"M{x0:.1f} {row:.1f}H{x1:.1f}")
    ends = "".join(
        f'<circle cx="{_LABEL + strand.stop * scale:.1f}" cy="{_row(strand, rows):.1f}" r="4" '
        f'fill="{color}"><title>a model of {strand.stop:,} updates</title></circle>'
        for strand in strands
    )
    height = _ROW * max(len(drawn), 1) + 2
    middle = top + _ROW * (len(drawn) - 0.1)
    body = (
        f'<text x="0" y="{middle:.1f}">{escape(way.name)}</text>'
        f'<path d="{"".join(strokes)}" fill="none" stroke="{color}" stroke-width="2.5"/>{ends}'
        f'<text x="{_LABEL + _WIDTH + 12}" y="{middle:.1f}">{way.updates:,}</text>'
    )
    return body, height


def _row(strand: Strand, rows: Mapping[int, float]) -> float:
    """Row of a schedule: its own, or that of the one on whose way its model lies."""
    assert strand.of in rows or strand.parent is not None
    return rows[strand.of] if strand.of in rows else rows[strand.parent]  # type: ignore[index]
