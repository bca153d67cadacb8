"""A list of names with a box each, and buttons that check all, none or the first choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import ipywidgets as widgets

from workbench.explore.closing import close
from workbench.explore.parts import row, small_button


class Checklist:
    """Names of which some are checked.

    Parameters
    ----------
    title : str
        Sentence above the list.
    on_change : callable
        Called after every change by hand, once for each press of a button.
    """

    def __init__(self, title: str, on_change: Callable[[], None]) -> None:
        self._on_change, self._silent = on_change, False
        self._first: tuple[str, ...] = ()
        self._boxes: dict[str, widgets.Checkbox] = {}
        self._list = widgets.VBox(layout=widgets.Layout(max_height="262px", overflow="hidden auto"))
        self._list.layout.display = "block"
        buttons = []
        for text, names in (
            ("All", lambda: self._boxes),
            ("None", tuple),
            ("First split", lambda: self._first),
        ):
            button = small_button(text)
            button.on_click(lambda _, names=names: self.check(names()))
            buttons.append(button)
        head = widgets.HTML(f'<div class="lrw-note">{title}</div>')
        self.box = widgets.VBox([head, row(buttons), self._list], layout=widgets.Layout(width="310px"))

    @property
    def checked(self) -> tuple[str, ...]:
        """Names that are checked, in the order of the list."""
        return tuple(name for name, box in self._boxes.items() if box.value)

    def fill(self, names: Sequence[str], checked: Iterable[str]) -> None:
        """Another list; nobody is told."""
        self._first = tuple(checked)
        layout = {"width": "auto", "margin": "0 2px"}
        self._boxes = {
            name: widgets.Checkbox(name in self._first, description=name, indent=False, layout=layout)
            for name in names
        }
        for box in self._boxes.values():
            box.observe(self._on_box, "value")
        before, self._list.children = self._list.children, tuple(self._boxes.values())
        close(*before)

    def check(self, names: Iterable[str]) -> None:
        """Check these and no others."""
        wanted, before = set(names), self.checked
        self._silent = True
        for name, box in self._boxes.items():
            box.value = name in wanted
        self._silent = False
        if self.checked != before:
            self._on_change()

    def _on_box(self, _: object) -> None:
        if not self._silent:
            self._on_change()
