"""The tree of branches, drawn over the steps and walked with mouse or keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from workbench.explore.alone import alone
from workbench.explore.showing import show
from workbench.explore.studio import forest
from workbench.explore.studio.ear import Ear
from workbench.explore.studio.palette import Palette

_STATIC = Path(__file__).parent / "static"
_EVERY = 0.25
"""Seconds between two pictures of a tree whose lanes only grow."""


class Drawing(anywidget.AnyWidget):
    """What the browser knows of the tree: rows, and which of them are chosen."""

    _esm = (_STATIC / "tree.js").read_text("utf-8")
    _css = (_STATIC / "tree.css").read_text("utf-8")
    rows = traitlets.List().tag(sync=True)
    chosen = traitlets.List(traitlets.Unicode()).tag(sync=True)


class TreeView:
    """The branches of a session as a tree; `chosen` are the keys of the selected, newest first.

    Parameters
    ----------
    session : Session
        Whose branches are shown.
    palette : Palette, optional
        Colours; those of the page's curves.
    shown : callable, optional
        Whether a branch is in the tree; all are where it is not given.

    Notes
    -----
    Arrow keys walk and choose, Shift with them (or Ctrl with a click or the space bar) chooses one more, to
    compare; Home and End go to the ends, Left to the parent, Right to the first child.
    """

    def __init__(
        self,
        session: Any,
        palette: Palette | None = None,
        shown: Callable[[Any], bool] | None = None,
    ) -> None:
        self.session, self.palette = session, palette or Palette()
        self.shown = shown or (lambda branch: True)
        self._calls: list[Callable[[tuple[str, ...]], None]] = []
        self._drawn = 0.0
        self._statuses: list[tuple[str, str]] = []
        self.widget = Drawing()
        self.widget.observe(self._on_chosen, "chosen")
        self.ear = Ear(session, self.refresh)
        self.refresh()

    @property
    def chosen(self) -> tuple[str, ...]:
        """Keys of the selected branches that are still there, the newest choice first."""
        there = {row["key"] for row in self.widget.rows}
        return tuple(key for key in self.widget.chosen if key in there)

    @alone
    def choose(self, *keys: str) -> None:
        """Select these branches and no others; unknown keys are left out."""
        self.refresh(force=True)
        there = {row["key"] for row in self.widget.rows}
        self.widget.chosen = [key for key in keys if key in there]

    def on_choose(self, call: Callable[[tuple[str, ...]], None]) -> None:
        """Call with the chosen keys after each change of them."""
        self._calls.append(call)

    @alone
    def refresh(self, *, force: bool = False) -> None:
        """Draw the tree as it is now; where lanes only grew, not more often than one can look."""
        branches = [branch for branch in self.session.branches if self.shown(branch)]
        statuses = [(branch.key, f"{branch.status} {branch.name}") for branch in branches]
        now = time.monotonic()
        if not force and statuses == self._statuses and now - self._drawn < _EVERY:
            return
        self._statuses, self._drawn = statuses, now
        self.widget.rows = forest.rows(branches, lambda each: self.palette.of(each.group, each.schedule))
        gone = [key for key in self.widget.chosen if key not in {row["key"] for row in self.widget.rows}]
        if gone:
            self.widget.chosen = [key for key in self.widget.chosen if key not in gone]

    def close(self) -> None:
        """Hear nothing more of the session."""
        self.ear.close()

    @alone
    def _on_chosen(self, _: Any) -> None:
        for call in self._calls:
            call(self.chosen)

    def _ipython_display_(self) -> None:
        show(self.widget)
