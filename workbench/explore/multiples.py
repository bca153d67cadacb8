"""The gallery: small multiples of all registered schedules, filtered by family and by words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from workbench.explore import thumbnails

_STATIC = Path(__file__).parent / "static"


class Gallery(anywidget.AnyWidget):
    """All registered schedules on one budget; `selected` is the name of the one that was chosen last.

    Parameters
    ----------
    total : int
        Updates of every schedule.
    peak : float
        Highest rate of every schedule that lets it be set.
    height : int
        Pixels after which it scrolls; 0 shows all of it.
    """

    _esm = (_STATIC / "gallery.js").read_text("utf-8")
    _css = (_STATIC / "gallery.css").read_text("utf-8")
    cells = traitlets.List().tag(sync=True)
    families = traitlets.List(traitlets.Unicode()).tag(sync=True)
    search = traitlets.Unicode("").tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(0).tag(sync=True)

    def __init__(self, total: int, peak: float, *, height: int = 0) -> None:
        self._budget = thumbnails.budget(total, peak)
        super().__init__(height=height)
        self.refresh()

    def refresh(self) -> None:
        """Look through the registry again: what was registered since is shown, too."""
        self._all = thumbnails.every(*self._budget)
        self.cells = thumbnails.data(self._all)

    def shown(self) -> list[str]:
        """Names that the families and the search leave."""
        return [cell.name for cell in self._all if cell.matches(self.families, self.search)]

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """What the browser has changed; the cells are ours."""
        super().set_state({key: value for key, value in sync_data.items() if key != "cells"})
