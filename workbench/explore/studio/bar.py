"""The controls of a training: Train, Pause, Step, Stop, its speed and its progress."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import cached_property
from html import escape
from typing import Any

import ipywidgets as widgets

from workbench.explore.alone import alone
from workbench.explore.parts import note, small_button
from workbench.explore.studio import measuring, words
from workbench.explore.studio.ear import Ear
from workbench.live.branch import GOING, HELD

SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_EVERY = 0.25
"""Seconds between two figures of progress: numbers that change faster cannot be read."""
_WRAP = {"flex_flow": "row wrap", "align_items": "center"}


class Bar:
    """Conducts a session from any page; `box` is what is shown.

    Parameters
    ----------
    session : Session
        Made by `workbench.live.open`.
    train : callable, optional
        What Train does; without it there is no such button.
    ready : callable, optional
        Says whether Train would do something, and in words what.

    Notes
    -----
    A button is enabled only where it does something. What is pressed acts at once, also while a cell runs.
    """

    def __init__(
        self,
        session: Any,
        train: Callable[[], None] | None = None,
        ready: Callable[[], tuple[bool, str]] | None = None,
    ) -> None:
        self.session = session
        self._train, self._ready = train, ready or (lambda: (True, "train"))
        self._told = ("", 0.0)
        self.button = {name: small_button(text) for name, text in _TEXTS.items()}
        self.button["train"].button_style = "primary"
        self.button["train"].layout.display = None if train else "none"
        for name, button in self.button.items():
            button.on_click(lambda _, name=name: self.press(name))
        self.speed = widgets.SelectionSlider(
            options=_speeds(session.speed),
            value=session.speed or math.inf,
            description="speed",
            tooltip="most updates per second of every lane",
            continuous_update=True,
            style={"description_width": "46px"},
            layout=widgets.Layout(width="220px"),
        )
        self.speed.observe(self._on_speed, "value")
        self.progress, self.status = widgets.HTML(), widgets.HTML()
        self.progress.layout.flex = "1 1 280px"
        self.meter = widgets.HBox([self.speed, self.progress], layout=_WRAP)
        self.ear = Ear(session, self.refresh)
        self.refresh()

    # A box that nobody shows would stay open for ever: it is made where it is asked for.

    @cached_property
    def buttons(self) -> widgets.HBox:
        """The buttons in a row."""
        return widgets.HBox([*self.button.values()], layout=_WRAP)

    @cached_property
    def box(self) -> widgets.VBox:
        """All of it, one below the other."""
        return widgets.VBox([self.buttons, self.meter, self.status], layout={"width": "100%"})

    def press(self, name: str) -> None:
        """Do what a button does; an error becomes a sentence."""
        try:
            if name == "train" and self._train is not None:
                self._train()
            elif name == "pause":
                self.session.go_on() if self._held() else self.session.pause()
            elif name == "step":
                self.session.advance(1)
            elif name == "stop":
                self.session.stop()
        except (ValueError, OSError, RuntimeError, ImportError) as error:
            self.say(str(error), bad=True)
        self.ear.home(self.refresh)

    def say(self, sentence: str, *, bad: bool = False) -> None:
        """One sentence under the buttons; it stays until the training's state changes."""
        self.status.value = note(sentence, bad=bad)

    def greet(self, said: str = "") -> None:
        """Say what was found: the lanes that are there already."""
        branches = self.session.branches
        found = f"Found: {words.tally(branches)}." if branches else ""
        if said or measuring.state(self.session) == "idle":
            self.say(" ".join(filter(None, (said, found))))

    @alone
    def refresh(self) -> None:
        """Make buttons, numbers and the sentence fit what is going on."""
        self._follow()
        state, branches = measuring.state(self.session), self.session.branches
        going = [branch for branch in branches if branch.status in GOING]
        self._enable(state, bool(going), any(branch.status in HELD for branch in branches))
        now = time.monotonic()
        changed = (state, words.tally(branches), self.session.error)
        if changed != self._told[0]:
            self._sentence(state, branches, told=self._told[0])
        elif now - self._told[1] < _EVERY:
            return
        self._told = (changed, now)
        self._figures(going or state != "idle")

    def close(self) -> None:
        """Hear nothing more of the session."""
        self.ear.close()

    def _follow(self) -> None:
        """Show a speed that another page, or a cell, has set."""
        speed = self.session.speed or math.inf
        if speed != self.speed.value:
            self.speed.unobserve(self._on_speed, "value")
            with self.speed.hold_sync():
                self.speed.options = _speeds(self.session.speed)
                self.speed.value = speed
            self.speed.observe(self._on_speed, "value")

    def _held(self) -> bool:
        return measuring.state(self.session) != "running"

    def _enable(self, state: str, going: bool, stopped: bool) -> None:
        ready, what = self._ready()
        train, pause, step, stop = (self.button[name] for name in _TEXTS)
        train.disabled, train.tooltip = not ready, what
        held = state == "paused" or (state == "idle" and stopped)
        pause.description = "Go on" if held else "Pause"
        pause.tooltip = "go on with the lanes that are held" if held else "hold all lanes where they are"
        pause.disabled = not (held or state == "running")
        step.disabled = not (state != "idle" and going)
        stop.disabled = not (state != "idle" and going)

    def _sentence(self, state: str, branches: Any, told: Any) -> None:
        tally = words.tally(branches)
        if self.session.error:
            self.say(f"The training ended with an error: {self.session.error}", bad=True)
        elif state == "running":
            self.say(f"Training: {tally}.")
        elif state == "paused":
            self.say(
                f"Paused: {words.lanes(sum(branch.status in GOING for branch in branches))} held. "
                "Step makes one update, Go on goes on."
            )
        elif branches and told:
            self.say(f"Trained: {tally}. Save keeps the runs.")

    def _figures(self, shown: Any) -> None:
        progress = self.session.progress
        if not shown or not progress.total:
            self.progress.value = ""
            return
        bar = (
            f'<progress aria-label="progress of the training" max="{progress.total}" value="{progress.done}" '
            'style="width:90px;height:9px;vertical-align:middle;margin-right:10px"></progress>'
        )
        said = f'<span style="font-variant-numeric:tabular-nums">{escape(words.going(progress))}</span>'
        self.progress.value = f'<div class="lrw-note">{bar}{said}</div>'

    def _on_speed(self, change: Any) -> None:
        self.session.speed = None if math.isinf(change["new"]) else change["new"]


_TEXTS = {"train": "Train", "pause": "Pause", "step": "Step", "stop": "Stop"}


def _speeds(own: float | None) -> list[tuple[str, float]]:
    """What the slider offers, a speed of one's own among them."""
    offered = sorted({*map(float, SPEEDS), *([own] if own else [])})
    return [*((f"{speed:g}/s", speed) for speed in offered), ("unlimited", math.inf)]
