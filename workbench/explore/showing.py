"""How a page of widgets is put into a cell's output: with names that a screen reader can say."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import anywidget
import ipywidgets as widgets

from workbench.explore import routing

_CODE = Path(__file__).parent / "static" / "names.js"


class Names(anywidget.AnyWidget):
    """Draws nothing; gives the sliders that are in one output with it the names written beside them."""

    _esm = _CODE.read_text("utf-8")


def show(box: widgets.Widget) -> None:
    """Display the widgets of a page."""
    from IPython.display import display

    routing.keep()
    display(widgets.VBox([box, _names()], layout=widgets.Layout(width="100%")))


@cache
def _names() -> Names:
    return Names()
