"""How a fit did on curves that it had not seen: a table as values, text and HTML."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np

COLUMNS: Mapping[str, str] = {
    "r2": "R2",
    "mae": "MAE",
    "rmse": "RMSE",
    "mean_relative": "mean relative",
    "worst_relative": "worst relative",
    "final": "final loss",
    "coverage": "inside 90 %",
}
"""Scores and their headings; the final loss is predicted minus measured."""
_SHARES = ("mean_relative", "worst_relative", "coverage")
_TITLES = {
    "all": "All points",
    "after_fork": "After the fork from the fitted runs",
    "unshared": "Without rows shared with the fitted runs",
}

_RULE = 'style="border-top:1px solid currentColor"'

Row = Mapping[str, float]


class Report(dict[str, Row]):
    """Scores by run, and ``"mean"``; itself the mapping over all points.

    Parameters
    ----------
    all, after_fork, unshared : mapping
        Rows over all points of each run; over those after its schedule has left that of every fitted
        run; and over those that no fitted run has, step and loss alike. A run that has none is left out.
    title : str
        What was fitted.
    notes : tuple of str
        Sentences under the table: warnings, and how the law did on past differences.

    Notes
    -----
    It is a dict because ``pandas.DataFrame(report)`` reads a table from a dict and from no other mapping.
    """

    def __init__(
        self,
        all: Mapping[str, Row],
        after_fork: Mapping[str, Row] | None = None,
        unshared: Mapping[str, Row] | None = None,
        title: str = "",
        notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(all)
        self.after_fork, self.unshared = dict(after_fork or {}), dict(unshared or {})
        self.title, self.notes = title, notes

    @property
    def all(self) -> Mapping[str, Row]:
        """The rows over all points."""
        return self

    def __str__(self) -> str:
        """Columns of text."""
        width = max(len(name) for name in (*self.all, *_TITLES.values()))
        lines = [self.title] if self.title else []
        for part, rows in self._parts():
            lines.append(part.ljust(width) + "".join(f"{head:>16}" for head in COLUMNS.values()))
            lines += [
                name.ljust(width) + "".join(f"{cell:>16}" for cell in _cells(row))
                for name, row in rows.items()
            ]
        return "\n".join([*lines, *self.notes])

    @property
    def tsv(self) -> str:
        """Tab-separated text, for a spreadsheet: every digit."""
        head = "\t".join(("points", "run", *COLUMNS))
        lines = [
            "\t".join((part, name, *(repr(float(row[key])) for key in COLUMNS)))
            for part in _TITLES
            for name, row in getattr(self, part).items()
        ]
        return "\n".join((head, *lines))

    def _repr_html_(self) -> str:
        """A table in the colours of its surroundings, readable in light and dark, copied as cells."""
        cell = 'style="padding:.15em .8em;text-align:right"'
        name_cell = 'style="padding:.15em .8em;text-align:left"'
        rows = []
        for part, table in self._parts():
            heads = "".join(f'<th scope="col" {cell}>{escape(head)}</th>' for head in COLUMNS.values())
            rows.append(f"<tr {_RULE}><th {name_cell}>{escape(part)}</th>{heads}</tr>")
            for name, row in table.items():
                cells = "".join(f"<td {cell}>{text}</td>" for text in _cells(row))
                rows.append(f'<tr><th scope="row" {name_cell}>{escape(name)}</th>{cells}</tr>')
        notes = "".join(f"<div>{escape(note)}</div>" for note in self.notes)
        style = (
            "border-collapse:collapse;color:inherit;background:transparent;font-variant-numeric:tabular-nums"
        )
        caption = f'<caption style="text-align:left">{escape(self.title)}</caption>' if self.title else ""
        return f'<table style="{style}">{caption}<tbody>{"".join(rows)}</tbody></table>{notes}'

    def _parts(self) -> list[tuple[str, Mapping[str, Row]]]:
        return [(title, getattr(self, part)) for part, title in _TITLES.items() if getattr(self, part)]


def with_mean(rows: Mapping[str, Row]) -> dict[str, Row]:
    """Rows and their mean over runs."""
    if not rows:
        return {}
    return {**rows, "mean": {key: float(np.mean([row[key] for row in rows.values()])) for key in COLUMNS}}


def _cells(row: Row) -> list[str]:
    return [f"{row[key]:.2%}" if key in _SHARES else f"{row[key]:.5f}" for key in COLUMNS]
