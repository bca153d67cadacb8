"""The widgets of the explorer and where they stand; what they do is in explorer.py."""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets as widgets

from workbench import schedules
from workbench.explore.controls import LAYOUT, STYLE
from workbench.explore.figure import LiveFigure
from workbench.explore.parts import law_list, log_box, note, row, small_button
from workbench.explore.settings import Setting
from workbench.explore.sliders import Sliders
from workbench.explore.studio.stage import Stage

ACTIONS = {
    "pin": "keep this curve, to compare the next one with",
    "save": "write everything that was measured to the store",
    "export": "show code for a PyTorch trainer",
    "clear": "take pins and ended lanes away",
}


class Panel:
    """Choosers, sliders, buttons, messages and the figure, laid out for wide and narrow pages."""

    def __init__(
        self, figure: LiveFigure, setting: str, schedule: str, settings: Mapping[str, Setting]
    ) -> None:
        names = [(schedules.get(name).title, name) for name in schedules.names("learning rate")]
        wide = {"layout": LAYOUT, "style": STYLE}
        self.setting = law_list(setting, settings)
        self.chooser = widgets.Dropdown(options=names, value=schedule, description="schedule", **wide)
        self.sliders = Sliders()
        self.log = log_box()
        self.about, self.problem, self.table = (widgets.HTML() for _ in range(3))
        self.button = {name: small_button(name.capitalize()) for name in ACTIONS}
        for name, button in self.button.items():
            button.tooltip = ACTIONS[name]
        left = widgets.VBox(
            [self.setting, self.chooser, self.sliders.box, self.log, self.problem],
            layout=widgets.Layout(width="330px", flex="0 0 auto"),
        )
        self.right = widgets.VBox(
            [figure], layout=widgets.Layout(flex="1 1 480px", min_width="min(100%, 380px)")
        )
        top = widgets.Box([left, self.right], layout=widgets.Layout(flex_flow="row wrap", width="100%"))
        self.below = widgets.VBox([self.table, self.about], layout=widgets.Layout(width="100%"))
        self.box = widgets.VBox([top, self.below], layout=widgets.Layout(width="100%"))

    def join(self, stage: Stage, *, trains: bool) -> None:
        """Put what follows the training where it belongs; nothing of it where nothing trains."""
        bar = stage.bar
        self.message: widgets.HTML = bar.status
        if not trains:
            few = row([self.button[name] for name in ("pin", "export", "clear")])
            self.right.children = (*self.right.children, few, bar.status)
            self.below.children = (self.table, stage.code, self.about)
            return
        own = [self.button[name] for name in ("save", "export", "clear")]
        buttons = row([self.button["pin"], *bar.button.values(), *own])
        buttons.layout.grid_gap = "0"
        self.button.update(bar.button)
        self.right.children = (
            *self.right.children,
            stage.found.box,
            buttons,
            bar.meter,
            bar.status,
            stage.here.box,
        )
        self.below.children = (self.table, stage.law, stage.fold.box, stage.code, self.about)

    def say(self, sentence: str, *, bad: bool = False) -> None:
        """One sentence under the buttons; none takes the last away."""
        self.message.value = note(sentence, bad=bad)

    def complain(self, sentence: str) -> None:
        """One sentence beside the sliders; none takes the last away."""
        self.problem.value = note(sentence, bad=True)
