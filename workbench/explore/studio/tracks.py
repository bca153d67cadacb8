"""What of a session is drawn on a live figure: every lane in its colour, new points as they come in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workbench.curve import Curve
from workbench.explore.alone import alone
from workbench.explore.figure import Line, LiveFigure
from workbench.explore.studio import lanes
from workbench.explore.studio.axis import STEPS, TOKENS, Axis
from workbench.explore.studio.ear import Ear
from workbench.explore.studio.lanes import Look
from workbench.explore.studio.palette import Palette
from workbench.explore.studio.smoothing import Smoother
from workbench.explore.studio.spread import over_seeds
from workbench.live.branch import GOING

_MEANS = 0.5
"""Seconds between two pictures of a mean over seeds, which is drawn anew as a whole."""


class Tracks:
    """Draws the branches of a session: rates above, done and planned, measured losses below.

    Parameters
    ----------
    session : Session
        Made by `workbench.live.open`.
    figure : LiveFigure
        Panel 0 has the rates, panel 1 the losses.
    palette : Palette, optional
        Colours, where other parts of the page share them.
    shown : callable, optional
        Whether a branch is drawn; all are where it is not given.
    after : callable, optional
        Called after each picture, to move axes and whatever depends on the lanes.

    Notes
    -----
    What came in since the last picture is appended; a lane is drawn anew only when its schedule, its name or
    the way in which it is looked at changes. Any number of tracks may follow one session.
    """

    def __init__(
        self,
        session: Any,
        figure: LiveFigure,
        palette: Palette | None = None,
        shown: Callable[[Any], bool] | None = None,
        after: Callable[[], None] | None = None,
    ) -> None:
        self.session, self.figure = session, figure
        self.palette = palette or Palette()
        self.axis, self.smoothing, self.train = Axis(), 0.0, False
        self.chosen: tuple[str, ...] = ()
        self._shown, self._after = shown or (lambda branch: True), after
        self._at = 0
        self._drawn: dict[str, tuple[Any, ...]] = {}
        self._last: dict[str, float] = {}
        self._smoothers: dict[str, Smoother] = {}
        self._means, self._averaged = 0.0, set[str]()
        self.ear = Ear(session, self.refresh)
        self.refresh()

    @property
    def branches(self) -> tuple[Any, ...]:
        """The branches that are drawn."""
        return tuple(branch for branch in self.session.branches if self._shown(branch))

    @property
    def batch_tokens(self) -> float:
        """Tokens of one update; 0 where no lane says so."""
        facts = [branch.facts.get("batch_tokens") for branch in self.branches]
        return float(next((each for each in facts if each), 0.0))

    @alone
    def look(
        self, *, unit: str | None = None, smoothing: float | None = None, train: bool | None = None
    ) -> None:
        """Look at the lanes in another way; what is not given stays."""
        unit = self.axis.unit if unit is None else unit
        if unit == TOKENS and not self.batch_tokens:
            unit = STEPS
        self.axis = Axis(unit, self.batch_tokens or 1.0)
        self.smoothing = self.smoothing if smoothing is None else smoothing
        self.train = self.train if train is None else train
        self.redraw()

    @alone
    def choose(self, keys: tuple[str, ...]) -> None:
        """Let these lanes stand out."""
        if keys != self.chosen:
            self.chosen = keys
            self.refresh()

    @alone
    def redraw(self) -> None:
        """Draw every lane anew."""
        self._drawn = {}
        self.refresh()

    @alone
    def refresh(self) -> None:
        """Draw what is new since the last picture."""
        self._at, news = self.session.news(self._at)
        branches = self.branches
        looks = self._looks(branches)
        fresh = [branch for branch in branches if self._drawn.get(branch.key) != _mark(branch, looks)]
        keys = {branch.key for branch in branches}
        gone = [key for key in self._drawn if key not in keys]
        if fresh or gone:
            self._whole(fresh, gone, looks)
        self._append({branch.key: branch for branch in branches}, looks, news)
        self._average(branches, looks, force=bool(fresh or gone))
        if self._after is not None:
            self._after()

    def close(self) -> None:
        """Hear nothing more of the session; what is drawn stays."""
        self.ear.close()

    def _looks(self, branches: tuple[Any, ...]) -> dict[str, Look]:
        sizes = {group: sum(b.group == group for b in branches) for group in {b.group for b in branches}}
        colors = {branch.key: self.palette.of(branch.group, branch.schedule) for branch in branches}
        names = {g: lanes.shared([b.name for b in branches if b.group == g]) for g in sizes}
        first: dict[str, str] = {}
        for branch in branches:
            first.setdefault(self.palette.group(branch.group), branch.key)
        return {
            branch.key: Look(
                self.axis,
                colors[branch.key],
                group := self.palette.group(branch.group),
                names[branch.group] if first[group] == branch.key else "",
                self.smoothing,
                self.train,
                sizes[branch.group] > 1,
                branch.key in self.chosen,
            )
            for branch in branches
        }

    def _whole(self, fresh: list[Any], gone: list[str], looks: Mapping[str, Look]) -> None:
        touched = {*gone, *(branch.key for branch in fresh)}
        old = {line for line in self._last if lanes.branch_of(line)[0] in touched}
        for line in old:
            self._last.pop(line)
            self._smoothers.pop(line, None)
        lines: list[Line] = []
        for branch in fresh:
            look = looks[branch.key]
            new = lanes.rate(branch, look) + lanes.measured(branch, look, self._smoothers)
            self._drawn[branch.key] = _mark(branch, looks)
            self._last.update({line.key: _end(branch, line.key) for line in new})
            lines += new
        for key in gone:
            del self._drawn[key]
        self.figure.update(lines, remove=[line for line in old if line not in self._last])

    def _append(
        self,
        branches: Mapping[str, Any],
        looks: Mapping[str, Look],
        news: list[tuple[str, Mapping[str, Curve]]],
    ) -> None:
        points: dict[str, tuple[Any, Any]] = {}
        for key, curves in news:
            branch = branches.get(key)
            for part, curve in curves.items() if branch is not None else ():
                line = lanes.name(key, part)
                if line in self._last:
                    points.update(self._piece(branch, line, curve, looks[key].axis))
        for key, branch in branches.items():
            line = lanes.name(key, lanes.RATE)
            step, rates = lanes.past(branch, self._last.get(line, np.inf))
            if len(step):
                points[line] = (looks[key].axis.x(branch.schedule, step), rates)
                self._last[line] = float(step[-1])
        if points:
            self.figure.append(points)

    def _piece(self, branch: Any, line: str, curve: Curve, axis: Axis) -> dict[str, tuple[Any, Any]]:
        # A lane that was drawn whole a moment ago has some of the news already.
        new = curve.step > self._last[line]
        if not new.any():
            return {}
        step, loss = curve.step[new], curve.loss[new]
        x = axis.x(branch.schedule, step)
        self._last[line] = float(step[-1])
        out = {line: (x, loss)}
        if line in self._smoothers:
            out[lanes.smoothed(line)] = (x, self._smoothers[line].add(loss))
        return out

    def _average(self, branches: tuple[Any, ...], looks: Mapping[str, Look], *, force: bool) -> None:
        now = time.monotonic()
        ended = all(branch.status not in GOING for branch in branches)
        if not (force or ended or now - self._means >= _MEANS):
            return
        self._means = now
        groups: dict[str, list[Any]] = {}
        for branch in branches:
            groups.setdefault(branch.group, []).append(branch)
        lines, there = [], set[str]()
        for group, members in groups.items():
            mean = over_seeds([b.curves["loss"] for b in members if "loss" in b.curves])
            if len(members) < 2 or mean is None:
                continue
            look = looks[members[0].key]
            x = look.axis.x(members[0].schedule, mean.step)
            label = f"{lanes.shared([b.name for b in members])}, mean of {len(members)} seeds"
            wide = 3.0 if any(looks[b.key].chosen for b in members) else 2.2
            key = f"mean {group}"
            there.add(key)
            lines.append(
                Line(key, 1, x, mean.loss, label, look.color, mean.low, mean.high, wide, group=look.group)
            )
        old, self._averaged = self._averaged - there, there
        if lines or old:
            self.figure.update(lines, remove=old)


def _mark(branch: Any, looks: Mapping[str, Look]) -> tuple[Any, ...]:
    """What a lane's picture depends on, beside its points."""
    measured = tuple(name for name in ("loss", "train") if name in branch.curves)
    return (branch.schedule, branch.name, measured, looks[branch.key])


def _end(branch: Any, line: str) -> float:
    """Last step of a line that was drawn whole."""
    _, part = lanes.branch_of(line)
    if part in (lanes.RATE, lanes.PLAN):
        return float(branch.step - 1)
    curve = branch.curves.get(part.split(" ")[0])
    return float(curve.step[-1]) if curve is not None and len(curve) else -1.0
