"""A joined log becomes a run: values that can be no loss are left out, and every step is said."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.curve import Curve, Run
from workbench.logs.asked import Asked
from workbench.logs.choosing import unit_of
from workbench.logs.joining import Joined
from workbench.logs.order import Points
from workbench.logs.rates import rebuild
from workbench.logs.table import counted
from workbench.logs.units import cautions

_LEAST = 2
"""Points that make a curve."""


def build(joined: Joined, asked: Asked) -> Run:
    """The run of a log.

    Raises
    ------
    ValueError
        When there are too few losses, or no schedule.
    """
    chosen, notes = joined.chosen, list(joined.notes)
    points = joined.series.get(chosen.loss, Points(np.empty(0), np.empty(0)))
    if len(points) < _LEAST:
        raise ValueError(f"it has {counted(len(points), 'row')} of {chosen.loss!r}; a curve needs {_LEAST}")
    loss, diverged, said = _sound(points, chosen.loss)
    if len(loss) < _LEAST:
        raise ValueError(f"of the losses in {chosen.loss!r} {len(loss)} can be used: {' '.join(said)}")
    notes += said
    unit = unit_of(chosen.loss, chosen.loss, asked)
    if unit != "nats":
        notes.append(f"{chosen.loss!r} was in {unit}: converted to nats per token.")
    notes += cautions(loss.value, unit)
    parts: dict[str, Curve] = {}
    for name in chosen.parts:
        part, _, said = _sound(joined.series[name], name) if name in joined.series else (loss, False, [])
        if name in joined.series and len(part):
            # The store keeps the name "loss" for the curve itself.
            parts["train" if name == "loss" else name] = Curve(part.step, part.value)
            notes += said
    done = max((log.facts.get("done", 0) for log in joined.logs), default=0)
    ends = [points.step[-1], done - 1, *(curve.step[-1] for curve in parts.values())]
    rates = joined.series.get(chosen.rate) if chosen.rate else None
    if rates is not None and len(rates) and chosen.rate not in _shifted(joined):
        ends.append(rates.step[-1])
    schedule, said = rebuild(rates, chosen.rate, int(max(ends)) + 1, asked)
    first = [f"{joined.logs[0].form}, {counted(len(loss), 'point')} of {chosen.loss!r} by {joined.step!r}."]
    if loss.step[0] > 20 * loss.gap:
        first.append(
            f"The log begins at update {loss.step[0]:g}; if it continues another, load both with join=True."
        )
    if chosen.loss in joined.initial:
        first.append(
            f"The loss before the first update was {joined.initial[chosen.loss]:.4g}: kept as a fact."
        )
    facts = _facts(joined, diverged, max(int(loss.step[-1]) + 1, done))
    return Run(
        schedule,
        Curve(loss.step, loss.value),
        dict(asked.task or {}),
        {**facts, "log": first + notes + said},
        parts,
    )


def _shifted(joined: Joined) -> set[str]:
    """Columns whose last step may lie beyond the run, since they are of the update to come."""
    return {name for log in joined.logs for table in log.tables for name in table.shift}


def _sound(points: Points, name: str) -> tuple[Points, bool, list[str]]:
    """Losses that can be, whether the training diverged at the end, and what was left out."""
    notes, diverged = [], False
    finite = np.isfinite(points.value)
    if not finite.all():
        bad = np.flatnonzero(~finite)
        # What is not finite up to the end is how the training went; elsewhere it is a row that failed.
        last = len(points) - 1 - int(np.argmax(finite[::-1])) if finite.any() else -1
        diverged = last < len(points) - 1
        if diverged:
            step = points.step[last + 1]
            notes.append(f"The training diverged: from update {step:g} on {name!r} is not finite.")
        inside = int(np.count_nonzero(bad < last))
        if inside:
            notes.append(f"{counted(inside, 'value')} of {name!r} not finite: left out.")
        points = points.where(finite)
    low = points.value <= 0
    if low.any():
        n = int(np.count_nonzero(low))
        notes.append(
            f"{counted(n, 'value')} of {name!r} not above 0, as every cross-entropy is, the first at update "
            f"{points.step[np.argmax(low)]:g}: left out."
        )
        points = points.where(~low)
    return points, diverged, notes


def _facts(joined: Joined, diverged: bool, updates: int) -> dict[str, Any]:
    logs, chosen = joined.logs, joined.chosen
    columns = {"step": joined.step, "loss": chosen.loss}
    if chosen.rate is not None:
        columns["rate"] = chosen.rate
    facts: dict[str, Any] = {
        "name": logs[0].name,
        "source": logs[0].source if len(logs) == 1 else [log.source for log in logs],
        "form": logs[0].form,
        "columns": columns,
        "updates": updates,
    }
    planned = max((log.facts.get("planned", 0) for log in logs), default=0)
    if diverged:
        facts["status"] = "diverged"
    elif planned:
        facts["status"] = "finished" if updates >= planned else "stopped"
    if planned:
        facts["planned"] = planned
    if chosen.loss in joined.initial:
        facts["initial_loss"] = joined.initial[chosen.loss]
    return facts
