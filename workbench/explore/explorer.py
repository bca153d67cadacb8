"""The explorer of the start page: sliders, rate, predicted loss, pins, and a small training to check."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from workbench import schedules
from workbench.curve import Run
from workbench.explore import drawing, pins
from workbench.explore.conductor import Conductor
from workbench.explore.controls import control, read, shown
from workbench.explore.figure import LiveFigure
from workbench.explore.settings import SETTINGS, Setting
from workbench.export import torch_code
from workbench.schedule import Schedule
from workbench.store import Store

_COALESCE = 0.004
"""Seconds that a slider's event waits for a newer one: only the newest value is worth drawing."""


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
        self._build(setting, schedule)
        self._fill(dict(self.schedule.recipe or {}))
        self._draw()

    def setting_args(self, name: str) -> dict[str, Any]:
        """The setting's first values of the arguments that the builder has."""
        known = {field.name for field in schedules.get(name).fields}
        return {key: value for key, value in self.setting.args.items() if key in known}

    # Buttons

    def pin(self, _: Any = None) -> None:
        """Keep the curve that is shown."""
        if self._refused():
            return
        if any(pin.schedule == self.schedule for pin in self.pins):
            self._say("This schedule is pinned already.")
        elif len(self.pins) == pins.LIMIT:
            self._say(
                f"There are {pins.LIMIT} pins, which is all that can be told apart: Clear takes them away."
            )
        else:
            color = pins.COLORS[len(self.pins)]
            name = pins.label(self.schedule, [pin.name for pin in self.pins])
            predicted = drawing.predicted(self.fit, self.schedule, self._points)
            self.pins.append(pins.Pin(name, color, self.schedule, predicted))
            self._draw()
            self._say("")

    def clear(self, _: Any = None) -> None:
        """Take all pins away; saved runs stay."""
        if self._conductor.running:
            self._say("A training is under way: Stop it first.")
            return
        gone = [key for key in self.figure.lines if not key.startswith("now")]
        self.pins, self.runs, self._trained = [], [], []
        self.figure.update(remove=gone)
        self._draw()
        self._say("")

    def train(self, _: Any = None, *, wait: bool = False, seed: int = 0) -> None:
        """Train the setting's task with the chosen and the pinned schedules; `wait` for the end."""
        if self._refused():
            return
        if self.setting.task is None:
            self._say("Nothing here can train this model. Choose the small GPT to train.")
            return
        if self._conductor.running:
            self._say("A training is under way: Stop it first.")
            return
        try:
            task = self.setting.task()
        except ImportError as error:
            self._say(str(error), bad=True)
            return
        if not any(pin.schedule == self.schedule for pin in self.pins):
            self.pin()
            if self.pins[-1:] == [] or self.pins[-1].schedule != self.schedule:
                return
        self.figure.update(remove=[key for key in self.figure.lines if key.startswith("measured")])
        self._trained = list(range(len(self.pins)))
        self._buttons(training=True)
        self._say("Preparing the text and the model ...")
        lanes = [self.pins[i].schedule for i in self._trained]
        self._conductor.start(task, lanes, seed, wait=wait)

    def stop(self, _: Any = None) -> None:
        """End the training; what was measured is kept."""
        self._conductor.stop()

    def save(self, _: Any = None) -> list[str]:
        """Write what was measured to the store and return the ids."""
        measured = [run for run in self.runs if len(run.curve)]
        if not measured:
            self._say("Nothing is measured yet: Train first.")
            return []
        try:
            store = Store(self._store)
            ids = [store.save(run) for run in measured]
        except (ValueError, OSError) as error:
            self._say(f"Not saved: {error}")
            return []
        self._say(f"Saved {len(ids)} run{'s' * (len(ids) > 1)} to {self._store}: {', '.join(ids)}")
        return ids

    def export(self, _: Any = None) -> str:
        """Show the code for a PyTorch trainer, and return it."""
        code = torch_code(self.schedule)
        self._code.value = code
        self._code.layout.display = ""
        return code

    # Widgets

    def _build(self, setting: str, schedule: str) -> None:
        wide = {"layout": widgets.Layout(width="310px"), "style": {"description_width": "84px"}}
        titles = [(entry.title, key) for key, entry in SETTINGS.items()]
        names = [(schedules.get(name).title, name) for name in schedules.names()]
        self._setting = widgets.Dropdown(options=titles, value=setting, description="law of", **wide)
        self._chooser = widgets.Dropdown(options=names, value=schedule, description="schedule", **wide)
        self._sliders = widgets.VBox()
        self._log = widgets.Checkbox(value=False, description="log rate axis", indent=False)
        self._about, self._message, self._problem, self._table = (widgets.HTML() for _ in range(4))
        self._code = widgets.Textarea(
            rows=9, disabled=True, layout=widgets.Layout(width="100%", display="none")
        )
        for box in (self._about, self._message, self._problem, self._table):
            box.layout.min_width = "0"
        actions = ("pin", "train", "stop", "save", "export", "clear")
        self._button = {name: widgets.Button(description=name.capitalize()) for name in actions}
        for name, button in self._button.items():
            button.layout.width = "auto"
            button.on_click(getattr(self, name))
        self._button["train"].button_style = "primary"
        self._chooser.observe(self._on_chooser, "value")
        self._setting.observe(self._on_setting, "value")
        self._log.observe(self._on_log, "value")
        left = widgets.VBox(
            [self._setting, self._chooser, self._sliders, self._log, self._problem],
            layout=widgets.Layout(width="330px", flex="0 0 auto"),
        )
        buttons = widgets.HBox(list(self._button.values()), layout=widgets.Layout(flex_flow="row wrap"))
        right = widgets.VBox(
            [self.figure, buttons, self._message],
            layout=widgets.Layout(flex="1 1 480px", min_width="380px"),
        )
        top = widgets.Box([left, right], layout=widgets.Layout(flex_flow="row wrap", width="100%"))
        self.box = widgets.VBox(
            [top, self._table, self._about, self._code], layout=widgets.Layout(width="100%")
        )
        self._buttons(training=False)

    def _fill(self, args: Mapping[str, Any]) -> None:
        """New controls for the chosen builder, at `args`."""
        self._fields = schedules.get(self._chooser.value).fields
        ranges = self.setting.ranges
        self._controls = {field.name: control(field, args[field.name], ranges) for field in self._fields}
        for each in self._controls.values():
            each.observe(self._on_slider, "value")
        self._show_sliders()

    def _show_sliders(self) -> None:
        values = self._values()
        rows = tuple(self._controls[field.name] for field in self._fields if shown(field, values))
        if rows != self._sliders.children:
            self._sliders.children = rows

    def _on_chooser(self, _: Any) -> None:
        name = self._chooser.value
        known = {field.name for field in schedules.get(name).fields}
        kept = {key: value for key, value in self._values().items() if key in known & {"total", "peak"}}
        try:
            self.schedule = schedules.build({"name": name, **self.setting_args(name), **kept})
        except ValueError:
            self.schedule = schedules.build({"name": name, **self.setting_args(name)})
        self._fill(dict(self.schedule.recipe or {}))
        self._show_error("")
        self._draw()

    def _on_setting(self, change: Mapping[str, Any]) -> None:
        if self._conductor.running:
            self._setting.unobserve_all("value")
            self._setting.value = change["old"]
            self._setting.observe(self._on_setting, "value")
            self._say("A training is under way: Stop it first.")
            return
        self.setting = SETTINGS[self._setting.value]
        self.fit = self.setting.fit()
        name = self._chooser.value
        self.schedule = schedules.build({"name": name, **self.setting_args(name)})
        self._fill(dict(self.schedule.recipe or {}))
        self._show_error("")
        self._buttons(training=False)
        self.clear()

    def _on_log(self, _: Any) -> None:
        self._draw()

    def _on_slider(self, _: Any) -> None:
        if self._pending is not None:
            return
        try:
            self._pending = asyncio.get_running_loop().call_later(_COALESCE, self._slide)
        except RuntimeError:
            self._slide()

    def _slide(self) -> None:
        self._pending = None
        self._show_sliders()
        try:
            self.schedule = schedules.build({"name": self._chooser.value, **self._values()})
        except ValueError as error:
            self._show_error(str(error))
            return
        self._show_error("")
        self._draw()

    def _values(self) -> dict[str, Any]:
        return {field.name: read(field, self._controls[field.name].value) for field in self._fields}

    # Training

    def _on_event(self, event: Any) -> None:
        i = self._trained[event.lane]
        lines = drawing.measured(i, self.pins[i], event.curves, self.figure.lines)
        self.figure.update(lines, panels=self._panels())
        rate = event.facts.get("tokens_per_second")
        speed = f", {rate:,.0f} tokens/s" if rate else ""
        self._say(f"Training {self.pins[i].name}: update {event.step:,} of {event.total:,}{speed}")

    def _on_end(self, runs: list[Run], error: Exception | None) -> None:
        self.runs = runs
        for i, run in zip(self._trained, runs, strict=True):
            self.pins[i] = self.pins[i].measured(run)
        self._buttons(training=False)
        self._draw()
        if error is not None:
            self._say(f"The training ended with an error: {error}", bad=True)
            return
        counts = [str(run.facts.get("status")) for run in runs]
        words = [f"{counts.count(status)} {status}" for status in dict.fromkeys(counts)]
        self._say(f"Trained: {', '.join(words)}. Save keeps the runs.")

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
        self._table.value = pins.table(self.pins)
        self._about.value = drawing.about(self.fit, self.setting, self.schedule)

    def _panels(self) -> list[dict[str, Any]]:
        return drawing.panels(
            self.schedule, self.curve, self.pins, self.figure.lines, self.setting.unit, self._log.value
        )

    def _rest(self) -> str:
        low, high, end = self.curve.low, self.curve.high, self.curve.loss[-1]
        assert low is not None and high is not None
        interval = f"90 % interval {low[-1]:.4f} to {high[-1]:.4f}"
        return f"now: predicted final loss {end:.4f} {self.setting.unit}, {interval}"

    def _buttons(self, *, training: bool) -> None:
        self._button["stop"].disabled = not training
        self._button["train"].disabled = training or self.setting.task is None
        self._button["clear"].disabled = training
        self._button["train"].tooltip = (
            "train the small GPT with the chosen and the pinned schedules"
            if self.setting.task
            else "nothing here can train this model: choose the small GPT"
        )

    def _refused(self) -> bool:
        if self._error:
            self._say(f"First mend the sliders: {self._error}", bad=True)
        return bool(self._error)

    def _show_error(self, sentence: str) -> None:
        self._error = sentence
        self._problem.value = drawing.sentence(sentence, bad=True) if sentence else ""

    def _say(self, sentence: str, *, bad: bool = False) -> None:
        self._message.value = drawing.sentence(sentence, bad=bad) if sentence else ""

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.box)
