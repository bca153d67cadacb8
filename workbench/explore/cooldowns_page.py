"""The cooldown page: bias, variance and loss of every shape on the noisy quadratic."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from workbench.explore import cooldowns_drawing as drawing
from workbench.explore.controls import control, hide, read
from workbench.explore.cooldowns_noise import power_law
from workbench.explore.cooldowns_race import Race
from workbench.explore.cooldowns_shapes import COLORS, LEAST_FLOOR, Curves
from workbench.explore.cooldowns_trial import Trial
from workbench.explore.figure import LiveFigure
from workbench.explore.parts import COALESCE, growing, later, log_box, note, row
from workbench.explore.sheets import TableView
from workbench.explore.showing import show
from workbench.params import Choice, Param, known
from workbench.registry import Field
from workbench.schedules.cooldown import COOLDOWNS
from workbench.views.table import Table
from workbench.views.words import figure, percent

FIELDS = {
    field.name: field
    for field in (
        Field("shape", str, Choice(COOLDOWNS, help="the shape that is drawn bold"), "sqrt"),
        Field("decay", float, Param(0, 1, help="share of the run that cools down, at least one update"), 0.2),
        Field(
            "peak",
            float,
            Param(
                0,
                1.99,
                open_low=True,
                slider=(0.02, 1.62),
                help="rate before the cooldown; 2 is the limit of stability",
            ),
            0.5,
        ),
        Field("floor", float, Param(0, 1, slider=(0, 0.5), unit="of peak", help="rate at the end"), 0.0),
        Field(
            "total",
            int,
            Param(2, 20_000, log=True, slider=(100, 2000), unit="updates", help="updates of the run"),
            1000,
        ),
        Field(
            "batch",
            float,
            Param(
                0.01,
                1e6,
                log=True,
                slider=(1, 1000),
                unit="samples",
                help="the gradient's noise has the variance h / batch",
            ),
            16.0,
        ),
        Field(
            "exponent",
            float,
            Param(
                0,
                10,
                slider=(0, 3),
                help="how fast curvatures fall: 0 is one curvature, more leaves directions that are slow",
            ),
            1.5,
        ),
        Field(
            "power",
            float,
            Param(
                0,
                100,
                open_low=True,
                slider=(0.5, 4.5),
                only=("shape", "power"),
                help="exponent of the shape 'power'",
            ),
            1.5,
        ),
        Field(
            "drop",
            float,
            Param(
                0,
                1,
                open_low=True,
                slider=(0.2, 1),
                only=("shape", "lowered_linear"),
                help="where 'lowered_linear' starts, of the peak",
            ),
            0.7,
        ),
        Field(
            "half_life",
            float,
            Param(
                0.03,
                100,
                slider=(0.05, 1.05),
                only=("shape", "half_life"),
                unit="of the cooldown",
                help="halves the rate",
            ),
            0.25,
        ),
    )
}
"""What the page asks, each with its slider and first value."""
_MODES = 48
_REST = 0.06
"""Seconds without another move before the lengths are compared, which takes longer than a frame."""


def cooldown(**first: Any) -> CooldownPage:
    """Every cooldown on a noisy quadratic, exactly: "How should the rate come down?"

    Parameters
    ----------
    **first
        First values of the controls: shape, decay, peak, floor, total, batch, exponent, power, drop,
        half_life.

    Raises
    ------
    ValueError
        For an unknown name, or a value outside its range.
    """
    known(list(FIELDS), list(first), "cooldown")
    return CooldownPage({name: field.check(first.get(name, field.default)) for name, field in FIELDS.items()})


class CooldownPage:
    """Made by `cooldown`. `curves` is what the sliders say, `table` has all shapes."""

    def __init__(self, first: dict[str, Any]) -> None:
        self._pending: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self.controls = {name: control(field, first[name], {}) for name, field in FIELDS.items()}
        self.log = log_box()
        self.log.description = "log axes of losses"
        for each in (*self.controls.values(), self.log):
            each.observe(self._on_slider, "value")
        self.figure, self.across = LiveFigure(drawing.PANELS), LiveFigure(drawing.ACROSS)
        self.sheet, self.words = TableView(), widgets.HTML()
        layout = widgets.Layout(width="330px", flex="0 0 auto")
        left = widgets.VBox([*self.controls.values(), self.log, self.words], layout=layout)
        top = row([left, growing(self.figure, 420)])
        self.box = widgets.VBox([top, self.across, self.sheet], layout=widgets.Layout(width="100%"))
        self._asked, self.curves = self.values(), self._made()
        self._draw()
        self._compare()

    def values(self) -> dict[str, Any]:
        """What the controls say."""
        return {name: read(FIELDS[name], each.value) for name, each in self.controls.items()}

    @property
    def table(self) -> Table:
        """Every shape at the chosen length, the best first, and its own best length."""
        self._settle()
        return self.curves.table

    def race(self, trial: Trial) -> Race:
        """The buttons that train a trial of `workbench.explore.cooldowns_trial`, its curves and its table."""
        return Race(trial, f"cooldown-{trial.name}", colors=COLORS)

    def _made(self) -> Curves:
        v = self.values()
        problem = power_law(_MODES, v["exponent"], v["batch"])
        names = ("total", "peak", "decay", "floor", "power", "drop", "half_life")
        return Curves(problem, **{name: v[name] for name in names})

    def _on_slider(self, _: Any) -> None:
        if self._pending is None:
            self._pending = later(COALESCE, self._slide)

    def _settle(self) -> None:
        for handle, act in ((self._pending, self._slide), (self._resting, self._compare)):
            if handle is not None:
                handle.cancel()
                act()

    def _slide(self) -> None:
        self._pending = None
        self._look()
        self._draw()
        if self._resting is not None:
            self._resting.cancel()
        self._resting = later(_REST, self._compare)

    def _look(self) -> None:
        """Take what the sliders say; comparisons of lengths stay where only the length was moved."""
        asked, before = self.values(), self.curves
        same = all(asked[name] == self._asked[name] for name in asked if name not in ("decay", "shape"))
        self._asked, self.curves = asked, self._made()
        if same:
            self.curves = replace(self.curves, compared=before.lengths)

    def _draw(self) -> None:
        curves, shape = self.curves, str(self.controls["shape"].value)
        hide(FIELDS.values(), self.controls, {"shape": shape})
        lines = drawing.lines(curves, shape)
        said = drawing.sentence(curves, shape)
        panels = drawing.panels(curves, lines, log=bool(self.log.value))
        self.figure.update(lines, panels=panels, rest=said)
        self.figure.summary = said
        lifted = "" if curves.floor >= LEAST_FLOOR else (
            f" exp and inverse_linear cannot reach {figure(curves.floor)} and end at {percent(LEAST_FLOOR)} "
            "of the peak."
        )  # fmt: skip
        self.words.value = note(
            f"Exact expectations over all seeds, {_MODES} curvatures, no measurement. All shapes are drawn, "
            f"{shape} bold; they leave one constant rate.{lifted}"
        )

    def _compare(self) -> None:
        self._resting = None
        curves, shape = self.curves, str(self.controls["shape"].value)
        lines = drawing.across(curves, shape)
        said = drawing.best(curves, shape)
        self.across.update(
            lines, panels=drawing.across_panels(curves, lines, log=bool(self.log.value)), rest=said
        )
        self.across.summary = said
        self.sheet.show(curves.table)

    def _ipython_display_(self) -> None:
        show(self.box)
