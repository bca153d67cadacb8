"""Two schedules side by side: sliders for each, their rates, areas and predicted losses over one axis."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench import views
from workbench.curve import Curve
from workbench.explore import drawing
from workbench.explore.canvas import room
from workbench.explore.chooser import Chooser
from workbench.explore.figure import Line, LiveFigure
from workbench.explore.parts import law_list, log_box, predict, row
from workbench.explore.settings import SETTINGS
from workbench.explore.showing import show
from workbench.schedule import Schedule

COLORS = {"A": "#0072B2", "B": "#D55E00"}
_POINTS = 600
_PANELS = (
    {"height": 170, "yLabel": "learning rate", "short": "rate", "xLabel": "", "names": True},
    {"height": 140, "yLabel": "area (rate × steps)", "short": "area", "xLabel": "", "names": False},
    {"height": 250, "yLabel": "loss", "short": "loss", "xLabel": "step (updates)", "names": False},
)


class Comparison:
    """How do two schedules differ? Made by `workbench.explore.compare`.

    `a` and `b` are the schedules that the sliders show, `take` puts another in the place of one.
    """

    def __init__(self, a: str | Schedule, b: str | Schedule, setting: str, args: Mapping[str, Any]) -> None:
        self.setting = SETTINGS[setting]
        self.fit = self.setting.fit()
        self.figure = LiveFigure(_PANELS)
        self._ready = False
        self._chooser = {
            side: Chooser(self.setting, start, args, self._draw, label=side)
            for side, start in (("A", a), ("B", b))
        }
        self.log, self.law, self.words = log_box(), law_list(setting), widgets.HTML()
        self.log.observe(self._draw, "value")
        self.law.observe(self._on_law, "value")
        sides = row(chooser.box for chooser in self._chooser.values())
        whole = [sides, row([self.law, self.log]), self.figure, self.words]
        self.box = widgets.VBox(whole, layout=widgets.Layout(width="100%"))
        self._ready = True
        self._draw()

    @property
    def a(self) -> Schedule:
        """The first schedule."""
        return self._chooser["A"].schedule

    @property
    def b(self) -> Schedule:
        """The second schedule."""
        return self._chooser["B"].schedule

    def take(self, side: str, schedule: Schedule) -> None:
        """Put `schedule` in the place of "A" or "B"."""
        if side not in self._chooser:
            raise ValueError(f"side must be A or B; got {side!r}")
        self._chooser[side].take(schedule)

    def _on_law(self, _: Any) -> None:
        self.setting = SETTINGS[self.law.value]
        self.fit = self.setting.fit()
        self._ready = False
        for chooser in self._chooser.values():
            # Rates and lengths of one model say nothing of the other: begin with those of the new one.
            chooser.take(chooser.name or chooser.schedule, self.setting)
        self._ready = True
        self._draw()

    def _draw(self, _: Any = None) -> None:
        if not self._ready:
            return
        lines, curves = [], []
        steps = np.union1d(*(drawing.rates(each, _POINTS)[0] for each in (self.a, self.b)))
        for side, schedule in (("A", self.a), ("B", self.b)):
            curve = predict(self.fit, schedule, _POINTS)
            lines += _lines(side, schedule, curve, steps[steps < len(schedule)])
            curves.append(curve)
        gone = [key for key in self.figure.lines if key not in {line.key for line in lines}]
        self.figure.update(lines, remove=gone, panels=self._panels(lines, curves), rest=self._rest(curves))
        told = views.compare(self.a, self.b)
        self.figure.summary = f"A and B over one axis. {told}"
        sentences = "".join(f"<li>{escape(_named(line))}</li>" for line in told.words)
        self.words.value = f'<ul class="lrw-note lrw-words">{sentences}</ul>'

    def _panels(self, lines: list[Line], curves: list[Curve | None]) -> list[dict[str, Any]]:
        last = max(len(self.a), len(self.b))
        peak = max(self.a.peak, self.b.peak) or 1.0
        area = max(float(line.y[-1]) for line in lines if line.panel == 1) or 1.0
        spans = self.a.spans()
        shades = [{"name": f"A: {span.name}", "from": span.start, "to": span.stop} for span in spans]
        common = {"xRange": [0, last], "shades": shades if len(shades) <= 12 else []}
        seen = [curve for curve in curves if curve is not None]
        return [
            {
                **common,
                "yRange": [peak * 1e-4, 5 * peak] if self.log.value else [0, 1.16 * peak],
                "log": self.log.value,
            },
            {**common, "yRange": [0, room(area)]},
            {
                **common,
                "yRange": drawing.loss_range(seen, last) if seen else [0, 1],
                "yLabel": f"loss ({self.setting.unit})",
            },
        ]

    def _rest(self, curves: list[Curve | None]) -> str:
        a, b = (None if curve is None else float(curve.loss[-1]) for curve in curves)
        if a is None or b is None:
            return "predicted final loss: the law says nothing of a rate of 0"
        return f"predicted final loss: A {a:.4f}, B {b:.4f}, B - A {b - a:+.4f} {self.setting.unit}"

    def _ipython_display_(self) -> None:
        show(self.box)


def _lines(side: str, schedule: Schedule, curve: Curve | None, step: np.ndarray) -> list[Line]:
    color = COLORS[side]
    title = schedule.recipe["name"] if schedule.recipe else "given"
    common = {"label": side, "color": color, "group": side}
    area = np.cumsum(schedule.array())
    out = [
        Line(f"{side} rate", 0, step, schedule(step), width=2, legend=f"{side}: {title}", **common),
        Line(f"{side} area", 1, step, area[step.astype(int)], width=2, **common),
    ]
    if curve is not None:
        out.append(
            Line(
                f"{side} loss",
                2,
                curve.step,
                curve.loss,
                low=curve.low,
                high=curve.high,
                dash=True,
                width=2,
                **common,
            )
        )
    return out


def _named(sentence: str) -> str:
    """The sentences of the views speak of the first and the second; on this page they are A and B."""
    for word, side in (("The first", "A"), ("the first", "A"), ("The second", "B"), ("the second", "B")):
        sentence = sentence.replace(word, side)
    return sentence
