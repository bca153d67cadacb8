"""Static figures of the edge page, for those who read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.explore import convexity
from workbench.explore.edge_theory import Meeting
from workbench.plots import COLORS
from workbench.views.table import Table


def meetings(rows: Mapping[str, Meeting], *, caption: str, y: str = "sharpness") -> Any:
    """Sharpness of each run as dots and lines, and the threshold of its rate dashed in the same colour.

    Parameters
    ----------
    rows : mapping of name to Meeting
        At most eight runs.
    caption, y : str
        Under the figure, and beside it.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    lines = {name: (met.step, met.sharpness) for name, met in rows.items()}
    made = convexity.figure(lines, dots=lines, x="step (updates)", y=y, log="y", caption=caption)
    for color, (name, met) in zip(COLORS, rows.items(), strict=False):
        allowed = np.where(np.isfinite(met.threshold), met.threshold, np.nan)
        look = {"color": color, "width": 1.6, "dash": "dash"}
        made.add_scatter(
            x=met.step, y=allowed, mode="lines", line=look, legendgroup=name, showlegend=False, name=name
        )
    every = np.concatenate(
        [met.sharpness[1:] if len(met.step) > 1 else met.sharpness for met in rows.values()]
    )
    ends = np.log10([every.min() / 1.5, every.max() * 2.0])
    return made.update_yaxes(range=list(ends))


def table(rows: Mapping[str, Meeting]) -> Table:
    """When each run met its edge, how long it stayed there, and where it ended."""
    found = tuple(
        {
            "run": name,
            "meets the edge at": met.arrived,
            "at the edge": f"{met.share_at_edge:.0%}",
            "last sharpness": float(met.sharpness[-1]),
            "last threshold": float(met.threshold[-1]) if np.isfinite(met.threshold[-1]) else None,
        }
        for name, met in rows.items()
    )
    notes = ("at the edge: share of the looks within a tenth of the threshold; empty: never",)
    return Table("Who met the edge", found, notes)
