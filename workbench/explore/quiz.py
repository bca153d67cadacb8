"""The exercises of a notebook with a box for each answer: Check, Hint, Show the answer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from workbench.exercises.exercise import RIGHT, Exercise
from workbench.exercises.sheet import inline
from workbench.explore.background import Background
from workbench.explore.parts import small_button
from workbench.explore.showing import show

_FONT = "font:13px/1.45 var(--jp-ui-font-family,system-ui,sans-serif)"
_COLORS = {
    "asked": "var(--jp-ui-font-color1,inherit)",
    "plain": "var(--jp-ui-font-color2,inherit)",
    "right": "var(--jp-success-color1,#2e7d32)",
    "bad": "var(--jp-error-color1,#c62828)",
}
_NARROW = "min(100%, 250px)"
_WIDEST = "860px"


class Quiz:
    """Boxes for the answers to the exercises of one notebook. Made by `workbench.exercises.show`.

    `rows` are the exercises in their order; nothing of an answer is sent to the browser before it is asked
    for.
    """

    def __init__(self, name: str, exercises: Sequence[Exercise]) -> None:
        self.name = name
        self.rows = tuple(Row(number, one) for number, one in enumerate(exercises, start=1))
        self.box = widgets.VBox([row.box for row in self.rows], layout=widgets.Layout(width="100%"))
        self.box.add_class("lrw-quiz")

    def _ipython_display_(self) -> None:
        show(self.box)


class Row:
    """One exercise: its question, the box, the buttons, and what was said last."""

    def __init__(self, number: int, exercise: Exercise) -> None:
        self.exercise = exercise
        # An answer may take a second to work out, and the page must not stand still meanwhile.
        self._background = Background()
        asked = f'<div style="{_FONT};color:{_COLORS["asked"]}">{number}. {inline(exercise.question)}</div>'
        self.question = widgets.HTML(asked, layout=widgets.Layout(max_width=_WIDEST))
        self.answer = widgets.Text(
            description=f"answer {number}",
            placeholder=exercise.unit or "a number or a word",
            tooltip=f"answer to exercise {number}" + (f", in {exercise.unit}" if exercise.unit else ""),
            layout=widgets.Layout(width=_NARROW),
            style={"description_width": "64px"},
        )
        self.said = widgets.HTML(layout=widgets.Layout(max_width=_WIDEST))
        calls = {"Check": self.check, "Hint": self.hint, "Show the answer": self.show}
        self.button = {text: small_button(text) for text in calls}
        for text, call in calls.items():
            self.button[text].tooltip = f"{text}, exercise {number}"
            self.button[text].on_click(call)
        self.answer.on_msg(self._on_message)
        unit = [widgets.Label(exercise.unit)] if exercise.unit else []
        line = widgets.Box(
            [self.answer, *unit, *self.button.values()],
            layout=widgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="4px 6px"),
        )
        self.box = widgets.VBox([self.question, line, self.said], layout=widgets.Layout(margin="0 0 14px 0"))

    def check(self, _: Any = None) -> None:
        """Say whether what is in the box is right."""
        value = self.answer.value
        self._work(lambda: self.exercise.check(value), self._judged)

    def hint(self, _: Any = None) -> None:
        """Say where to look."""
        self._say("plain", f"Hint: {self.exercise.hint}")

    def show(self, _: Any = None) -> None:
        """Say the answer, and why it is so."""
        self._work(
            self.exercise.told, lambda told: self._say("asked", f"{told}. {self.exercise.explanation}", told)
        )

    def _judged(self, sentence: str) -> None:
        if sentence == RIGHT:
            self._say("right", f"{RIGHT} {self.exercise.explanation}", RIGHT)
        else:
            self._say("plain", sentence)

    def _work(self, work: Any, then: Any) -> None:
        def told(value: Any, error: Exception | None) -> None:
            if error is None:
                then(value)
            else:
                self._say("bad", f"The answer could not be worked out: {error}")

        self._say("plain", "Working it out ...")
        self._background.start(lambda stopped: work(), told)

    def _say(self, color: str, sentence: str, head: str = "") -> None:
        rest = inline(sentence.removeprefix(head))
        bold = f'<b style="color:{_COLORS[color]}">{escape(head, quote=False)}</b>' if head else ""
        ink = _COLORS["asked" if head else color]
        self.said.value = f'<div role="status" style="{_FONT};color:{ink}">{bold}{rest}</div>'

    def _on_message(self, _: Any, content: Any, buffers: Any) -> None:
        # The browser says so when Enter is pressed; leaving the box must not check it.
        if content.get("event") == "submit":
            self.check()
