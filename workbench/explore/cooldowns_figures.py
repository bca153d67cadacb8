"""Figures of cooldowns for people who only read (plotly)."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.explore.cooldowns_lanes import STAY
from workbench.explore.cooldowns_shapes import COLORS, Curves
from workbench.explore.cooldowns_trial import TASKS, Measured
from workbench.schedules.cooldown import COOLDOWNS

_PLACES = {
    "cosine": "top right",
    "linear": "bottom left",
    "power": "middle left",
    "lowered_linear": "bottom left",
    "sqrt": "bottom right",
    "half_life": "top right",
}
"""Where the names of shapes stand that lie near each other."""


def trade(curves: Curves) -> Any:
    """Bias against variance of every shape at the chosen length; lines of equal loss fall to the right.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    made = go.Figure()
    bias, variance = curves.cooled.bias[:, -1], curves.cooled.variance[:, -1]
    best = float((bias + variance).min())
    x = np.array([0.97 * bias.min(), 1.03 * bias.max()])
    for i, level in enumerate((best, 1.05 * best, 1.1 * best)):
        look = {"color": "#808080", "width": 1, "dash": "dot"}
        name = "the lowest loss, 5 % and 10 % above" if i == 0 else ""
        made.add_scatter(
            x=x, y=level - x, mode="lines", line=look, name=name, showlegend=i == 0, hoverinfo="skip"
        )
    for i, shape in enumerate(COOLDOWNS):
        made.add_scatter(
            x=[bias[i]],
            y=[variance[i]],
            mode="markers+text",
            text=[shape],
            textposition=_PLACES.get(shape, "middle right"),
            marker={"color": COLORS[shape], "size": 11},
            name=shape,
            showlegend=False,
        )
    made.update_xaxes(title_text="bias: what is left of the start", range=[x[0], x[1] + 0.16 * (x[1] - x[0])])
    made.update_yaxes(title_text="variance: what noise has brought")
    note = (
        f"Noisy quadratic, {len(curves.problem.h)} curvatures, {curves.total:,} updates of which "
        f"{curves.falling:,} cool down, peak {curves.peak:g}.<br>No data, no fit: exact expectations."
    )
    return finish(made, note)


def heat(curves: Curves) -> Any:
    """Final loss of every shape (rows) at every length of the cooldown (columns), over the lowest of all.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    found = curves.lengths
    over = 100 * (found.loss / found.loss.min() - 1)
    order = np.argsort(-over.min(axis=1))
    shares = [f"{n / curves.total:.3g}" for n in found.count]
    text = [[f"{value:.0f}" for value in over[i]] for i in order]
    made = go.Figure(
        go.Heatmap(
            z=np.minimum(over[order], 100),
            x=shares,
            y=[COOLDOWNS[i] for i in order],
            text=text,
            texttemplate="%{text}",
            colorscale="Cividis",
            reversescale=True,
            colorbar={"title": {"text": "% over<br>the lowest"}},
            hovertemplate="%{y} over %{x} of the run: %{text} % over the lowest<extra></extra>",
        )
    )
    made.update_xaxes(title_text="length of the cooldown, share of the run", type="category")
    note = (
        f"Noisy quadratic, {len(curves.problem.h)} curvatures, {curves.total:,} updates, "
        f"peak {curves.peak:g}."
        "<br>Colours end at 100 %. No data, no fit: exact expectations."
    )
    return finish(made, note, 440)


def differences(measured: Measured) -> Any:
    """How far each lane ends from the one compared with: measured, with 95 % intervals, and said before.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    trial = measured.trial
    lanes = [lane for lane in trial.lanes if lane != STAY]
    gains = {lane: measured.difference(lane) for lane in lanes if measured.runs.get(lane)}
    lanes.sort(key=lambda lane: -gains[lane].mean if lane in gains else -trial.said.get(lane, 0.0))
    made, said = go.Figure(), trial.said
    half = [gains[lane].high - gains[lane].mean for lane in lanes if lane in gains]
    made.add_scatter(
        x=[gain.mean for gain in (gains[lane] for lane in lanes if lane in gains)],
        y=[lane for lane in lanes if lane in gains],
        error_x={"type": "data", "array": half, "color": "#0072B2"},
        mode="markers",
        marker={"color": "#0072B2", "size": 9},
        name="measured, 95 % interval",
    )
    if said:
        label = "closed form of the noisy quadratic" if trial.name == "bigram" else "multi-power law"
        marker = {"color": "#D55E00", "size": 10, "symbol": "diamond-open", "line": {"width": 2}}
        x = [said[lane] - said[trial.against] for lane in lanes]
        made.add_scatter(x=x, y=lanes, mode="markers", marker=marker, name=label)
    made.add_vline(x=0, line={"color": "#808080", "width": 1, "dash": "dot"})
    made.update_xaxes(title_text=f"final loss less that of {trial.against} (nats); left is better")
    count = max((len(runs) for runs in measured.runs.values()), default=0)
    title = TASKS[trial.name].title.split(" (")[0]
    return finish(made, f"Data: {title}, {count} seeds, paired by seed. No split.<br>{trial.tree}.")


def finish(made: Any, caption: str, height: int = 420) -> Any:
    """Axes, colours and caption that suit both themes."""
    grid = {"gridcolor": "rgba(128,128,128,.25)", "zeroline": False, "automargin": True}
    made.update_xaxes(**grid)
    made.update_yaxes(**grid)
    note = {"text": caption, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0, "y": -0.2}
    return made.update_layout(
        height=height,
        margin={"t": 24, "r": 16, "b": 96, "l": 76},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        annotations=[{**note, "xanchor": "left", "yanchor": "top", "align": "left"}],
        template="plotly_white",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#808080"},
    )
