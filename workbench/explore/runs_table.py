"""A table of many runs: sorted and searched in Python, a page of it in the browser, rows to be chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

_STATIC = Path(__file__).parent / "static"
PAGE = 25
"""Rows that are seen at once."""


class RunsTable(anywidget.AnyWidget):
    """Shows a table of a store; `selected` are the ids of the chosen rows, in the order of choosing."""

    _esm = (_STATIC / "runs.js").read_text("utf-8")
    _css = "\n".join((_STATIC / name).read_text("utf-8") for name in ("table.css", "runs.css"))
    sheet = traitlets.Dict().tag(sync=True)
    wish = traitlets.Dict().tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, sort: str = "final_loss") -> None:
        super().__init__()
        self._table: Any = None
        self.shown: Any = None
        self.wish = {"sort": sort, "descending": False, "page": 0, "search": ""}
        self.observe(self._draw, "wish")

    def show(self, table: Any, columns: list[str]) -> None:
        """Another table, of which these columns are seen; what is chosen and still there stays chosen."""
        self._table, self._columns = table, columns
        # Searched often: the text of each row is put together once.
        texts = [" ".join(_cell(value) for value in row) for row in table[columns].itertuples(index=False)]
        self._texts = np.array([text.lower() for text in texts], dtype=object)
        there = set(table["id"])
        self.selected = [id for id in self.selected if id in there]
        self._draw()

    def _draw(self, _: Any = None) -> None:
        if self._table is None:
            return
        wish = self.wish
        words = str(wish.get("search", "")).lower().split()
        keep = np.array([all(word in text for word in words) for text in self._texts], dtype=bool)
        shown = self._table[keep]
        sort, descending = str(wish.get("sort", "")), bool(wish.get("descending"))
        if sort in self._columns:
            key = shown[sort].map(_cell) if shown[sort].dtype == object else shown[sort]
            shown = shown.loc[key.sort_values(ascending=not descending, kind="stable").index]
        self.shown = shown
        pages = max(1, -(-len(shown) // PAGE))
        asked = wish.get("page", 0)
        page = min(max(asked if isinstance(asked, int) else 0, 0), pages - 1)
        rows = shown.iloc[page * PAGE : (page + 1) * PAGE]
        cells = [[_cell(value) for value in row] for row in rows[self._columns].itertuples(index=False)]
        self.sheet = {
            "columns": [
                {"name": name, "number": self._table[name].dtype.kind in "if"} for name in self._columns
            ],
            "rows": [{"id": id, "cells": row} for id, row in zip(rows["id"], cells, strict=True)],
            "sort": sort,
            "descending": descending,
            "page": page,
            "pages": pages,
            "count": len(shown),
            "total": len(self._table),
        }


def _cell(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    if value is None or value != value:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    return value.strftime("%Y-%m-%d %H:%M") if hasattr(value, "strftime") else str(value)
