"""Static figures that are looked at, printed and exported (plotly)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench import views
from workbench.curve import Curve
from workbench.files import short
from workbench.plan import QUANTITIES, Plan
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

    _few(rows)
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
    note = {"text": caption, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0, "y": -0.16}
    figure.update_layout(
        height=520,
        margin={"t": 24, "r": 16, "b": 84, "l": 76},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        annotations=[{**note, "xanchor": "left", "yanchor": "top", "align": "left"}] if caption else [],
    )
    return _both_themes(figure)


def plan(plan: Plan) -> Any:
    """Every quantity of a plan, one above the other over the same steps.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        When `plan` is not a Plan.
    """
    if not isinstance(plan, Plan):
        raise ValueError(f"plan must be a Plan; got {short(plan)}")
    figure = _stacked({QUANTITIES[name].label: {"": _curve(s)} for name, s in plan.quantities.items()})
    for row, name in enumerate(plan.quantities, start=1):
        if QUANTITIES[name].from_zero:
            figure.update_yaxes(rangemode="tozero", row=row, col=1)
    return figure


def areas(rows: Mapping[str, Schedule], momentum: float = 0.999, *, ignore_warmup: bool = True) -> Any:
    """Rate, area S1 and annealing area S2 of schedules, one above the other over the same steps.

    Parameters
    ----------
    rows : mapping of name to Schedule
        At most eight.
    momentum, ignore_warmup : float and bool
        Of S2; see `workbench.views.annealing_area`.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        For no rows or more than there are colours, or a setting outside its range.
    """
    _few(rows)
    s2 = {name: views.annealing_area(s, momentum, ignore_warmup=ignore_warmup) for name, s in rows.items()}
    return _stacked(
        {
            "learning rate": {name: _curve(s) for name, s in rows.items()},
            "area S1": {name: _line(views.area(s)) for name, s in rows.items()},
            "annealing area S2": {name: _line(values) for name, values in s2.items()},
        }
    )


def update_weights(rows: Mapping[str, Schedule], weight_decay: float) -> Any:
    """Rate above, and below the weight of each update in AdamW's final parameters.

    Parameters
    ----------
    rows : mapping of name to Schedule
        At most eight.
    weight_decay : float
        AdamW's, above 0.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        For no rows or more than there are colours, and as `workbench.views.update_weights`.
    """
    _few(rows)
    weights = {name: views.update_weights(s, weight_decay).updates for name, s in rows.items()}
    return _stacked(
        {
            "learning rate": {name: _curve(s) for name, s in rows.items()},
            "weight in the parameters": {name: _line(each) for name, each in weights.items()},
        }
    )


def _few(rows: Mapping[str, Any]) -> None:
    if not 1 <= len(rows) <= len(COLORS):
        raise ValueError(f"rows must be 1 to {len(COLORS)} schedules; got {len(rows)}")


def _curve(schedule: Schedule) -> tuple[np.ndarray, np.ndarray]:
    starts = np.array([span.start for span in schedule.spans()[1:]][:_POINTS], dtype=np.int64)
    # Both sides of each phase's start, so that a jump is drawn upright.
    at = np.union1d(spread(0, len(schedule) - 1, _POINTS), np.concatenate([starts - 1, starts]))
    return at, schedule(at)


def _line(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    at = spread(0, len(values) - 1, _POINTS)
    return at, values[at]


def _stacked(panels: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]]) -> Any:
    """One panel for each title, over common steps; in each a line for each name."""
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=len(panels), shared_xaxes=True, vertical_spacing=0.06)
    for row, (title, lines) in enumerate(panels.items(), start=1):
        for color, (name, (x, y)) in zip(COLORS, lines.items(), strict=False):
            look = {"line": {"color": color, "width": 2}, "mode": "lines", "legendgroup": name}
            shown = row == 1 and len(lines) > 1
            figure.add_scatter(x=x, y=y, name=name or title, showlegend=shown, row=row, col=1, **look)
        figure.update_yaxes(title_text=title, exponentformat="power", row=row, col=1)
    figure.update_xaxes(title_text="step (updates)", row=len(panels), col=1)
    figure.update_layout(
        height=120 + 170 * len(panels),
        margin={"t": 32, "r": 16, "b": 56, "l": 76},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    return _both_themes(figure)


def _both_themes(figure: Any) -> Any:
    figure.update_xaxes(gridcolor="rgba(128,128,128,.25)", zerolinecolor="rgba(128,128,128,.25)")
    figure.update_yaxes(gridcolor="rgba(128,128,128,.25)", zerolinecolor="rgba(128,128,128,.25)")
    # Grey on nothing reads in the light and in the dark theme.
    return figure.update_layout(
        template="plotly_white",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#808080"},
    )


def _thin(values: np.ndarray) -> np.ndarray:
    return values[spread(0, len(values) - 1, _POINTS)]
