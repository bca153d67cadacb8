"""The valley in two dimensions under the schedule in one's hand: map, surface, river against hill."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench import registry, schedules
from workbench.explore import points
from workbench.explore import valley_track as of
from workbench.explore.canvas import Canvas, room
from workbench.explore.chooser import Chooser
from workbench.explore.controls import LAYOUT, STYLE, control, plain, read
from workbench.explore.figure import LiveFigure
from workbench.explore.parts import COALESCE, growing, later, note, row, small_button
from workbench.explore.pins import COLORS, NOW
from workbench.explore.settings import Setting
from workbench.explore.showing import show
from workbench.explore.thumbnails import first_args
from workbench.explore.valley_view import Flock, ValleyView
from workbench.params import RATE, Param, number
from workbench.schedule import Schedule
from workbench.train.tasks.valley import valley

SETTING = Setting(
    title="River valley in two dimensions",
    law="",
    unit="nats",
    args={"total": 2000, "peak": 0.02, "warmup": 0.01, "decay": 0.2},
    ranges={"total": (200, 6000), "peak": (1e-3, 0.06)},
)
LAND: Mapping[str, Any] = {"bed": "plane", "slope": 0.2, "noise": 8.0}
"""What of the task's defaults is changed: a river that falls for ever, in which a walker never arrives."""
LONGEST = 20_000
_SLIDERS = ("noise", "curvature", "bends", "slope")
_RANGES = {"noise": (0.0, 16.0), "curvature": (5.0, 60.0), "bends": (0.0, 2.0), "slope": (0.0, 0.8)}
_TOTAL = Param(10, LONGEST, unit="updates", help="of the run")
_WALKERS, _SEED = Param(1, 100, help="walkers"), Param(0, 10_000, help="seed of the first walker")
_GHOST = COLORS[0]
_SHOW = 0.05
"""Seconds after which a moved player is drawn in the curves."""


