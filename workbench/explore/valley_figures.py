"""Figures of river and hill that are looked at, printed and taken along (plotly)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.curve import Run
from workbench.explore.valley_measured import Band, bands, cooled_hill, drift, river_flow
from workbench.explore.valley_track import Track, track
from workbench.explore.valley_view import Flock
from workbench.plots import COLORS

_POINTS, _MEANS = 400, 100
_GREY = "rgba(128,128,128,.25)"


def race(flocks: Sequence[Flock], caption: str = "") -> Any:
    """Loss, hill and river of flocks side by side: over updates, and the river over the sum of rates.

    Dashed is what closed forms say: where the hill settles at the rate of each moment, and how far gradient
    flow comes. Bands are 90 % intervals of the mean over walkers.
    """
    figure = _columns(("loss", "hill, over the river", "river, over the sum of rates"))
    means = [track(each.task, each.walk, _MEANS) for each in flocks]
    for color, each, found in zip(COLORS, flocks, means, strict=False):
        _line(figure, 1, color, each.name, found.step, found.loss, found.loss_edge, shown=True)
        _line(figure, 2, color, each.name, found.step, found.hill, found.hill_edge)
        _line(figure, 3, color, each.name, found.area, found.x)
        _dashed(figure, 2, each.name, found.step, found.settled)
    longest = max(means, key=lambda one: one.area[-1])
    at = np.linspace(0, longest.area[-1], _POINTS)
    _dashed(figure, 3, "gradient flow", at, drift(flocks[0].task, at, _foot(longest)))
    _late(figure, 1, [part for one in means for part in (one.loss - one.loss_edge, one.loss)])
    _late(figure, 2, [one.hill + one.hill_edge for one in means], low=0.0)
    _axes(figure, ("step (updates)", "step (updates)", "sum of rates"), ("loss (nats)", "hill (nats)", "x"))
    return _finish(figure, caption)


def split(task: Any, runs: Sequence[Run], caption: str = "") -> Any:
    """The bigram's loss in its two parts: river over the sum of rates, hill over updates.

    Parameters
    ----------
    task : workbench.train.tasks.bigram
        What was trained.
    runs : sequence of Run
        Of several schedules and seeds.
    caption : str
        Under the figure.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    figure = _columns(("river, over the sum of rates", "hill, over updates"))
    found = bands(runs, "river"), bands(runs, "hill", task.entropy)
    for column, parts in enumerate(found, start=1):
        for color, (name, band) in zip(COLORS, parts.items(), strict=False):
            keep = band.step >= 0.01 * band.step[-1]
            x = (band.area if column == 1 else band.step)[keep]
            edge = ((band.high - band.low) / 2)[keep]
            _line(figure, column, color, name, x, band.mean[keep], edge, shown=column == 1)
            if column == 2:
                # Both terms: noise at this rate, and what the uncertain rows have yet to learn.
                rest = river_flow(task, band.area[keep])[1]
                settled = np.array([task.excess(float(rate)) for rate in band.rate[keep]])
                _dashed(figure, 2, name, x, settled + rest)
    longest = max(found[0].values(), key=lambda band: band.area[-1])
    area = np.geomspace(longest.area[longest.step >= 0.01 * longest.step[-1]][0], longest.area[-1], _POINTS)
    _dashed(figure, 1, "gradient flow", area, river_flow(task, area)[0])
    _axes(figure, ("sum of rates", "step (updates)"), ("river (nats)", "hill over its least (nats)"))
    figure.update_xaxes(type="log", dtick=1, row=1, col=1)
    figure.update_yaxes(type="log", row=1, col=1)
    figure.update_yaxes(type="log", row=1, col=2)
    return _finish(figure, caption)


