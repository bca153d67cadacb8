"""What the planner asks and draws: budgets and laws to choose from, the basin of sizes, the plane of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import registry, scaling
from workbench.explore import drawing
from workbench.explore.figure import Line
from workbench.files import short
from workbench.params import Param
from workbench.plots import COLORS
from workbench.registry import Field
from workbench.scaling.recipe import Recipe
from workbench.scaling.table import Place

Array = NDArray[np.float64]
FIT = "fit"
PANELS = (
    {
        "height": 250,
        "yLabel": "loss (nats)",
        "short": "loss",
        "xLabel": "parameters, as a power of ten",
        "names": True,
    },
)
RATE_PANELS = (
    {"height": 150, "yLabel": "learning rate", "short": "rate", "xLabel": "step (updates)", "names": False},
)
BUDGETS: Mapping[str, Field] = {
    "flops": Field(
        "flops",
        float,
        Param(
            1e15, 1e30, log=True, slider=(1e17, 1e26), unit="FLOPs", help="compute of training and serving"
        ),
        1e21,
    ),
    "gpu_hours": Field(
        "gpu_hours",
        float,
        Param(1e-2, 1e10, log=True, slider=(1, 1e8), help="hours of the GPU, all together"),
        1e4,
    ),
    "euros": Field(
        "euros", float, Param(1e-2, 1e12, log=True, slider=(10, 1e9), help="money for the GPUs"), 2e4
    ),
    "target_loss": Field(
        "target_loss",
        float,
        Param(1, 6, slider=(1.9, 3.5), unit="nats", help="loss that is to be reached"),
        2.5,
    ),
}
"""What a plan may begin with, each with its slider and first value."""
KINDS = {"flops": "FLOPs", "gpu_hours": "GPU-hours", "euros": "euros", "target_loss": "a target loss"}
"""The same in words."""
_SPAN = 8.0
_GRAIN = 0.05
_POINTS = 161


def laws() -> dict[str, str]:
    """Laws that can be asked, with their titles; the fit needs public data, and is left out without."""
    out = {}
    for name, one in scaling.constants.PUBLISHED.items():
        if one.law == "chinchilla":
            out[name] = one.title
    return {FIT: "Our fit of 240 public runs (intervals)", **out}


def law_of(name: str) -> Any:
    """The fit to public runs, or the name of published constants.

    Raises
    ------
    ValueError
        For an unknown name, or where the public runs cannot be had.
    """
    if not isinstance(name, str) or name not in laws():
        raise ValueError(f"law must be one of {', '.join(laws())}; got {short(name)}")
    return scaling.fit("chinchilla", scaling.load("chinchilla")) if name == FIT else name


def basin(sizing: scaling.Sizing, law: Any) -> list[Line]:
    """Loss of other sizes at the same compute, with the interval of a fit, and three sizes as points."""
    n = sizing.n_params * np.geomspace(1 / _SPAN, _SPAN, _POINTS)
    loss = sizing.loss_at(n)
    n, loss = n[np.isfinite(loss)], loss[np.isfinite(loss)]
    low = high = None
    if not isinstance(law, str):
        said = law.predict(n, (sizing.flops / n - 2 * sizing.served_tokens) / 6)
        low, high = said.low, said.high
    first, last = sizing.basin()
    legend = "loss at this compute" + ("" if low is None else " (90 % band)")
    out = [
        Line("basin", 0, np.log10(n), loss, "loss", COLORS[0], low, high, 2, group="basin", legend=legend),
        Line(
            "flat",
            0,
            np.log10([first, last]),
            np.full(2, sizing.loss + scaling.sizing.FLAT),
            f"within {scaling.sizing.FLAT} nats",
            COLORS[2],
            width=4,
            group="flat",
            legend=f"within {scaling.sizing.FLAT} nats of the best",
        ),
    ]
    for key, factor in (("half", 0.5), ("best", 1.0), ("twice", 2.0)):
        size = sizing.n_params * factor
        at = float(sizing.loss_at(size))
        if np.isfinite(at):
            color = COLORS[1] if key == "best" else COLORS[3]
            label = f"{key}: {size:.3g} parameters"
            # A single point is drawn as a short line under a dot.
            x, y = np.log10([size, size]), np.array([at, at])
            out.append(
                Line(key, 0, x, y, label, color, points=True, group="sizes", legend="half, best, twice")
            )
    return out


def basin_panels(sizing: scaling.Sizing, lines: list[Line]) -> list[dict[str, Any]]:
    """Axes around the basin, in round numbers."""
    centre = float(np.log10(sizing.n_params))
    sides = sizing.loss_at(sizing.n_params * np.array([0.25, 1.0, 4.0]))
    low = min([sizing.loss, *(float(line.low.min()) for line in lines if line.low is not None)])
    top = float(np.max(sides[np.isfinite(sides)]))
    ends = [float(np.floor(low / _GRAIN) * _GRAIN), float((np.ceil(top / _GRAIN) + 1) * _GRAIN)]
    return [{"xRange": [centre - 0.9, centre + 0.9], "yRange": ends, "shades": []}]


def rate_lines(recipe: Recipe) -> list[Line]:
    """The learning rate of the run."""
    step, rate = drawing.rates(recipe.schedule, 400)
    return [Line("rate", 0, step, rate, "rate", COLORS[0], width=2, group="rate", legend="rate")]


def rate_panels(recipe: Recipe) -> list[dict[str, Any]]:
    """Axes around the schedule, with its phases as shades."""
    shades = [{"name": s.name, "from": s.start, "to": s.stop} for s in recipe.schedule.spans()]
    return [{"xRange": [0, recipe.steps], "yRange": [0, 1.16 * recipe.schedule.peak], "shades": shades}]


def plane(sizing: scaling.Sizing, caption: str = "") -> Any:
    """Sizes against tokens: lines of equal loss, the budget, the best with its region, what others say.

    Parameters
    ----------
    sizing : Sizing
        Of `workbench.scaling.plan`.
    caption : str
        Data, split and law, under the figure.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    n = sizing.n_params * np.geomspace(1 / 30, 30, 90)
    tokens = sizing.tokens * np.geomspace(1 / 30, 30, 90)
    loss = registry.get("scaling", sizing.law).function(Place(n[None, :], tokens[:, None]), **sizing.params)
    made = go.Figure()
    made.add_contour(
        x=n,
        y=tokens,
        z=loss,
        contours={"coloring": "lines", "showlabels": True},
        line={"width": 1},
        ncontours=18,
        colorscale=[[0, "#777777"], [1, "#bbbbbb"]],
        showscale=False,
        hoverinfo="skip",
        showlegend=False,
    )
    left = (sizing.flops / n - 2 * sizing.served_tokens) / 6
    keep = left > tokens[0]
    made.add_scatter(
        x=n[keep], y=left[keep], mode="lines", name="this compute", line={"color": "#808080", "dash": "dash"}
    )
    if len(sizing.draws):
        made.add_scatter(
            x=sizing.draws[:, 0],
            y=sizing.draws[:, 1],
            mode="markers",
            name="best under resampled data",
            marker={"color": COLORS[2], "size": 3, "opacity": 0.35},
        )
    for color, row in zip((*COLORS[3:], *COLORS), sizing.others().rows, strict=False):
        made.add_scatter(
            x=[row["size"]],
            y=[row["tokens"]],
            mode="markers",
            name=str(row["law"]),
            marker={"color": color, "size": 9},
        )
    best = {"color": COLORS[1], "size": 14, "symbol": "star"}
    made.add_scatter(x=[sizing.n_params], y=[sizing.tokens], mode="markers", name="best", marker=best)
    grid = {"type": "log", "gridcolor": "rgba(128,128,128,.25)", "exponentformat": "power", "zeroline": False}
    made.update_xaxes(title_text="parameters", range=list(np.log10([n[0], n[-1]])), **grid)
    made.update_yaxes(title_text="tokens", range=list(np.log10([tokens[0], tokens[-1]])), **grid)
    note = {"text": caption, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0, "y": -0.16}
    return made.update_layout(
        height=560,
        margin={"t": 24, "r": 16, "b": 96, "l": 76},
        annotations=[{**note, "xanchor": "left", "yanchor": "top", "align": "left"}],
        template="plotly_white",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#808080"},
    )