class Valley:
    """Made by `workbench.explore.valley`. `schedule` and `flock` are what it shows; `pin` keeps it."""

    def __init__(
        self,
        start: str | Schedule,
        args: Mapping[str, Any],
        walkers: int,
        seed: int,
        land: Mapping[str, Any],
    ) -> None:
        given = {name: value for name, value in args.items() if value is not None}
        if "peak" in given:
            number("peak", given["peak"], replace(RATE, open_low=True))
        for name, value, limit in (("walkers", walkers, _WALKERS), ("seed", seed, _SEED)):
            number(name, value, limit, integer=True)
        length = len(start) if isinstance(start, Schedule) else given.get("total", SETTING.args["total"])
        number("total", length, _TOTAL, integer=True)
        self._land = registry.build("task", {"name": "valley", **LAND, **land})
        self._pending: asyncio.TimerHandle | None = None
        self._moving: asyncio.TimerHandle | None = None
        self._kept: Flock | None = None
        self._ready = False
        self.figure, self.view = LiveFigure(of.PANELS), ValleyView()
        first = start if isinstance(start, Schedule) else _built(start, given)
        self.chooser = Chooser(SETTING, first, given, self._soon)
        first = self.chooser.schedule
        self.canvas = Canvas(points.through(first), room(first.peak))
        self.canvas.height = 220
        self._make_controls(walkers, seed)
        self.box = self._layout()
        self._watch()
        self._ready = True
        self._show_hand()
        self._draw()

    @property
    def task(self) -> valley:
        """The valley that the sliders show."""
        fields = {field.name: field for field in registry.get("task", "valley").fields}
        said = {name: read(fields[name], each.value) for name, each in self.controls.items()}
        return replace(self._land, **said)

    @property
    def schedule(self) -> Schedule:
        """What the sliders say, or what is drawn by hand."""
        return self.canvas.schedule if self.hand.value else self.chooser.schedule

    @property
    def flock(self) -> Flock:
        """The walkers that are shown."""
        if self._pending is not None:
            self._pending.cancel()
            self._draw()
        return self._flock

    def pin(self, _: Any = None) -> None:
        """Keep the walkers of now beside those to come."""
        self._kept = replace(self.flock, name=f"kept: {self._name()}", color=_GHOST)
        self._draw()

    def clear(self, _: Any = None) -> None:
        """Take what was kept away."""
        self._kept = None
        self._draw()

    def play(self, _: Any = None) -> None:
        """Let time run from where the player stands."""
        self.view.playing = True

    def _name(self) -> str:
        name = "by hand" if self.hand.value else self.chooser.name or "given"
        return f"{name}, peak {plain(self.schedule.peak)}"

    def _soon(self, _: Any = None) -> None:
        if self._ready and self._pending is None:
            self._pending = later(COALESCE, self._draw)

    def _draw(self) -> None:
        self._pending = None
        schedule = self.schedule
        if len(schedule) > LONGEST:
            self.problem.value = note(
                f"total must be at most {LONGEST:,} updates; got {len(schedule):,}", bad=True
            )
            return
        task = self.task
        first, count = int(self.seed.value), int(self.walkers.value)
        walk = task.walk(schedule, range(first, first + count))
        self._flock = Flock(self._name(), NOW, task, walk, of.track(task, walk))
        self._shades = [{"name": s.name, "from": s.start, "to": s.stop} for s in schedule.spans()[:40]]
        self.view.show(self._flocks)
        self._curves()
        said = of.warning(task, walk)
        self.problem.value = note(said, bad=True) or note(self._other_valley())

    @property
    def _flocks(self) -> list[Flock]:
        return [self._flock, *([self._kept] if self._kept else [])]

    def _curves(self, _: Any = None) -> None:
        area = self.axis.value == "sum of rates"
        flocks = self._flocks
        drawn = [
            line
            for key, each in reversed([*zip(("now", "kept"), flocks, strict=False)])
            for line in of.lines(key, each.name, each.color, each.track, area=area, closed=key == "now")
        ]
        tracks = [each.track for each in flocks]
        # What is kept lies below what moves: lines are drawn in the order in which they came.
        known = list(self.figure.lines)
        gone = [] if known == [line.key for line in drawn] else known
        rest = "  ·  ".join(of.ending(each.name, each.track) for each in flocks)
        self.figure.update(drawn, remove=gone, panels=of.panels(tracks, self._shades, area=area), rest=rest)
        self.figure.summary = rest
        self._move()

    def _move(self) -> None:
        self._moving = None
        found, step = self._flock.track, float(self.view.step)
        along = found.area if self.axis.value == "sum of rates" else found.step
        self.figure.mark(float(np.interp(step, found.step, along, left=0.0)) if step else None)

    def _on_step(self, _: Any) -> None:
        if self._moving is None:
            self._moving = later(_SHOW, self._move)

    def _other_valley(self) -> str:
        """A kept flock has walked in its own valley: said where that is another one."""
        if self._kept is None or self._kept.task == self._flock.task:
            return ""
        return "What was kept has walked in another valley; the map shows the present one."

    def _on_hand(self, _: Any) -> None:
        if self.hand.value:
            drawn = self.chooser.schedule
            self.canvas.put(points.through(drawn), room(drawn.peak))
        self._show_hand()
        self._soon()

    def _show_hand(self) -> None:
        self.canvas.layout.display = "" if self.hand.value else "none"
        self.chooser.box.layout.display = "none" if self.hand.value else ""

    def _make_controls(self, walkers: int, seed: int) -> None:
        fields = {field.name: field for field in registry.get("task", "valley").fields}
        self.controls = {name: control(fields[name], getattr(self._land, name), _RANGES) for name in _SLIDERS}
        wide = {"layout": LAYOUT, "style": STYLE}
        self.walkers = widgets.IntSlider(value=walkers, min=1, max=100, description="walkers", **wide)
        self.seed = widgets.BoundedIntText(value=seed, min=0, max=int(_SEED.high), description="seed", **wide)
        self.hand = widgets.ToggleButton(
            value=False, description="Draw by hand", layout=widgets.Layout(width="auto")
        )
        self.hand.tooltip = "drag the rate with the mouse instead of moving sliders"
        self.axis = widgets.Dropdown(
            options=["step", "sum of rates"], description="x axis", style=STYLE, layout=LAYOUT
        )
        self.button = {"Pin": small_button("Pin"), "Clear": small_button("Clear")}
        self.button["Pin"].tooltip = "keep these walkers, in blue, beside those to come"
        self.problem = widgets.HTML()

    def _watch(self) -> None:
        for each in (*self.controls.values(), self.walkers, self.seed):
            each.observe(self._soon, "value")
        self.canvas.observe(self._soon, ("points", "smooth", "dragging"))
        self.hand.observe(self._on_hand, "value")
        self.axis.observe(self._curves, "value")
        self.view.observe(self._on_step, "step")
        self.button["Pin"].on_click(self.pin)
        self.button["Clear"].on_click(self.clear)

    def _layout(self) -> widgets.VBox:
        buttons = row([self.hand, *self.button.values()])
        left = widgets.VBox(
            [buttons, self.chooser.box, *self.controls.values(), self.walkers, self.seed, self.axis],
            layout=widgets.Layout(width="330px", flex="0 0 auto"),
        )
        right = growing(widgets.VBox([self.view, self.canvas, self.problem, self.figure]), 480)
        return widgets.VBox([row([left, right])], layout=widgets.Layout(width="100%"))

    def __repr__(self) -> str:
        return f"<Valley: {self._name()}, {int(self.walkers.value)} walkers>"

    def _ipython_display_(self) -> None:
        show(self.box)


def _built(name: str, given: Mapping[str, Any]) -> Schedule:
    """The schedule of this name with what suits the valley: a linear cooldown, where it has one."""
    entry = schedules.get(name)
    args = {**SETTING.args, **given}
    try:
        return schedules.build({"name": name, **first_args(entry, {**args, "shape": "linear"})})
    except ValueError:
        return schedules.build({"name": name, **first_args(entry, args)})
