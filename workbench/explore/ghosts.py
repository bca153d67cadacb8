"""What the explorer draws beside the lanes: the schedule of the sliders, and pins that nothing trains yet."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from workbench.curve import Curve
from workbench.explore import drawing, pins
from workbench.explore.figure import Line, LiveFigure
from workbench.explore.pins import Pin
from workbench.explore.studio import measuring, ranges
from workbench.explore.studio.axis import Axis
from workbench.explore.studio.stage import Stage
from workbench.fitted import Fit
from workbench.live.branch import GOING
from workbench.schedule import Schedule

_LOOKS = 0.25
"""Seconds between two looks at the axes while lanes grow."""


class Ghosts:
    """Pins with their predicted curves, and axes that hold everything; a lane that trains a pin draws it.

    Parameters
    ----------
    figure : LiveFigure
        Where they are drawn.
    stage : Stage
        The lanes.
    points : int
        Points of a drawn curve.
    """

    def __init__(self, figure: LiveFigure, stage: Stage, points: int) -> None:
        self.pins: list[Pin] = []
        self._figure, self._stage, self._points = figure, stage, points
        self._axes = ranges.Axes(figure)
        self._drawn: dict[str, Axis] = {}
        self._seen: list[Line] = []
        self._seen_at = 0.0

    def keep(self, fit: Fit, schedule: Schedule, name: str) -> None:
        """One more pin."""
        predicted = drawing.predicted(fit, schedule, self._points)
        color = self._stage.palette.of(f"pin {name}", schedule)
        self.pins.append(Pin(name, color, schedule, predicted))

    def clear(self) -> None:
        """Take all pins away."""
        for pin in self.pins:
            self._stage.palette.free(f"pin {pin.name}")
        self.pins = []

    def adopt(self, fit: Fit, kept: Iterable[Pin]) -> None:
        """Pins of the page before this one, and of lanes that were found."""
        there = [(pin.name, pin.schedule) for pin in kept]
        found = measuring.planned(self._stage.tracks.branches)
        there += [(name, schedule) for name, schedule in found if schedule not in [s for _, s in there]]
        for name, schedule in there[: pins.LIMIT]:
            self.keep(fit, schedule, measuring.free(name, {pin.name for pin in self.pins}))

    def draw(self, schedule: Schedule, curve: Curve, rest: str) -> None:
        """Draw the schedule of the sliders anew, and what of the pins has changed."""
        axis, branches = self._stage.tracks.axis, self._stage.tracks.branches
        lines = [replace(line, x=axis.x(schedule, line.x)) for line in drawing.now(schedule, curve)]
        wanted = {f"pin{i}": pin for i, pin in enumerate(self.pins) if not measuring.of(branches, pin)}
        gone = [key for key in self._drawn if key not in wanted]
        for key, pin in wanted.items():
            if self._drawn.get(key) != axis:
                lines += self._ghost(int(key[3:]), pin, axis)
        self._drawn = dict.fromkeys(wanted, axis)
        remove = [f"{key} {part}" for key in gone for part in ("rate", "loss")]
        self._figure.update(lines, remove=remove, rest=rest)

    def look(self, *, force: bool) -> bool:
        """Whether it is time to look at what was measured again; `force` says that it is."""
        now = time.monotonic()
        if not force and now - self._seen_at < _LOOKS:
            return False
        self._seen_at, self._seen = now, ranges.seen(self._stage.tracks.branches)
        return True

    def scale(self, schedule: Schedule, curve: Curve, unit: str, *, log_rate: bool) -> None:
        """Move the axes so that all of it is in the picture."""
        stage = self._stage
        others = [each.schedule for each in (*self.pins, *stage.tracks.branches)]
        curves = [curve, *(pin.predicted for pin in self.pins), *stage.foresight.curves.values()]
        self._axes.set(
            ranges.panels(
                stage.tracks.axis,
                schedule,
                others,
                curves,
                self._seen,
                unit,
                log_rate=log_rate,
                log_loss=stage.view.log,
            )
        )

    def measure(self, session: Any) -> None:
        """Give each pin the run of its newest lane that has ended."""
        branches = session.branches
        for i, pin in enumerate(self.pins):
            ended = [each for each in measuring.of(branches, pin) if each.status not in GOING]
            if ended:
                self.pins[i] = pin.measured(session.run(ended[-1].key))

    def table(self) -> str:
        """HTML table of the pins."""
        return pins.table(self.pins)

    def _ghost(self, i: int, pin: Pin, axis: Axis) -> list[Line]:
        group = self._stage.palette.group(f"pin {pin.name}")
        lines = drawing.ghost(i, pin, self._points)
        return [replace(line, x=axis.x(pin.schedule, line.x), group=group) for line in lines]
