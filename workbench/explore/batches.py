"""The batch page's widget: what a larger batch saves and costs, and where its rate goes."""

from __future__ import annotations

import asyncio
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from workbench.explore.controls import control, read
from workbench.explore.figure import Line, LiveFigure
from workbench.explore.parts import COALESCE, growing, later, note, row
from workbench.explore.sheets import TableView
from workbench.explore.showing import show
from workbench.params import Param, known
from workbench.plots import COLORS
from workbench.registry import Field
from workbench.scaling import rules
from workbench.views.table import Table
from workbench.views.words import figure, percent

Array = NDArray[np.float64]
PANELS = (
    {"height": 190, "yLabel": "updates (times the least)", "short": "updates", "xLabel": "", "names": True},
    {"height": 190, "yLabel": "data (times the least)", "short": "data", "xLabel": "", "names": False},
    {
        "height": 190,
        "yLabel": "rate (times the tuned)",
        "short": "rate",
        "xLabel": "batch, tokens as a power of ten",
        "names": False,
    },
)
FIELDS = {
    "n_params": Field(
        "n_params",
        float,
        Param(1e6, 1e13, log=True, slider=(1e7, 1e12), unit="parameters", help="size of the model"),
        1e9,
    ),
    "tokens": Field(
        "tokens",
        float,
        Param(1e8, 1e16, log=True, slider=(1e9, 1e14), unit="tokens", help="data of the run"),
        2e10,
    ),
    "overhead": Field(
        "overhead",
        float,
        Param(0.01, 2, slider=(0.01, 1.01), help="share of data more than you are willing to pay"),
        0.2,
    ),
    "batch_tokens": Field(
        "batch_tokens",
        float,
        Param(
            1e3, 1e11, log=True, slider=(1e4, 1e8), unit="tokens", help="batch at which your rate was tuned"
        ),
        5e5,
    ),
}
_CRITICAL_OVERHEAD = 0.2
"""What the law of the critical batch counts as affordable (arXiv 2410.21676)."""
_GRID = np.linspace(3.5, 8.5, 201)
_RULES = (
    ("linear", "linear (SGD)"),
    ("square_root", "square root (Adam)"),
    ("noise_scale", "noise scale"),
    ("surge", "surge"),
)


def batch(**first: float) -> BatchPage:
    """What a larger batch saves and costs: "How large a batch can I afford?"

    Parameters
    ----------
    **first
        n_params, tokens, overhead, batch_tokens: first values of the sliders.

    Raises
    ------
    ValueError
        For an unknown name, or a value outside its range.
    """
    known(list(FIELDS), list(first), "batch")
    return BatchPage({name: field.check(first.get(name, field.default)) for name, field in FIELDS.items()})


class BatchPage:
    """Made by `batch`. `affordable` is the largest batch within the overhead, `table` the rules'."""

    def __init__(self, first: dict[str, float]) -> None:
        self._pending: asyncio.TimerHandle | None = None
        self.controls = {name: control(field, first[name], {}) for name, field in FIELDS.items()}
        self.controls["batch_tokens"].description = "tuned at"
        for each in self.controls.values():
            each.observe(self._on_slider, "value")
        self.figure, self.sheet = LiveFigure(PANELS), TableView()
        self.words = widgets.HTML()
        left = widgets.VBox(
            list(self.controls.values()), layout=widgets.Layout(width="330px", flex="0 0 auto")
        )
        top = row([left, growing(self.figure, 420)])
        self.box = widgets.VBox([top, self.words, self.sheet], layout=widgets.Layout(width="100%"))
        self._draw()

    def values(self) -> dict[str, float]:
        """What the sliders say."""
        return {name: read(FIELDS[name], each.value) for name, each in self.controls.items()}

    @property
    def noise(self) -> float:
        """Batch in tokens at which updates and data are both twice their least."""
        critical = rules.critical_batch_data(self.values()["tokens"]).batch_tokens
        assert critical is not None
        return critical / _CRITICAL_OVERHEAD

    @property
    def affordable(self) -> float:
        """Largest batch in tokens that needs no more data than the overhead allows."""
        return self.values()["overhead"] * self.noise

    @property
    def table(self) -> Table:
        """Best and critical batches by every rule that can answer, with what they cost."""
        v = self.values()
        facts = {name: v[name] for name in ("n_params", "tokens")} | {
            "compute": 6 * v["n_params"] * v["tokens"]
        }
        out = []
        for name, said in rules.compare("batch_tokens", **facts).items():
            entry, at = rules.get(name), float(said.batch_tokens or np.nan)
            out.append(
                {
                    "rule": entry.title,
                    "batch (tokens)": at,
                    "updates": v["tokens"] / at,
                    "data more": at / self.noise,
                    "confidence": entry.confidence,
                    "paper": entry.paper,
                }
            )
        mine = self.affordable
        yours = {"rule": "your overhead", "batch (tokens)": mine, "updates": v["tokens"] / mine}
        out.append({**yours, "data more": v["overhead"], "confidence": "", "paper": ""})
        out.sort(key=lambda line: line["batch (tokens)"])
        notes = (
            "data more: B over the batch at which data double, five times the critical batch from data",
            "compute is counted as 6ND; rules that need a loss are left out",
        )
        title = f"Batches for {figure(v['n_params'], 3)} parameters on {figure(v['tokens'], 3)} tokens"
        return Table(title, tuple(out), notes)

    def _on_slider(self, _: Any) -> None:
        if self._pending is None:
            self._pending = later(COALESCE, self._draw)

    def _draw(self) -> None:
        self._pending = None
        v, noise = self.values(), self.noise
        b = 10**_GRID
        lines = [
            Line(
                "updates",
                0,
                _GRID,
                1 + noise / b,
                "updates",
                COLORS[0],
                width=2,
                group="cost",
                legend="updates, data",
            ),
            Line("data", 1, _GRID, 1 + b / noise, "data", COLORS[0], width=2, group="cost"),
        ]
        for color, (name, legend) in zip(COLORS[1:], _RULES, strict=False):
            more = {"noise": noise} if name in ("noise_scale", "surge") else {}
            if name == "noise_scale":
                more["alpha"] = 0.75
            start = v["batch_tokens"]
            y = [
                rules.get(name).function(rate=1.0, batch=start, new_batch=float(at), **more).rate for at in b
            ]
            lines.append(
                Line(name, 2, _GRID, np.array(y), legend, color, width=1.6, group=name, legend=legend)
            )
        mine = np.log10(self.affordable)
        # Where the batch is yours: an upright line in each panel.
        for panel, top in ((0, 1e4), (1, 20.0), (2, 100.0)):
            x, y = np.array([mine, mine + 1e-6]), np.array([1e-3, top])
            lines.append(Line(f"mine{panel}", panel, x, y, "affordable", COLORS[6], width=2, group="mine",
                              legend="affordable" if panel == 0 else ""))  # fmt: skip
        ranges = ([1, 60], [1, 4], [0.05, 8])
        panels = [
            {"xRange": [4.0, 8.3], "yRange": r, "shades": [], "log": i != 1} for i, r in enumerate(ranges)
        ]
        said = (
            f"{percent(v['overhead'])} more data buy a batch of {figure(self.affordable, 3)} tokens: "
            f"{figure(v['tokens'] * (1 + v['overhead']) / self.affordable, 3)} updates"
        )
        self.figure.update(lines, panels=panels, rest=said)
        self.figure.summary = said
        self.words.value = note(said + ". The law is of data alone (arXiv 2410.21676): size changes little.")
        self.sheet.show(self.table)

    def _ipython_display_(self) -> None:
        show(self.box)
