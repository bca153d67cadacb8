"""Convex theory beside measured runs: best base rates by schedule, when a cooldown overtakes; figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import datasets
from workbench.curve import Run
from workbench.laws.convex import bound_curve
from workbench.plots import COLORS
from workbench.schedule import Schedule
from workbench.sketch import spread
from workbench.views import convex_bound
from workbench.views.table import Table

Array = NDArray[np.float64]

KINDS = {
    "const": "constant",
    **{f"wsd{share:g}": f"WSD, {share:.0%} linear" for share in (0.1, 0.2, 0.4, 0.6, 0.8, 0.9)},
    "wsdsqrt0.2": "WSD, 20% 1-sqrt",
    "cos10": "cosine to 10 %",
    "cos0": "cosine to 0",
}
"""Names of the schedules in the public runs, and what they are."""
TUNED = "wsd0.2"
_STEPS = 5000
"""Updates that stand for a run: the bound's shape hardly depends on their number, its cost does."""
_EARLY = 0.1
"""Share of a run in which curves cross by chance."""
_POINTS = 500


def measured() -> list[Run]:
    """The public 124M runs: all 83 where their folder is there, else the 16 that can be fetched."""
    try:
        runs = datasets.load("schaipp/suite")
    except ValueError:
        runs = datasets.load("schaipp/124M")
    assert isinstance(runs, list)
    return runs


def best_rates(runs: Sequence[Run], total: int) -> Table:
    """Best peak of each schedule as measured, and as theory moves it over from one that was tuned.

    Measured is the lowest point of the parabola through final loss over the logarithm of three peaks.
    Theory is ``peak_tuned gamma*(schedule) / gamma*(tuned)``, tuned being a linear cooldown of 20 %.

    Parameters
    ----------
    runs : sequence of Run
        Of `measured`.
    total : int
        Updates of the runs that are looked at.

    Returns
    -------
    Table
        A row for each schedule that was run at three peaks: best peak measured and by theory, both with
        their ratio to the tuned one, the lowest loss measured, and the bound at its best.
    """
    found = {}
    for kind in KINDS:
        some = {run.schedule.peak: run for run in _of(runs, kind, total)}
        if len(some) >= 3:
            peaks = np.array(sorted(some))
            losses = np.array([_final(some[peak]) for peak in peaks])
            bend, slope, _ = np.polyfit(np.log(peaks), losses, 2)
            unit = some[peaks[-1]].schedule
            bound = convex_bound(unit)
            best = float(np.exp(-slope / (2 * bend))) if bend > 0 else np.nan
            found[kind] = (best, bound.gamma * unit.peak, float(losses.min()), bound.best)
    title = f"Best peak by schedule, {total:,} updates of the 124M model on SlimPajama"
    if TUNED not in found:
        return Table(title, (), ("these runs have no schedule at three peaks: see WORKBENCH_DATA_DIR",))
    tuned, gamma = found[TUNED][:2]
    rows = tuple(
        {
            "schedule": KINDS[kind],
            "measured": best,
            "theory": tuned * own / gamma,
            "measured ratio": best / tuned,
            "theory ratio": own / gamma,
            "lowest loss": loss,
            "bound": bound,
        }
        for kind, (best, own, loss, bound) in found.items()
    )
    notes = (
        "measured: lowest point of a parabola through the final losses at peaks 1e-4, 5e-4, 1e-3",
        "theory: from the measured best of WSD, 20% linear; bound: at each one's best peak, D = G = 1",
    )
    return Table(title, rows, notes)


