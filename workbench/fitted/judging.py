"""A fit judged on curves that took no part in it: all points, those after the fork, those not shared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from workbench import registry
from workbench.curve import Curve, Run
from workbench.fitted import cautions
from workbench.fitted.difference import ratio
from workbench.fitted.evaluation import about_run
from workbench.fitted.scorecard import Report, Row, with_mean
from workbench.judge import forks_at, scores, shared, usable
from workbench.schedule import Schedule

if TYPE_CHECKING:
    from workbench.fitted.fit import Fit


def judged(fit: Fit, heldout: Sequence[Run]) -> Report:
    """The report of a fit on held-out runs."""
    if not isinstance(heldout, Sequence) or not heldout:
        raise ValueError("heldout must have at least one Run; got none")
    tables: dict[str, dict[str, Row]] = {"all": {}, "after_fork": {}, "unshared": {}}
    fitted = [Schedule.from_dict(row).array() for row in fit.facts.get("schedules", ())]
    notes = []
    for i, run in enumerate(heldout):
        step, loss = usable(run, f"held-out run {i}", fit.burn_in)
        name = str(run.facts.get("name", f"run {i}"))
        name = name if name not in tables["all"] else f"{name} ({i})"
        fork = max((forks_at(run.schedule.array(), rates) for rates in fitted), default=0)
        curve = fit.predict(run.schedule, step, **about_run(run))
        which = {
            "all": np.ones(len(step), dtype=bool),
            "after_fork": step >= fork,
            "unshared": ~shared(step, loss, fit.facts.get("marks", ())),
        }
        for part, kept in which.items():
            if kept.any():
                tables[part][name] = scores(_cut(curve, kept), loss[kept])
        notes += [f"{name}: {text}" for text in cautions.of_schedule(fit, run.schedule)]
    if fit.past:
        notes.append(
            f"Past differences between fitted runs: predicted {ratio(fit.past):.2f} times those measured"
        )
    return Report(
        **{part: with_mean(rows) for part, rows in tables.items()},
        title=f"{registry.get('law', fit.law).title}, estimator {fit.estimator!r}, on curves held out",
        notes=(*notes, *cautions.of_fit(fit)),
    )


def _cut(curve: Curve, kept: np.ndarray) -> Curve:
    assert curve.low is not None and curve.high is not None
    return Curve(*(column[kept] for column in (curve.step, curve.loss, curve.low, curve.high)))
