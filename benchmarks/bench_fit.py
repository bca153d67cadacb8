"""What a fit costs and how well it does: starts, time, held-out curves, intervals, differences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import workbench as wb
from benchmarks.rows import Row, at_least, at_most, cpu_seconds, seconds
from workbench import registry
from workbench.fitting.problem import Problem
from workbench.fitting.sample import Sample
from workbench.fitting.solver import EXACT, FAR

TRAIN = ("cosine_24000", "constant_24000", "wsdcon_9")
OPTIMUM = {"25M": 1.38e-4, "100M": 2.1e-5}
# README of MultiPowerLaw 8da9f19, reproduced: mean R2, mean MAE, MAE after the fork from the training curves.
OFFICIAL = {"25M": (0.9988, 0.00376, 0.0055), "100M": (0.9983, 0.00435, 0.0077)}
OFFICIAL_SECONDS = {"25M": 87, "100M": 92}
_LAWS = ("power", "bound", "annealing", "functional", "multipower", "effective_rate")


def split(size: str) -> tuple[list[wb.Run], list[wb.Run]]:
    """The official split: three training curves, six held out."""
    runs = {run.facts["name"]: run for run in wb.datasets.load(f"multipower/{size}")}
    train = [runs.pop(name) for name in TRAIN]
    return train, list(runs.values())


def rows() -> list[Row]:
    """Of the multi-power law on its public curves, and of every law beside it."""
    out, inside, after = [], [], []
    for size in OFFICIAL:
        train, held = split(size)
        out += _solver(size, train)
        held_memory = cpu_seconds(lambda t=train: wb.fit("annealing", t, fixed={"memory": 300.0}))
        fitted_memory = cpu_seconds(lambda t=train: wb.fit("annealing", t))
        out.append(at_most(f"fit() of the annealing law, memory held, {size}", held_memory, 0.05, "s CPU"))
        out.append(at_most(f"the same, memory fitted, {size}", fitted_memory, 0.3, "s CPU"))
        fit = wb.fit("multipower", train)
        r2, mae, fork = OFFICIAL[size]
        table = fit.report(held)
        out.append(at_least(f"held-out R2, default ({fit.estimator}), {size}", table["mean"]["r2"], r2, ""))
        out.append(at_most(f"held-out mean error, {size}", table["mean"]["mae"], mae, "nats"))
        out.append(at_most(f"the same after the fork, {size}", table.after_fork["mean"]["mae"], fork, "nats"))
        out.append(Row(f"the same without shared rows, {size}", table.unshared["mean"]["mae"], "nats"))
        raw = wb.fit("multipower", train, estimator="raw").report(held)
        out.append(Row(f"held-out mean error of the raw optimum, {size}", raw["mean"]["mae"], "nats"))
        for name, errors in fit.facts["left_out_errors"].items():
            out.append(
                Row(f"left-out training curves, log error, {name}, {size}", float(np.mean(errors)), "")
            )
        gain = _gain(fit, [*train, *held])
        out.append(Row(f"gain of WSD over cosine, predicted over measured, {size}", gain, "times"))
    for law in [name for name in _LAWS if name in wb.laws.names()]:
        mine, later, error = _held_out(law)
        inside, after = inside + mine, after + later
        out.append(Row(f"held-out mean error, both sizes, {law}", error, "nats"))
        out.append(Row(f"points inside the 90 % interval, {law}", float(np.mean(mine)), "share"))
    share = float(np.mean(inside))
    out.append(Row("points inside, all laws", share, "share", ".85 to .97", 0.85 <= share <= 0.97))
    out.append(Row("the same after the fork, all laws", float(np.mean(after)), "share"))
    return out


def _solver(size: str, train: Sequence[wb.Run]) -> list[Row]:
    entry = registry.get("law", "multipower")
    sample = Sample(entry, train, 0)
    few, full = (Problem(entry, sample.parts("points", every), {}) for every in (3, 1))
    starts = few.starts(np.random.default_rng(0), 48)
    costs = np.array([full.solve(few.solve(start, FAR).z, EXACT).cost for start in starts])
    reached = int(np.sum(costs <= 1.02 * OPTIMUM[size]))
    one = seconds(lambda: wb.fit("multipower", train, estimator="raw", starts=1), 5)
    many = seconds(lambda: wb.fit("multipower", train, estimator="raw", starts=16), 3)
    default = seconds(lambda: wb.fit("multipower", train), 3)
    bare = seconds(lambda: full.solve(few.solve(starts[0], FAR).z, EXACT), 5)
    return [
        at_least(f"random starts that reach the raw optimum, of 48, {size}", reached, 45, "starts"),
        at_most(f"raw objective, {size}", float(costs.min()), 1.02 * OPTIMUM[size], ""),
        at_most(f"one start to the optimum, {size}", bare, 0.1, "s"),
        Row(f"fit() of one start, intervals and left-out curves with it, {size}", one, "s"),
        at_most(f"fit() of 16 starts, the same, {size}", many, 1, "s"),
        Row(f"fit() by default: 8 starts, the best of six estimators, {size}", default, "s"),
        Row(f"official fit's CPU time over one start's, {size}", OFFICIAL_SECONDS[size] / bare, "times"),
    ]


def _gain(fit: wb.Fit, runs: Sequence[wb.Run]) -> float:
    named = {run.facts["name"]: run for run in runs}
    wsd, cosine = named["wsd_20000_24000"], named["cosine_24000"]
    measured = wsd.curve.loss[-5:].mean() - cosine.curve.loss[-5:].mean()
    return fit.difference(wsd.schedule, cosine.schedule).mean / float(measured)


def _held_out(law: str) -> tuple[list[float], list[float], float]:
    """Shares of points inside the interval of each held-out curve, all and after the fork; mean error."""
    inside, after, errors = [], [], []
    for size in OFFICIAL:
        train, held = split(size)
        table = wb.fit(law, train).report(held)
        inside += [row["coverage"] for name, row in table.items() if name != "mean"]
        after += [row["coverage"] for name, row in table.after_fork.items() if name != "mean"]
        errors.append(table["mean"]["mae"])
    return inside, after, float(np.mean(errors))
