"""A trial on the page: what it costs, the buttons that train it, its curves and its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench.curve import Curve, Run
from workbench.explore.cooldowns_trial import Measured, Trial
from workbench.explore.parts import note
from workbench.explore.sheets import TableView
from workbench.explore.showing import show
from workbench.explore.studio.palette import Palette
from workbench.schedule import Schedule
from workbench.views.table import Table

PANELS = (
    {"height": 130, "yLabel": "rate", "short": "rate", "xLabel": "", "names": False},
    {"height": 260, "yLabel": "loss (nats)", "short": "loss", "xLabel": "step (updates)", "names": False},
)
_ENDED = ("finished", "diverged")
_GREY = "#7F7F7F"


class _Lanes(Palette):
    """Colours that the page has given to schedules already."""

    def __init__(self, colors: Mapping[Schedule, str]) -> None:
        super().__init__()
        self._given, self._of_group = dict(colors), dict[str, str]()

    def of(self, group: str, schedule: Schedule) -> str:
        """Colour of a group by its schedule."""
        self._of_group[group] = self._given.get(schedule, _GREY)
        return self._of_group[group]

    def group(self, group: str) -> str:
        """Lines of one colour."""
        return f"colour{self._of_group[group]}"


def _panels(trial: Trial, curves: Sequence[Mapping[str, Curve]]) -> list[dict[str, Any]]:
    """Axes over the whole run; of the losses those after its first quarter, where lanes part."""
    schedules = [lane for lane in trial.lanes.values() if isinstance(lane, Schedule)]
    total = max(map(len, schedules))
    losses = [each["loss"] for each in curves if "loss" in each and len(each["loss"])]
    seen = [part for part in (each.loss[each.step >= total / 4] for each in losses) if len(part)]
    seen = seen or [each.loss for each in losses]
    finite = np.concatenate([part[np.isfinite(part)] for part in seen]) if seen else np.zeros(0)
    common: dict[str, Any] = {"xRange": [0, total], "shades": [], "log": False}
    rate = {**common, "yRange": [0, 1.08 * max(each.peak for each in schedules)]}
    if not len(finite):
        return [rate, common]
    low, high = float(finite.min()), float(finite.max())
    pad = 0.05 * max(high - low, 1e-3)
    return [rate, {**common, "yRange": [low - pad, high + pad]}]


class Race:
    """Made by a page's `race`. `tree` is what it costs, `measured` what has come in, `table` says it in rows.

    Parameters
    ----------
    trial : Trial
        What is trained.
    name : str
        Of the session's folder: the same name finds its training again.
    told : callable, optional
        Makes the table of what was measured; that of `Measured` unless given.
    colors : mapping, optional
        Of lanes, as the page draws them; lanes of one colour share a button in the legend.

    Raises
    ------
    ValueError
        For a lane that is a plan of several quantities.
    """

    def __init__(
        self,
        trial: Trial,
        name: str,
        told: Callable[[Measured], Table] | None = None,
        colors: Mapping[str, str] | None = None,
    ) -> None:
        self.trial, self.name, self._colors = trial, name, dict(colors or {})
        self._told = told or Measured.table
        self._runs: dict[tuple[str, int], Run] = {}
        self._session: Any = None
        self._ended = -1
        # Two ways to a budget may begin alike, and end there: such lanes are one training.
        self._wanted: dict[Schedule, list[str]] = {}
        for lane, schedule in trial.lanes.items():
            if not isinstance(schedule, Schedule):
                raise ValueError(f"lanes of a race must be schedules; got a plan for {lane!r}")
            self._wanted.setdefault(schedule, []).append(lane)
        self.sheet, self.words = TableView(), widgets.HTML()
        self.box: widgets.VBox | None = None

    @property
    def tree(self) -> Any:
        """What the lanes share and cost, known before anything is trained."""
        return self.trial.tree

    @property
    def measured(self) -> Measured:
        """The lanes that have ended, whole."""
        self._gather()
        lanes: dict[str, list[Run]] = {}
        for lane in self.trial.lanes:
            found = [self._runs[lane, seed] for seed in range(self.trial.seeds) if (lane, seed) in self._runs]
            if found:
                lanes[lane] = found
        return Measured(self.trial, lanes)

    @property
    def table(self) -> Table:
        """What was measured, in rows; none before anything was."""
        measured = self.measured
        if not measured.runs:
            return Table("Nothing is measured yet: press Train", ())
        return self._told(measured)

    def train(self, *, wait: bool = False) -> None:
        """Train every lane that is not measured yet; with `wait`, come back when all have ended."""
        if wait and self._session is None:
            measured = self.trial.measure()
            for lane, runs in measured.runs.items():
                self._runs.update({(lane, seed): run for seed, run in enumerate(runs)})
            return
        session, trial, seeds = self.session, self.trial, tuple(range(self.trial.seeds))
        known = {(branch.schedule, branch.seed) for branch in session.branches}
        stopped = [branch.key for branch in session.branches if branch.status == "stopped"]
        if stopped:
            session.go_on(*stopped)
        left = {
            names[0]: schedule
            for schedule, names in self._wanted.items()
            if any((schedule, seed) not in known for seed in seeds)
        }
        if left:
            session.start(
                trial.task, list(left.values()), seeds, names=list(left), optimizer=trial.optimizer, wait=wait
            )

    @property
    def session(self) -> Any:
        """The training that the buttons steer."""
        if self._session is None:
            from workbench import live
            from workbench.doctor import runs_folder

            self._session = live.open(runs_folder() / "live" / self.name)
        return self._session

    def _gather(self) -> None:
        """Take the runs of lanes that have ended since."""
        if self._session is None:
            return
        for branch in self._session.branches:
            if branch.status in _ENDED:
                for name in self._wanted.get(branch.schedule, ()):
                    if (name, branch.seed) not in self._runs:
                        self._runs[name, branch.seed] = self._session.run(branch.key)

    def _ready(self) -> tuple[bool, str]:
        """Whether Train would do something."""
        left = sum(
            (name, seed) not in self._runs for name in self.trial.lanes for seed in range(self.trial.seeds)
        )
        return (True, f"train {left:,} lanes") if left else (False, "every lane is measured")

    def _refresh(self) -> None:
        branches = self.tracks.branches
        if branches:
            self.figure.update(panels=_panels(self.trial, [each.curves for each in branches]))
        ended = sum(branch.status in _ENDED for branch in branches)
        if ended != self._ended:
            self._ended = ended
            table = self.table
            self.sheet.show(table if table.rows else None)

    def _build(self) -> widgets.VBox:
        from workbench.explore.figure import LiveFigure
        from workbench.explore.studio.bar import Bar
        from workbench.explore.studio.tracks import Tracks

        self.figure = LiveFigure(PANELS)
        self.bar = Bar(self.session, self.train, self._ready)
        shown = self._wanted
        self.tracks = Tracks(
            self.session,
            self.figure,
            _Lanes({schedule: self._colors.get(names[0], _GREY) for schedule, names in shown.items()}),
            shown=lambda branch: branch.schedule in shown,
            after=lambda: self._refresh() if hasattr(self, "tracks") else None,
        )
        self._refresh()
        self.words.value = note(f"Before it begins: {self.tree}")
        whole = [self.words, self.bar.box, self.figure, self.sheet]
        return widgets.VBox(whole, layout=widgets.Layout(width="100%"))

    def _repr_html_(self) -> str:
        return f"<div>{escape(str(self.tree))}</div>"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        from workbench.notebook import headless

        if headless():
            display(self.tree)
            return
        if self.box is None:
            try:
                self.box = self._build()
            except ValueError as error:  # another kernel has this training: say so, and let the rest be read
                self.box = widgets.VBox([widgets.HTML(note(str(error), bad=True))])
        show(self.box)
