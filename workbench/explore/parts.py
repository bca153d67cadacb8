"""Small pieces that several widgets share: the list of laws, the log switch, a sentence, a call put off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from html import escape

import ipywidgets as widgets

from workbench.curve import Curve
from workbench.explore import drawing
from workbench.explore.controls import LAYOUT, STYLE
from workbench.explore.settings import SETTINGS, Setting
from workbench.fitted import Fit
from workbench.notebook import headless
from workbench.schedule import Schedule

COALESCE = 0.004
"""Seconds that a control's event waits for a newer one: only the newest value is worth drawing."""


def later(seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle | None:
    """Call later, or now where no loop runs."""
    try:
        return asyncio.get_running_loop().call_later(seconds, call)
    except RuntimeError:
        call()
        return None


def kernel_loop() -> asyncio.AbstractEventLoop | None:
    """The kernel's loop where somebody is in front of it; without, all is done where it is asked for."""
    try:
        return None if headless() else asyncio.get_running_loop()
    except RuntimeError:
        return None


def law_list(setting: str, settings: Mapping[str, Setting] = SETTINGS) -> widgets.Dropdown:
    """Which model's law predicts."""
    titles = [(entry.title, key) for key, entry in settings.items()]
    return widgets.Dropdown(options=titles, value=setting, description="law of", layout=LAYOUT, style=STYLE)


def log_box() -> widgets.Checkbox:
    """The switch of the rate axis."""
    return widgets.Checkbox(value=False, description="log rate axis", indent=False)


def small_button(text: str) -> widgets.Button:
    """A button as wide as its text."""
    return widgets.Button(description=text, layout=widgets.Layout(width="auto"))


def row(children: Iterable[widgets.Widget]) -> widgets.Box:
    """Beside each other, and below each other where the page is narrow."""
    layout = widgets.Layout(flex_flow="row wrap", width="100%", grid_gap="4px 12px")
    return widgets.Box(list(children), layout=layout)


def growing(child: widgets.Widget, least: int = 320) -> widgets.VBox:
    """A part of a row that takes the room that is left, at least `least` pixels on a page that has them."""
    layout = widgets.Layout(flex=f"1 1 {least}px", min_width=f"min(100%, {least}px)")
    return widgets.VBox([child], layout=layout)


def note(sentence: str, *, bad: bool = False) -> str:
    """A sentence as HTML; none takes the last away."""
    kind = "lrw-error" if bad else "lrw-note"
    return f'<div class="{kind}" role="status">{escape(sentence)}</div>' if sentence else ""


def predict(fit: Fit, schedule: Schedule, points: int) -> Curve | None:
    """The predicted curve, or None where the law says nothing, as of a rate that is 0 throughout."""
    try:
        return drawing.predicted(fit, schedule, points)
    except ValueError:
        return None
