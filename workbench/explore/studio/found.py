"""What an earlier kernel has left: said once, with two ways on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from workbench.explore.parts import note, small_button
from workbench.explore.studio import words


class Found:
    """Says which lanes an earlier kernel left unfinished, and asks: go on with them, or leave them.

    Parameters
    ----------
    session : Session
        As it was opened.
    after : callable
        Called after either answer.
    """

    def __init__(self, session: Any, after: Callable[[], None]) -> None:
        self.session, self._after = session, after
        self.words = widgets.HTML()
        self.button = {"go_on": small_button("Go on with them"), "leave": small_button("Leave them")}
        self.button["go_on"].button_style = "primary"
        self.button["go_on"].on_click(lambda _: self.go_on())
        self.button["leave"].on_click(lambda _: self.leave())
        self.box = widgets.HBox(
            [self.words, *self.button.values()],
            layout=widgets.Layout(flex_flow="row wrap", align_items="center"),
        )
        self._show(sentence(session))

    def go_on(self) -> None:
        """Go on where they ended, to the same bits."""
        try:
            self.session.go_on(*self.session.unfinished)
        except (ValueError, OSError, ImportError) as error:
            self.words.value = note(str(error), bad=True)
            return
        self._show("")
        self._after()

    def leave(self) -> None:
        """Leave them as they are; Go on of a lane still takes them up."""
        self._show("")
        self._after()

    def _show(self, said: str) -> None:
        self.words.value = note(said)
        self.box.layout.display = "flex" if said else "none"


def sentence(session: Any) -> str:
    """3 lanes of an earlier kernel at update 400 of 1,000; empty where there are none."""
    keys = set(session.unfinished)
    left = [branch for branch in session.branches if branch.key in keys]
    if not left:
        return ""
    at = sorted({branch.step for branch in left})
    totals = sorted({len(branch.schedule) for branch in left})
    reached = f"{at[0]:,}" if len(at) == 1 else f"{at[0]:,} to {at[-1]:,}"
    total = f"{totals[0]:,}" if len(totals) == 1 else f"{totals[0]:,} to {totals[-1]:,}"
    return f"{words.lanes(len(left))} of an earlier kernel at update {reached} of {total}."
