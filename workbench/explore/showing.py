"""How a page of widgets is put into a cell's output, and taken off it again."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets

from workbench.explore import closing, routing
from workbench.explore.figure import LiveFigure

_STATIC = Path(__file__).parent / "static"
_frames: dict[widgets.Widget, widgets.VBox] = {}
"""What stands in the outputs, by the page that it holds."""
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
    _replace(box)
    if box not in _frames:
        closing.reopen(box)
        _frames[box] = widgets.VBox([box, _names()], layout=widgets.Layout(width="100%"))
    for each in closing.reached([box]):
        if isinstance(each, LiveFigure):
            each.stand()
    display(_frames[box])


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


def _replace(box: widgets.Widget) -> None:
    here, run = cell(), str(parent().get("header", {}).get("msg_id", ""))
    before, boxes = _shown.get(here, (run, []))
    if not here or before == run:
        _shown[here] = run, [*boxes, box]
        return
    _shown[here] = run, [box]
    seen = {each for _, others in _shown.values() for each in others}
    for each in boxes:
        if each not in seen and each in _frames:
            take_away(each)


@cache
def _names() -> Names:
    return Names()
