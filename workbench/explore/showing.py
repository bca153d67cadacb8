"""How a page of widgets is put into a cell's output, and taken off it again.

A cell keeps the frames that its pages stand in, for ever and under the same names, in the next kernel too: a
notebook that was saved before its cell ran again shows, where it is loaded again, what the cell shows now.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import anywidget
import ipywidgets as widgets

from workbench.explore import closing, restoring, routing
from workbench.explore.figure import LiveFigure

_STATIC = Path(__file__).parent / "static"
_CELLS = UUID("0f6c3a0e-5b0b-4f0e-9a55-6a1c2b9d7e31")
"""Names of frames are made from it and from their places."""
_frames: dict[tuple[str, int] | widgets.Widget, widgets.VBox] = {}
"""What stands in the outputs: by cell and the place in it; without a cell, by the page that it holds."""
_shown: dict[str, tuple[str, list[widgets.Widget]]] = {}
"""By cell: which run of it was the last one that showed something, and what."""


class Names(anywidget.AnyWidget):
    """Draws nothing; gives the sliders that are in one output with it the names written beside them."""

    _esm = "\n".join((_STATIC / f"{name}.js").read_text("utf-8") for name in ("shortcuts", "names"))


def parent() -> dict[str, Any]:
    """The request that is answered now; without a front end nothing."""
    try:
        from IPython import get_ipython

        shell = get_ipython()
        return shell.get_parent() if shell is not None else {}
    except (ImportError, AttributeError):
        return {}


def cell() -> str:
    """The cell that is run now; without a front end all are one."""
    return str(parent().get("metadata", {}).get("cellId", ""))


def show(box: widgets.Widget) -> None:
    """Display the widgets of a page; what the same cell has shown when it was run before is closed."""
    from IPython.display import display

    routing.keep()
    restoring.keep()
    where, before = _placed(box)
    closing.reopen(box)
    frame = _frame(where)
    # What is loaded again in the middle of this finds the old page or the new one, never none.
    frame.children = (box, _names())
    for each in before:
        take_away(each)
    for each in closing.reached([box]):
        if isinstance(each, LiveFigure):
            each.stand()
    display(frame)


def take_away(box: widgets.Widget) -> None:
    """Close a page and what it stands in."""
    frame = _frames.pop(box, None)
    if frame is not None:
        frame.children = ()  # the names are for every page
        closing.close(frame)
    closing.close(box)
    _forget(box)


def _forget(box: widgets.Widget) -> None:
    """Take a page that was closed out of IPython's list of outputs, which would hold it for ever."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    for number, page in list(shell.user_ns.get("_oh", {}).items()):
        if box is _part(page, "box") or box is _part(_part(page, "panel"), "box"):
            for names, name in (
                (shell.user_ns["_oh"], number),
                (shell.user_ns, f"_{number}"),
                (shell.user_ns_hidden, f"_{number}"),
            ):
                names.pop(name, None)


def _part(page: Any, name: str) -> Any:
    return getattr(page, "__dict__", {}).get(name)


def _placed(box: widgets.Widget) -> tuple[tuple[str, int] | widgets.Widget, list[widgets.Widget]]:
    """Where a page stands, and the pages that its cell showed before and nobody shows now."""
    here, run = cell(), str(parent().get("header", {}).get("msg_id", ""))
    if not here:
        return box, []
    last, boxes = _shown.get(here, (run, []))
    if last == run:
        _shown[here] = run, [*boxes, box]
        return (here, len(boxes)), []
    _shown[here] = run, [box]
    seen = {each for _, others in _shown.values() for each in others}
    return (here, 0), [each for each in boxes if each not in seen and each.comm is not None]


def _frame(where: tuple[str, int] | widgets.Widget) -> widgets.VBox:
    frame = _frames.get(where)
    if frame is None:
        name = {} if isinstance(where, widgets.Widget) else {"model_id": uuid5(_CELLS, str(where)).hex}
        frame = _frames[where] = widgets.VBox(layout=widgets.Layout(width="100%"), **name)
    closing.reopen(frame)  # Widget.close_all() closes it, too
    return frame


@cache
def _names() -> Names:
    return Names()
