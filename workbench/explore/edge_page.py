"""The edge page's widget: a schedule in the hand, the sharpness that it allows, and the one that comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from workbench import schedules
from workbench.curve import Run
from workbench.explore import edge_figures
from workbench.explore import edge_lines as drawing
from workbench.explore.controls import LAYOUT, STYLE, control, plain
from workbench.explore.edge_lanes import KINDS, Descent, descent_of
from workbench.explore.edge_lines import Lane
from workbench.explore.edge_theory import Meeting, meeting
from workbench.explore.figure import LiveFigure
from workbench.explore.parts import COALESCE, growing, later, note, row
from workbench.explore.peaks_ready import ready, redraw, save_button, session_in
from workbench.explore.pins import label
from workbench.explore.sheets import TableView
from workbench.explore.showing import show
from workbench.explore.sliders import Sliders
from workbench.explore.studio.bar import Bar
from workbench.explore.studio.ear import Ear
from workbench.explore.thumbnails import first_args
from workbench.live.branch import GOING
from workbench.notebook import headless
from workbench.params import Param
from workbench.registry import Field
from workbench.schedule import Schedule
from workbench.views.table import Table

_ARGS = {"total": 1500, "peak": 0.04, "warmup": 0.0, "decay": 0.3}
_RANGES = {"total": (200, 4000), "peak": (0.002, 0.2)}
_MOMENTUM = Field("momentum", float, Param(0, 0.95, help="heavy-ball momentum of the descent"), 0.0)
_SPEED = 200.0
"""Updates per second at first: a training that is over in a second cannot be steered."""


def edge(
    schedule: str = "constant",
    *,
    descent: str = "full",
    momentum: float = 0.0,
    seed: int = 0,
    folder: str | Path = "",
    **args: Any,
) -> EdgePage:
    """Sharpness against the threshold of the rate: "What happens when the rate meets the sharpness?"

    Parameters
    ----------
    schedule : str
        Builder to begin with.
    descent : str
        "full": full-batch descent; "batches": batches of 8; "adam": full-batch Adam.
    momentum : float
        Heavy-ball momentum of the descent, from 0 to 0.95.
    seed : int
        Of the trainings.
    folder : path
        Where trainings are kept; a folder "edge" beside your other live trainings where it is empty.
    **args
        Arguments of the builder, such as ``peak=0.08``.

    Raises
    ------
    ValueError
        For an unknown schedule or descent, or a value outside its range.
    """
    entry = schedules.get(schedule)
    built = schedules.build({"name": schedule, **first_args(entry, _ARGS), **args})
    how = Descent(descent, _MOMENTUM.check(momentum))
    seed = Field("seed", int, Param(0, 2**31, help="of the trainings"), 0).check(seed)
    return EdgePage(built, how, seed, folder)


class EdgePage:
    """Made by `edge`. The button Train is a method too; `meetings` say when each lane met its edge."""

    def __init__(self, schedule: Schedule, descent: Descent, seed: int, folder: str | Path) -> None:
        self._pending: asyncio.TimerHandle | None = None
        self._seed, self.schedule, self._error = seed, schedule, ""
        self.session, said = session_in(folder, "edge")
        recipe = dict(schedule.recipe or {})
        names = [(schedules.get(name).title, name) for name in schedules.names("learning rate")]
        wide = {"layout": LAYOUT, "style": STYLE}
        self.chooser = widgets.Dropdown(options=names, value=recipe["name"], description="schedule", **wide)
        kinds = [(text, name) for name, text in KINDS.items()]
        self.kind = widgets.Dropdown(options=kinds, value=descent.kind, description="descent", **wide)
        self.momentum = control(_MOMENTUM, descent.momentum, {})
        self.steer = widgets.Checkbox(
            value=True, description="sliders steer the running lane", indent=False, layout=LAYOUT
        )
        self.sliders, self.problem, self.words = Sliders(self._on_slider), widgets.HTML(), widgets.HTML()
        self.figure, self.sheet = LiveFigure(drawing.PANELS), TableView()
        self.bar = Bar(self.session, self.train, self._ready)
        self.bar.say(said)
        self.bar.buttons.children += (save_button(self.bar),)
        if not headless():
            self.bar.speed.value = _SPEED
        for each, call in ((self.chooser, self._on_chooser), (self.kind, self._on_descent)):
            each.observe(call, "value")
        self.momentum.observe(self._on_descent, "value")
        mine = [self.chooser, self.sliders.box, self.kind, self.momentum, self.steer, self.problem]
        left = widgets.VBox(mine, layout=widgets.Layout(width="330px", flex="0 0 auto"))
        right = growing(widgets.VBox([self.figure, self.bar.box, self.words]), 420)
        self.box = widgets.VBox([row([left, right]), self.sheet], layout=widgets.Layout(width="100%"))
        self._fill(recipe)
        self._ear = Ear(self.session, self._draw)
        self._draw()

    @property
    def descent(self) -> Descent:
        """What the choosers say."""
        return Descent(self.kind.value, self.momentum.value)

    @property
    def lanes(self) -> list[Lane]:
        """The last trainings of the session, as many as can be told apart."""
        out = []
        for branch in self.session.branches:
            how = descent_of(branch.name)
            if how is not None and branch.status != "replaced":
                place = len(out)
                out.append(Lane(branch.name, place, how, branch.schedule, branch.step, branch.curves))
        return out[-drawing.MOST :]

    @property
    def meetings(self) -> dict[str, Meeting]:
        """How sharpness and threshold went along every lane that was looked at."""
        out = {}
        for lane in self.lanes:
            if lane.sharpness is not None:
                beta, kind = lane.descent.beta
                out[lane.name] = meeting(lane.schedule, lane.sharpness, beta, kind=kind)
        return out

    @property
    def runs(self) -> list[Run]:
        """What was measured."""
        return [self.session.run(branch.key) for branch in self.session.branches if branch.step]

    @property
    def table(self) -> Table:
        """For each lane when it met its edge, how long it stayed there, and its last sharpness."""
        return edge_figures.table(self.meetings)

    def train(self, _: Any = None, *, wait: bool = False) -> None:
        """Train a lane with the schedule that the sliders show; `wait` for its end."""
        how, of = self.descent, self.schedule
        taken = [branch.name for branch in self.session.branches]
        name = label(of, [each.split(" | ")[0] for each in taken if each.endswith(how.words)])
        self.session.start(
            how.task(),
            [of],
            (self._seed,),
            names=[f"{name} | {how.words}"],
            optimizer=how.optimizer(),
            probes=how.probes(len(of)),
            wait=wait,
        )
        self._draw()

    def _ready(self) -> tuple[bool, str]:
        if self._error:
            return False, f"first mend the sliders: {self._error}"
        return True, "train a perceptron with this schedule, and look at its sharpness on the way"

    def _fill(self, args: Mapping[str, Any]) -> None:
        self._error = ""
        self.sliders.fill(schedules.get(self.chooser.value).fields, args, _RANGES)

    def _on_chooser(self, _: Any) -> None:
        entry = schedules.get(self.chooser.value)
        first = {"name": entry.name, **first_args(entry, _ARGS)}
        kept = {key: value for key, value in self.sliders.values().items() if key in ("total", "peak")}
        try:
            self.schedule = schedules.build({**first, **first_args(entry, kept)})
        except ValueError:
            self.schedule = schedules.build(first)
        self._fill(dict(self.schedule.recipe or {}))
        self.problem.value = ""
        self._steer()
        self._draw()

    def _on_descent(self, _: Any) -> None:
        self.momentum.disabled = self.kind.value == "adam"
        self._on_slider(_)

    def _on_slider(self, _: Any) -> None:
        if self._pending is None:
            self._pending = later(COALESCE, self._slide)

    def _slide(self) -> None:
        self._pending = None
        self.sliders.hide()
        try:
            self.schedule = schedules.build({"name": self.chooser.value, **self.sliders.values()})
        except ValueError as error:
            self._error = str(error)
            self.problem.value = note(self._error, bad=True)
            self.bar.refresh()
            return
        self._error = self.problem.value = ""
        self._steer()
        self._draw()

    def _steer(self) -> None:
        """The newest lane that is under way follows the sliders from its next update on."""
        if not self.steer.value:
            return
        under_way = [b for b in self.session.branches if b.status in GOING and descent_of(b.name)]
        if not under_way or under_way[-1].schedule == self.schedule:
            return
        try:
            self.session.change(under_way[-1].key, self.schedule)
        except ValueError as error:  # it may have ended meanwhile, or the new one is shorter than what ran
            self.bar.say(str(error), bad=True)

    def _draw(self) -> None:
        how, every = self.descent, self.lanes
        lines = [*drawing.planned(self.schedule, how), *drawing.lanes(every)]
        ranges = drawing.panels(self.schedule, how, every, lines)
        said = (
            f"now: {KINDS[how.kind]} allows {how.curve} {plain(float(f'{self._allowed():.3g}'))} at the peak"
        )
        redraw(self.figure, lines, ranges, said)
        met = self.meetings
        if met:
            name, last = list(met.items())[-1]
            said += f"; {name}: last {last.sharpness[-1]:.3g}, {last.ratio[-1]:.2f} of its threshold"
        self.figure.summary = said
        self.words.value = note(said + ".")
        self.sheet.show(self.table if met else None)
        self.bar.refresh()

    def _allowed(self) -> float:
        return float(self.descent.threshold(max(self.schedule.peak, 1e-12)))

    def _ipython_display_(self) -> None:
        show(self.box)
        ready()
