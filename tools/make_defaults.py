"""Make workbench/defaults.json: fit the shipped laws again, from public curves and from small trainings here.

Run ``python tools/make_defaults.py``; it needs the public data (see workbench.datasets) and fifteen minutes.
``python tools/make_defaults.py multipower/100M`` makes one again and keeps the others.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import workbench as wb
from workbench.fitting import leave_one_out

_TARGET = Path(__file__).parent.parent / "workbench" / "defaults.json"
HELD = {"fixed": {"gamma": 0.6, "beta": 0.6}, "weights": "points"}
"""How the small GPT's law is fitted: its trainings are short, and these two hold what they leave open."""
PEAK = 5e-3
BURN_IN = 200
"""A young GPT follows no power: with 100 instead, the error on left-out trainings is half as large again."""


def left_out(runs: Sequence[wb.Run], **how: Any) -> dict[str, Mapping[str, float]]:
    """Each run as predicted by the fit of all others."""
    report = leave_one_out(wb.laws.multipower, runs, **how)
    return {name: row for name, row in report.items() if name != "mean"}


def described(fit: wb.Fit, rows: Mapping[str, Mapping[str, float]], title: str, sentence: str) -> wb.Fit:
    """The fit with its provenance and its errors on left-out runs."""
    final = float(np.mean([abs(row["final"]) for row in rows.values()]))
    mae = float(np.mean([row["mae"] for row in rows.values()]))
    coverage = float(np.mean([row["coverage"] for row in rows.values()]))
    text = (
        f"{sentence} Each run left out in turn: mean absolute error {mae:.4f}, of the final loss {final:.4f};"
        f" the 90 % interval held {coverage:.0%} of the points."
    )
    kept = {name: {key: round(value, 6) for key, value in row.items()} for name, row in rows.items()}
    return replace(fit, facts={**fit.facts, "title": title, "provenance": text, "left_out": kept})


def llama() -> wb.Fit:
    """The public curves of the multi-power paper, 100M parameters."""
    runs = wb.datasets.load("multipower/100M")
    return described(
        wb.fit(wb.laws.multipower, runs),
        left_out(runs),
        "multi-power law (arXiv 2503.12811) of a 100M LLaMA",
        "Fitted on the nine public curves of its authors, all with peak 3e-4.",
    )


def gpt_runs() -> list[wb.Run]:
    """Trainings of the start page's small GPT: seven at one peak, six at half and twice that peak."""
    from workbench import train

    s, rise = wb.schedules, 0.03
    plans = []
    for peak in (PEAK, PEAK / 2, 2 * PEAK):
        plans += [s.constant(1500, peak, rise), s.wsd(1500, peak, rise, 0.2), s.cosine(1500, peak, rise)]
        if peak == PEAK:
            plans += [s.linear(1500, peak, rise), s.wsd(1500, peak, rise, 0.5, "linear", 0.1)]
            plans += [s.wsd(3000, peak, rise / 2, 0.2), s.cosine(750, peak, 2 * rise)]
    runs = train.train(train.tasks.gpt(preset="0.1M", measurements=80), plans, seed=0)
    return [replace(run, facts={**run.facts, "name": _name(run)}) for run in runs]


def seed_spread() -> float:
    """Relative deviation of the final loss between five seeds, pooled over three schedules."""
    from workbench import train

    s, task = wb.schedules, train.tasks.gpt(preset="0.1M")
    plans = [s.wsd(1000, PEAK, 0.03, 0.2), s.cosine(1000, PEAK, 0.03), s.linear(1000, PEAK, 0.03)]
    final = [[run.final_loss for run in train.train(task, plans, seed=seed)] for seed in range(5)]
    return float(np.sqrt(np.mean(np.var(np.log(final), axis=0, ddof=1))))


def gpt(runs: Sequence[wb.Run], seeds: float) -> wb.Fit:
    """The law of the small GPT, fitted at one peak and judged at the others.

    The runs have one seed; `seeds` is how much another one changes the logarithm of the loss.
    """
    same = [run for run in runs if run.schedule.peak == PEAK]
    others = [run for run in runs if run.schedule.peak != PEAK]
    fit = wb.fit(wb.laws.multipower, same, burn_in=BURN_IN, **HELD)
    fit = replace(fit, spread=float(np.hypot(fit.spread, seeds)))
    away = fit.report(others)["mean"]
    sentence = (
        f"Fitted on {len(same)} trainings of the 0.1M preset on the source of Python "
        f"{sys.version_info.major}.{sys.version_info.minor}'s standard library, seed 0, peak {PEAK:g}, "
        f"750 to 3,000 updates, from update {BURN_IN} on; on {len(others)} trainings at half and twice that "
        f"peak its mean absolute error is {away['mae']:.3f}, and its interval, wider there, held "
        f"{away['coverage']:.0%} of the points. Another seed changes the loss by {seeds:.1%} (one sigma), "
        "which its interval includes."
    )
    rows = left_out(same, burn_in=BURN_IN, **HELD)
    return described(fit, rows, "multi-power law (arXiv 2503.12811) of the small GPT", sentence)


def _name(run: wb.Run) -> str:
    recipe: Mapping[str, Any] = run.schedule.recipe or {}
    decay = f" decay {recipe['decay']:g}" if "decay" in recipe else ""
    return f"{recipe.get('name')} {recipe.get('peak'):g} {len(run.schedule)}{decay}"


def main(wanted: Sequence[str]) -> None:
    """Fit all, or those that are wanted, and write the file."""
    makers = {"gpt/0.1M": lambda: gpt(gpt_runs(), seed_spread()), "multipower/100M": llama}
    rows = json.loads(_TARGET.read_text())
    for name in wanted or makers:
        fit = makers[name]()
        print(name, fit.params, fit.facts["provenance"], sep="\n  ")
        rows[name] = fit.to_dict()
    _TARGET.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
