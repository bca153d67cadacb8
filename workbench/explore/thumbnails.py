"""Every registered schedule as a small picture with its words, for the gallery and for print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import numpy as np

from workbench import registry, schedules
from workbench.params import FACTOR, STEPS, number
from workbench.schedule import Schedule
from workbench.sketch import spread

WIDTH, HEIGHT = 132, 52
_POINTS = 130
_EDGES = 160
_ARXIV, _DOI = re.compile(r"\d{4}\.\d{4,5}"), re.compile(r"10\.\d{4,}/\S+")


@dataclass(frozen=True)
class Thumbnail:
    """One registered schedule, built on the gallery's budget.

    Parameters
    ----------
    name, title, family : str
        Of the registered builder.
    papers : tuple of (text, address)
        Its papers; an address may be empty.
    summary : str
        What it does, in a line.
    path : str
        SVG path of the rate in a box of 132 x 52; empty where it cannot be built.
    problem : str
        Why it cannot be built on this budget.
    words : str
        What a search looks through, in lower case.
    """

    name: str
    title: str
    family: str
    papers: tuple[tuple[str, str], ...]
    summary: str
    path: str
    problem: str
    words: str

    def matches(self, families: Sequence[str], search: str) -> bool:
        """Whether it is of one of the families (none means all) and has every word of the search."""
        found = all(word in self.words for word in search.lower().split())
        return found and (not families or self.family in families)


@dataclass(frozen=True)
class Sheet:
    """The small pictures as plain HTML, a heading for each family, for people who only read."""

    cells: tuple[Thumbnail, ...]

    def __repr__(self) -> str:
        return f"<Sheet: {len(self.cells)} schedules>"

    def _repr_html_(self) -> str:
        grid = "display:grid;grid-template-columns:repeat(auto-fill,minmax(122px,1fr));gap:10px 12px"
        out = []
        for family in dict.fromkeys(cell.family for cell in self.cells):
            members = [cell for cell in self.cells if cell.family == family]
            head = f'<div style="font-weight:600;margin:10px 0 4px">{escape(family)} ({len(members)})</div>'
            out.append(f'{head}<div style="{grid}">{"".join(map(_cell, members))}</div>')
        return f'<div style="font-size:12px;line-height:1.3">{"".join(out)}</div>'


def every(total: int, peak: float) -> list[Thumbnail]:
    """All registered schedules, family by family, by title in each."""
    entries = [schedules.get(name) for name in schedules.names()]
    entries.sort(key=lambda entry: (registry.FAMILIES.index(entry.family), entry.title.casefold()))
    return [_thumbnail(entry, total, peak) for entry in entries]


def budget(total: Any, peak: Any) -> tuple[int, float]:
    """Checked length and peak of what a gallery shows."""
    steps = number("total", total, STEPS, integer=True)
    return int(steps), number("peak", peak, FACTOR)


def first_args(entry: registry.Entry, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the `given` arguments that the builder has."""
    known = {field.name for field in entry.fields}
    return {key: value for key, value in given.items() if key in known}


def papers(entry: registry.Entry) -> tuple[tuple[str, str], ...]:
    """The papers of an entry with their addresses: arXiv numbers, DOIs, or plain words."""
    out = []
    for one in filter(None, (part.strip() for part in entry.paper.split(","))):
        if _ARXIV.fullmatch(one):
            out.append((f"arXiv {one}", f"https://arxiv.org/abs/{one}"))
        else:
            out.append((one, f"https://doi.org/{one}" if _DOI.fullmatch(one) else ""))
    return tuple(out)


def plot(schedule: Schedule, top: float) -> str:
    """SVG path of the rates, the foot of the box being 0 and its head `top`."""
    last = max(len(schedule) - 1, 1)
    edges = [step for span in schedule.spans()[:_EDGES] for step in (span.start, span.stop - 1)]
    step = np.union1d(spread(0, len(schedule) - 1, _POINTS), edges).astype(float)
    x = 3 + step / last * (WIDTH - 6)
    y = HEIGHT - 3 - np.clip(schedule(step) / top, 0, 1.02) * (HEIGHT - 8)
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def data(cells: Iterable[Thumbnail]) -> list[dict[str, Any]]:
    """Plain values for the browser."""
    return [{**asdict(cell), "papers": [list(paper) for paper in cell.papers]} for cell in cells]


def _thumbnail(entry: registry.Entry, total: int, peak: float) -> Thumbnail:
    try:
        built = entry.function(**first_args(entry, {"total": total, "peak": peak}))
        # What has no peak to set, or goes beyond it, keeps its own scale.
        path, problem = plot(built, max(built.peak, peak if "peak" in built.recipe else 0) or 1.0), ""
    except ValueError as error:
        path, problem = "", str(error)
    said = (entry.name, entry.title, entry.family, entry.paper, entry.summary, entry.use)
    words = " ".join(said).lower()
    return Thumbnail(
        entry.name, entry.title, entry.family, papers(entry), entry.summary, path, problem, words
    )


def _cell(cell: Thumbnail) -> str:
    links = ", ".join(
        f'<a href="{escape(address)}" target="_blank" rel="noopener">{escape(text)}</a>'
        if address
        else escape(text)
        for text, address in cell.papers
    )
    picture = (
        f'<svg role="img" viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" fill="none" stroke="currentColor">'
        f"<title>{escape(cell.summary)}</title>"
        f'<path d="M3 {HEIGHT - 3}H{WIDTH - 3}" opacity=".3"/>'
        f'<path d="{cell.path}" stroke-width="1.5" stroke-linejoin="round"/></svg>'
        if cell.path
        else f"<div>{escape(cell.problem)}</div>"
    )
    return f"<div>{picture}<div>{escape(cell.title)}</div><div>{links}</div></div>"
