"""The drawing board: the canvas with the predicted loss of what is drawn beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench import schedules
from workbench.curve import Curve
from workbench.explore import drawing, points
from workbench.explore.canvas import Canvas, room
from workbench.explore.controls import LAYOUT, STYLE, plain
from workbench.explore.figure import Line, LiveFigure
from workbench.explore.parts import COALESCE, growing, later, law_list, note, predict, row, small_button
from workbench.explore.pins import NOW
from workbench.explore.settings import SETTINGS
from workbench.explore.showing import show
from workbench.explore.thumbnails import first_args
from workbench.params import STEPS, number
from workbench.schedule import Schedule

_POINTS = 500
_GHOST = "#7F7F7F"
_PANELS = ({"height": 318, "yLabel": "loss", "short": "loss", "xLabel": "step (updates)", "names": False},)


class Board:
    """Can you draw a better one? Made by `workbench.explore.draw`.

    `schedule` is what is drawn, at any moment; `load` puts control points on a schedule, `undo` and `redo`
    go through what was done.
    """

    def __init__(self, start: str | Schedule, setting: str, args: Mapping[str, Any]) -> None:
        self.setting = SETTINGS[setting]
        self.fit = self.setting.fit()
        self._args = dict(args)
        self._pending: asyncio.TimerHandle | None = None
        self._range: list[float] = []
        first = self._build(start)
        self.canvas = Canvas(points.through(first), room(first.peak))
        self.figure = LiveFigure(_PANELS)
        self._controls(setting)
        self.box = self._layout()
        self.load(first)
        watched = ("points", "smooth", "dragging")
        self.canvas.observe(self._on_canvas, watched)
        self.law.observe(self._on_law, "value")
        self.total.observe(self._on_total, "value")
        self.button.on_click(lambda _: self.load(self.list.value))
        self._draw()

    @property
    def schedule(self) -> Schedule:
        """What is drawn, a schedule of one phase with the shape "points"."""
        return self.canvas.schedule

    def load(self, start: str | Schedule) -> None:
        """Put control points on a schedule, or on a registered one by its name; `undo` takes it back."""
        given = self._build(start)
        self.reference = given
        title = given.recipe["name"] if given.recipe else "loaded"
        self._title = title
        if given.recipe and self.list.value != title:
            self.list.value = title
        with self.canvas.hold_sync():
            self.canvas.put(points.through(given), room(given.peak))
            self._ghost()
        away = points.deviation(given, self.schedule)
        count = len(self.canvas.points)
        off = "exact" if away < 1e-9 else f"off by at most {away:.1%} of the peak"
        self._say(f"Loaded {title}: {count} points, {off}.")
        self._range = []
        self._draw()

    def undo(self) -> None:
        """Take the last change back."""
        self.canvas.undo()

    def redo(self) -> None:
        """Make the last change again that was taken back."""
        self.canvas.redo()

    def _ghost(self) -> None:
        self.canvas.ghost = np.column_stack(drawing.rates(self.reference, 240)).tolist()

    def _build(self, start: str | Schedule) -> Schedule:
        if isinstance(start, Schedule):
            return start
        entry = schedules.get(start)
        return schedules.build({"name": start, **first_args(entry, {**self.setting.args, **self._args})})

    def _on_canvas(self, change: Mapping[str, Any]) -> None:
        if self._pending is None:
            self._pending = later(COALESCE, self._draw)

    def _on_total(self, _: Any) -> None:
        try:
            total = int(number("total", self.total.value, replace(STEPS, low=2), integer=True))
        except ValueError as error:
            self._say(str(error))
            self.total.value = self.canvas.total
            return
        if total != self.canvas.total:
            self.canvas.put(points.stretch(self.canvas.points, total), self.canvas.top)
            self._say(f"The drawing is stretched to {total:,} steps.")

    def _on_law(self, _: Any) -> None:
        before, self.setting = self.setting, SETTINGS[self.law.value]
        self.fit = self.setting.fit()
        # Rates and lengths of one model say nothing of the other: only the shape stays.
        factor = self.setting.args["peak"] / before.args["peak"]
        drawn = points.stretch(self.canvas.points, self.setting.args["total"])
        self.reference = (self.reference * factor).stretch(self.setting.args["total"])
        self._ghost()
        self.canvas.put([(step, rate * factor) for step, rate in drawn], self.canvas.top * factor)
        self._range = []
        self._say("The shape is kept; length and rates are those of the chosen model. Undo takes it back.")
        self._draw()

    def _draw(self) -> None:
        self._pending = None
        if self.total.value != self.canvas.total:
            self.total.value = self.canvas.total
        curve = predict(self.fit, self.schedule, _POINTS)
        if curve is None:
            self.figure.update(remove=["drawn"], rest="The law says nothing of a rate that is 0 throughout.")
            return
        ghost = predict(self.fit, self.reference, _POINTS)
        lines = [_line("drawn", curve, NOW, dash=True)]
        gone = ["ghost"]
        if ghost is not None:
            lines, gone = [_line(self._title, ghost, _GHOST, key="ghost"), *lines], []
        self.figure.update(
            lines, remove=gone, panels=[self._panel(curve, ghost)], rest=self._rest(curve, ghost)
        )
        self.figure.summary = self._rest(curve, ghost)
        if not self.canvas.dragging:
            self.about.value = drawing.about(self.fit, self.schedule)

    def _panel(self, curve: Curve, ghost: Curve | None) -> dict[str, Any]:
        last = self.canvas.total
        low, high = drawing.loss_range([each for each in (curve, ghost) if each is not None], last)
        # While a point is dragged the axis may only widen: one that comes and goes cannot be read.
        if self.canvas.dragging and self._range:
            low, high = min(low, self._range[0]), max(high, self._range[1])
        self._range = [low, high]
        return {"xRange": [0, last], "yRange": self._range, "yLabel": f"loss ({self.setting.unit})"}

    def _rest(self, curve: Curve, ghost: Curve | None) -> str:
        assert curve.low is not None and curve.high is not None
        end = curve.loss[-1]
        text = f"drawn: predicted final loss {end:.4f} (90 %: {curve.low[-1]:.4f} to {curve.high[-1]:.4f})"
        if ghost is None:
            return text
        return f"{text}  ·  {self._title} {ghost.loss[-1]:.4f}, difference {end - ghost.loss[-1]:+.4f}"

    def _say(self, sentence: str) -> None:
        self.said.value = note(sentence)

    def _controls(self, setting: str) -> None:
        self.law = law_list(setting)
        names = [(schedules.get(name).title, name) for name in schedules.names("learning rate")]
        self.list = widgets.Dropdown(options=names, description="start from", layout=LAYOUT, style=STYLE)
        self.button = small_button("Load")
        self.total = widgets.IntText(
            value=self.canvas.total,
            description="total",
            tooltip="updates in the whole run; the drawing is stretched",
            continuous_update=False,
            style=STYLE,
            layout=widgets.Layout(width="190px"),
        )
        self.said, self.about = widgets.HTML(), widgets.HTML()

    def _layout(self) -> widgets.VBox:
        head = row([self.law, self.list, self.button, self.total])
        both = row([growing(self.canvas, 400), growing(self.figure, 400)])
        return widgets.VBox([head, self.said, both, self.about], layout=widgets.Layout(width="100%"))

    def __repr__(self) -> str:
        return f"<Board: {len(self.canvas.points)} points, {plain(self.canvas.total)} steps>"

    def _ipython_display_(self) -> None:
        show(self.box)


def _line(name: str, curve: Curve, color: str, *, key: str = "", dash: bool = False) -> Line:
    band = {"low": curve.low, "high": curve.high} if dash else {}
    legend = f"{name} (dashed: predicted, 90 % band)" if dash else f"{name} (as loaded, predicted)"
    return Line(
        key or name,
        0,
        curve.step,
        curve.loss,
        name,
        color,
        width=2 if dash else 1.5,
        dash=dash,
        legend=legend,
        **band,
    )
