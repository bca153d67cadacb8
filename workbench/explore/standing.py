"""Which page stands in which cell: one that is made there again takes the place of the one before."""

from __future__ import annotations

from typing import Any

_shown: dict[tuple[str, str], Any] = {}
"""The page that each cell has shown last."""


def cell(name: str) -> tuple[str, str]:
    """The page of a name in the cell that is run now; without a front end all are one."""
    try:
        from IPython import get_ipython

        shell = get_ipython()
        parent = shell.get_parent() if shell is not None else {}
        return name, str(parent.get("metadata", {}).get("cellId", ""))
    except (ImportError, AttributeError):
        return name, ""


def standing(place: tuple[str, str]) -> Any | None:
    """The page that stands there now."""
    return _shown.get(place)


def put(place: tuple[str, str], page: Any) -> None:
    """`page` stands where another stood in its cell."""
    before = _shown.get(place)
    if before is not None:
        before.close()
        _discard(getattr(before, "panel", before).box)
    _shown[place] = page


def _discard(widget: Any) -> None:
    """Close a widget with all that is in it: the kernel keeps every open one for ever."""
    for child in getattr(widget, "children", ()):
        _discard(child)
    widget.close()
