"""Figures of plotly in a widget: all of what is shown is its state, so that no view can miss a part of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

_STATIC = Path(__file__).parent / "static"


class PlotsView(anywidget.AnyWidget):
    """Figures one under the other; `show` updates them in place.

    `marked` are the `ids` of the lines within the ranges that were dragged on parallel axes.

    plotly's own `FigureWidget` sends its script of 5 MB with every figure, and what changes while a browser
    is loading it is lost.
    """

    _css = (_STATIC / "plots.css").read_text("utf-8")
    figures = traitlets.List(traitlets.Unicode()).tag(sync=True)
    marked = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self) -> None:
        self._esm = _script()
        super().__init__()

    def show(self, figures: Iterable[Any]) -> None:
        """Draw these figures in the places of those that are shown."""
        self.figures = [figure.to_json() for figure in figures]

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """What is shown is ours: only what is marked comes back from the browser."""
        super().set_state({name: value for name, value in sync_data.items() if name == "marked"})


@cache
def _script() -> str:
    from plotly.offline import get_plotlyjs

    # anywidget takes one module: the plotting library stands before our own code in it.
    return "\n".join((get_plotlyjs(), (_STATIC / "plots.js").read_text("utf-8")))
