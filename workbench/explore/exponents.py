"""The corrections as switches: how the best size grows with compute, from Kaplan's to Chinchilla's."""

from __future__ import annotations

from functools import cache
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench.explore.controls import LAYOUT, STYLE
from workbench.explore.figure import Line, LiveFigure
from workbench.explore.parts import growing, note, row
from workbench.explore.showing import show
from workbench.params import choice, known
from workbench.plots import COLORS
from workbench.scaling import corrections
from workbench.scaling.corrections import HOFFMANN, KAPLAN, Switches
from workbench.scaling.frontier import Frontier

PANELS = (
    {
        "height": 380,
        "yLabel": "best size, parameters as a power of ten",
        "short": "size",
        "xLabel": "compute, FLOPs as a power of ten",
        "names": True,
    },
)
LABELS = {
    "last_layer": "count the last layer",
    "warmup": "warmup that scales with size",
    "cosine": "cosine that ends with the budget",
    "tuned": "rate, batch and beta2 tuned by size",
}
_ABSENT = "The table of these runs cannot be fetched: set WORKBENCH_DATA_DIR to a folder that has it."
_DATA = [("RefinedWeb", "rw"), ("OpenWebText2", "owt2")]


def exponent(data: str = "rw", **switches: bool) -> Exponents:
    """Switches that turn Kaplan's exponent into Chinchilla's: "Why do the published laws disagree?"

    Parameters
    ----------
    data : str
        "rw" or "owt2".
    **switches
        last_layer, warmup, cosine, tuned: which corrections are on at first.

    Raises
    ------
    ValueError
        For an unknown switch or data set, or a combination that nobody has trained.

    Notes
    -----
    The table of runs was collected and cannot be fetched: without the folder that WORKBENCH_DATA_DIR names
    the widget says so and stays empty.
    """
    known(list(LABELS), list(switches), "exponent")
    return Exponents(data, Switches(**{name: bool(on) for name, on in switches.items()}))


class Exponents:
    """Made by `exponent`. `frontier` is what the switches give; what has no runs leaves the last."""

    def __init__(self, data: str, first: Switches) -> None:
        choice("data", data, corrections.DATA)
        self._found = _frontier(first, data) if corrections.there() else None
        self.data = widgets.Dropdown(
            options=_DATA, value=data, description="data", layout=LAYOUT, style=STYLE
        )
        wide = widgets.Layout(width="310px")
        self.switches = {
            name: widgets.Checkbox(value=getattr(first, name), description=label, indent=False, layout=wide)
            for name, label in LABELS.items()
        }
        self.problem, self.words = widgets.HTML(), widgets.HTML()
        self.figure = LiveFigure(PANELS)
        for each in (self.data, *self.switches.values()):
            each.observe(self._on_change, "value")
        left = widgets.VBox(
            [self.data, *self.switches.values(), self.problem, self.words],
            layout=widgets.Layout(width="330px", flex="0 0 auto"),
        )
        self.box = widgets.VBox([row([left, growing(self.figure, 420)])], layout=widgets.Layout(width="100%"))
        self._draw()

    @property
    def frontier(self) -> Frontier:
        """Best size against compute, with the exponent and its interval."""
        if self._found is None:
            raise ValueError(_ABSENT)
        return self._found

    def values(self) -> Switches:
        """What the switches say."""
        return Switches(**{name: bool(box.value) for name, box in self.switches.items()})

    def _on_change(self, _: Any) -> None:
        if self._found is None:
            return
        try:
            self._found = _frontier(self.values(), str(self.data.value))
        except ValueError:
            off = "Nobody has trained exactly this; the figure still shows the last that was. "
            self.problem.value = note(
                f"{off}Cosine and tuning exclude each other, and come after the others."
            )
            return
        self.problem.value = ""
        self._draw()

    def _draw(self) -> None:
        found = self._found
        if found is None:
            self.problem.value = note(_ABSENT, bad=True)
            return
        c = np.log10(found.compute)
        along = np.linspace(c.min() - 0.2, c.max() + 0.2, 60)
        low, high = (np.log10(end) for end in found.interval_at(10**along))
        middle = float(np.log10(found.pivot))
        at = float(np.log10(found.n_params_at(found.pivot)))
        fit = np.log10(found.n_params_at(10**along))
        said = f"fit: exponent {found.exponent_n:.3f}"
        lines = [
            Line("fit", 0, along, fit, said, COLORS[0], low, high, 2, legend="these runs (90 % band)"),
            Line("best", 0, c, np.log10(found.n_params), "best size of a budget", COLORS[0], points=True,
                 width=0.5, group="fit"),
        ]  # fmt: skip
        for key, slope, color, name in (
            ("kaplan", KAPLAN, COLORS[1], "Kaplan et al., slope 0.88"),
            ("chinchilla", HOFFMANN, COLORS[2], "Chinchilla, slope 0.50"),
        ):
            up = at + slope * (along - middle)
            lines.append(Line(key, 0, along, up, name, color, dash=True, legend=name))
        spread = [float(min(line.y.min() for line in lines)), float(max(line.y.max() for line in lines))]
        panel = {"xRange": [float(along[0]), float(along[-1])], "yRange": spread, "shades": []}
        a, b = found.intervals["exponent_n"]
        words = f"best size grows with compute to the {found.exponent_n:.3f} (90 %: {a:.3f} to {b:.3f})"
        self.figure.update(lines, panels=[panel], rest=words)
        self.figure.summary = words
        self.words.value = note(words)

    def _ipython_display_(self) -> None:
        show(self.box)


@cache
def _frontier(switches: Switches, data: str) -> Frontier:
    from workbench.scaling import isoflop

    runs = corrections.runs(switches, data)
    return isoflop(runs, minimum="akima", noise=corrections.SEED_NOISE)
