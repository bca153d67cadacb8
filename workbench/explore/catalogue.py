"""The page of runs: a table to sort and choose from, what the loss depends on, curves, and a law on them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench import laws
from workbench.doctor import runs_folder
from workbench.explore import runs_curves, runs_figures, seeds
from workbench.explore.controls import STYLE
from workbench.explore.figure import LiveFigure
from workbench.explore.parts import later, note, row, small_button
from workbench.explore.plots_view import PlotsView
from workbench.explore.runs_table import RunsTable
from workbench.explore.sheets import TableView
from workbench.explore.showing import show
from workbench.fitted import Fit
from workbench.fitting import fit
from workbench.store import Store

_SETTLE = 0.15
_SHOWN = ("schedule", "schedule.peak", "steps", "task", "seed", "final_loss", "status", "saved", "tags")
_NONE = "-"


def runs(store: str | os.PathLike[str] | Store = "", **filters: Any) -> Runs:
    """The runs of a store, to be sorted, chosen, compared and fitted: "What have I run, and what won?"

    Parameters
    ----------
    store : path or Store
        Where they are; ``WORKBENCH_RUNS`` or ./runs where it is empty.
    **filters
        Which runs, as of `Store.table`.

    Raises
    ------
    ValueError
        When `store` is no folder, or for a filter that no run has.
    """
    return Runs(store if isinstance(store, Store) else Store(store or runs_folder()), filters)


class Runs:
    """Made by `runs`. `table` is what is shown, `selected` the chosen ids; the buttons are methods, too."""

    def __init__(self, store: Store, filters: dict[str, Any]) -> None:
        self.store, self._filters = store, filters
        self._waiting: asyncio.TimerHandle | None = None
        self._fit: Fit | None = None
        self._fitted: list[str] = []
        self.rows, self.params = RunsTable(), TableView()
        self.figure = LiveFigure([runs_curves.PANEL])
        self.plots = PlotsView()
        short = {"layout": widgets.Layout(width="260px"), "style": STYLE}
        self.field = widgets.Dropdown(description="against", **short)
        self.by = widgets.Dropdown(description="lines by", **short)
        titles = [(laws.get(name).title, name) for name in laws.names()]
        self.law = widgets.Dropdown(options=titles, value="power", description="law", **short)
        self.text = widgets.Text(
            description="tag", layout={"width": "150px"}, style={"description_width": "initial"}
        )
        names = ("Refresh", "Best five", "Tag", "Bin", "Fit to chosen")
        self.button = {name: small_button(name) for name in names}
        self.said, self.caution, self.drawn = (widgets.HTML() for _ in range(3))
        self.box = self._layout()
        self.refresh()
        for control in (self.field, self.by):
            control.observe(self._draw_points, "value")
        self.rows.observe(self._soon, ["selected", "sheet"])
        self.plots.observe(self._on_marked, "marked")
        for name, method in zip(names, (self.refresh, self.best, self.tag, self.bin, self.fit), strict=True):
            self.button[name].on_click(method)

    @property
    def table(self) -> Any:
        """The rows that the search leaves, in the order that is seen."""
        return self.rows.shown

    @property
    def selected(self) -> list[str]:
        """Ids of the chosen runs."""
        return list(self.rows.selected)

    def choose(self, ids: Sequence[str]) -> Runs:
        """Choose runs by their ids, as the boxes do."""
        there = set(self.rows.shown["id"])
        unknown = [id for id in ids if id not in there]
        if unknown:
            raise ValueError(f"ids must be of runs that are shown; got {unknown[0]!r}")
        self.rows.selected = list(ids)
        self._draw()
        return self

    # Buttons

    def refresh(self, _: Any = None) -> None:
        """Read the store again."""
        table = self.store.table(**self._filters)
        self._every = table.set_index("id")
        varied = [name for name in seeds.varying(table) if name not in _SHOWN]
        columns = [name for name in _SHOWN if name in table.columns and table[name].notna().any()]
        self.rows.show(table, ["id", *columns, *varied[:4]])
        fields = seeds.varying(table)
        self._offer(self.field, fields, "schedule.peak")
        self._offer(self.by, [_NONE, *(f for f in fields if table[f].nunique() <= 12)], "schedule")
        self._draw()

    def best(self, _: Any = None) -> list[str]:
        """Choose the five runs of those shown that ended lowest, and return their ids."""
        shown = self.rows.shown
        sound = shown[np.isfinite(shown["final_loss"].astype(float))]
        self.rows.selected = sound.sort_values("final_loss", kind="stable")["id"].head(5).tolist()
        self._draw()
        return self.selected

    def tag(self, _: Any = None) -> None:
        """Give the chosen runs the tag in the field."""
        self._change(lambda: self.store.tag(self.selected, self.text.value), f"Tagged {self.text.value!r}")

    def bin(self, _: Any = None) -> None:
        """Move the chosen runs to the bin."""
        self._change(
            lambda: self.store.bin(self.selected), "In the bin, from where store.restore brings them back"
        )

    def fit(self, _: Any = None) -> Fit | None:
        """Fit the law to the chosen runs, draw it, show its parameters; None where it cannot be fitted."""
        self._fit, ids = None, self.selected
        self._fitted = ids
        if not ids:
            self.say("Choose the runs that the law is to be fitted to.", bad=True)
            return None
        try:
            self._fit = fit(str(self.law.value), [self.store.load(id) for id in ids])
        except ValueError as error:
            self.say(f"{error}.", bad=True)
            self._draw_curves()
            return None
        self._draw_curves()
        found = self._fit
        table = runs_curves.parameters(found, len(ids))
        self.params.show(table)
        self.say(f"{table.title}: dashed in the figure.")
        return found

    def say(self, sentence: str, *, bad: bool = False) -> None:
        """One sentence under the buttons; none takes the last away."""
        self.said.value = note(sentence, bad=bad)

    # Figures

    def parallel(self) -> Any:
        """The parallel coordinates as a figure of its own."""
        return runs_figures.parallel(self.rows.shown, self.selected)

    def against(self, field: str | None = None, by: str | None = None) -> Any:
        """Loss against a field as a figure of its own; what the lists say where it is not given."""
        return runs_figures.against(self.rows.shown, *self._axes(field, by))

    def _axes(self, field: str | None = None, by: str | None = None) -> tuple[str, str | None]:
        lines = by or (None if self.by.value in (None, _NONE) else str(self.by.value))
        chosen = field or str(self.field.value)
        return chosen, None if lines == chosen else lines

    def _change(self, work: Any, done: str) -> None:
        count = len(self.selected)
        if not count:
            self.say("Choose some runs first.", bad=True)
            return
        try:
            work()
        except ValueError as error:
            self.say(f"{error}.", bad=True)
            return
        self.refresh()
        self.say(f"{done}: {count} run{'s' * (count > 1)}.")

    def _offer(self, control: Any, names: list[str], first: str) -> None:
        kept = control.value if control.value in names else first if first in names else None
        control.options = names
        control.value = kept if kept is not None else (names[0] if names else None)

    def _on_marked(self, change: Any) -> None:
        there = set(self.rows.shown["id"])
        self.rows.selected = [id for id in change["new"] if id in there]

    def _soon(self, _: Any) -> None:
        # A click on a box, a key in the search: only what came last is worth drawing.
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = later(_SETTLE, self._draw)

    def _draw(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        # Drawn late, or sorted, searched and tagged: a fit stays as long as the runs it was made from.
        if self._fit is not None and self._fitted != self.selected:
            self._fit = None
            self.params.show(None)
        self._draw_points()
        self._draw_curves()

    def _draw_points(self, _: Any = None) -> None:
        if self.field.value is None:
            self.plots.show([self.parallel()])
            self.caution.value = note("Nothing differs among these runs that could be an axis.")
            return
        field, by = self._axes()
        self.plots.show([self.against(), self.parallel()])
        other = seeds.unsaid(self.rows.shown, field, by)
        said = (
            f"Runs at one point differ in {', '.join(other)}, too: search for one value of it."
            if other
            else ""
        )
        more = runs_figures.left_over(self.rows.shown, by)
        said += f" {more} more values of {by} have no line." if more else ""
        self.caution.value = note(said.strip())

    def _draw_curves(self) -> None:
        ids = self.selected[: runs_curves.MOST]
        drawn, problems = runs_curves.lines(self.store, ids, self._every, self._fit)
        gone = self.figure.lines.keys() - {line.key for line in drawn}
        left = len(self.selected) - len(ids)
        said = f"{len(ids)} curves" + (f"; {left} more are chosen and not drawn" if left else "")
        panels = [runs_curves.panel(drawn)]
        self.figure.update(drawn, remove=gone, panels=panels, rest=said if ids else "")
        self.figure.summary = f"Losses of chosen runs: {', '.join(line.label for line in drawn) or 'none'}"
        ways = (
            "Choose rows of the table, drag along a parallel axis, or press Best five, to see their curves."
        )
        empty = "" if ids else ways
        self.drawn.value = note(empty or " ".join(problems), bad=bool(problems))

    def _layout(self) -> widgets.VBox:
        wide = widgets.Layout(width="100%")
        acts = [self.button[name] for name in ("Refresh", "Best five")]
        acts += [self.text, self.button["Tag"], self.button["Bin"], self.law, self.button["Fit to chosen"]]
        curves = widgets.VBox([self.figure, self.drawn, self.params], layout=wide)
        points = widgets.VBox([row([self.field, self.by]), self.caution, self.plots], layout=wide)
        return widgets.VBox([self.rows, row(acts), self.said, curves, points], layout=wide)

    def _ipython_display_(self) -> None:
        show(self.box)
