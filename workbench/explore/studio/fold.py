"""A part of a page that is folded away until there is something in it."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets as widgets

from workbench.explore.parts import small_button


class Fold:
    """A button with a title over a box; the button shows and hides the box.

    Parameters
    ----------
    title : str
        What is inside, in a word or two.
    children : iterable of Widget
        What is inside.
    """

    def __init__(self, title: str, children: Iterable[widgets.Widget]) -> None:
        self._title = title
        self.button = small_button("")
        self.button.add_class("lrw-fold")
        self.button.layout.align_self = "flex-start"
        self.inside = widgets.VBox(list(children), layout=widgets.Layout(width="100%"))
        self.box = widgets.VBox([self.button, self.inside], layout=widgets.Layout(width="100%"))
        self.button.on_click(lambda _: self.show(not self.open))
        self.touched = False
        self._set(False)

    @property
    def open(self) -> bool:
        """Whether the box is shown."""
        return self.inside.layout.display != "none"

    def show(self, open: bool) -> None:
        """Show or hide the box, as a user does: `offer` then leaves it as it is."""
        self.touched = True
        self._set(open)

    def offer(self) -> None:
        """Open it the first time that there is something in it, unless the user has decided."""
        if not self.touched:
            self.show(True)

    def _set(self, open: bool) -> None:
        self.inside.layout.display = "flex" if open else "none"
        self.button.description = f"{'▾' if open else '▸'} {self._title}"
        self.button.tooltip = f"{'hide' if open else 'show'}: {self._title}"
