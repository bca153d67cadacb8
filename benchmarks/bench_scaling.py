"""The Chinchilla fit against the replication's figures, and whether intervals cover: minutes on one core."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row, at_most, cpu_seconds
from workbench import registry, scaling
from workbench.scaling import constants, corrections

Array = NDArray[np.float64]
_OPTIMUM = {"chinchilla": 1.01827401780060e-3, "chinchilla/all": 1.826011e-3}
"""True optimum of the published objective on 240 and on 245 runs."""
_ERRORS = {"E": 0.02566, "A": 124.52, "B": 1293.28, "alpha": 0.01540, "beta": 0.02060}
"""Standard errors from 4,000 resamples of the replication, arXiv 2404.10102."""
_BUDGETS = (6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21)
_LAW = {"E": 1.81721810, "A": 477.82587, "alpha": 0.34731050, "B": 2143.41736, "beta": 0.36717243}
_TABLES, _DRAWS = 200, 300


def rows() -> list[Row]:
    """Fit, bootstrap, frontier and coverage."""
    runs = scaling.load("chinchilla")
    fit = scaling.fit("chinchilla", runs)
    out = [
        at_most(
            "Chinchilla fit of 240 runs, no start given",
            1e3 * cpu_seconds(lambda: scaling.fit("chinchilla", runs), 21),
            8,
            "ms CPU",
        )
    ]
    for name, least in _OPTIMUM.items():
        ours = fit if name == "chinchilla" else scaling.fit("chinchilla", scaling.load(name))
        gap = ours.objective / least - 1
        out.append(at_most(f"objective above the true optimum, {len(ours.points)} runs", gap, 1e-9, "share"))
    for name in ("hoffmann", "hoffmann_unrounded", "besiroglu"):
        times = constants.get(name).score(runs) / fit.objective
        out.append(Row(f"objective over ours: {constants.get(name).title}", times, "times"))
    begin = time.process_time()
    drawn = fit.bootstrap(4000)
    out.append(at_most("4,000 bootstrap fits, one core", time.process_time() - begin, 4, "s CPU"))
    errors = drawn.errors()
    out += [
        Row(f"standard error of {name} over the replication's {value:g}", errors[name] / value, "times")
        for name, value in _ERRORS.items()
    ]
    out.append(at_most("resamples on which 12 further starts find lower", _missed(fit), 0, "share"))
    return [*out, *_frontiers(runs), *_corrections(), *_repeated(), *_coverage()]


def _missed(fit: scaling.ScalingFit, count: int = 400) -> float:
    """Share of resamples for which a fit from other starts ends lower than the bootstrap's."""
    ours = fit.bootstrap(count, seed=11).objective
    n = len(fit.points)
    weight = np.random.default_rng(11).multinomial(n, np.full(n, 1 / n), size=count)
    lower = 0
    for objective, row in zip(ours, weight, strict=True):
        again = fit.points.take(np.repeat(np.arange(n), row))
        lower += scaling.fit("chinchilla", again, starts=12).objective < objective * (1 - 1e-6)
    return lower / count


def _frontiers(runs: scaling.Points) -> list[Row]:
    found = {
        "envelope (printed 0.50)": scaling.envelope(runs),
        "isoFLOP parabolas (printed 0.49)": scaling.isoflop(runs, budgets=_BUDGETS),
        "parametric (printed 0.46)": scaling.parametric(runs),
    }
    out = []
    for name, frontier in found.items():
        low, high = frontier.intervals["exponent_n"]
        label = f"exponent of best size, {name}"
        out += [Row(label, frontier.exponent_n, ""), Row(f"  90 % from, {name}", low, "")]
        out.append(Row(f"  90 % to, {name}", high, ""))
    return out


def _corrections() -> list[Row]:
    table = corrections.story()
    return [
        at_most(
            f"off the published exponent, corrected: {row['corrected']}",
            abs(row["exponent of size"] - row["published"]),
            0.005,
            "",
        )
        for row in table.rows
    ]


def _repeated() -> list[Row]:
    runs, base = scaling.load("repeated"), constants.get("muennighoff").params
    law = registry.get("scaling", "repetition").function
    said = law(runs, **base, R_D=15.387756, R_N=5.309743)
    missed = np.sum((runs.loss - said) ** 2) / np.sum((runs.loss - runs.loss.mean()) ** 2)
    fit = scaling.fit("repetition", runs, fixed=dict(base))
    return [
        Row("repeated data: R2 of the published pair (printed .7722)", 1 - missed, ""),
        at_most(
            "repeated data: objective, base law held (published pair .0158259)", fit.objective, 0.0158047, ""
        ),
        Row("repeated data: objective, all seven fitted", scaling.fit("repetition", runs).objective, ""),
    ]


def _coverage() -> list[Row]:
    """Share of 90 % intervals that hold the truth: the designs and noises that sweeps have."""
    public = scaling.load("chinchilla")
    left = scaling.fit("chinchilla", public).residuals
    designs = {"the public 240": public, "9 sizes x 6": _grid(9, 6), "7 sizes x 4": _grid(7, 4)}
    out = []
    for design, place in designs.items():
        exact = scaling.laws.chinchilla(place, **_LAW)
        noises = {
            "even": lambda rng, n: 0.004 * rng.normal(size=n),
            "uneven, heavy tails": lambda rng, n, t=place.tokens: (
                0.004 * (t / t.mean()) ** -0.12 * rng.standard_t(4, size=n)
            ),
            "residuals of the public fit": lambda rng, n: rng.choice(left, n),
        }
        for noise, draw in noises.items():
            share = _covered(place, exact, draw)
            for word, value in (("least", min(share.values())), ("most", max(share.values()))):
                ok = 0.85 <= value <= 0.97
                out.append(Row(f"coverage, {design}, {noise}: {word}", value, "", "0.85 to 0.97", ok))
    return out


def _grid(sizes: int, lengths: int) -> scaling.Points:
    n, ratio = np.meshgrid(np.geomspace(4e7, 4e9, sizes), np.geomspace(3, 120, lengths))
    return scaling.Points(n.ravel(), (n * ratio).ravel(), np.full(n.size, 2.0))


def _covered(place: scaling.Points, exact: Array, draw) -> Mapping[str, float]:
    truth = {**_LAW, "loss ten times further": float(_far(_LAW)[0])}
    hits: dict[str, list[bool]] = {name: [] for name in truth}
    for seed in range(_TABLES):
        loss = exact * np.exp(draw(np.random.default_rng(seed), len(exact)))
        fit = scaling.fit("chinchilla", scaling.Points(place.n_params, place.tokens, loss))
        drawn = dict(fit.bootstrap(_DRAWS, "weights", seed).params)
        drawn["loss ten times further"] = _far(drawn)
        for name, value in truth.items():
            low, high = np.quantile(drawn[name], [0.05, 0.95])
            hits[name].append(bool(low <= value <= high))
    return {name: float(np.mean(found)) for name, found in hits.items()}


def _far(p: Mapping[str, Array | float]) -> Array:
    place = scaling.Points([4e10], [8e11], [2.0])
    return np.asarray(scaling.laws.chinchilla(place, **p))
