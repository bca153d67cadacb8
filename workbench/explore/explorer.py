"""The explorer of the start page: sliders, rate, predicted loss, pins, and trainings that answer them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench import schedules
from workbench.curve import Run
from workbench.explore import drawing, pins
from workbench.explore.alone import alone
from workbench.explore.dials import Dials
from workbench.explore.figure import LiveFigure
from workbench.explore.ghosts import Ghosts
from workbench.explore.panel import Panel
from workbench.explore.settings import SETTINGS, Setting
from workbench.explore.showing import show
from workbench.explore.studio import measuring
from workbench.explore.studio.stage import Stage
from workbench.export import torch_code
from workbench.schedule import Schedule


class Explorer:
    """Which schedule should I use? Made by `workbench.explore.start`.

    The buttons are methods too: `pin`, `train`, `pause`, `go_on`, `step`, `stop`, `branch`, `save`, `export`,
    `clear`. `session` is the training itself, which outlives this page.
    """

    def __init__(
        self,
        setting: str,
        schedule: str,
        args: Mapping[str, Any],
        store: Path,
        points: int,
        session: Any,
        kept: tuple[pins.Pin, ...] = (),
        *,
        settings: Mapping[str, Setting] = SETTINGS,
    ) -> None:
        schedules.get(schedule)
        self._settings = settings
        self.setting: Setting = settings[setting]
        self.fit = self.setting.fit()
        self.session = session
        self._points, self._store = points, store
        self._cleared: list[Run] = []
        self._seed, self._made = 0, False
        self.figure = LiveFigure(drawing.PANELS)
        self.panel = Panel(self.figure, setting, schedule, settings)
        self._dials = Dials(self.panel, schedule, args, self._draw)
        self.stage = Stage(
            session,
            self.figure,
            wish=self._wish,
            fit=lambda: self.fit,
            train=self.train,
            ready=self._ready,
            store=store,
            redraw=self._redraw,
            shown=lambda branch: self.setting.task is not None,
        )
        self._ghosts = Ghosts(self.figure, self.stage, points)
        self._ghosts.adopt(self.fit, kept)
        for name in ("pin", "save", "export", "clear"):
            self.panel.button[name].on_click(getattr(self, name))
        self.panel.join(self.stage, trains=any(each.task is not None for each in settings.values()))
        self.panel.setting.observe(self._on_setting, "value")
        self.panel.log.observe(lambda _: self._draw(), "value")
        self._made = True
        self._redraw(True)

    @property
    def schedule(self) -> Schedule:
        """What the sliders show."""
        return self._dials.schedule

    @schedule.setter
    def schedule(self, schedule: Schedule) -> None:
        self._dials.schedule = schedule
        self._draw()

    @property
    def pins(self) -> list[pins.Pin]:
        """What is kept to compare with."""
        return self._ghosts.pins

    @property
    def runs(self) -> list[Run]:
        """Everything that was measured here, lanes that were cleared away first."""
        there = {branch.key for branch in self.session.branches}
        cleared = (run for run in self._cleared if run.facts["branch"] not in there)
        return [*cleared, *measuring.runs(self.session)]

    # Buttons

    @alone
    def pin(self, _: Any = None) -> None:
        """Keep the curve that is shown."""
        if self._refused():
            return
        if self._pinned():
            self.panel.say("This schedule is pinned already.")
        elif len(self.pins) == pins.LIMIT:
            self.panel.say(
                f"There are {pins.LIMIT} pins, which is all that can be told apart: Clear takes them away."
            )
        else:
            self._ghosts.keep(self.fit, self.schedule, pins.label(self.schedule, [p.name for p in self.pins]))
            self._draw()
            self.panel.say("")

    @alone
    def clear(self, _: Any = None) -> None:
        """Take pins and ended lanes away; what was measured can still be saved."""
        if measuring.going(self.session):
            self.panel.say("A training is under way: Stop it first.")
            return
        if self.setting.task is not None:
            self._cleared = self.runs
            measuring.drop(self.session)
        self._ghosts.clear()
        self.stage.refresh()
        self._draw()
        self.panel.say("")

    def train(self, _: Any = None, *, wait: bool = False, seed: int = 0) -> None:
        """Train the setting's task with the chosen and the pinned schedules; `wait` for the end.

        A pin that is measured to its end is not trained again: the same seed gives the same result. One that
        was stopped goes on where it was; a training that is under way goes on beside the new lanes.
        """
        if self._refused():
            return
        if self.setting.task is None:
            self.panel.say("Nothing here can train this model. Choose the small GPT to train.")
            return
        try:
            task = self.setting.task()
        except ImportError as error:
            self.panel.say(str(error), bad=True)
            return
        if not self._pinned():
            self.pin()
        if not self._pinned():
            return  # every colour is taken, which was said
        self._seed = seed
        new, held = measuring.due(self.session, self.pins, seed)
        if not new and not held:
            self.panel.say("Every pinned schedule is measured already.")
            return
        self.panel.say("Preparing the text and the model ...")
        try:
            keys = measuring.start(self.session, task, new, held, seed, wait=wait)
        except Exception as error:
            self.stage.refresh()
            self.panel.say(f"The training ended with an error: {error}", bad=True)
            raise
        self.stage.refresh()
        self.stage.choose(keys[0])

    def pause(self, _: Any = None) -> None:
        """Hold all lanes where they are."""
        self.session.pause()
        self.stage.refresh()

    def go_on(self, _: Any = None) -> None:
        """Go on with lanes that are held."""
        self.session.go_on()
        self.stage.refresh()

    def step(self, updates: int = 1) -> None:
        """Make some updates of every lane, then hold."""
        self.session.advance(updates)
        self.stage.refresh()

    def stop(self, _: Any = None) -> None:
        """End the training; what was measured is kept, and can be gone on with."""
        self.session.stop()
        self.stage.refresh()

    def branch(self, key: str, step: int, schedule: Schedule | None = None) -> str:
        """Train another lane that leaves lane `key` at `step`, and return its key.

        `schedule` is what follows; the sliders' schedule from that step on where it is not given.
        """
        return self.stage.fork(key, step, schedule)

    def save(self, _: Any = None) -> list[str]:
        """Write what was measured to the store and return the ids."""
        ids, said = measuring.saved(self.runs, self._store)
        self.panel.say(said)
        return ids

    def export(self, _: Any = None) -> str:
        """Show the code for a PyTorch trainer, and return it."""
        code = torch_code(self.schedule)
        self.stage.show_code(code)
        return code

    def close(self) -> None:
        """Hear nothing more of the training, which goes on."""
        self.stage.close()

    # What follows

    @alone
    def _on_setting(self, _: Any) -> None:
        self.setting = self._settings[self.panel.setting.value]
        self.fit = self.setting.fit()
        self._dials.take(self.setting)
        self._ghosts.clear()
        self.stage.refresh()
        self._ghosts.adopt(self.fit, ())
        self._redraw(True)
        self.panel.say("")

    @alone
    def _draw(self) -> None:
        """Draw what the sliders say."""
        if not self._made:
            return
        if self._dials.error:
            self.stage.moved()
            return
        self.curve = drawing.predicted(self.fit, self.schedule, self._points)
        end = drawing.ends(self.curve, self.setting.unit)
        self._ghosts.draw(self.schedule, self.curve, end)
        self._scale()
        self.figure.summary = f"Rate and predicted loss of {self.schedule!r}: {end}"
        self.panel.table.value = self._ghosts.table()
        self.panel.about.value = drawing.about(self.fit, self.schedule)
        self.stage.moved()

    @alone
    def _redraw(self, new: bool) -> None:
        """The lanes have moved; `new` says that some came, went or ended."""
        if not self._made or not self._ghosts.look(force=new):
            return
        if new:
            self._ghosts.measure(self.session)
            self.panel.setting.disabled = self.panel.button["clear"].disabled = measuring.going(self.session)
            self._draw()
        else:
            self._scale()

    def _scale(self) -> None:
        self._ghosts.scale(self.schedule, self.curve, self.setting.unit, log_rate=self.panel.log.value)

    def _wish(self) -> Schedule:
        if self._dials.error:
            raise ValueError(f"First mend the sliders: {self._dials.error}")
        return self.schedule

    def _ready(self) -> tuple[bool, str]:
        """Whether Train would do something, and what."""
        if not self._made:
            return False, ""
        if self.setting.task is None:
            return False, "nothing here can train this model: choose the small GPT"
        if self._dials.error:
            return False, "first mend the sliders"
        new, held = measuring.due(self.session, self.pins, self._seed)
        if self._pinned() and not new and not held:
            return False, "every pinned schedule is measured already, or under way"
        return True, "train the small GPT with the chosen and the pinned schedules"

    def _pinned(self) -> bool:
        return any(pin.schedule == self.schedule for pin in self.pins)

    def _refused(self) -> bool:
        if self._dials.error:
            self.panel.say(f"First mend the sliders: {self._dials.error}", bad=True)
        return bool(self._dials.error)

    def _ipython_display_(self) -> None:
        show(self.panel.box)
