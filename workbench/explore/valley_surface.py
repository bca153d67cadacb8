"""The valley as a surface of plotly, for pages that are read and taken along."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.explore.valley_view import Flock, river, span
from workbench.sketch import spread

_EARTH = ((0.0, "#dcecf4"), (0.3, "#ece2cb"), (0.65, "#d2b98f"), (1.0, "#a98a5f"))
_ALONG, _ACROSS, _POINTS = 140, 25, 1500
_LOWER = 0.75
"""Of the live picture's banks: higher ones would hide the river from this side."""
_GREY = "rgba(128,128,128,.25)"


def surface(flock: Flock) -> Any:
    """The valley as a surface that can be turned, with the path of the first walker.

    Parameters
    ----------
    flock : Flock
        Walkers and their valley, such as ``page.flock``.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    task, seen = flock.task, span([flock])
    along = np.linspace(0, seen["x"][1], _ALONG)[:, None]
    across = np.linspace(-_LOWER * seen["u"], _LOWER * seen["u"], _ACROSS)[None, :]
    hill = 0.5 * task.curvature * across**2 + 0 * along
    x, middle = along + 0 * across, task.width * np.sin(task.bends * along)
    figure = go.Figure(
        go.Surface(
            x=x,
            y=middle + across,
            z=river(task, x) + hill,
            # By distance: by height nearly all of it would have the colour of the ridge.
            surfacecolor=np.abs(across) + 0 * along,
            colorscale=_EARTH,
            showscale=False,
            lighting={"ambient": 0.85, "diffuse": 0.4, "specular": 0.02},
        )
    )
    bed = along[:, 0]
    blue = {"color": "#2b8cc4", "width": 5}
    figure.add_scatter3d(
        x=bed, y=middle[:, 0], z=river(task, bed) + 0.01, mode="lines", line=blue, name="the river"
    )
    walk = flock.walk
    keep = spread(0, len(walk.rate), _POINTS)
    px, py, pz = (part[keep, 0] for part in (walk.x, walk.y, walk.river + walk.hill))
    inside = (np.abs(py - task.width * np.sin(task.bends * px)) <= _LOWER * seen["u"]) & (px <= seen["x"][1])
    pz = np.where(inside, pz, np.nan)
    line = {"color": flock.color, "width": 3}
    figure.add_scatter3d(x=px, y=py, z=pz, mode="lines", line=line, name="a walker")
    axis = {"gridcolor": _GREY, "backgroundcolor": "rgba(0,0,0,0)", "zeroline": False}
    figure.update_layout(
        height=460,
        margin={"t": 8, "r": 8, "b": 8, "l": 8},
        legend={"orientation": "h", "y": 1.0, "yanchor": "top"},
        scene={
            "xaxis": {**axis, "title": {"text": "x, along the river"}},
            "yaxis": {**axis, "title": {"text": "y"}},
            "zaxis": {**axis, "title": {"text": "loss (nats)"}},
            "aspectratio": {"x": 2.2, "y": 1.0, "z": 0.6},
            "camera": {"eye": {"x": -0.25, "y": -1.15, "z": 1.7}},
        },
        paper_bgcolor="rgba(0,0,0,0)",
        font={"color": "#808080"},
    )
    return figure
