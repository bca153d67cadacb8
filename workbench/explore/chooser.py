"""One schedule with its sliders: chosen by name, changed argument by argument, always the last good one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from workbench import schedules
from workbench.explore.controls import LAYOUT, STYLE
from workbench.explore.parts import COALESCE, later, note
from workbench.explore.settings import Setting
from workbench.explore.sliders import Sliders
from workbench.explore.thumbnails import first_args
from workbench.schedule import Schedule

_GIVEN = "\0given"


class Chooser:
    """A list of all registered schedules and the sliders of the chosen one.

    `schedule` is what the controls say; where they cannot be built, `error` is the sentence why and
    `schedule` stays the last good one.

    Parameters
    ----------
    setting : Setting
        Gives the first values of arguments and what sliders offer.
    start : str or Schedule
        Name of a builder, or a schedule: its sliders come back from its recipe; one without a recipe is
        offered as it is, without sliders.
    args : mapping
        Arguments of the builder at the start.
    on_change : callable
        Called after every change, a refused one included.
    label : str
        Before the list.
    quantity : str, optional
        What the schedules that are listed must schedule; any where it is not given.
    """

    def __init__(
        self,
        setting: Setting,
        start: str | Schedule,
        args: Mapping[str, Any],
        on_change: Callable[[], None],
        label: str = "schedule",
        quantity: str | None = "learning rate",
    ) -> None:
        self.setting, self._given, self._quantity = setting, dict(args), quantity
        self._fixed: Schedule | None = None
        self._on_change, self._silent = on_change, True
        self._pending: asyncio.TimerHandle | None = None
        self.list = widgets.Dropdown(description=label, layout=LAYOUT, style=STYLE)
        self.sliders, self.problem = Sliders(self._on_slider), widgets.HTML()
        self.box = widgets.VBox(
            [self.list, self.sliders.box, self.problem], layout=widgets.Layout(width="330px")
        )
        self.error = ""
        self.list.observe(self._on_list, "value")
        self.take(start)

    @property
    def name(self) -> str:
        """Registered name of the chosen builder; "" for a schedule that was given as it is."""
        return "" if self.list.value == _GIVEN else str(self.list.value)

    def take(self, start: str | Schedule, setting: Setting | None = None) -> None:
        """Choose a builder by name, or take a schedule with the sliders of its recipe."""
        if setting is not None:
            self.setting = setting
        recipe = dict(start.recipe) if isinstance(start, Schedule) and start.recipe else None
        if isinstance(start, Schedule) and recipe is None:
            self._fixed, name, schedule = start, _GIVEN, start
        else:
            name = recipe.pop("name") if recipe is not None else str(start)
            schedule = schedules.build({"name": name, **(recipe or self._first(name))})
        self._silent = True
        try:
            self._list()
            self.list.value = name
            self.schedule: Schedule = schedule
            self._fill()
        finally:
            self._silent = False
        self._changed("")

    def _list(self) -> None:
        names = [(schedules.get(name).title, name) for name in schedules.names(self._quantity)]
        given = [] if self._fixed is None else [(f"given, {len(self._fixed):,} steps", _GIVEN)]
        if self.list.options != (*given, *names):
            self.list.options = (*given, *names)

    def _fields(self) -> tuple[Any, ...]:
        return schedules.get(self.name).fields if self.name else ()

    def _first(self, name: str) -> dict[str, Any]:
        entry = schedules.get(name)
        return first_args(entry, {**self.setting.args, **self._given})

    def _fill(self) -> None:
        self.sliders.fill(self._fields(), dict(self.schedule.recipe or {}), self.setting.ranges)

    def _on_list(self, _: Any) -> None:
        if self._silent:
            return
        said = ""
        if not self.name:
            assert self._fixed is not None
            self.schedule = self._fixed
        else:
            try:
                self.schedule, said = self._nearest()
            except ValueError as error:
                self._back(str(error))
                return
        self._fill()
        self._changed("")
        if said:
            self.problem.value = note(said)

    def _nearest(self) -> tuple[Schedule, str]:
        """The chosen builder with the budget that was shown, else with the page's own arguments, else without
        those that it refuses, which the sentence says."""
        entry, refused = schedules.get(self.name), ""
        shown_last = first_args(entry, dict(self.schedule.recipe or {}))
        common = {key: value for key, value in shown_last.items() if key in ("total", "peak")}
        page, plain = self._first(self.name), first_args(entry, self.setting.args)
        for args in ({**page, **common}, page, {**plain, **common}):
            try:
                schedule = schedules.build({"name": self.name, **args})
            except ValueError as error:
                refused = str(error)
                continue
            lost = [key for key in page if key not in common and args.get(key) != page[key]]
            return schedule, f"Without {' and '.join(lost)}: {refused}" if lost else ""
        return schedules.build({"name": self.name, **plain}), f"With values of its own: {refused}"

    def _back(self, sentence: str) -> None:
        """The list shows again what the sliders have."""
        self._silent = True
        try:
            self.list.value = dict(self.schedule.recipe or {}).get("name", _GIVEN)
        finally:
            self._silent = False
        self.problem.value = note(sentence, bad=True)

    def _on_slider(self, _: Any) -> None:
        # A page that was loaded again may have taken its thread, and what was put off there, with it.
        if self._pending is None or self._pending.when() < time.monotonic() - 1:
            self._pending = later(COALESCE, self._slide)

    def _slide(self) -> None:
        self._pending = None
        self.sliders.hide()
        try:
            self.schedule = schedules.build({"name": self.name, **self.sliders.values()})
        except ValueError as error:
            self._changed(str(error))
            return
        self._changed("")

    def _changed(self, error: str) -> None:
        self.error = error
        self.problem.value = note(error, bad=True)
        if not self._silent:
            self._on_change()
