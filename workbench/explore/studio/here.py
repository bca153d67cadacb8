"""Branch here: a small bar that says what would be trained, from where, and does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from workbench.explore.alone import alone
from workbench.explore.parts import note, small_button
from workbench.schedule import Schedule

REST, WHOLE = "the sliders' schedule from that step on", "the sliders' schedule from its beginning"


class Here:
    """Says "Branch from NAME at step N" and forks there; `box` is hidden until a place is chosen.

    Parameters
    ----------
    fork : callable
        Takes the key of a branch, the step and the schedule that follows.
    wish : callable
        The schedule that the sliders show.
    leave : callable
        Called when the bar goes away.
    """

    def __init__(
        self,
        fork: Callable[[str, int, Schedule], Any],
        wish: Callable[[], Schedule],
        leave: Callable[[], None],
    ) -> None:
        self._fork, self._wish, self._leave = fork, wish, leave
        self._branch: Any = None
        self.words = widgets.HTML()
        # A range that is wide enough for all: the branch gives its own.
        self.step = widgets.BoundedIntText(
            value=1,
            min=1,
            max=1,
            description="step",
            layout={"width": "150px"},
            style={"description_width": "34px"},
            tooltip="first update that the new lane makes by itself",
        )
        self.which = widgets.Dropdown(
            options=[REST, WHOLE],
            description="with",
            layout={"width": "330px"},
            style={"description_width": "34px"},
            tooltip="what follows from that step on",
        )
        self.button, self.cancel = small_button("Branch"), small_button("Cancel")
        self.button.button_style = "primary"
        row = widgets.Layout(flex_flow="row wrap", align_items="center")
        self.box = widgets.VBox(
            [self.words, widgets.HBox([self.step, self.which, self.button, self.cancel], layout=row)]
        )
        self.box.layout.display = "none"
        self.step.observe(self._say, "value")
        self.which.observe(self._say, "value")
        self.button.on_click(lambda _: self.do())
        self.cancel.on_click(lambda _: self.hide())

    @property
    def open(self) -> bool:
        """Whether a place is chosen."""
        return self.box.layout.display != "none"

    @alone
    def offer(self, branch: Any, step: int) -> None:
        """Show the bar for a place on a branch, moved to where something has been trained."""
        self._branch = branch
        last = max(branch.step, 1)
        with self.step.hold_trait_notifications():
            self.step.max = last
            self.step.value = min(max(step, 1), last)
        self.box.layout.display = "flex"
        self._say()

    def hide(self) -> None:
        """Take the bar away."""
        if self.open:
            self.box.layout.display = "none"
            self._leave()

    def rest(self) -> Schedule:
        """What would follow; ``ValueError`` where the sliders say nothing of it."""
        wish = self._wish()
        return wish if self.which.value == WHOLE else rest(wish, self.step.value)

    @alone
    def do(self) -> Any:
        """Fork there; an error is said in the bar."""
        if self._branch is None:
            return None
        try:
            key = self._fork(self._branch.key, self.step.value, self.rest())
        except (ValueError, OSError, ImportError) as error:
            self.words.value = note(str(error), bad=True)
            return None
        self.hide()
        return key

    @alone
    def refresh(self) -> None:
        """Say it again: the sliders have moved."""
        if self.open:
            self._say()

    @alone
    def _say(self, _: Any = None) -> None:
        if self._branch is None:
            return
        try:
            rest = self.rest()
        except ValueError as error:
            self.button.disabled = True
            self.words.value = note(str(error), bad=True)
            return
        self.button.disabled = False
        total = self.step.value + len(rest)
        self.words.value = note(
            f"Branch from {self._branch.name} at step {self.step.value:,} with the sliders' schedule: "
            f"{len(rest):,} more updates, to {total:,}."
        )


def rest(wish: Schedule, step: int) -> Schedule:
    """What is left of a schedule after `step`.

    Raises
    ------
    ValueError
        Where it has ended by then.
    """
    if step >= len(wish):
        raise ValueError(
            f"The sliders' schedule ends at {len(wish):,} updates, before step {step:,}: "
            "take it from its beginning, or move the total."
        )
    return wish.after(step)
