"""Static figures of the peak page: range tests, basins, and best peaks over batch, for those who read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workbench.curve import Run
from workbench.explore import convexity
from workbench.explore import peaks_theory as theory
from workbench.explore.peaks_basin import Basin
from workbench.explore.peaks_cells import fitted
from workbench.explore.peaks_range import RangeTest
from workbench.plots import COLORS

_GREY = "#808080"
_WIDEST = 3.0
"""Factor around the best peak up to which an interval is drawn."""


def range_test(test: RangeTest, basin: Basin | None = None, *, caption: str = "") -> Any:
    """Smoothed loss over the rate of each seed's test, with what it suggests and what finished runs say.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    lines = {f"seed {i}": (each.rate, each.loss) for i, each in enumerate(test.readings)}
    made = convexity.figure(
        dict(list(lines.items())[:8]), x="rate", y="smoothed loss", log="x", caption=caption
    )
    low, high = min(r.loss.min() for r in test.readings), max(r.loss[0] for r in test.readings)
    pad = 0.08 * (high - low)
    made.update_yaxes(range=[low - pad, high + 2 * pad])
    best, *ends = test.suggested
    _upright(made, best, ends, "suggested", COLORS[1])
    if basin is not None:
        _upright(made, basin.peak, [basin.low, basin.high], "best of finished runs", COLORS[2])
    return made


def basins(rows: Mapping[str, Sequence[Run]], *, caption: str, loss: str = "final loss") -> Any:
    """Final loss over the peak, dots for runs and lines for the parabolas near the lowest.

    Parameters
    ----------
    rows : mapping of name to runs
        At most eight sweeps, each of runs that differ in peak and seed.
    caption, loss : str
        Under the figure, and beside it.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    lines, dots, ends = {}, {}, []
    for name, runs in rows.items():
        seen = [(run.schedule.peak, run.final_loss) for run in runs if np.isfinite(run.final_loss)]
        if not seen:
            continue
        peak, final = np.array(sorted(seen)).T
        dots[name] = (peak, final)
        ends.append((final.min(), np.median(final)))
        found = fitted(runs)
        if found is not None:
            x = np.geomspace(found.first, found.last, 60)
            lines[name] = (x, found(x))
    made = convexity.figure(lines, dots=dots, x="peak rate", y=loss, log="x", caption=caption)
    if ends:
        low, high = min(end[0] for end in ends), max(end[1] for end in ends)
        # What diverged leaves the picture.
        pad = max(high - low, 1e-6)
        made.update_yaxes(range=[low - 0.1 * pad, high + 0.8 * pad])
    return made


def over(
    rows: Mapping[str, Mapping[float, Basin]],
    lines: Mapping[str, tuple[Any, Any]],
    *,
    x: str,
    caption: str,
    y: str = "best peak",
) -> Any:
    """Best peaks with their intervals, and theory as dashed lines behind them.

    Parameters
    ----------
    rows : mapping of name to {batch or width: Basin}
        What was measured.
    lines : mapping of name to (x, y)
        What theory says.
    x, y, caption : str
        Titles, and data.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    seen = {name: (list(found), [b.peak for b in found.values()]) for name, found in rows.items()}
    made = convexity.figure({}, dots=seen, x=x, y=y, log="xy", caption=caption)
    for trace, found in zip(made.data, rows.values(), strict=True):
        peak = np.array([b.peak for b in found.values()])
        up = np.array([min(b.high, _WIDEST * b.peak) for b in found.values()]) - peak
        down = peak - np.array([max(b.low, b.peak / _WIDEST) for b in found.values()])
        trace.update(error_y={"array": up, "arrayminus": down, "thickness": 1.2, "width": 3})
        trace.update(mode="markers")
    dashes = ("dash", "dot", "dashdot", "longdash")
    for dash, (name, (along, up)) in zip(dashes, lines.items(), strict=False):
        look = {"color": _GREY, "width": 1.6, "dash": dash}
        made.add_scatter(x=along, y=up, mode="lines", name=name, line=look)
    return made


def public(model: str = "215M") -> Any:
    """Best peaks of one public model of the Step Law over the batch, for each of its amounts of data.

    Returns
    -------
    plotly.graph_objects.Figure or None
        None where the table is neither here nor to be fetched.
    """
    try:
        found = {name: b for name, b in theory.public().items() if name.startswith(f"{model} on")}
    except ValueError:
        return None
    if not found:
        raise ValueError(f"model must be one of the public sweep, such as 215M; got {model!r}")
    x = np.geomspace(2.0**15, 2.0**22, 80)
    # Through the middle of what was measured at the smallest batches.
    start = float(np.median([b[at].peak for b in found.values() for at in b if at == 2.0**16]))
    lines = {
        theory.RULES[rule]: (x, theory.over_batch(rule, x, at=2.0**16, peak=start, noise=2.0**19))
        for rule in ("square_root", "noise_scale", "surge")
    }
    caption = (
        f"Data: the {model} model of public sweeps (arXiv 2503.04715); a dot: a parabola over 12 rates, 90 %."
        "<br>Rules drawn through a batch of 65,536 tokens, with a noise scale of 524,288."
    )
    return over(found, lines, x="batch (tokens)", caption=caption)


def _upright(made: Any, at: float, ends: Sequence[float], name: str, color: str) -> None:
    made.add_vline(x=at, line={"color": color, "width": 2, "dash": "dash"})
    if np.all(np.isfinite(ends)) and min(ends) > 0:
        made.add_vrect(x0=ends[0], x1=ends[1], fillcolor=color, opacity=0.12, line_width=0)
    # A shape has no place in the legend; a line without points has.
    look = {"color": color, "width": 2, "dash": "dash"}
    made.add_scatter(x=[None], y=[None], mode="lines", name=f"{name} {at:.3g}", line=look)
