"""The designer: limits as sliders, the best schedule under a law, and what it is worth."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench import export, schedules
from workbench.design import Design, optimise
from workbench.explore import drawing
from workbench.explore.closing import close
from workbench.explore.controls import LAYOUT, STYLE, control, read
from workbench.explore.designing import Choice, among, choices, curve_of, lines, panels
from workbench.explore.figure import LiveFigure
from workbench.explore.parts import COALESCE, growing, later, log_box, note, row, small_button
from workbench.explore.sensitivity import sensitivity
from workbench.explore.sheets import TableView
from workbench.explore.showing import show
from workbench.fitted import Fit
from workbench.params import known
from workbench.schedule import Schedule
from workbench.views.table import Table

SETTLE = 0.2
"""Seconds without a change after which the comparison is worked out again."""
_POINTS = 700
_SLIDERS = ("total", "peak", "warmup", "floor")
_SLOPES = (2.0, 3.0, 5.0, 7.0, 10.0, 20.0, 50.0)
_FREE = 0
"""What a list has for no limit: None would choose nothing there."""
_BEST, _PLAIN = "the best schedule", "its plain phases"


def design(law: str | Fit = "gpt", **limits: Any) -> Designer:
    """The best schedule within limits, with sliders: "Which schedule is best, and how sure are we?"

    Parameters
    ----------
    law : str or Fit
        "gpt", "llama", "convex" (the bound of convex theory, which needs no data), or a fit of your own.
    **limits
        total, peak, warmup, floor, slope, phases: first values of the sliders, as of `workbench.optimise`.

    Raises
    ------
    ValueError
        For an unknown law or limit, or a value outside its range.
    """
    return Designer(law, **limits)


class Designer:
    """Made by `design`. `design` is the optimum, `table` what it gains; the buttons are methods, too."""

    def __init__(self, law: str | Fit, **limits: Any) -> None:
        known((*_SLIDERS, "slope", "phases"), list(limits), "design")
        self.choices = choices(law)
        self._asked, self._ready = limits, False
        self._solving: asyncio.TimerHandle | None = None
        self._comparing: asyncio.TimerHandle | None = None
        self.figure, self.gains, self.limits = LiveFigure(drawing.PANELS), TableView(), TableView()
        titles = [(choice.title, key) for key, choice in self.choices.items()]
        first = law if isinstance(law, str) else "given"
        self.law = widgets.Dropdown(
            options=titles, value=first, description="law", layout=LAYOUT, style=STYLE
        )
        self.sliders, self.log = widgets.VBox(), log_box()
        self.controls: dict[str, Any] = {}
        self.problem, self.about, self.said = (widgets.HTML() for _ in range(3))
        hidden = widgets.Layout(width="100%", display="none")
        self.code = widgets.Textarea(rows=9, description="code", layout=hidden)
        wide = {"layout": {"width": "auto", "min_width": "190px"}, "style": {"description_width": "initial"}}
        self.what = widgets.Dropdown(options=[_BEST, _PLAIN], description="export", **wide)
        targets = [(export.get(name).title, name) for name in export.names()]
        self.target = widgets.Dropdown(options=targets, description="for", **wide)
        self.button = {name: small_button(name) for name in ("Export", "Sensitivity")}
        self.box = self._layout()
        self._fill(limits)
        self.law.observe(self._on_law, "value")
        self.log.observe(self._draw, "value")
        self.button["Export"].on_click(self.export)
        self.button["Sensitivity"].on_click(self.sensitivity)
        self._design = self._found()
        self._ready = True
        self._draw()
        self._compare()

    @property
    def choice(self) -> Choice:
        """The law that is asked, with its unit and ranges."""
        return self.choices[str(self.law.value)]

    @property
    def design(self) -> Design:
        """The best schedule within what the sliders say."""
        if self._solving is not None:
            self._solving.cancel()
            self._solve()
        return self._design

    @property
    def schedule(self) -> Schedule:
        """The same as a plain schedule, to be saved and sent."""
        return self.design.schedule

    @property
    def table(self) -> Table:
        """What it gains over the usual schedules, with paired intervals."""
        return self.design.table

    def values(self) -> dict[str, Any]:
        """What the sliders say, as arguments of `workbench.optimise`."""
        fields = {field.name: field for field in schedules.get("wsd").fields}
        out = {
            name: read(fields[name], self.controls[name].value) for name in _SLIDERS if name in self.controls
        }
        return out | {name: self.controls[name].value or None for name in ("slope", "phases")}

    def export(self, _: Any = None) -> str:
        """Show code or settings for the chosen trainer, and return them; "" where it cannot say them."""
        chosen = self.design.plain.schedule if self.what.value == _PLAIN else self.schedule
        try:
            self.code.value = export.code(chosen, str(self.target.value))
        except ValueError as error:
            self.code.value, self.code.layout.display = "", "none"
            hint = "" if self.what.value == _PLAIN else f" Try {_PLAIN}."
            self.said.value = note(f"{error}.{hint}", bad=True)
            return ""
        self.said.value, self.code.layout.display = "", ""
        return self.code.value

    def sensitivity(self, _: Any = None) -> Table:
        """Change one limit at a time, show what it does to the loss, and return the table."""
        limits = self.design.limits
        peak = None if self.choice.fit is None else limits.peak
        asked = {name: getattr(limits, name) for name in ("warmup", "floor", "slope", "phases")}
        found = sensitivity(self.choice.fit, limits.total, peak=peak, **asked)
        self.limits.show(found)
        return found

    def _fill(self, given: dict[str, Any]) -> None:
        """Controls for the chosen law, at what was given or at what suits the law."""
        choice = self.choice
        first = {**choice.args, **{key: value for key, value in given.items() if value is not None}}
        # Checked before a slider, which would cut a value to its range, sees it.
        optimise(choice.fit, **{**first, "knots": 3})
        fields = {field.name: field for field in schedules.get("wsd").fields}
        # A bound at its best factor has its own peak.
        names = [name for name in _SLIDERS if name != "peak" or choice.fit is not None]
        ranges = {"warmup": (0.0, 0.2), "floor": (0.0, 0.5), **choice.ranges}
        before = self.controls.values()
        self.controls = {name: control(fields[name], first[name], ranges) for name in names}
        slope, phases = first.get("slope"), first.get("phases")
        slopes = sorted({*_SLOPES, slope} - {None})
        steep = [("free", _FREE), *((f"{one:g} peaks per run", one) for one in slopes)]
        counts = [("free (a spline)", _FREE), *((str(n), n) for n in range(1, 7))]
        self.controls["slope"] = _list("slope", steep, slope or _FREE)
        self.controls["phases"] = _list("phases", counts, phases or _FREE)
        for each in self.controls.values():
            each.observe(self._on_slider, "value")
        self.sliders.children = tuple(self.controls.values())
        close(*before)

    def _on_law(self, _: Any) -> None:
        kept = {key: value for key, value in self.values().items() if key not in ("total", "peak")}
        self._fill(kept)
        self._solve()

    def _on_slider(self, _: Any) -> None:
        if self._solving is None:
            self._solving = later(COALESCE, self._solve)

    def _solve(self) -> None:
        self._solving = None
        try:
            self._design = self._found()
        except ValueError as error:
            self.problem.value = note(str(error), bad=True)
            return
        self.problem.value = self.said.value = ""
        self.code.layout.display = "none"
        self.limits.show(None)
        self._draw()
        if self._comparing is not None:
            self._comparing.cancel()
        self._comparing = later(SETTLE, self._compare)

    def _found(self) -> Design:
        return optimise(self.choice.fit, **self.values())

    def _draw(self, _: Any = None) -> None:
        if not self._ready:
            return
        found, choice = self._design, self.choice
        curve = curve_of(choice, found.schedule, _POINTS)
        drawn = lines("best", found.schedule, curve)
        old = [key for key in self.figure.lines if not key.startswith("best")]
        self.figure.update(
            drawn, remove=old, panels=panels(choice, found, [curve], self.log.value), rest=self._rest(curve)
        )
        self.figure.summary = f"{found!r}: {self._rest(curve)}"

    def _compare(self) -> None:
        """The slower part: the usual schedules beside it, what it gains, the plain phases and their cost."""
        self._comparing = None
        found, choice = self._design, self.choice
        others = {key: (s, curve_of(choice, s, _POINTS)) for key, s in among(found).items()}
        drawn = [line for key, (s, curve) in others.items() for line in lines(key, s, curve)]
        curve = curve_of(choice, found.schedule, _POINTS)
        every = [curve, *(other for _, other in others.values())]
        self.figure.update(drawn, panels=panels(choice, found, every, self.log.value), rest=self._rest(curve))
        self.gains.show(_without_bare(found.table))
        self.about.value = choice.about(found)

    def _rest(self, curve: Any) -> str:
        end = float(np.asarray(curve.loss)[-1])
        if self.choice.fit is None:
            return f"bound {end:.5g} for D = G = 1, at its best peak {self._design.limits.peak:.4g}"
        low, high = self._design.interval or (np.nan, np.nan)
        return f"predicted final loss {end:.4f} {self.choice.unit}, 90 % interval {low:.4f} to {high:.4f}"

    def _layout(self) -> widgets.VBox:
        left = widgets.VBox(
            [self.law, self.sliders, self.log, self.problem],
            layout=widgets.Layout(width="330px", flex="0 0 auto"),
        )
        buttons = row([self.button["Sensitivity"], self.what, self.target, self.button["Export"]])
        top = row([left, growing(self.figure, 420)])
        whole = [top, self.about, buttons, self.said, self.code, self.gains, self.limits]
        return widgets.VBox(whole, layout=widgets.Layout(width="100%"))

    def _ipython_display_(self) -> None:
        show(self.box)


def _list(name: str, options: list[tuple[str, Any]], value: Any) -> widgets.Dropdown:
    return widgets.Dropdown(options=options, value=value, description=name, layout=LAYOUT, style=STYLE)


def _without_bare(table: Table) -> Table:
    """A bound has no intervals: empty columns say nothing."""
    bare = [name for name in table.columns if all(row[name] != row[name] for row in table.rows)]
    rows = tuple({key: value for key, value in row.items() if key not in bare} for row in table.rows)
    return replace(table, rows=rows)
