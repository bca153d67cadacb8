"""The peak page's widget: basins that fill while lanes train, and best peaks over batch and width."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from workbench.curve import Run
from workbench.explore import peaks_lines as drawing
from workbench.explore.controls import LAYOUT, STYLE, control, plain, read
from workbench.explore.figure import LiveFigure
from workbench.explore.parts import COALESCE, growing, later, note, row
from workbench.explore.peaks_basin import Basin
from workbench.explore.peaks_cells import BENCHES, Cell, cell_of, ladder
from workbench.explore.peaks_lines import Dot
from workbench.explore.peaks_ready import ready, redraw, save_button, session_in
from workbench.explore.peaks_theory import RULES
from workbench.explore.sheets import TableView
from workbench.explore.showing import show
from workbench.explore.studio.bar import Bar
from workbench.explore.studio.ear import Ear
from workbench.params import Choice, Flag, Param, choice
from workbench.registry import Field
from workbench.views.table import Table

_NOISE = Param(1, 1e6, log=True, slider=(4, 16_384), help="noise scale, in the unit of the batch")
_LANES = Param(4, 33, log=True, slider=(5, 17), help="peaks of a sweep")
_SEEDS = Param(1, 16, log=True, slider=(1, 5), help="seeds of each peak")
_TOTAL = Param(10, 100_000, log=True, slider=(30, 3000), unit="updates", help="length of a run")
FIELDS = {
    "noise": Field("noise", float, _NOISE, 512.0),
    "total": Field("total", int, _TOTAL, 300),
    "lanes": Field("lanes", int, _LANES, 9),
    "seeds": Field("seeds", int, _SEEDS, 2),
    "mup": Field("mup", bool, Flag(help="scale the model with its width"), False),
}


def peaks(
    bench: str = "mlp",
    *,
    batch: int | None = None,
    width: int | None = None,
    mup: bool = False,
    rule: str = "square_root",
    noise: float = 512.0,
    total: int | None = None,
    lanes: int = 9,
    seeds: int = 2,
    folder: str | Path = "",
) -> PeaksPage:
    """Loss over the peak for several batches and widths: "Which peak rate, and does it change with them?"

    Parameters
    ----------
    bench : str
        "mlp", a perceptron that trains in seconds, or "gpt", a small GPT that takes minutes.
    batch, width : int, optional
        Of the first cell; the bench's base unless given.
    mup : bool
        Whether the model is scaled with its width.
    rule : str
        "linear", "square_root", "noise_scale" or "surge": what says the best peak at another batch.
    noise : float
        Noise scale of two of the rules, in the unit of the batch.
    total : int, optional
        Updates of a run; the bench's own unless given.
    lanes, seeds : int
        Peaks of a sweep, and seeds of each.
    folder : path
        Where trainings are kept; a folder "peaks" beside your other live trainings where it is empty.

    Raises
    ------
    ValueError
        For an unknown bench or rule, or a value outside its range.
    """
    choice("bench", bench, Choice(tuple(BENCHES), help="what is trained"))
    choice("rule", rule, Choice(tuple(RULES), help="what moves the peak"))
    of = BENCHES[bench]
    given = {"noise": noise, "total": total or of.total, "lanes": lanes, "seeds": seeds, "mup": mup}
    first = {name: FIELDS[name].check(value) for name, value in given.items()}
    cell = Cell(bench, batch or of.batch, width or of.width, first["mup"], first["total"])
    return PeaksPage(cell, rule, first, folder)


class PeaksPage:
    """Made by `peaks`. The button Train is a method too; `fits` are the basins, `table` the best peaks."""

    def __init__(self, cell: Cell, rule: str, first: Mapping[str, Any], folder: str | Path) -> None:
        self._pending: asyncio.TimerHandle | None = None
        self._filling = False
        self.session, said = session_in(folder, "peaks")
        self.fits: dict[Cell, Basin | None] = {}
        self.bench = _dropdown("bench", [(of.title, name) for name, of in BENCHES.items()], cell.bench)
        self.batch, self.width = _ladder("batch"), _ladder("width")
        self.rule = _dropdown("rule", [(text, name) for name, text in RULES.items()], rule)
        self.controls = {name: control(field, first[name], {}) for name, field in FIELDS.items()}
        self.controls["mup"].description = "muP"
        self.controls["lanes"].description = "peaks"
        self._offer(cell)
        self.basins, self.best = LiveFigure(drawing.BASIN), LiveFigure(drawing.BEST)
        self.words, self.sheet = widgets.HTML(), TableView()
        self.bar = Bar(self.session, self.train, self._ready)
        self.bar.say(said)
        self.bar.buttons.children += (save_button(self.bar),)
        mine = [self.bench, self.batch, self.width, self.controls["mup"], self.rule]
        rest = [self.controls[name] for name in ("noise", "total", "lanes", "seeds")]
        for each in (*mine[1:], *rest):
            each.observe(self._on_slider, "value")
        self.bench.observe(self._on_bench, "value")
        left = widgets.VBox([*mine, *rest], layout=widgets.Layout(width="330px", flex="0 0 auto"))
        top = row([left, growing(widgets.VBox([self.basins, self.bar.box, self.words]), 420)])
        self.box = widgets.VBox([top, self.best, self.sheet], layout=widgets.Layout(width="100%"))
        self._ear = Ear(self.session, self._draw)
        self._draw()

    @property
    def cell(self) -> Cell:
        """What the sliders show."""
        v = self.values()
        return Cell(self.bench.value, self.batch.value, self.width.value, v["mup"], v["total"])

    @property
    def dots(self) -> dict[Cell, list[Dot]]:
        """Lanes of this bench and length as they stand, by cell."""
        now, out = self.cell, {}
        for branch in self.session.branches:
            cell = cell_of(branch.name)
            if cell is None or (cell.bench, cell.total) != (now.bench, now.total):
                continue
            curve = branch.curves.get("loss")
            loss = float(curve.loss[-1]) if curve is not None and len(curve) else float("nan")
            lost = branch.status == "diverged"
            done = 1.0 if lost else branch.step / len(branch.schedule)
            dot = Dot(branch.schedule.peak, branch.seed, float("inf") if lost else loss, done)
            out.setdefault(cell, []).append(dot)
        return out

    @property
    def runs(self) -> list[Run]:
        """What was measured, of every cell."""
        return [self.session.run(branch.key) for branch in self.session.branches if branch.step]

    @property
    def table(self) -> Table:
        """Best peak of each cell with its interval, beside what the rule says."""
        rule, noise = self.rule.value, self.values()["noise"]
        peak, measured = drawing.anchor(self.fits, self.cell)
        rows = tuple(
            {
                "batch": cell.batch,
                "width": cell.width,
                "muP": "yes" if cell.mup else "",
                "best peak": fit.peak,
                "low": fit.low,
                "high": fit.high,
                "by the rule": drawing.expected(cell, rule, noise, peak),
                "lowest loss": fit.loss,
            }
            for cell, fit in sorted(self.fits.items())
            if fit is not None
        )
        from_ = "measured at the base" if measured else "assumed at the base until it is measured"
        notes = ("low, high: 90 % interval of the best peak", f"the rule starts from {peak:.3g}, {from_}")
        return Table(f"Best peaks, {BENCHES[self.bench.value].title}", rows, notes)

    def values(self) -> dict[str, Any]:
        """What the sliders under the choosers say."""
        return {name: read(FIELDS[name], each.value) for name, each in self.controls.items()}

    def train(self, _: Any = None, *, wait: bool = False) -> None:
        """Train the lanes of the cell that are not there yet; `wait` for their end."""
        cell = self.cell
        for seeds, some in self._missing().items():
            lanes, names = [cell.schedule(peak) for peak in some], [cell.lane(peak) for peak in some]
            if len(seeds) == 1:  # of several the session says each one itself
                names = [f"{name}, seed {seeds[0]}" for name in names]
            self.session.start(cell.task(), lanes, seeds, names=names, wait=wait)
        self._draw()

    def _missing(self) -> dict[tuple[int, ...], tuple[float, ...]]:
        """Peaks that are to be trained, by the seeds that miss the same ones."""
        v = self.values()
        there = {(f"{dot.peak:g}", dot.seed) for dot in self.dots.get(self.cell, ())}
        peaks = [float(peak) for peak in ladder(self.bench.value, v["lanes"])]
        by: dict[tuple[float, ...], list[int]] = {}
        for seed in range(v["seeds"]):
            lacking = tuple(peak for peak in peaks if (f"{peak:g}", seed) not in there)
            if lacking:
                by.setdefault(lacking, []).append(seed)
        return {tuple(seeds): lacking for lacking, seeds in by.items()}

    def _ready(self) -> tuple[bool, str]:
        count = sum(len(seeds) * len(some) for seeds, some in self._missing().items())
        if not count:
            return False, "every lane of this cell is there: choose another batch, width or length"
        return True, f"train {count} lanes of {self.cell.name}, a peak and a seed each"

    def _offer(self, cell: Cell) -> None:
        of = BENCHES[cell.bench]
        self._filling = True  # between two choosers that change there is no such cell
        for slider, values, value in (
            (self.batch, of.batches, cell.batch),
            (self.width, of.widths, cell.width),
        ):
            slider.options, slider.value = [(f"{x:,}", x) for x in values], value
        self._filling = False
        self.batch.tooltip = f"{of.unit} of an update"

    def _on_bench(self, _: Any) -> None:
        of = BENCHES[self.bench.value]
        self._offer(Cell(self.bench.value, of.batch, of.width, False, of.total))
        self._on_slider(None)

    def _on_slider(self, _: Any) -> None:
        if self._pending is None and not self._filling:
            self._pending = later(COALESCE, self._draw)

    def _draw(self) -> None:
        self._pending = None
        now, rule, noise, dots = self.cell, self.rule.value, self.values()["noise"], self.dots
        self.fits = {cell: drawing.fit(lanes) for cell, lanes in dots.items()}
        peak, measured = drawing.anchor(self.fits, now)
        said = drawing.expected(now, rule, noise, peak)
        redraw(self.basins, drawing.basins(dots, self.fits, now, said),
              drawing.basin_panels(dots, now, self.fits.get(now)))  # fmt: skip
        lines = drawing.best(self.fits, now, rule, noise, peak)
        redraw(self.best, lines, drawing.best_panels(lines, now))
        found = self.fits.get(now)
        text = f"{now.name}: {RULES[rule]} says a best peak of {plain(float(f'{said:.3g}'))}"
        text += f" (from {peak:.3g}, {'measured' if measured else 'assumed'} at the base)"
        text += f"; measured: {found}" if found else "; not measured yet"
        self.words.value = note(text + ".")
        self.basins.summary = self.best.summary = text
        self.sheet.show(self.table if any(self.fits.values()) else None)
        self.bar.refresh()

    def _ipython_display_(self) -> None:
        show(self.box)
        ready()


def _dropdown(name: str, options: list[tuple[str, str]], value: str) -> widgets.Dropdown:
    return widgets.Dropdown(options=options, value=value, description=name, layout=LAYOUT, style=STYLE)


def _ladder(name: str) -> widgets.SelectionSlider:
    return widgets.SelectionSlider(options=[0], description=name, layout=LAYOUT, style=STYLE)
