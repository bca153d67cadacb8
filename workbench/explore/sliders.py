"""The controls of a builder's arguments, one below the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from workbench.explore.closing import close
from workbench.explore.controls import control, hide, read
from workbench.registry import Field


class Sliders:
    """Controls by name in `controls`, in the box `box`; those that do not count beside the others are hidden.

    Parameters
    ----------
    on_change : callable
        Called with the change of a value; an attribute that may be set later.
    """

    def __init__(self, on_change: Callable[[Any], None] = lambda _: None) -> None:
        self.on_change = on_change
        self._fields: Sequence[Field] = ()
        self.controls: dict[str, Any] = {}
        self.box = widgets.VBox()

    def fill(
        self, fields: Sequence[Field], args: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]]
    ) -> None:
        """Controls of other arguments, at `args`; `ranges` overrides what a slider offers, by name."""
        before, self._fields = self.box.children, fields
        self.controls = {field.name: control(field, args[field.name], ranges) for field in fields}
        for each in self.controls.values():
            each.observe(lambda change: self.on_change(change), "value")
        self.hide()
        self.box.children = tuple(self.controls.values())
        close(*before)

    def hide(self) -> None:
        """Hide what does not count beside the other values, and show what does."""
        hide(self._fields, self.controls, self.values())

    def values(self) -> dict[str, Any]:
        """What the controls say, as arguments of the builder."""
        return {field.name: read(field, self.controls[field.name].value) for field in self._fields}
