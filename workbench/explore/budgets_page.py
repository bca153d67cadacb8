"""The page of budgets: four ways to several models, what each costs and what a law says of it."""

from __future__ import annotations

import asyncio
from typing import Any

import ipywidgets as widgets

from workbench import defaults
from workbench.explore import budgets_page_drawing as drawing
from workbench.explore.budgets_page_predicted import Said, gaps, predicted, table, told
from workbench.explore.budgets_page_tree import drawing as tree
from workbench.explore.budgets_page_trial import Contest, Outcome
from workbench.explore.budgets_page_ways import FIELDS, Plan
from workbench.explore.controls import control, read
from workbench.explore.cooldowns_race import Race
from workbench.explore.cooldowns_trial import Measured
from workbench.explore.figure import LiveFigure
from workbench.explore.parts import COALESCE, growing, later, note, row
from workbench.explore.sheets import TableView
from workbench.explore.showing import show
from workbench.params import known
from workbench.views.table import Table

LAW = "gpt/0.1M"
"""The shipped fit that predicts."""
_NAMES = {"cosine_peak": "cosine x", "count": "budgets"}


def wsds(**first: Any) -> WsdsPage:
    """Models of several budgets, in four ways: "How many budgets can one run serve?"

    Parameters
    ----------
    **first
        First values of the controls: total, count, spacing, decay, counted, shape, peak, cosine_peak, floor,
        warmup, equal.

    Raises
    ------
    ValueError
        For an unknown name, or a value outside its range.
    """
    known(list(FIELDS), list(first), "wsds")
    return WsdsPage(Plan(**first))


class WsdsPage:
    """Made by `wsds`. `plan` is what the sliders say, `said` what the law says of it, `table` both."""

    def __init__(self, plan: Plan) -> None:
        self._pending: asyncio.TimerHandle | None = None
        self.fit = defaults.load(LAW)
        self._plan = plan
        self.controls = {name: control(field, getattr(plan, name), {}) for name, field in FIELDS.items()}
        for name, each in self.controls.items():
            each.set_trait("description", _NAMES.get(name, name))
            each.observe(self._on_slider, "value")
        self.figure, self.budgets = LiveFigure(drawing.PANELS), LiveFigure(drawing.AT_BUDGETS)
        self.sheet = TableView()
        self.problem, self.cost, self.words = (widgets.HTML() for _ in range(3))
        layout = widgets.Layout(width="330px", flex="0 0 auto")
        left = widgets.VBox([*self.controls.values(), self.problem], layout=layout)
        right = widgets.VBox([self.figure, self.budgets])
        whole = [row([left, growing(right, 420)]), self.cost, self.sheet, self.words]
        self.box = widgets.VBox(whole, layout=widgets.Layout(width="100%"))
        self._draw()

    @property
    def plan(self) -> Plan:
        """The four ways, as the controls say."""
        self._settle()
        return self._plan

    @property
    def said(self) -> dict[str, Said]:
        """What the law says of the models of every way."""
        return {way.name: predicted(self.fit, way) for way in self.plan.ways}

    @property
    def table(self) -> Table:
        """A row for each way: what it costs, and the predicted loss of its models."""
        return table(self.plan, self.said, self.fit.burn_in)

    def race(self, contest: Contest) -> Race:
        """The buttons that train a contest, its curves, and its table once all is measured."""

        def rows(measured: Measured) -> Table:
            return Outcome(contest, measured).table() if measured.whole else measured.table()

        return Race(contest.trial, f"wsds-{contest.task}", rows, contest.colors)

    def _on_slider(self, _: Any) -> None:
        if self._pending is None:
            self._pending = later(COALESCE, self._slide)

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            self._slide()

    def _slide(self) -> None:
        self._pending = None
        try:
            self._plan = Plan(
                **{name: read(FIELDS[name], each.value) for name, each in self.controls.items()}
            )
        except ValueError as error:
            self.problem.value = note(f"{error}; the figures show what was asked before.", bad=True)
            return
        self.problem.value = ""
        self._draw()

    def _draw(self) -> None:
        plan, fit = self._plan, self.fit
        said = {way.name: predicted(fit, way) for way in plan.ways}
        found = gaps(fit, plan)
        shown = (
            (self.figure, drawing.lines(plan, fit, said), drawing.panels, drawing.sentence(plan)),
            (self.budgets, drawing.at_budgets(plan, said, found), drawing.at_budgets_panels, told(found)),
        )
        for figure, lines, panels, rest in shown:
            gone = set(figure.lines) - {line.key for line in lines}
            figure.update(lines, remove=gone, panels=panels(plan, lines), rest=rest)
            figure.summary = rest
        self.cost.value = (
            f'<div class="lrw-note">What is trained, to scale; updates in all:</div>{tree(plan.ways).svg}'
        )
        self.sheet.show(table(plan, said, fit.burn_in))
        beyond = [each for way in plan.ways for each in fit.warnings(way.schedules[-1])]
        sentences = [
            f"Dashed: predicted by the {fit.facts['title']}, not measured; bands are 90 % of one run."
        ]
        sentences += [f"Beware: {each}." for each in dict.fromkeys(beyond)]
        self.words.value = "".join(map(note, sentences))

    def _ipython_display_(self) -> None:
        show(self.box)
