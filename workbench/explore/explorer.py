"""The explorer of the start page: sliders, rate, predicted loss, pins, and a small training to check."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench import schedules
from workbench.curve import Run
from workbench.explore import drawing, pins
from workbench.explore.conductor import Conductor
from workbench.explore.figure import LiveFigure
from workbench.explore.panel import Panel
from workbench.explore.parts import COALESCE, later
from workbench.explore.settings import SETTINGS, Setting
from workbench.explore.thumbnails import first_args
from workbench.export import torch_code
from workbench.schedule import Schedule
from workbench.store import Store


class Explorer:
    """Which schedule should I use? Made by `workbench.explore.start`.

    The buttons are methods too: `pin`, `train`, `stop`, `save`, `export`, `clear`.
    """

    def __init__(
        self, setting: str, schedule: str, args: Mapping[str, Any], store: Path, points: int
    ) -> None:
        self._points, self._store = points, store
        self.setting: Setting = SETTINGS[setting]
        self.fit = self.setting.fit()
        self.schedule: Schedule = schedules.build({"name": schedule, **self.setting_args(schedule), **args})
        self.pins: list[pins.Pin] = []
        self.runs: list[Run] = []
        self.figure = LiveFigure(drawing.PANELS)
        self._trained: list[int] = []
        self._error = ""
        self._pending: asyncio.TimerHandle | None = None
        self._conductor = Conductor(self._on_event, self._on_end)
        self.panel = Panel(self.figure, setting, schedule)
        for name, button in self.panel.button.items():
            button.on_click(getattr(self, name))
        self.panel.chooser.observe(self._on_chooser, "value")
        self.panel.setting.observe(self._on_setting, "value")
        self.panel.log.observe(self._on_log, "value")
        self._enable(training=False)
        self._fill()
        self._draw()

    def setting_args(self, name: str) -> dict[str, Any]:
        """The setting's first values of the arguments that the builder has."""
        return first_args(schedules.get(name), self.setting.args)

    # Buttons

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
            color = pins.COLORS[len(self.pins)]
            name = pins.label(self.schedule, [pin.name for pin in self.pins])
            predicted = drawing.predicted(self.fit, self.schedule, self._points)
            self.pins.append(pins.Pin(name, color, self.schedule, predicted))
            self._draw()
            self.panel.say("")

    def clear(self, _: Any = None) -> None:
        """Take all pins away; what was measured can still be saved."""
        if self._busy():
            return
        gone = [key for key in self.figure.lines if not key.startswith("now")]
        self.pins, self._trained = [], []
        self.figure.update(remove=gone)
        self._draw()
        self.panel.say("")

    def train(self, _: Any = None, *, wait: bool = False, seed: int = 0) -> None:
        """Train the setting's task with the chosen and the pinned schedules; `wait` for the end.

        A pin that is measured to its end is not trained again: the same seed gives the same result.
        """
        if self._refused():
            return
        if self.setting.task is None:
            self.panel.say("Nothing here can train this model. Choose the small GPT to train.")
            return
        if self._busy():
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
        self._trained = [i for i, pin in enumerate(self.pins) if not pin.ended(seed)]
        if not self._trained:
            self.panel.say("Every pinned schedule is measured already.")
            return
        self.figure.update(remove=[f"measured{i}" for i in self._trained])
        self._enable(training=True)
        self.panel.say("Preparing the text and the model ...")
        lanes = [self.pins[i].schedule for i in self._trained]
        self._conductor.start(task, lanes, seed, wait=wait)

    def stop(self, _: Any = None) -> None:
        """End the training; what was measured is kept."""
        self._conductor.stop()

    def save(self, _: Any = None) -> list[str]:
        """Write what was measured to the store and return the ids."""
        measured = [run for run in self.runs if len(run.curve)]
        if not measured:
            self.panel.say("Nothing is measured yet: Train first.")
            return []
        try:
            store = Store(self._store)
            ids = [store.save(run) for run in measured]
        except (ValueError, OSError) as error:
            self.panel.say(f"Not saved: {error}")
            return []
        self.panel.say(f"Saved {len(ids)} run{'s' * (len(ids) > 1)} to {self._store}: {', '.join(ids)}")
        return ids

    def export(self, _: Any = None) -> str:
        """Show the code for a PyTorch trainer, and return it."""
        code = torch_code(self.schedule)
        self.panel.code.value = code
        self.panel.code.layout.display = ""
        return code

    # Controls

    def _on_chooser(self, _: Any) -> None:
        name = self.panel.chooser.value
        known = {field.name for field in schedules.get(name).fields}
        kept = {key: value for key, value in self.panel.values().items() if key in known & {"total", "peak"}}
        try:
            self.schedule = schedules.build({"name": name, **self.setting_args(name), **kept})
        except ValueError:
            self.schedule = schedules.build({"name": name, **self.setting_args(name)})
        self._fill()
        self._complain("")
        self._draw()

    def _on_setting(self, _: Any) -> None:
        self.setting = SETTINGS[self.panel.setting.value]
        self.fit = self.setting.fit()
        name = self.panel.chooser.value
        self.schedule = schedules.build({"name": name, **self.setting_args(name)})
        self._fill()
        self._complain("")
        self._enable(training=False)
        self.clear()

    def _fill(self) -> None:
        self.panel.fill(dict(self.schedule.recipe or {}), self.setting, self._on_slider)

    def _on_log(self, _: Any) -> None:
        self._draw()

    def _on_slider(self, _: Any) -> None:
        if self._pending is None:
            self._pending = later(COALESCE, self._slide)

    def _slide(self) -> None:
        self._pending = None
        self.panel.show_sliders()
        try:
            self.schedule = schedules.build({"name": self.panel.chooser.value, **self.panel.values()})
        except ValueError as error:
            self._complain(str(error))
            return
        self._complain("")
        self._draw()

    # Training

    def _on_event(self, event: Any) -> None:
        i = self._trained[event.lane]
        lines = drawing.measured(i, self.pins[i], event.curves, self.figure.lines)
        self.figure.update(lines, panels=self._panels())
        rate = event.facts.get("tokens_per_second")
        speed = f", {rate:,.0f} tokens/s" if rate else ""
        self.panel.say(f"Training {self.pins[i].name}: update {event.step:,} of {event.total:,}{speed}")

    def _on_end(self, runs: list[Run], error: Exception | None) -> None:
        self.runs = [*self.runs, *runs]
        for i, run in zip(self._trained, runs, strict=True):
            self.pins[i] = self.pins[i].measured(run)
        self._enable(training=False)
        self._draw()
        if error is not None:
            self.panel.say(f"The training ended with an error: {error}", bad=True)
            return
        counts = [str(run.facts.get("status")) for run in runs]
        words = [f"{counts.count(status)} {status}" for status in dict.fromkeys(counts)]
        self.panel.say(f"Trained, seed {runs[0].facts['seed']}: {', '.join(words)}. Save keeps the runs.")

    # Drawing

    def _draw(self) -> None:
        now = drawing.predicted(self.fit, self.schedule, self._points)
        self.curve = now
        lines = drawing.now(self.schedule, now)
        drawn = self.figure.lines
        for i, pin in enumerate(self.pins):
            if f"pin{i} loss" not in drawn:
                lines += drawing.ghost(i, pin, self._points)
        self.figure.update(lines, panels=self._panels(), rest=self._rest())
        self.figure.summary = f"Rate and predicted loss of {self.schedule!r}: {self._rest()}"
        self.panel.table.value = pins.table(self.pins)
        self.panel.about.value = drawing.about(self.fit, self.schedule)

    def _panels(self) -> list[dict[str, Any]]:
        return drawing.panels(
            self.schedule, self.curve, self.pins, self.figure.lines, self.setting.unit, self.panel.log.value
        )

    def _rest(self) -> str:
        low, high, end = self.curve.low, self.curve.high, self.curve.loss[-1]
        assert low is not None and high is not None
        interval = f"90 % interval {low[-1]:.4f} to {high[-1]:.4f}"
        return f"now: predicted final loss {end:.4f} {self.setting.unit}, {interval}"

    def _enable(self, *, training: bool) -> None:
        self.panel.enable(training=training, trainable=self.setting.task is not None)

    def _pinned(self) -> bool:
        return any(pin.schedule == self.schedule for pin in self.pins)

    def _busy(self) -> bool:
        if self._conductor.running:
            self.panel.say("A training is under way: Stop it first.")
        return self._conductor.running

    def _refused(self) -> bool:
        if self._error:
            self.panel.say(f"First mend the sliders: {self._error}", bad=True)
        return bool(self._error)

    def _complain(self, sentence: str) -> None:
        self._error = sentence
        self.panel.complain(sentence)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.panel.box)
