"""What the law of the small GPT says of every way to several budgets, with intervals, and in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.explore.budgets_page_ways import COSINE, Plan, Way
from workbench.fitted import Fit
from workbench.views.table import Table

Array = NDArray[np.float64]


class Said(NamedTuple):
    """Predicted losses of a way's models and their 90 % intervals, each (budgets,)."""

    loss: Array
    low: Array
    high: Array


def predicted(fit: Fit, way: Way) -> Said:
    """Loss of every model of a way; NaN where it ends before the law's first update."""
    out = np.full((3, len(way.schedules)), np.nan)
    for k, schedule in enumerate(way.schedules):
        last = len(schedule) - 1
        if last >= fit.burn_in:
            curve = fit.predict(schedule, [last])
            assert curve.low is not None and curve.high is not None
            out[:, k] = curve.loss[0], curve.low[0], curve.high[0]
    return Said(*out)


def gaps(fit: Fit, plan: Plan) -> dict[str, Said]:
    """How far each way's models are said to end above the cosines', with 90 % intervals of the differences.

    What the law errs on alike in both has no part in such an interval. At the same compute the two models of
    a budget have had different numbers of updates.
    """
    cosines = plan.way(COSINE).schedules
    out = {}
    for way in plan.ways:
        rows = np.full((3, plan.count), np.nan)
        for k, (one, other) in enumerate(zip(way.schedules, cosines, strict=True)):
            if way.name != COSINE and min(len(one), len(other)) > fit.burn_in:
                gap = fit.difference(one, other)
                rows[:, k] = gap.mean, gap.low, gap.high
        if way.name != COSINE:
            out[way.name] = Said(*rows)
    return out


def told(found: Mapping[str, Said]) -> str:
    """How many of the gaps are larger than their intervals."""
    every = [np.stack(each)[:, np.isfinite(each.loss)] for each in found.values()]
    count = sum(each.shape[1] for each in every)
    sure = sum(int(np.sum((each[1] > 0) | (each[2] < 0))) for each in every)
    if not count:
        return "the law says nothing of models as short as these"
    return f"{sure} of {count} gaps to the cosine are surely not 0 (90 % intervals of the differences)"


def table(plan: Plan, said: Mapping[str, Said], burn_in: int) -> Table:
    """A row for each way: updates in all, against a cosine run each, and the loss of every model."""
    rows: list[dict[str, Any]] = []
    most = plan.way(COSINE).updates
    for way in plan.ways:
        row: dict[str, Any] = {"way": way.name, "updates in all": way.updates}
        row["of a cosine each"] = f"{way.updates / most:.0%}"
        for k, share in enumerate(plan.shares):
            loss, low, high = (float(part[k]) for part in said[way.name])
            at = round(share * plan.total)
            row[f"budget {at:,}"] = "" if np.isnan(loss) else f"{loss:.3f} ({low:.3f} to {high:.3f})"
        rows.append(row)
    notes = [
        "loss predicted by the law, nats per byte, with the 90 % interval of one run",
        "updates in all: what schedules have in common is trained once, also the warmup",
    ]
    if any(np.isnan(each.loss).any() for each in said.values()):
        notes.append(f"empty: the law says nothing of models with fewer than {burn_in:,} updates")
    if len({way.budgets for way in plan.ways}) > 1:
        notes.append("at the same compute the models of WSD and of the cosines are shorter than the budget")
    return Table("Four ways to several budgets", tuple(rows), tuple(notes))
