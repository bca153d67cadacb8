"""Steering a chosen lane on the figure: its past is done, its future is dragged, a click on it branches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from workbench.explore import drawing
from workbench.explore.alone import alone
from workbench.explore.figure import Line
from workbench.explore.studio import future, lanes
from workbench.explore.studio.axis import SUM
from workbench.explore.studio.foresight import Foresight
from workbench.explore.studio.tracks import Tracks
from workbench.live.branch import GOING, HELD
from workbench.schedule import Schedule

_MARKS = 0.2
"""Seconds between two places of the mark that says "now"."""
_BENT = "bent"
_STEERED = (*GOING, *HELD)


class Steering:
    """Handles, mark and clicks of the figure.

    Parameters
    ----------
    tracks, foresight
        The lanes that are drawn, and what is predicted of them.
    change : callable
        Takes the key of a branch and its whole schedule with another future.
    clicked : callable
        Takes a branch and the step of it that was clicked.

    Notes
    -----
    While handles are dragged the plan and the fit's prediction of it are drawn, and the training goes on by
    the old plan; it follows when they are let go.
    """

    def __init__(
        self,
        tracks: Tracks,
        foresight: Foresight,
        change: Callable[[str, Schedule], None],
        clicked: Callable[[Any, int], None],
    ) -> None:
        self.tracks, self.foresight = tracks, foresight
        self._change, self._clicked = change, clicked
        self._key, self._schedule = "", None
        self._handles: list[tuple[int, float]] = []
        self._marked = (0.0, -1.0)
        self._dragging = False
        figure = tracks.figure
        figure.on_click(self._click)
        figure.on_drag(self._drag)

    @alone
    def steer(self, key: str) -> None:
        """Give the handles to this branch; none with ""."""
        self._key, self._dragging = key, False
        self._clear()
        if self._branch() is not None:
            self._marked, self._schedule = (0.0, -1.0), None
        self.refresh()

    @alone
    def refresh(self) -> None:
        """Move the mark, and put the handles where the plan is if it has changed."""
        branch = self._branch()
        figure = self.tracks.figure
        if branch is None:
            if self._marked[1] >= 0 or self._schedule is not None:
                self._marked, self._schedule = (0.0, -1.0), None
                figure.handles()
                figure.mark(None)
            return
        now, x = time.monotonic(), float(self.tracks.axis.x(branch.schedule, branch.step))
        if x != self._marked[1] and now - self._marked[0] >= _MARKS:
            figure.mark(x)
            self._marked = (now, x)
        if self._dragging:
            return
        if self.tracks.axis.unit == SUM:
            if self._schedule is not None:
                figure.handles()
                self._schedule = None
            return
        if self._schedule is None or self._schedule != branch.schedule:
            self._lay(branch)

    def redraw(self) -> None:
        """Put mark and handles anew, as for another axis."""
        self.steer(self._key)

    def _lay(self, branch: Any) -> None:
        points = future.handles(branch)
        axis, figure = self.tracks.axis, self.tracks.figure
        self._handles, self._schedule = points, branch.schedule
        if len(points) < 2:
            figure.handles()
            return
        x = axis.x(branch.schedule, [step for step, _ in points])
        rows = [(float(at), rate) for at, (_, rate) in zip(x, points, strict=True)]
        figure.handles(rows, lanes.name(branch.key, lanes.PLAN), lock=[0, len(rows) - 1])

    def _branch(self) -> Any:
        found = [branch for branch in self.tracks.branches if branch.key == self._key]
        steered = [b for b in found if b.status in _STEERED and b.step < len(b.schedule)]
        return steered[0] if steered else None

    @alone
    def _drag(self, points: list[tuple[float, float]], done: bool) -> None:
        branch = self._branch()
        if branch is None or self._schedule is None:
            raise ValueError("This lane has ended: branch from it, or choose another.")
        axis = self.tracks.axis
        rows = [(float(axis.step(self._schedule, x)), y) for x, y in points]
        schedule = future.bent(self._schedule, self._handles, rows)
        self._dragging = not done
        if done:
            self._clear()
            self._schedule = None
            self._change(branch.key, schedule)
            return
        self._preview(branch, schedule)

    def _preview(self, branch: Any, schedule: Schedule) -> None:
        axis, palette = self.tracks.axis, self.tracks.palette
        color, group = palette.of(branch.group, branch.schedule), palette.group(branch.group)
        step, rate = drawing.rates(schedule, lanes.POINTS)
        lines = [
            Line(
                lanes.name(branch.key, lanes.PLAN),
                0,
                axis.x(schedule, step),
                rate,
                f"{branch.name} plan",
                color,
                width=1.2,
                dash=True,
                group=group,
            )
        ]
        curve = self.foresight.predict(schedule)
        if curve is not None:
            x = axis.x(schedule, curve.step)
            lines.append(Line(_BENT, 1, x, curve.loss, "predicted", color, width=1.3, dash=True, group=group))
        self.tracks.figure.update(lines)

    def _clear(self) -> None:
        self.tracks.figure.update(remove=[_BENT])

    @alone
    def _click(self, line: str, x: float, y: float) -> None:
        key, part = lanes.branch_of(line)
        if key == "mean":
            key = part
        found = {branch.key: branch for branch in self.tracks.branches}
        if key not in found:
            raise ValueError("Only from what has been trained can one branch: click a measured curve.")
        branch = found[key]
        step = self.tracks.axis.step(branch.schedule, x)
        if step > branch.step:
            raise ValueError(
                f"{branch.name} has made {branch.step:,} updates: step {step:,} is not there yet."
            )
        self._clicked(branch, step)
