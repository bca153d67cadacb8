"""The chooser and the sliders of the explorer: what they say as a schedule, always the last good one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from workbench import schedules
from workbench.explore.alone import alone
from workbench.explore.panel import Panel
from workbench.explore.parts import COALESCE, later
from workbench.explore.settings import SETTINGS, Setting
from workbench.explore.thumbnails import first_args
from workbench.schedule import Schedule


class Dials:
    """Reads the controls of a panel; `error` is the sentence why what they say cannot be built.

    Parameters
    ----------
    panel : Panel
        Has the controls.
    schedule : str
        Builder to begin with.
    args : mapping
        Its arguments.
    on_change : callable
        Called after every change, a refused one included.
    """

    def __init__(
        self, panel: Panel, schedule: str, args: Mapping[str, Any], on_change: Callable[[], None]
    ) -> None:
        self._panel, self._on_change = panel, on_change
        self.setting: Setting = SETTINGS[panel.setting.value]
        self.schedule: Schedule = schedules.build({"name": schedule, **self._first(schedule), **args})
        self.error = ""
        self._pending: asyncio.TimerHandle | None = None
        panel.chooser.observe(self._on_chooser, "value")
        panel.sliders.on_change = self._on_slider
        self._fill()

    @alone
    def take(self, setting: Setting) -> None:
        """Another setting: the chosen builder at its values."""
        self.setting = setting
        name = self._panel.chooser.value
        self._put(schedules.build({"name": name, **self._first(name)}))

    def _first(self, name: str) -> dict[str, Any]:
        return first_args(schedules.get(name), self.setting.args)

    @alone
    def _on_chooser(self, _: Any) -> None:
        name = self._panel.chooser.value
        known = {field.name for field in schedules.get(name).fields} & {"total", "peak"}
        kept = {key: value for key, value in self._panel.sliders.values().items() if key in known}
        try:
            schedule = schedules.build({"name": name, **self._first(name), **kept})
        except ValueError:
            schedule = schedules.build({"name": name, **self._first(name)})
        self._put(schedule)
        self._on_change()

    def _put(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._fill()
        self._complain("")

    def _fill(self) -> None:
        fields, recipe = schedules.get(self._panel.chooser.value).fields, dict(self.schedule.recipe or {})
        self._panel.sliders.fill(fields, recipe, self.setting.ranges)

    def _on_slider(self, _: Any) -> None:
        # A page that was loaded again has taken its thread, and what was put off there, with it.
        if self._pending is None or self._pending.when() < time.monotonic() - 1:
            self._pending = later(COALESCE, self._slide)

    @alone
    def _slide(self) -> None:
        self._pending = None
        self._panel.sliders.hide()
        try:
            self.schedule = schedules.build(
                {"name": self._panel.chooser.value, **self._panel.sliders.values()}
            )
        except ValueError as error:
            self._complain(str(error))
        else:
            self._complain("")
        self._on_change()

    def _complain(self, sentence: str) -> None:
        self.error = sentence
        self._panel.complain(sentence)