def cooled(runs: Sequence[Run], probe: Any, caption: str = "") -> Any:
    """What short cooldowns from everywhere in a run say: loss with and without, and what they take off.

    Parameters
    ----------
    runs : sequence of Run
        At constant rates, trained with `probe`.
    probe : workbench.train.probes.Cooldown
        How often and how long it cooled down.
    caption : str
        Under the figure.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    figure = _columns(("loss as it is, and after a short cooldown", "hill: what the cooldown takes off"))
    whole, reached = bands(runs), bands(runs, "river by cooldown")
    taken = cooled_hill(runs, probe)
    late: list[np.ndarray] = []
    for color, name in zip(COLORS, whole, strict=False):
        band, down = whole[name], reached[name]
        _line(figure, 1, color, name, band.step, band.mean, _half(band), shown=True)
        _dots(figure, 1, color, f"{name}, cooled down", down)
        _dots(figure, 2, color, f"{name}, hill", taken[name])
        late += [part[len(part) // 2 :] for part in (band.mean, down.mean)]
    _axes(figure, ("step (updates)",) * 2, ("validation loss (nats per byte)", "hill (nats per byte)"))
    low, high = min(float(part.min()) for part in late), max(float(part.max()) for part in late)
    figure.update_yaxes(range=[low - 0.06 * (high - low), high + 0.06 * (high - low)], row=1, col=1)
    figure.update_yaxes(rangemode="tozero", row=1, col=2)
    return _finish(figure, caption)


def between(rows: Mapping[str, tuple[ArrayLike, ArrayLike]], caption: str = "") -> Any:
    """Loss along straight lines between two models, over the lower of both ends.

    Parameters
    ----------
    rows : mapping of name to (x, loss)
        x is 0 at the first model and 1 at the second.
    caption : str
        Under the figure.
    """
    figure = _columns(("loss on the line between two models of a run",))
    for color, (name, (x, loss)) in zip(COLORS, rows.items(), strict=False):
        x, loss = np.asarray(x, dtype=float), np.asarray(loss, dtype=float)
        ends = np.interp([0.0, 1.0], x, loss)
        _line(figure, 1, color, name, x, loss - ends.min(), shown=True)
    _axes(
        figure, ("place on the line: 0 the earlier model, 1 the later",), ("loss over the lower end (nats)",)
    )
    return _finish(figure, caption)


def _foot(found: Track) -> float:
    """Where the river is reached: the fall from the start carries a walker along, too."""
    return float(found.x[len(found.x) // 40])


def _half(band: Band) -> np.ndarray:
    return (band.high - band.low) / 2


def _columns(titles: Sequence[str]) -> Any:
    from plotly.subplots import make_subplots

    return make_subplots(cols=len(titles), subplot_titles=titles, horizontal_spacing=0.09)


def _line(
    figure: Any,
    column: int,
    color: str,
    name: str,
    x: np.ndarray,
    y: np.ndarray,
    edge: np.ndarray | None = None,
    *,
    shown: bool = False,
) -> None:
    if edge is not None and np.isfinite(edge).all() and edge.any():
        rgb = ",".join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5))
        figure.add_scatter(
            x=np.concatenate([x, x[::-1]]),
            y=np.concatenate([y + edge, (y - edge)[::-1]]),
            fill="toself",
            fillcolor=f"rgba({rgb},.2)",
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
            row=1,
            col=column,
        )
    line = {"color": color, "width": 2}
    common = {"name": name, "legendgroup": name, "showlegend": shown, "mode": "lines", "line": line}
    figure.add_scatter(x=x, y=y, row=1, col=column, **common)


def _dashed(figure: Any, column: int, name: str, x: np.ndarray, y: np.ndarray) -> None:
    first = not any(trace.legendgroup == "closed" for trace in figure.data)
    line = {"color": "#808080", "width": 2, "dash": "dash"}
    words = {"name": "closed form", "legendgroup": "closed", "showlegend": first, "hovertext": name}
    figure.add_scatter(x=x, y=y, mode="lines", line=line, row=1, col=column, **words)


def _dots(figure: Any, column: int, color: str, name: str, band: Band) -> None:
    half = _half(band)
    bars = {"type": "data", "array": half, "color": color} if np.isfinite(half).all() else None
    look = {"mode": "markers", "marker": {"color": color, "size": 8}, "error_y": bars}
    figure.add_scatter(x=band.step, y=band.mean, name=name, showlegend=column == 1, row=1, col=column, **look)


def _late(figure: Any, column: int, parts: Sequence[np.ndarray], low: float | None = None) -> None:
    """An axis for what comes after the fall from the start, which would flatten it."""
    late = np.concatenate([part[len(part) // 16 :] for part in parts])
    late = late[np.isfinite(late)]
    bottom, top = (float(late.min()) if low is None else low), float(late.max())
    room = 0.06 * (top - bottom)
    figure.update_yaxes(range=[bottom - (room if low is None else 0.0), top + room], row=1, col=column)


def _axes(figure: Any, x: Sequence[str], y: Sequence[str]) -> None:
    for column, (along, up) in enumerate(zip(x, y, strict=True), start=1):
        whole = {"tickformat": ",d"} if along.startswith("step") else {"exponentformat": "power"}
        figure.update_xaxes(title_text=along, row=1, col=column, **whole)
        figure.update_yaxes(title_text=up, row=1, col=column)


def _finish(figure: Any, caption: str) -> Any:
    grid = {"gridcolor": _GREY, "zerolinecolor": _GREY}
    figure.update_xaxes(**grid)
    figure.update_yaxes(exponentformat="power", **grid)
    if caption:
        note = {"showarrow": False, "xref": "paper", "yref": "paper", "x": 0, "y": -0.24, "align": "left"}
        figure.add_annotation(text=caption, xanchor="left", yanchor="top", **note)
    # Grey on nothing reads in the light and in the dark theme.
    return figure.update_layout(
        height=430,
        margin={"t": 64, "r": 16, "b": 104, "l": 70},
        legend={"orientation": "h", "y": 1.1, "yanchor": "bottom"},
        template="plotly_white",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#808080", "size": 13},
    )
