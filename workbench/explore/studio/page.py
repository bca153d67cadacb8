"""The studio: several schedules and seeds of one task, trained, watched, steered and branched on one page."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from workbench.curve import Run
from workbench.explore import drawing, pins
from workbench.explore.alone import alone
from workbench.explore.chooser import Chooser
from workbench.explore.figure import Line, LiveFigure
from workbench.explore.parts import growing, log_box, row, small_button
from workbench.explore.settings import Setting
from workbench.explore.showing import show
from workbench.explore.studio import measuring, ranges
from workbench.explore.studio.stage import Stage
from workbench.export import torch_code
from workbench.fitted import Fit
from workbench.schedule import Schedule

_LOOKS = 0.25
"""Seconds between two looks at the axes while lanes grow."""


class Studio:
    """Which of these is best, and what if from here? Made by `workbench.explore.studio`.

    `session` is the training, which outlives the page; `stage` has the parts that follow it.
    """

    def __init__(
        self,
        session: Any,
        task: Any,
        plans: Mapping[str, Schedule],
        seeds: Sequence[int],
        *,
        law: Fit | None,
        probes: Sequence[Any],
        store: Path,
        unit: str,
        optimizer: Any = None,
    ) -> None:
        self.session, self.task, self.plans, self.seeds = session, task, dict(plans), tuple(seeds)
        self._law, self._more = law, {"probes": probes, "optimizer": optimizer}
        self._store, self._unit = store, unit
        self._made, self._looked = False, 0.0
        self._seen: list[Line] = []
        self.figure = LiveFigure(drawing.PANELS)
        first = next(iter(self.plans.values()))
        self.chooser = Chooser(_setting(self.plans.values()), first, {}, self._draw)
        self.log = log_box()
        self.stage = Stage(
            session,
            self.figure,
            wish=self._wish,
            fit=lambda: self._law,
            train=self.train,
            ready=self._ready,
            store=store,
            redraw=self._redraw,
        )
        self._axes = ranges.Axes(self.figure)
        self.log.observe(lambda _: self._draw(), "value")
        buttons = {"Save": self.save, "Code": self.export}
        self.button = {text: small_button(text) for text in buttons}
        for text, call in buttons.items():
            self.button[text].on_click(lambda _, call=call: self._safely(call))
        self.stage.bar.buttons.children = (*self.stage.bar.buttons.children, *self.button.values())
        left = widgets.VBox([self.chooser.box, self.log], layout={"width": "330px", "flex": "0 0 auto"})
        right = widgets.VBox([self.figure, self.stage.box, self.stage.code], layout={"width": "100%"})
        self.box = row([left, growing(right, 480)])
        self._made = True
        self._redraw(True)

    @property
    def schedule(self) -> Schedule:
        """What the sliders show."""
        return self.chooser.schedule

    @property
    def runs(self) -> list[Run]:
        """Runs of all lanes that have begun."""
        return measuring.runs(self.session)

    def train(self, *, wait: bool = False) -> list[str]:
        """Train what of the plans is not trained yet, then what the sliders show; return the keys of lanes.

        With `wait`, come back when it has ended, and raise what it raised.

        Raises
        ------
        ValueError
            Where the sliders show no schedule.
        """
        keys: list[str] = []
        held = [b.key for b in self.session.branches if b.status in measuring.HELD]
        due = self._due()
        for names, schedules, seeds in due:
            keys += self.session.start(
                self.task, schedules, seeds=seeds, names=names, wait=wait, **self._more
            )
        if held and not due:
            self.session.go_on(*held)
        self.stage.refresh()
        if keys:
            self.stage.choose(keys[0])
        return keys or held

    def branch(self, key: str, step: int, schedule: Schedule | None = None) -> str:
        """Train another lane that leaves lane `key` at `step`, and return its key.

        `schedule` is what follows; the sliders' schedule from that step on where it is not given.
        """
        return self.stage.fork(key, step, schedule)

    def pause(self) -> None:
        """Hold all lanes where they are."""
        self.session.pause()
        self.stage.refresh()

    def stop(self) -> None:
        """End the training; what was measured is kept, and can be gone on with."""
        self.session.stop()
        self.stage.refresh()

    def save(self) -> list[str]:
        """Write all lanes with a measured point to the store and return their ids."""
        ids, said = measuring.saved(self.runs, self._store)
        self.stage.bar.say(said)
        return ids

    def export(self) -> str:
        """Show the code of the sliders' schedule for a PyTorch trainer, and return it."""
        code = torch_code(self.schedule)
        self.stage.show_code(code)
        return code

    def close(self) -> None:
        """Hear nothing more of the training, which goes on."""
        self.stage.close()

    def _due(self) -> list[tuple[list[str], list[Schedule], tuple[int, ...]]]:
        """Names, schedules and seeds to start together: those of the plans, else the sliders' schedule."""
        branches = self.session.branches
        roots = {(b.seed, i) for b in branches if b.parent is None for i in self._plan_of(b)}
        wanted: dict[tuple[int, ...], list[str]] = {}
        for i, name in enumerate(self.plans):
            seeds = tuple(seed for seed in self.seeds if (seed, i) not in roots)
            if seeds:
                wanted.setdefault(seeds, []).append(name)
        if wanted:
            return [
                (self._named(names, seeds), [self.plans[n] for n in names], seeds)
                for seeds, names in wanted.items()
            ]
        wish = self._wish()
        there = {b.seed for b in branches if b.parent is None and b.schedule == wish}
        seeds = tuple(seed for seed in self.seeds if seed not in there)
        return [(self._named([pins.label(wish, [])], seeds), [wish], seeds)] if seeds else []

    def _named(self, names: list[str], seeds: tuple[int, ...]) -> list[str]:
        """A name for each schedule that leaves those of its lanes free; the session adds several seeds."""
        taken = {branch.name for branch in self.session.branches}
        bases = {name.rsplit(", seed ", 1)[0] for name in taken} | taken
        if len(self.seeds) > 1 and len(seeds) == 1:
            return [measuring.free(f"{name}, seed {seeds[0]}", taken) for name in names]
        return [measuring.free(name, taken if len(seeds) == 1 else bases) for name in names]

    def _plan_of(self, branch: Any) -> list[int]:
        return [i for i, schedule in enumerate(self.plans.values()) if branch.schedule == schedule]

    def _ready(self) -> tuple[bool, str]:
        if not self._made or self.chooser.error:
            return False, "first mend the sliders"
        due = self._due()
        count = sum(len(names) for names, _, _ in due)
        held = any(branch.status in measuring.HELD for branch in self.session.branches)
        if not count:
            return held, "go on with what was stopped" if held else "all of this is trained, or under way"
        return True, f"train {count} lane{'s' * (count > 1)}"

    def _wish(self) -> Schedule:
        if self.chooser.error:
            raise ValueError(f"First mend the sliders: {self.chooser.error}")
        return self.chooser.schedule

    def _safely(self, call: Any) -> None:
        try:
            call()
        except (ValueError, OSError) as error:
            self.stage.bar.say(str(error), bad=True)

    @alone
    def _draw(self) -> None:
        """Draw what the sliders show, and plans that no lane trains yet."""
        if not self._made:
            return
        tracks = self.stage.tracks
        there = [branch.schedule for branch in tracks.branches]
        step, rate = drawing.rates(self.schedule, 600)
        x = tracks.axis.x(self.schedule, step)
        lines = [Line("now", 0, x, rate, "sliders", pins.NOW, width=1.6, legend="sliders")]
        waiting = {name: s for name, s in self.plans.items() if s not in there}
        for name, schedule in waiting.items():
            step, rate = drawing.rates(schedule, 600)
            color = self.stage.palette.of(f"plan {name}", schedule)
            group = self.stage.palette.group(f"plan {name}")
            x = tracks.axis.x(schedule, step)
            lines.append(Line(f"plan {name}", 0, x, rate, name, color, dash=True, group=group, legend=name))
        gone = [f"plan {name}" for name in self.plans if name not in waiting]
        self.figure.update(lines, remove=gone)
        self._scale()
        self.figure.summary = f"Rates and losses of {len(there)} lanes; the sliders show {self.schedule!r}"
        self.stage.moved()

    @alone
    def _redraw(self, new: bool) -> None:
        now = time.monotonic()
        if not self._made or not (new or now - self._looked >= _LOOKS):
            return
        self._looked, self._seen = now, ranges.seen(self.stage.tracks.branches)
        self._draw() if new else self._scale()

    def _scale(self) -> None:
        stage = self.stage
        others = [*self.plans.values(), *(branch.schedule for branch in stage.tracks.branches)]
        self._axes.set(
            ranges.panels(
                stage.tracks.axis,
                self.schedule,
                others,
                list(stage.foresight.curves.values()),
                self._seen,
                self._unit,
                log_rate=self.log.value,
                log_loss=stage.view.log,
            )
        )

    def _ipython_display_(self) -> None:
        show(self.box)


def _setting(schedules: Any) -> Setting:
    """What the sliders offer: a third to three times of what was given."""
    totals, peaks = zip(*((len(each), each.peak or 1e-3) for each in schedules), strict=True)
    ranges_ = {
        "total": (max(2, math.floor(min(totals) / 3)), 3 * max(totals)),
        "peak": (min(peaks) / 5, 5 * max(peaks)),
    }
    return Setting("", "", "", {"total": totals[0], "peak": peaks[0]}, ranges_)