def overtaking(runs: Sequence[Run], total: int, peak: float, tuned: float) -> Table:
    """When a cooldown falls below the cosine for good, as measured and by theory, as a share of the run.

    Parameters
    ----------
    runs : sequence of Run
        Of `measured`.
    total, peak : int and float
        Updates and peak of the runs that are looked at, the same for both curves.
    tuned : float
        Best peak of WSD with a linear cooldown of 20 %: all that theory is told.

    Returns
    -------
    Table
        A row for each cooldown: shares measured and by theory against the cosine to 0 and to 10 %; not a
        number where the cooldown ends above.
    """
    picked = {kind: _of(runs, kind, total, peak) for kind in KINDS}
    found = {kind: some[0] for kind, some in picked.items() if some}
    title = (
        f"Share of the run after which a cooldown stays below the cosine, {total:,} updates, peak {peak:g}"
    )
    if TUNED not in found:
        return Table(title, (), ("these runs have no cooldowns: see WORKBENCH_DATA_DIR",))
    bounds = {kind: bound_at(run.schedule, tuned, found[TUNED].schedule) for kind, run in found.items()}
    rows = []
    for kind, run in found.items():
        if not kind.startswith("wsd"):
            continue
        row: dict[str, Any] = {"cooldown": KINDS[kind]}
        for other in ("cos0", "cos10"):
            step, a, b = np.intersect1d(run.curve.step, found[other].curve.step, return_indices=True)
            seen = run.curve.loss[a] - found[other].curve.loss[b]
            row[f"{KINDS[other]}: measured"] = _from(step, seen, total)
            said = bounds[kind] - bounds[other]
            row[f"{KINDS[other]}: theory"] = _from(np.arange(1, _STEPS + 1), said, _STEPS)
        rows.append(row)
    notes = (
        f"empty: it ends above the cosine; {_EARLY:g}: it is below from there or earlier on",
        "measured every 200 updates on the validation loss",
    )
    return Table(title, tuple(rows), notes)


def bound_at(schedule: Schedule, tuned: float, reference: Schedule) -> Array:
    """Bound of `schedule` after every update, `tuned` being the best peak of `reference`, shape (5000,)."""
    short, of = (s.stretch(_STEPS) for s in (schedule, reference))
    return bound_curve(short * (convex_bound(of).gamma * of.peak / tuned))


def figure(
    lines: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    x: str,
    y: str,
    caption: str,
    dots: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    log: str = "",
) -> Any:
    """Lines over one axis, and dots in the same colours, with a caption.

    Parameters
    ----------
    lines, dots : mapping of name to (x, y)
        At most eight names.
    x, y, caption : str
        Titles of the axes, and data, split and law.
    log : str
        Axes that are logarithmic, such as "xy".

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    made, dots = go.Figure(), dots or {}
    for color, name in zip(COLORS, dict.fromkeys((*lines, *dots)), strict=False):
        for rows, mode in ((lines, "lines"), (dots, "markers")):
            if name in rows:
                along, up = (np.asarray(values) for values in rows[name])
                keep = spread(0, len(along) - 1, _POINTS)
                look = {"line": {"color": color, "width": 2}, "marker": {"color": color, "size": 7}}
                shown = mode == "lines" or name not in lines
                made.add_scatter(
                    x=along[keep],
                    y=up[keep],
                    mode=mode,
                    name=name,
                    legendgroup=name,
                    showlegend=shown,
                    **look,
                )
    grid = {"gridcolor": "rgba(128,128,128,.25)", "zeroline": False, "exponentformat": "power"}
    made.update_xaxes(title_text=x, type="log" if "x" in log else "linear", **grid)
    made.update_yaxes(title_text=y, type="log" if "y" in log else "linear", **grid)
    note = {"text": caption, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0, "y": -0.2}
    return made.update_layout(
        height=420,
        margin={"t": 24, "r": 16, "b": 92, "l": 76},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        annotations=[{**note, "xanchor": "left", "yanchor": "top", "align": "left"}],
        template="plotly_white",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#808080"},
    )


def _of(runs: Sequence[Run], kind: str, total: int, peak: float | None = None) -> list[Run]:
    """Runs of a schedule by the names of the data set, without those that were made for scaling laws."""
    out = []
    for run in runs:
        rate, schedule, length = str(run.facts["name"]).rsplit("_", 2)
        if schedule == kind and length == f"{total // 1000}k" and rate.startswith("lr"):
            out.append(run)
    return [run for run in out if peak is None or np.isclose(run.schedule.peak, peak)]


def _final(run: Run) -> float:
    return float(run.facts["final_val_loss_fullset"])


def _from(step: ArrayLike, above: Array, total: int) -> float:
    """Share of the run from which on `above` stays below 0."""
    at = np.asarray(step, dtype=float)
    keep = at > _EARLY * total
    at, above = at[keep], above[keep]
    over = np.flatnonzero(above > 0)
    if not len(over):
        return float(at[0]) / total
    return np.nan if over[-1] == len(at) - 1 else float(at[over[-1] + 1]) / total
