"""Widgets that a page needs no longer are closed: the kernel keeps every open one for ever.

Where a browser's page is loaded again, ipywidgets asks all open widgets for their state, and no widget at all
comes back where one of them holds a closed one. So whoever holds one lets go of it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import ipywidgets as widgets
from ipywidgets.widgets.widget import _instances


def close(*gone: widgets.Widget) -> None:
    """Close widgets with all that only they hold.

    Parameters
    ----------
    gone : Widget
        What is not shown any more. Where it stands in a box that stays, it is taken out of it.
    """
    mine = reached(gone)
    kept = [each for each in list(_instances.values()) if each not in mine]
    for box in kept:
        children = getattr(box, "children", ())
        if any(child in mine for child in children):
            box.children = tuple(child for child in children if child not in mine)
    shared = reached(held for each in kept for held in _held(each))
    for each in mine:
        if each not in shared:
            each.close()


def reopen(widget: widgets.Widget) -> None:
    """Open a widget that was closed, with all that it holds; what is held must be there before its holder."""
    if widget.comm is None:
        for each in _held(widget):
            reopen(each)
        widget.open()


def _held(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    held = (getattr(widget, "layout", None), getattr(widget, "style", None), *getattr(widget, "children", ()))
    return (each for each in held if isinstance(each, widgets.Widget))


def reached(start: Iterable[widgets.Widget]) -> dict[widgets.Widget, None]:
    """All that hangs on these, what holds another before it."""
    found: dict[widgets.Widget, None] = {}
    due = list(start)
    while due:
        widget = due.pop()
        if widget not in found:
            found[widget] = None
            due += _held(widget)
    return found
