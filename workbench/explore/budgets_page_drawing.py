"""Lines, axes and sentences of the page of budgets; and its figure for people who only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.explore import drawing
from workbench.explore.budgets_page_predicted import Said
from workbench.explore.budgets_page_ways import COLORS, COSINE, WSD, Plan
from workbench.explore.figure import Line
from workbench.fitted import Fit
from workbench.sketch import spread

Array = NDArray[np.float64]

PANELS = (
    {"height": 150, "yLabel": "learning rate", "short": "rate", "xLabel": "", "names": False},
    {"height": 270, "yLabel": "loss (nats per byte)", "short": "loss", "xLabel": "update", "names": False},
)
AT_BUDGETS = (
    {
        "height": 250,
        "yLabel": "loss of the model (nats per byte)",
        "short": "loss",
        "xLabel": "",
        "names": False,
    },
    {
        "height": 150,
        "yLabel": "above the cosine",
        "short": "above the cosine",
        "xLabel": "updates of the model",
        "names": False,
    },
)
_POINTS = 120


def lines(plan: Plan, fit: Fit, said: Mapping[str, Said]) -> list[Line]:
    """Rates and predicted losses of every schedule of every way, and a dot where a model is taken."""
    out: list[Line] = []
    for way in plan.ways:
        strands = [strand for strand in way.strands if strand.stop > strand.start]
        for k, strand in enumerate(strands):
            schedule = way.schedules[strand.of]
            look: dict[str, Any] = {"label": way.name, "color": COLORS[way.name], "group": way.name}
            step, rate = drawing.rates(schedule, _POINTS)
            # Of a branch only what is its own: the trunk is drawn once.
            own = step >= strand.start
            key, legend = f"{way.name} {k}", way.name if k == 0 else ""
            out.append(Line(f"{key} rate", 0, step[own], rate[own], width=1.7, legend=legend, **look))
            first = max(strand.start, fit.burn_in)
            if len(schedule) > first:
                at = spread(first, len(schedule) - 1, _POINTS)
                loss = fit.predict(schedule, at).loss
                out.append(Line(f"{key} loss", 1, at.astype(float), loss, width=1.5, dash=True, **look))
        ends = np.array(way.budgets, dtype=float)
        seen = np.isfinite(said[way.name].loss)
        look = {"color": COLORS[way.name], "group": way.name, "points": True, "width": 0.01}
        dots = Line(f"{way.name} dots", 1, ends[seen], said[way.name].loss[seen], f"{way.name} model", **look)
        out.append(dots)
    return out


def panels(plan: Plan, drawn: Sequence[Line]) -> list[dict[str, Any]]:
    """Everything from the first model on, the highest of what comes before it cut."""
    top = max(float(line.y.max()) for line in drawn if line.panel == 0)
    common: dict[str, Any] = {"xRange": [0, plan.total], "shades": [], "log": False}
    return [{**common, "yRange": [0, 1.1 * top]}, {**common, "yRange": _losses(drawn, 1)}]


def at_budgets(plan: Plan, said: Mapping[str, Said], gaps: Mapping[str, Said]) -> list[Line]:
    """Loss of every model over its updates with its 90 % band, and below how far above the cosine it ends."""
    ends = np.array([0.0, plan.total])
    out = [Line("no gap", 1, ends, np.zeros(2), "no gap", "ink", width=1)]
    for way in plan.ways:
        each, x = said[way.name], np.array(way.budgets, dtype=float)
        seen = np.isfinite(each.loss)
        out.append(
            Line(
                way.name,
                0,
                x[seen],
                each.loss[seen],
                way.name,
                COLORS[way.name],
                each.low[seen],
                each.high[seen],
                2,
                dash=True,
                points=True,
                group=way.name,
                legend=way.name,
            )
        )
        if way.name in gaps:
            gap = gaps[way.name].loss
            look = {"width": 1.8, "dash": True, "points": True, "group": way.name}
            seen = np.isfinite(gap)
            out.append(Line(f"{way.name} gap", 1, x[seen], gap[seen], way.name, COLORS[way.name], **look))
    return out


def at_budgets_panels(plan: Plan, drawn: Sequence[Line]) -> list[dict[str, Any]]:
    """From no update to the longest budget."""
    common: dict[str, Any] = {"xRange": [0, 1.03 * plan.total], "shades": [], "log": False}
    return [{**common, "yRange": _losses(drawn, panel)} for panel in (0, 1)]


def _losses(drawn: Sequence[Line], panel: int) -> list[float]:
    values = [
        part for line in drawn if line.panel == panel for part in (line.y, line.low, line.high)
        if part is not None and len(part)
    ]  # fmt: skip
    if not values:
        return [0.0, 1.0]
    low, high = float(min(each.min() for each in values)), float(max(each.max() for each in values))
    pad = 0.06 * max(high - low, 1e-3)
    return [low - pad, high + pad]


def sentence(plan: Plan) -> str:
    """What each way costs."""
    most = plan.way(COSINE).updates
    parts = [f"{way.name} {way.updates:,} ({way.updates / most:.0%})" for way in plan.ways]
    return f"updates for all {plan.count} models: {'; '.join(parts)}"


def extra(plan: Plan) -> str:
    """What WSD's branches cost beyond its longest run."""
    way = plan.way(WSD)
    return f"{way.updates - max(way.budgets):,}"


def figure(plan: Plan, said: Mapping[str, Said], title: str) -> Any:
    """Predicted loss at every budget, with its 90 % interval.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    from workbench.explore.cooldowns_figures import finish

    made = go.Figure()
    for i, way in enumerate(plan.ways):
        each = said[way.name]
        # Beside each other: intervals that lie on one another cannot be read.
        x = np.array(way.budgets, dtype=float) * 1.02 ** (i - 1.5)
        error = {"type": "data", "array": each.high - each.loss, "arrayminus": each.loss - each.low}
        look = {"color": COLORS[way.name]}
        made.add_scatter(
            x=x, y=each.loss, error_y=error, mode="lines+markers", line=look | {"dash": "dash"}, name=way.name
        )
    made.update_xaxes(title_text="updates of the model", type="log")
    made.update_yaxes(title_text="predicted loss (nats per byte)")
    return finish(made, f"No data here. Law: {title}; 90 % intervals of one run.")
