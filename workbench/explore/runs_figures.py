"""Figures of many runs: parallel coordinates, and loss against a field with intervals over seeds (plotly)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from workbench.explore.controls import plain
from workbench.explore.seeds import SURE, groups, varying

# From blue to orange: told apart by colour-blind eyes, and neither end fades on white or on black.
_SCALE = [[0.0, "#0072B2"], [0.5, "#8C8C8C"], [1.0, "#D55E00"]]
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#7F7F7F")
_GREY = "rgba(128,128,128,.25)"
_MOST_RUNS, _MOST_AXES, _MOST_LINES, _MOST_TICKS, _CUT = 2_000, 7, 8, 6, 14


def parallel(table: Any, selected: Collection[str] = ()) -> Any:
    """One line for each run through an axis for each field that differs, final loss last.

    Lines are coloured by their loss, or where some runs are `selected`, these stand out. The trace holds the
    ids of the runs, and keeps what was marked on its axes when it is drawn anew.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    table = table[np.isfinite(table["final_loss"].astype(float))].head(_MOST_RUNS)
    if not len(table):
        return _plain(go.Figure())
    fields = [name for name in varying(table) if name != "steps" or "schedule.total" not in table][
        :_MOST_AXES
    ]
    axes = [_axis(name, table[name]) for name in (*fields, "final_loss")]
    chosen = table["id"].isin(list(selected)).to_numpy()
    loss = table["final_loss"].to_numpy(dtype=float)
    if chosen.any():
        # The chosen ones are drawn last, and so on top.
        order = np.argsort(chosen, kind="stable")
        look = {
            "color": chosen[order].astype(float),
            "colorscale": [[0, _GREY], [1, "#D55E00"]],
            "cmin": 0,
            "cmax": 1,
        }
    else:
        order = np.argsort(-loss, kind="stable")
        # Half of the runs are below the median: a few that went wrong must not take all colours.
        top = float(np.quantile(loss, 0.9)) if len(loss) > 4 else float(loss.max())
        bar = {"title": {"text": "final loss"}, "thickness": 12}
        look = {"color": loss[order], "colorscale": _SCALE, "cmin": float(loss.min()), "cmax": top}
        look |= {"showscale": True, "colorbar": bar}
    for axis in axes:
        # As a list: what plotly packs for the browser could not be compared with a marked range there.
        axis["values"] = axis["values"][order].tolist()
    figure = go.Figure(
        go.Parcoords(
            line=look,
            dimensions=axes,
            ids=table["id"].to_numpy()[order].tolist(),
            labelside="top",
            uirevision="kept",
            unselected={"line": {"opacity": 0.05}},
        )
    )
    return _plain(figure).update_layout(height=340, margin={"t": 64, "b": 32, "l": 64, "r": 72})


def against(table: Any, field: str, by: str | None = None) -> Any:
    """Final loss against a field: every run a dot, the mean over seeds a line, its 90 % interval a bar.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    table = table.head(_MOST_RUNS)
    for color, group in zip(_COLORS, groups(table, field, by), strict=False):
        rows = table if by is None else table[table[by].astype(str) == group.name]
        at = [str(x) if isinstance(x, bool) else x for x in group.at]
        hover = [f"{n} run{'s' * (n > 1)}" for n in group.count.tolist()]
        dots = {"color": color, "size": 4, "opacity": 0.45}
        figure.add_scatter(
            x=rows[field].tolist(),
            y=rows["final_loss"].tolist(),
            mode="markers",
            marker=dots,
            text=rows["id"].tolist(),
            showlegend=False,
            legendgroup=group.name,
            hovertemplate="%{text}<br>%{y:.5g}<extra></extra>",
        )
        reach = np.nan_to_num(group.high - group.mean).tolist()
        bars = {"type": "data", "array": reach, "visible": True, "thickness": 1.5, "width": 5}
        figure.add_scatter(
            x=at,
            y=group.mean.tolist(),
            error_y=bars,
            mode="lines+markers",
            name=group.name or "all",
            line={"color": color, "width": 2},
            marker={"size": 7},
            legendgroup=group.name,
            text=hover,
            hovertemplate="%{y:.5g}, %{text}",
        )
    values = table[field].dropna()
    if _spread(values):
        figure.update_xaxes(type="log")
    if _spread(table["final_loss"][np.isfinite(table["final_loss"])]):
        figure.update_yaxes(type="log")
    figure.update_xaxes(title_text=field, exponentformat="power")
    figure.update_yaxes(title_text=f"final loss, mean and {SURE:.0%} interval")
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "title": {"text": f"{by}  " if by else ""}}
    return _plain(figure).update_layout(
        height=380, margin={"t": 24, "r": 16, "b": 56, "l": 76}, legend=legend, showlegend=by is not None
    )


def left_over(table: Any, by: str | None) -> int:
    """How many values of `by` have no colour and are not drawn by `against`."""
    return max(0, (1 if by is None else table[by].nunique()) - _MOST_LINES)


def _axis(name: str, column: Any) -> dict[str, Any]:
    label = name.removeprefix("schedule.").removeprefix("task.").replace("_", " ")
    if column.dtype.kind not in "if":
        names = sorted({str(each) for each in column.dropna()})
        places = np.array(
            [names.index(str(each)) if each == each and each is not None else -1 for each in column]
        )
        lost = bool((places < 0).any())
        ticks = [*([-1] if lost else []), *range(len(names))]
        texts = [*(["none"] if lost else []), *(n if len(n) <= _CUT else n[: _CUT - 1] + "…" for n in names)]
        return {"label": label, "values": places, "tickvals": ticks, "ticktext": texts}
    values = column.to_numpy(dtype=float)
    # A run without the field is drawn at its lowest value: a line that ends nowhere cannot be read.
    values = np.where(np.isnan(values), np.nanmin(values), values)
    log = _spread(column.dropna())
    values, name = (np.log10(values), f"{label} (log)") if log else (values, label)
    ticks = np.unique(values)
    if len(ticks) > _MOST_TICKS:
        ticks = np.linspace(ticks[0], ticks[-1], _MOST_TICKS)
    texts = [plain(10**x) if log else f"{x:.4g}" for x in ticks.tolist()]
    return {"label": name, "values": values, "tickvals": ticks, "ticktext": texts}


def _spread(values: Any) -> bool:
    """Whether numbers are of several orders of magnitude, as rates are."""
    return bool(
        values.dtype.kind in "if" and len(values) and values.min() > 0 and values.max() / values.min() >= 4
    )


def _plain(figure: Any) -> Any:
    figure.update_xaxes(gridcolor=_GREY)
    figure.update_yaxes(gridcolor=_GREY, zerolinecolor=_GREY)
    # Grey on nothing reads in the light and in the dark theme.
    return figure.update_layout(
        template="plotly_white",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#808080"},
        autosize=True,
    )
