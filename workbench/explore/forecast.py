"""A new schedule with sliders under a fitted law: its band, and what it gains over a measured run."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import ipywidgets as widgets

from workbench.curve import Curve
from workbench.explore import drawing, fitlines
from workbench.explore.chooser import Chooser
from workbench.explore.controls import LAYOUT, STYLE
from workbench.explore.curves import UNIT
from workbench.explore.figure import Line, LiveFigure
from workbench.explore.outcome import Outcome
from workbench.explore.parts import growing, log_box, note, row
from workbench.explore.pins import COLORS, Pin
from workbench.schedule import Schedule

_POINTS = 600


class Forecast:
    """The lower half of the page of predictions; `schedule` is what the sliders say."""

    def __init__(self, outcome: Outcome, start: str | Schedule, args: Mapping[str, Any]) -> None:
        self.outcome = outcome
        self._ready = False
        self._there: tuple[int, str, Curve] | None = None
        self.figure = LiveFigure(drawing.PANELS)
        self.chooser = Chooser(outcome.curves.setting, start, args, self._draw)
        self.other = widgets.Dropdown(description="against", layout=LAYOUT, style=STYLE)
        self.log = log_box()
        self.caption, self.words = widgets.HTML(), widgets.HTML()
        left = widgets.VBox(
            [self.chooser.box, self.other, self.log], layout=widgets.Layout(width="330px", flex="0 0 auto")
        )
        right = widgets.VBox([self.figure, self.caption, self.words], layout=widgets.Layout(width="100%"))
        head = widgets.HTML('<div class="lrw-note"><b>A schedule that nobody has run</b></div>')
        self.box = widgets.VBox([head, row([left, growing(right, 480)])], layout=widgets.Layout(width="100%"))
        self.other.observe(self._draw, "value")
        self.log.observe(self._draw, "value")
        self._against()
        self._ready = True
        self._draw()

    @property
    def schedule(self) -> Schedule:
        """What the sliders show."""
        return self.chooser.schedule

    @property
    def curve(self) -> Curve:
        """Its predicted loss, at every step."""
        return self.outcome.fit.predict(self.schedule, **self.outcome.about)

    def take(self, outcome: Outcome, *, again: bool) -> None:
        """Another fit; `again`: of another data set, whose sliders are to be put in place."""
        self.outcome = outcome
        self._ready = False
        if again:
            self._against()
            self.chooser.take(self.chooser.name or self.chooser.schedule, outcome.curves.setting)
        self._ready = True
        self._draw()

    def _reference(self, schedule: Schedule) -> Curve:
        """What is predicted for the run to compare with; it does not change with the sliders."""
        if self._there is None or self._there[:2] != (id(self.outcome), self.other.value):
            curve = fitlines.predicted(self.outcome.fit, schedule, _POINTS, self.outcome.about)
            self._there = (id(self.outcome), self.other.value, curve)
        return self._there[2]

    def _against(self) -> None:
        self.other.options = self.outcome.curves.names
        self.other.value = self.outcome.trained[0]

    def _draw(self, _: Any = None) -> None:
        if not self._ready:
            return
        outcome, schedule = self.outcome, self.chooser.schedule
        try:
            run = outcome.curves.get(self.other.value)
            now = fitlines.predicted(outcome.fit, schedule, _POINTS, outcome.about)
            there = self._reference(run.schedule)
            apart = outcome.fit.difference(schedule, run.schedule, **outcome.about)
        except ValueError as error:
            self.words.value = note(f"The law says nothing of this schedule: {error}.", bad=True)
            return
        pin = Pin(self.other.value, COLORS[0], run.schedule, there, run)
        lines = drawing.now(schedule, now) + drawing.ghost(0, pin, _POINTS)
        seen = fitlines.thinned(run)
        lines.append(
            Line(
                "measured0", 1, seen.step, seen.loss, f"{pin.name} measured", pin.color, width=2, group="pin0"
            )
        )
        drawn = {line.key: line for line in lines}
        panels = drawing.panels(schedule, now, [pin], drawn, UNIT, self.log.value)
        # Over a whole run the loss falls so far that no band could be seen: three quarters fill the axis.
        last = 3 * max(len(schedule), len(run.schedule))
        panels[1]["yRange"] = drawing.loss_range([now, there], last, [drawn["measured0"]])
        self.figure.update(lines, panels=panels, rest=drawing.ends(now, UNIT))
        self.figure.summary = f"Rate and predicted loss of {schedule!r}: {drawing.ends(now, UNIT)}"
        self.caption.value = note(f"{outcome.caption} Solid: {pin.name} as measured.")
        said = [f"Final loss less that of {pin.name}, both predicted: {apart}."]
        said += [f"Measured final loss of {pin.name}: {run.final_loss:.4f}."]
        warned = [f"<b>Beware:</b> {escape(each)}." for each in outcome.fit.warnings(schedule)]
        body = " ".join([*map(escape, said), *warned])
        self.words.value = f'<div class="lrw-note" role="status">{body}</div>'
