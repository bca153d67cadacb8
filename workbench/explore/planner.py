"""The planner: a budget as sliders, the model and data it buys, and the whole run with its schedule."""

from __future__ import annotations

import asyncio
from typing import Any

import ipywidgets as widgets

from workbench import export, scaling
from workbench.explore import planning
from workbench.explore.budgeting import FIRST, Budgeting
from workbench.explore.figure import LiveFigure
from workbench.explore.parts import COALESCE, growing, later, note, row, small_button
from workbench.explore.sheets import TableView
from workbench.explore.showing import show
from workbench.params import known
from workbench.plan import Plan
from workbench.scaling.recipe import Recipe, recipe
from workbench.schedule import Schedule
from workbench.views.table import Table

_RUN = ("schedule", "batch", "rate", "context")
_WHOLE, _RATE = "the whole plan", "the learning rate alone"


def plan(law: str = planning.FIT, **asked: Any) -> Planner:
    """A budget, and the run it buys: "I have this much compute: which model, how much data, how trained?"

    Parameters
    ----------
    law : str
        "fit", our fit of public runs, or a published law of `workbench.scaling.constants`.
    **asked
        First values of the controls: one of flops, gpu_hours, euros, target_loss; gpu, mfu, euros_per_hour,
        served_tokens; schedule, batch, rate, context.

    Raises
    ------
    ValueError
        For an unknown law, rule or schedule, several budgets, or a value outside its range.
    """
    return Planner(law, asked)


class Planner:
    """Made by `plan`. `sizing` is the model and data, `recipe` the run, `plan` what is exported."""

    def __init__(self, law: str, asked: dict[str, Any]) -> None:
        known((*planning.BUDGETS, *FIRST), list(asked), "plan")
        budgets = [name for name in planning.BUDGETS if name in asked] or ["flops"]
        if len(budgets) > 1:
            raise ValueError(f"give one of {', '.join(planning.BUDGETS)}; got {' and '.join(budgets)}")
        kind, first = budgets[0], {**FIRST, **asked}
        first.setdefault(kind, planning.BUDGETS[kind].default)
        self._named, self._law = law, planning.law_of(law)
        self._pending: asyncio.TimerHandle | None = None
        # Checked before a slider, which would cut a value to its range, sees it.
        money = ("gpu", "mfu") if kind in ("gpu_hours", "euros") else ()
        taken = (kind, "served_tokens", *money, *(("euros_per_hour",) if kind == "euros" else ()))
        self._sizing = scaling.plan(self._law, **{name: first[name] for name in taken})
        self._recipe = self._made(self._sizing, {name: first[name] for name in _RUN})
        self.controls = Budgeting(law, kind, first, self._facts(), self._on_change)
        self.figure, self.rates = LiveFigure(planning.PANELS), LiveFigure(planning.RATE_PANELS)
        self.sheet, self.others = TableView(), TableView()
        self.problem, self.words, self.said = (widgets.HTML() for _ in range(3))
        hidden = widgets.Layout(width="100%", display="none")
        self.code = widgets.Textarea(rows=12, description="code", layout=hidden)
        wide = {"layout": {"width": "auto", "min_width": "190px"}, "style": {"description_width": "initial"}}
        self.what = widgets.Dropdown(options=[_WHOLE, _RATE], description="export", **wide)
        targets = [(export.get(name).title, name) for name in export.names()]
        self.target = widgets.Dropdown(options=targets, description="for", **wide)
        self.button = small_button("Export")
        self.button.on_click(self.export)
        self.box = self._layout()
        self._draw()

    @property
    def sizing(self) -> scaling.Sizing:
        """Model and data that the budget buys, as the controls say."""
        self._settle()
        return self._sizing

    @property
    def recipe(self) -> Recipe:
        """The run: shape, batch, rate, weight decay and schedule."""
        self._settle()
        return self._recipe

    @property
    def plan(self) -> Plan:
        """Rate, weight decay and batch of every update."""
        return self.recipe.plan

    @property
    def schedule(self) -> Schedule:
        """The learning rate of every update."""
        return self.recipe.schedule

    @property
    def table(self) -> Table:
        """The run in rows."""
        return self.recipe.table

    def export(self, _: Any = None) -> str:
        """Show the plan, or its rate, as text for the chosen trainer; "" where that cannot say it."""
        chosen = self.plan if self.what.value == _WHOLE else self.schedule
        try:
            self.code.value = export.code(chosen, str(self.target.value))
        except ValueError as error:
            self.code.value, self.code.layout.display = "", "none"
            hint = f" Try {_RATE}." if self.what.value == _WHOLE else ""
            self.said.value = note(f"{error}.{hint}", bad=True)
            return ""
        self.said.value, self.code.layout.display = "", ""
        return self.code.value

    def _facts(self) -> dict[str, float]:
        s = self._sizing
        facts = {"n_params": s.n_params, "tokens": s.tokens, "compute": s.training_flops, "loss": s.loss}
        return {**facts, "batch_tokens": float(self._recipe.batch_tokens)}

    def _made(self, sizing: scaling.Sizing, run: dict[str, Any]) -> Recipe:
        return recipe(sizing.n_params, sizing.tokens, loss=sizing.loss, **run)

    def _on_change(self) -> None:
        if self._pending is None:
            self._pending = later(COALESCE, self._solve)

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            self._solve()

    def _solve(self) -> None:
        self._pending = None
        named = str(self.controls.law.value)
        try:
            law = self._law if named == self._named else planning.law_of(named)
            sizing = scaling.plan(law, **self.controls.budget)
            made = self._made(sizing, self.controls.run)
        except ValueError as error:
            self.problem.value = note(str(error), bad=True)
            return
        self._named, self._law, self._sizing, self._recipe = named, law, sizing, made
        self.problem.value = self.said.value = ""
        self.code.layout.display = "none"
        self._draw()

    def _draw(self) -> None:
        sizing, made = self._sizing, self._recipe
        drawn = planning.basin(sizing, self._law)
        gone = [key for key in self.figure.lines if key not in {line.key for line in drawn}]
        best = f"{sizing.n_params:.3g} parameters, {sizing.tokens:.3g} tokens, loss {sizing.loss:.4f}"
        self.figure.update(drawn, remove=gone, panels=planning.basin_panels(sizing, drawn), rest=best)
        self.figure.summary = str(sizing)
        panels = planning.rate_panels(made)
        self.rates.update(planning.rate_lines(made), panels=panels, rest=repr(made.schedule))
        self.rates.summary = str(made)
        gpu, mfu = self.controls.gpu.value, self.controls.mfu.value
        hours = f"{sizing.hours(str(gpu), mfu):,.3g} hours of one {gpu} at {mfu:.0%} of its peak"
        self.words.value = "".join(note(sentence) for sentence in (*sizing.sentences, hours))
        self.sheet.show(made.table)
        self.others.show(sizing.others())

    def _layout(self) -> widgets.VBox:
        layout = widgets.Layout(width="330px", flex="0 0 auto")
        left = widgets.VBox([self.controls.box, self.problem], layout=layout)
        top = row([left, growing(widgets.VBox([self.figure, self.rates]), 420)])
        buttons = row([self.what, self.target, self.button])
        whole = [top, self.words, self.sheet, buttons, self.said, self.code, self.others]
        return widgets.VBox(whole, layout=widgets.Layout(width="100%"))

    def _ipython_display_(self) -> None:
        show(self.box)
