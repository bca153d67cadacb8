"""The canvas on which a schedule is drawn: its points on the Python side, checked, with undo."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from workbench.explore import points as of
from workbench.schedule import Schedule

_STATIC = Path(__file__).parent / "static"
_HISTORY = 200


class Canvas(anywidget.AnyWidget):
    """Control points that are dragged with the mouse or moved with keys; `schedule` is what they draw.

    Parameters
    ----------
    points : sequence of (step, rate)
        Steps increase from 0 to the total.
    top : float, optional
        Upper end of the rate axis; room above the highest point where it is not given.
    """

    # anywidget takes one module: these are put together, the last one renders.
    _esm = "\n".join(
        (_STATIC / f"{name}.js").read_text("utf-8")
        for name in ("short", "axes", "paint", "toolbar", "canvas")
    )
    _css = (_STATIC / "canvas.css").read_text("utf-8")
    points = traitlets.List().tag(sync=True)
    ghost = traitlets.List().tag(sync=True)
    top = traitlets.Float(1.0).tag(sync=True)
    height = traitlets.Int(320).tag(sync=True)
    color = traitlets.Unicode("#D55E00").tag(sync=True)
    log = traitlets.Bool(False).tag(sync=True)
    snap = traitlets.Bool(False).tag(sync=True)
    monotone = traitlets.Bool(False).tag(sync=True)
    smooth = traitlets.Bool(False).tag(sync=True)
    dragging = traitlets.Bool(False).tag(sync=True)
    can_undo = traitlets.Bool(False).tag(sync=True)
    can_redo = traitlets.Bool(False).tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)

    def __init__(self, points: Any, top: float | None = None) -> None:
        self._states: list[tuple[of.Points, float]] = []
        self._at = -1
        super().__init__()
        self.put(points, top)
        self.on_msg(self._heard)

    @property
    def schedule(self) -> Schedule:
        """What is drawn, one phase named "drawn" with the shape "points"."""
        return of.schedule(self._points(), smooth=self.smooth)

    @property
    def total(self) -> int:
        """Updates of the schedule: the step of the last point."""
        return int(self.points[-1][0])

    def put(self, points: Any, top: float | None = None) -> None:
        """Take other points, and with them another end of the rate axis: one step for undo."""
        checked = of.check(points)
        with self.hold_sync(), self.hold_trait_notifications():
            self.top = room(max(rate for _, rate in checked)) if top is None else top
            self.points = [list(point) for point in checked]
            self.problem = ""

    def undo(self) -> None:
        """Take the last change back."""
        self._go(self._at - 1)

    def redo(self) -> None:
        """Make the last change again that was taken back."""
        self._go(self._at + 1)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """What the browser has changed; points that are none are refused with a sentence."""
        try:
            if "points" in sync_data:
                given = of.check(sync_data["points"])
                if given[-1][0] != self.total:
                    raise ValueError(f"the last point must stay at step {self.total}; got {given[-1][0]}")
                sync_data = {**sync_data, "problem": ""}
            super().set_state(sync_data)
        except ValueError as error:
            super().set_state({key: value for key, value in sync_data.items() if key != "points"})
            self.problem = str(error)
            self.send_state("points")

    @traitlets.validate("points")
    def _valid(self, proposal: Mapping[str, Any]) -> list[list[float]]:
        checked = of.check(proposal["value"])
        return [list(point) for point in (of.level(checked) if self.monotone else checked)]

    @traitlets.validate("top")
    def _valid_top(self, proposal: Mapping[str, Any]) -> float:
        top = proposal["value"]
        if not 0 < top < math.inf:
            raise ValueError(f"top must be greater than 0; got {top}")
        return top

    @traitlets.observe("monotone")
    def _flatten(self, change: Mapping[str, Any]) -> None:
        if change["new"] and self.points:
            self.points = [list(point) for point in of.level(self._points())]

    @traitlets.observe("points", "top", "dragging")
    def _remember(self, _: Any) -> None:
        # What passes by while a point is dragged is no step of its own, and moves no axis.
        if self.dragging or not self.points:
            return
        highest = max(rate for _, rate in self.points)
        if highest >= 0.999 * self.top:
            self.top = room(highest)
        state = (self._points(), self.top)
        if self._states and self._states[self._at] == state:
            return
        self._states = [*self._states[: self._at + 1], state][-_HISTORY:]
        self._at = len(self._states) - 1
        self._offer()

    def _go(self, at: int) -> None:
        if not 0 <= at < len(self._states):
            return
        self._at = at
        points, top = self._states[at]
        with self.hold_sync(), self.hold_trait_notifications():
            # What was drawn freely comes back as it was, and so does the freedom.
            self.monotone = self.monotone and of.level(points) == points
            self.top, self.points = top, [list(point) for point in points]
        self._offer()

    def _offer(self) -> None:
        self.can_undo, self.can_redo = self._at > 0, self._at < len(self._states) - 1

    def _points(self) -> of.Points:
        return tuple((step, rate) for step, rate in self.points)

    def _heard(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        if content.get("type") in ("undo", "redo"):
            getattr(self, content["type"])()


def room(peak: float) -> float:
    """A round upper end of the rate axis with room above `peak`, so that nothing jumps when it is raised."""
    wanted = 1.2 * peak or 1.0
    grain = 10.0 ** math.floor(math.log10(wanted))
    return next(
        float(f"{n * grain:.6g}") for n in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if n * grain >= wanted
    )
