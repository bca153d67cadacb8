"""A table with a button that copies it, all digits and a tab between columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from workbench.views.table import Table

_STATIC = Path(__file__).parent / "static"


class TableView(anywidget.AnyWidget):
    """Shows a `Table`; its button puts `text` on the clipboard."""

    _esm = (_STATIC / "table.js").read_text("utf-8")
    _css = (_STATIC / "table.css").read_text("utf-8")
    sheet = traitlets.Dict().tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)

    def show(self, table: Table | None) -> None:
        """Show a table, or none."""
        if table is None:
            self.text, self.sheet = "", {}
            return
        rows = [[_short(row[name]) for name in table.columns] for row in table.rows]
        # The text first: who sees the table may copy it.
        self.text = as_text(table)
        self.sheet = {
            "title": table.title,
            "columns": list(table.columns),
            "rows": rows,
            "notes": list(table.notes),
        }


def as_text(table: Table) -> str:
    """The table for a spreadsheet: a line of names, then a line for each row, columns parted by tabs."""
    lines = [table.columns, *(tuple(row[name] for name in table.columns) for row in table.rows)]
    return "\n".join("\t".join(map(_plain, line)) for line in lines) + "\n"


def _plain(value: Any) -> str:
    if value is None or value != value:
        return ""
    return repr(value) if isinstance(value, float) else str(value).replace("\t", " ")


def _short(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
