"""Static figures that are looked at, printed and exported (plotly)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.curve import Curve
from workbench.schedule import Schedule
from workbench.sketch import spread

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#7F7F7F")
_POINTS = 500


def rates_and_losses(
    rows: Mapping[str, tuple[Schedule, Curve]],
    measured: Mapping[str, Curve] | None = None,
    *,
    unit: str = "nats per token",
    caption: str = "",
) -> Any:
    """Rate above, loss below: predicted dashed with its 90 % band, measured solid.

    Parameters
    ----------
    rows : mapping of name to (Schedule, Curve)
        At most eight schedules with their predicted curves.
    measured : mapping of name to Curve, optional
        Measured curves of the same names.
    unit : str
        Of the loss.
    caption : str
        Data, split and law, under the figure.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        For no rows, or more than there are colours.
    """
    from plotly.subplots import make_subplots

    if not 1 <= len(rows) <= len(COLORS):
        raise ValueError(f"rows must be 1 to {len(COLORS)} schedules; got {len(rows)}")
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.36, 0.64], vertical_spacing=0.06)
    floor, top = np.inf, -np.inf
    for color, (name, (schedule, curve)) in zip(COLORS, rows.items(), strict=False):
        at = spread(0, len(schedule) - 1, _POINTS)
        line = {"color": color, "width": 2}
        common = {"legendgroup": name, "name": name, "mode": "lines", "line": line}
        figure.add_scatter(x=at, y=schedule(at), row=1, col=1, **common)
        # The steep beginning is of no interest and would flatten the end, which is.
        keep = curve.step >= len(schedule) / 4
        step, loss = _thin(curve.step[keep]), _thin(curve.loss[keep])
        if curve.low is not None and curve.high is not None:
            low, high = _thin(curve.low[keep]), _thin(curve.high[keep])
            band = {"x": np.concatenate([step, step[::-1]]), "y": np.concatenate([high, low[::-1]])}
            rgb = ",".join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5))
            look = {"fill": "toself", "fillcolor": f"rgba({rgb},.15)", "line": {"width": 0}, "mode": "lines"}
            figure.add_scatter(
                **band, **look, legendgroup=name, showlegend=False, hoverinfo="skip", row=2, col=1
            )
            floor, top = min(floor, float(low.min())), max(top, float(high.max()))
        dashed = {**common, "line": {**line, "dash": "dash"}}
        figure.add_scatter(x=step, y=loss, row=2, col=1, showlegend=False, **dashed)
        floor, top = min(floor, float(loss.min())), max(top, float(loss.max()))
        if measured and name in measured:
            seen = measured[name]
            figure.add_scatter(x=seen.step, y=seen.loss, row=2, col=1, showlegend=False, **common)
            floor = min(floor, float(np.min(seen.loss, initial=floor)))
    figure.update_yaxes(title_text="learning rate", exponentformat="power", row=1, col=1)
    pad = 0.05 * (top - floor)
    figure.update_yaxes(title_text=f"loss ({unit})", range=[floor - pad, top + pad], row=2, col=1)
    figure.update_xaxes(title_text="step (updates)", row=2, col=1)
    figure.update_xaxes(gridcolor="rgba(128,128,128,.25)")
    figure.update_yaxes(gridcolor="rgba(128,128,128,.25)", zerolinecolor="rgba(128,128,128,.25)")
    note = {"text": caption, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0, "y": -0.16}
    figure.update_layout(
        height=520,
        margin={"t": 24, "r": 16, "b": 84, "l": 76},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        annotations=[{**note, "xanchor": "left", "yanchor": "top", "align": "left"}] if caption else [],
        # Grey on nothing reads in the light and in the dark theme.
        template="plotly_white",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#808080"},
    )
    return figure


def _thin(values: np.ndarray) -> np.ndarray:
    return values[spread(0, len(values) - 1, _POINTS)]
