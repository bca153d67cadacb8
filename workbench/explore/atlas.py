"""The atlas: the gallery of all schedules, and under it the chosen one with sliders, formula and figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from workbench import schedules
from workbench.explore import drawing
from workbench.explore.card import card, figures
from workbench.explore.chooser import Chooser
from workbench.explore.comparison import Comparison
from workbench.explore.figure import LiveFigure
from workbench.explore.multiples import Gallery
from workbench.explore.parts import growing, law_list, log_box, note, predict, row, small_button
from workbench.explore.settings import SETTINGS
from workbench.explore.showing import show
from workbench.schedule import Schedule

_RATE = "learning rate"
_POINTS = 800
_GALLERY_HEIGHT = 500


class Atlas:
    """Which shapes has the field tried? Made by `workbench.explore.browse`.

    `schedule` is the chosen one; `take_a` and `take_b` put it into `comparison`.
    """

    def __init__(self, schedule: str, setting: str, args: Mapping[str, Any]) -> None:
        self._key, self._args = setting, dict(args)
        self.setting = SETTINGS[setting]
        self.fit = self.setting.fit()
        self._ready = False
        self._comparison: Comparison | None = None
        common = {**self.setting.args, **args}
        self.gallery = Gallery(common["total"], common["peak"], height=_GALLERY_HEIGHT)
        self.figure = LiveFigure(drawing.PANELS)
        self.chooser = Chooser(self.setting, schedule, args, self._draw, quantity=None)
        self.log, self.law = log_box(), law_list(setting)
        self.card, self.figures, self.about, self.said = (widgets.HTML() for _ in range(4))
        self.button = {side: small_button(f"Take as {side}") for side in ("A", "B")}
        self.below = widgets.VBox(layout=widgets.Layout(width="100%"))
        self.box = self._layout()
        self.gallery.observe(self._on_gallery, "selected")
        self.law.observe(self._on_law, "value")
        self.log.observe(self._draw, "value")
        self.button["A"].on_click(self.take_a)
        self.button["B"].on_click(self.take_b)
        self._ready = True
        self._draw()

    @property
    def schedule(self) -> Schedule:
        """What the sliders show."""
        return self.chooser.schedule

    @property
    def comparison(self) -> Comparison:
        """The two schedules that were taken as A and B."""
        if self._comparison is None:
            self._comparison = Comparison(self.schedule, self.schedule, self.law.value, self._args)
            self.below.children = (self._comparison.box,)
        return self._comparison

    def take_a(self, _: Any = None) -> None:
        """Compare this schedule, as A."""
        self._take("A")

    def take_b(self, _: Any = None) -> None:
        """Compare this schedule, as B."""
        self._take("B")

    @property
    def _quantity(self) -> str:
        return schedules.get(self.chooser.name).quantity if self.chooser.name else _RATE

    def _take(self, side: str) -> None:
        if self._quantity != _RATE:
            self._say(f"Learning rates are compared here, and this is a {self._quantity}.")
            return
        if self.chooser.error:
            self._say(f"First mend the sliders: {self.chooser.error}")
            return
        self.comparison.take(side, self.schedule)
        other = "B" if side == "A" else "A"
        self._say(f"This schedule is {side} of the comparison below; take another as {other}.")

    def _on_gallery(self, _: Any) -> None:
        name = self.gallery.selected
        if name and name != self.chooser.name:
            self.chooser.take(name)

    def _on_law(self, _: Any) -> None:
        self.setting = SETTINGS[self.law.value]
        self.fit = self.setting.fit()
        self.chooser.take(self.chooser.name or self.schedule, self.setting)

    def _draw(self, _: Any = None) -> None:
        if not self._ready:
            return
        schedule, name = self.schedule, self.chooser.name
        curve = predict(self.fit, schedule, _POINTS)
        if curve is None:
            self._say("The law says nothing of a rate that is 0 throughout.")
            return
        panels = drawing.panels(schedule, curve, (), {}, self.setting.unit, self.log.value)
        panels[0]["yLabel"], rate = self._quantity, self._quantity == _RATE
        low, high = curve.low, curve.high
        assert low is not None and high is not None
        rest = (
            f"predicted final loss {curve.loss[-1]:.4f} {self.setting.unit}, "
            f"90 % interval {low[-1]:.4f} to {high[-1]:.4f}"
            if rate
            else f"a {self._quantity}: no law says what it does to the loss"
        )
        lines = [line for line in drawing.now(schedule, curve) if rate or line.panel == 0]
        gone = () if rate else ("now loss",)
        self.figure.update(lines, remove=gone, panels=panels, rest=rest)
        self.figure.summary = f"{self._quantity} of {schedule!r}: {rest}"
        self.gallery.selected = name
        known = card(name) if name else ""
        if self.card.value != known:
            self.card.value = known
            self._say("")
        self.figures.value = figures(schedule)
        self.about.value = drawing.about(self.fit, schedule) if rate else ""

    def _say(self, sentence: str) -> None:
        self.said.value = note(sentence)

    def _layout(self) -> widgets.VBox:
        buttons = widgets.HBox(list(self.button.values()))
        left = widgets.VBox(
            [self.law, self.chooser.box, self.log, buttons, self.said],
            layout=widgets.Layout(width="330px", flex="0 0 auto"),
        )
        top = row([left, growing(self.figure, 420)])
        top.layout.margin = "10px 0 0 0"
        words = row([growing(self.card, 330), growing(self.figures, 330)])
        whole = [self.gallery, top, words, self.about, self.below]
        return widgets.VBox(whole, layout=widgets.Layout(width="100%"))

    def _ipython_display_(self) -> None:
        # The cell was run again: what was registered in the meantime is in the gallery now.
        self.gallery.refresh()
        show(self.box)
