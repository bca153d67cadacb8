"""What the page of runs draws of the chosen ones: measured losses, and what a law makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench import laws
from workbench.curve import Curve
from workbench.explore import drawing
from workbench.explore.controls import plain
from workbench.explore.figure import Line
from workbench.fitted import Fit
from workbench.fitted.evaluation import about_run
from workbench.store import Store
from workbench.views.table import Table

MOST = 12
"""Curves that are drawn at once."""

PANEL = {"height": 320, "yLabel": "loss", "short": "loss", "xLabel": "step (updates)", "names": False}
_POINTS = 300
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#7F7F7F")


def lines(store: Store, ids: list[str], table: Any, fit: Fit | None) -> tuple[list[Line], list[str]]:
    """Lines of the runs, whose rows `table` has by id, and a sentence for each that cannot be read."""
    drawn, problems = [], []
    for i, id in enumerate(ids):
        try:
            drawn += _of(store, id, _label(id, table), _COLORS[i % len(_COLORS)], fit)
        except ValueError as error:
            problems.append(str(error))
    return drawn, problems


def panel(lines: list[Line]) -> dict[str, Any]:
    """Ranges of the axes, wide enough for these lines."""
    seen = [line for line in lines if len(line.x)]
    last = max((float(line.x[-1]) for line in seen), default=1.0)
    losses = [0.0, 1.0]
    if seen:
        losses = drawing.loss_range([Curve(line.x, line.y, line.y, line.y) for line in seen], int(last) or 1)
    return {"xRange": [0.0, last], "yRange": losses}


def parameters(fit: Fit, count: int) -> Table:
    """What was fitted to that many runs."""
    rows = [_row(name, value, fit.intervals.get(name)) for name, value in fit.params.items()]
    notes = [] if fit.converged else ["The solver did not converge."]
    notes += [
        f"{name} ended at an end of its range: these runs do not determine it." for name in fit.at_bound
    ]
    title = f"{laws.get(fit.law).title}, fitted to {count} run{'s' * (count > 1)}"
    return Table(title, tuple(rows), tuple(notes))


def _of(store: Store, id: str, label: str, color: str, fit: Fit | None) -> list[Line]:
    curve = store.curve(id, points=_POINTS)
    finite = np.isfinite(curve.loss)
    step, loss = curve.step[finite], curve.loss[finite]
    out = [Line(id, 0, step, loss, label, color, width=1.6, group=id, legend=label)]
    if fit is not None:
        run = store.load(id)
        at = np.unique(np.clip(step.round(), 0, len(run.schedule) - 1))
        predicted = fit.predict(run.schedule, at, **about_run(run))
        keep = predicted.step >= fit.burn_in
        name = f"{label}, law"
        line = Line(
            f"{id} law", 0, predicted.step[keep], predicted.loss[keep], name, color, dash=True, group=id
        )
        out += [line] if keep.any() else []
    return out


def _row(name: str, value: float, band: tuple[float, float] | None) -> dict[str, Any]:
    low, high = band or (float("nan"), float("nan"))
    return {"parameter": name, "value": value, "low (90 %)": low, "high (90 %)": high}


def _label(id: str, table: Any) -> str:
    said = [str(table.at[id, "schedule"])]
    if "schedule.peak" in table.columns and table.at[id, "schedule.peak"] == table.at[id, "schedule.peak"]:
        said.append(plain(float(table.at[id, "schedule.peak"])))
    if "seed" in table.columns and table.at[id, "seed"] == table.at[id, "seed"]:
        said.append(f"seed {table.at[id, 'seed']}")
    return f"{' '.join(said)} ({id[:6]})"
