"""Answers of exercises, worked out a second time by another way: plain sums, closed forms, other solvers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import slow_laws
from scipy.optimize import brentq, curve_fit, minimize

import workbench as wb
from workbench import exercises
from workbench.exercises import predict
from workbench.scaling import constants, rules

GPT = {"total": 1000, "peak": 5e-3, "warmup": 0.03}
PUBLIC = {"total": 24_000, "peak": 3e-4}


def answer(name: str, number: int):
    return exercises.get(name)[number - 1].answer()


def tolerance(name: str, number: int) -> float:
    return exercises.get(name)[number - 1].tolerance


def final(law: str, schedule: wb.Schedule, step: int | None = None) -> float:
    """Loss by the sums of the multi-power law as they are written down."""
    fit = wb.defaults.load(law)
    at = np.array([len(schedule) - 1 if step is None else step])
    return float(slow_laws.multipower(schedule.array(), at, **fit.params)[0])


def test_start() -> None:
    cosine = final("gpt/0.1M", wb.schedules.cosine(**GPT))
    share, off = answer("start", 1), tolerance("start", 1)
    shorter, longer = (wb.schedules.wsd(**GPT, decay=d) for d in (share - off, share + off))
    assert final("gpt/0.1M", longer) < cosine < final("gpt/0.1M", shorter)
    llama = {**PUBLIC, "warmup": 0.09, "floor": 0.1}
    losses = {d: final("multipower/100M", wb.schedules.wsd(**llama, decay=d)) for d in (0.1, 0.2, 0.4)}
    assert losses[answer("start", 3)] == min(losses.values())


def test_schedules() -> None:
    at = answer("schedules", 1)
    pair = wb.schedules.sgdr(1000, 5e-3), wb.schedules.cosine(**GPT)
    below = [final("gpt/0.1M", pair[0], t) < final("gpt/0.1M", pair[1], t) for t in range(int(at), 1000, 13)]
    off = int(tolerance("schedules", 1))
    assert all(below) and final("gpt/0.1M", pair[0], int(at) - off) > final(
        "gpt/0.1M", pair[1], int(at) - off
    )
    # Areas of the shapes as integrals: a triangle, the half cosine that ends at a tenth, 1 - sqrt.
    cosine, wsd = 0.03 / 2 + 0.97 * 0.55, 0.03 / 2 + 0.77 + 0.2 / 3
    assert answer("schedules", 2) == pytest.approx(5e-3 * cosine / wsd, rel=2e-3)

    def drawn(start: int) -> float:
        return final(
            "gpt/0.1M",
            wb.ramp(30, 0, 5e-3).then(wb.hold(start - 30, 5e-3)).then(wb.ramp(1000 - start, 5e-3, 0)),
        )

    lowest = min(range(500, 801, 10), key=drawn)
    assert answer("schedules", 3) == pytest.approx(lowest, abs=25)
    middle = drawn(lowest)
    assert max(drawn(lowest + 70), drawn(lowest - 70)) - middle < 0.002, "as the explanation says"


def missed(law: str, trained: list[wb.Run], held: list[wb.Run]) -> float:
    """Mean over the curves of the mean error from where a curve's rates part from all of the fitted."""
    fit, out = predict.fit(law, trained), []
    for run in held:
        rates = run.schedule.array()
        fork = 0
        for other in (one.schedule.array() for one in trained):
            both = min(len(rates), len(other))
            apart = np.flatnonzero(~np.isclose(rates[:both], other[:both], rtol=1e-9, atol=0))
            fork = max(fork, apart[0] if len(apart) else both)
        keep = run.curve.step >= max(fork, fit.burn_in)
        said = fit.predict(run.schedule, run.curve.step[keep].astype(int)).loss
        out.append(np.abs(said - run.curve.loss[keep]).mean())
    return float(np.mean(out))


def test_predict(data_folder, monkeypatch: pytest.MonkeyPatch) -> None:
    # The fits take the time, and what is worked out a second time is how they are judged.
    fits: dict[tuple, wb.Fit] = {}

    def fitted(law: str, trained: list[wb.Run]) -> wb.Fit:
        key = law, *(run.facts["name"] for run in trained)
        if key not in fits:
            fits[key] = wb.fit(law, trained)
        return fits[key]

    monkeypatch.setattr(predict, "fit", fitted)
    runs = {run.facts["name"]: run for run in wb.datasets.load("multipower/25M")}
    errors = []
    for names in (["constant_24000"], ["constant_24000", "wsdcon_9"]):
        held = [run for name, run in runs.items() if name not in names]
        errors.append(missed("multipower", [runs[name] for name in names], held))
    assert answer("predict", 1) == pytest.approx(errors[0] / errors[1], rel=0.02)
    two = wb.datasets.load("schaipp/124M")
    split = [[run for run in two if math.isclose(run.schedule.peak, peak)] for peak in (1e-3, 5e-4)]
    ratio = missed("multipower", *split) / missed("effective_rate", *split)
    assert answer("predict", 2) == pytest.approx(ratio, abs=tolerance("predict", 2))


def test_design() -> None:
    def bent(power: float) -> float:
        made = wb.ramp(20, 0, 5e-3).array()
        return float(
            slow_laws.multipower(
                np.concatenate([made, 5e-3 * (1 - np.arange(980) / 980) ** power]),
                np.array([999]),
                **wb.defaults.load("gpt/0.1M").params,
            )[0]
        )

    assert answer("design", 1) == pytest.approx(min(np.arange(0.1, 1.6, 0.01), key=bent), abs=0.03)
    linear, wsd = (make(**PUBLIC, warmup=0.01) for make in (wb.schedules.linear, wb.schedules.wsd))
    gap = final("multipower/100M", linear) - final("multipower/100M", wsd)
    assert answer("design", 2) == pytest.approx(gap, abs=1e-4)
    fit = wb.defaults.load("multipower/100M")
    found = wb.design.cooldown(fit, 24_000, peak=3e-4, shapes=("sqrt",)).best
    for share in (0.05, 0.1):
        d = fit.difference(wb.schedules.wsd(**PUBLIC, warmup=0.01, decay=share), found)
        assert (d.low <= 0 <= d.high) == (share >= answer("design", 3))


def terms(rates: np.ndarray) -> dict[str, float]:
    """The three terms of the bound by loops, as they are written down."""
    s, q = rates.sum(), (rates**2).sum()
    last = sum(
        rates[k] / rates[k + 1 :].sum() * (rates[k:] ** 2).sum() / rates[k:].sum()
        for k in range(len(rates) - 1)
    )
    return {"t1": 1 / (2 * s), "t2": q / (2 * s), "t3": last / 2}


def test_convex() -> None:
    u = np.arange(400) / 400
    flat, raised = (terms(f + (1 - f) * (1 + np.cos(np.pi * u)) / 2) for f in (0.0, 0.1))
    assert answer("convex", 1) == max(flat, key=lambda name: abs(raised[name] - flat[name]))

    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):

        def best(logs):
            h = jnp.exp(logs)
            s, q = (jnp.cumsum(x[::-1])[::-1] for x in (h, h**2))
            rest = q[0] / (2 * s[0]) + jnp.sum(h[:-1] / s[1:] * q[:-1] / s[:-1]) / 2
            return jnp.log(2 * jnp.sqrt(rest / (2 * s[0])))

        step = jax.jit(jax.value_and_grad(best))
        start = np.log(1 - u)
        found = minimize(
            lambda z: tuple(np.asarray(x, float) for x in step(z)),
            start,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 4000, "maxfun": 8000, "ftol": 1e-14, "gtol": 1e-10},
        )
        lower = 100 * (1 - math.exp(found.fun - float(best(start))))
    assert answer("convex", 3) == pytest.approx(lower, abs=0.02)


def test_convex_crossings(data_folder) -> None:
    from workbench.explore import convexity

    named = {run.facts["name"]: run for run in convexity.measured()}
    cosine = named["lr0.0005_cos10_50k"].curve
    tuned, off = answer("convex", 2), tolerance("convex", 2)

    def distance(peak: float) -> float:
        out = []
        for row in convexity.overtaking(list(named.values()), 50_000, 5e-4, peak).rows:
            share = float(row["cooldown"].split(",")[1].split("%")[0]) / 100
            curve = named[f"lr0.0005_wsd{share:g}_50k"].curve
            common = np.intersect1d(curve.step, cosine.step)
            above = np.interp(common, curve.step, curve.loss) > np.interp(common, cosine.step, cosine.loss)
            seen = (common[np.flatnonzero(above)[-1]] + 200) / 50_000
            out.append(abs(row["cosine to 10 %: theory"] - seen) if not above[-1] else np.nan)
        return float(np.nanmean(out))

    assert distance(tuned) < min(distance(tuned - 1.5 * off), distance(tuned + 1.5 * off))


def test_planner() -> None:
    p = constants.get("besiroglu").params
    # At the optimum both terms fall alike per unit of compute: A alpha / N^alpha = B beta / D^beta.
    over, both = 2.2 - p["E"], p["alpha"] + p["beta"]
    n = (p["A"] * both / (over * p["beta"])) ** (1 / p["alpha"])
    d = (p["B"] * both / (over * p["alpha"])) ** (1 / p["beta"])
    assert answer("planner", 1) == pytest.approx(6 * n * d / (989.4e12 * 0.4 * 3600), rel=1e-3)
    size = wb.scaling.plan("besiroglu", flops=1e21)
    batch = 0.58 * size.tokens**0.571
    assert answer("planner", 3) == pytest.approx(math.sqrt(2e5 / batch), abs=tolerance("planner", 3))
    wide = wb.scaling.recipe(size.n_params, size.tokens, batch="deepseek").batch_tokens
    assert answer("planner", 2) == pytest.approx(math.sqrt(wide / batch), abs=0.02)


def huber(z: np.ndarray, runs, floor: float | None = None) -> float:
    """The objective of arXiv 2203.15556, plainly: Huber of log loss beyond 1e-3, summed."""
    a, b, alpha, beta, e = z
    e = e if floor is None else math.log(floor)
    parts = np.stack(
        [a - alpha * np.log(runs.n_params), b - beta * np.log(runs.tokens), np.full(len(runs.loss), e)]
    )
    r = np.logaddexp.reduce(parts) - np.log(runs.loss)
    return float(np.where(np.abs(r) < 1e-3, r**2 / 2, 1e-3 * (np.abs(r) - 5e-4)).sum())


def test_chinchilla(data_folder) -> None:
    everything = wb.scaling.load("chinchilla/all")
    start = np.array([6.17, 7.67, 0.347, 0.367, 0.597])
    options = {"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-9, "fatol": 1e-14}

    def solved(runs, floor=None):
        found = minimize(huber, start, (runs, floor), method="Nelder-Mead", options=options)
        return minimize(huber, found.x, (runs, floor), method="Nelder-Mead", options=options)

    runs = everything.without_worst(5)
    free, held = solved(runs), solved(runs, 1.69)
    assert answer("chinchilla", 2) == pytest.approx(100 * (held.fun / free.fun - 1), abs=0.3)
    moved = solved(everything).x
    ours, theirs = (z[3] / (z[2] + z[3]) for z in (free.x, moved))
    assert answer("chinchilla", 1) == "parametric" and abs(ours - theirs) > 0.03
    a, b, alpha, beta, e = free.x

    def cost(log_n: float) -> float:
        left = 2.0 - math.exp(e) - math.exp(a - alpha * log_n)
        if left <= 0:
            return math.inf
        return log_n + math.log(6 * math.exp((b - math.log(left)) / beta) + 2e13)

    grid = np.linspace(math.log(1e10), math.log(1e11), 4001)
    n = min(grid, key=cost)
    d = math.exp((b - math.log(2.0 - math.exp(e) - math.exp(a - alpha * n))) / beta)
    assert answer("chinchilla", 3) == pytest.approx(d / math.exp(n), abs=tolerance("chinchilla", 3))


def test_batch() -> None:
    endless = 22.91 * 1e6**0.47 * 512 / 0.2
    now = 0.58 * 1e12**0.571
    half = brentq(lambda b: (1 + endless / b) - (1 + endless / now) / 2, now, 1e9)
    assert answer("batch", 1) == pytest.approx(100 * ((half + endless) / (now + endless) - 1), abs=0.2)
    first, last = (1 + 1 / overhead for overhead in (0.05, 1.0))
    assert answer("batch", 2) == pytest.approx(first / last)
    sizes, critical = (1, 4, 16, 64, 256), []
    curves = {
        size: [
            wb.train.tasks.quadratic(batch=size, modes=60).expected(wb.hold(600, float(rate))).loss
            for rate in np.geomspace(0.05, 1.6, 14)
        ]
        for size in sizes
    }
    for loss in (0.6, 0.3):
        # The first crossing of the best rate, between updates as a straight line.
        steps = [min(_reached(curve, loss) for curve in curves[size]) for size in sizes]
        (few, data), _ = curve_fit(
            lambda b, s, e: np.log(np.exp(s) + np.exp(e) / b), sizes, np.log(steps), p0=(1.0, 4.0)
        )
        critical.append(math.exp(data - few))
    assert answer("batch", 3) == pytest.approx(critical[1] / critical[0], abs=tolerance("batch", 3))


def _reached(curve: np.ndarray, loss: float) -> float:
    at = np.flatnonzero(curve <= loss)
    if not len(at):
        return math.inf
    t = int(at[0])
    return t + 1 - (loss - curve[t]) / (curve[t - 1] - curve[t]) if t else 1.0


def test_runs() -> None:
    task = wb.train.tasks.quadratic(exponent=1.0, batch=4)
    peaks = (0.1, 0.2, 0.4, 0.8, 1.2)
    names = [(name, peak) for name in ("constant", "cosine", "linear", "wsd") for peak in peaks]
    made = [wb.schedules.build({"name": name, "total": 400, "peak": peak}) for name, peak in names]
    trained = [wb.train.train(task, made, seed=seed) for seed in range(3)]
    means = {key: np.mean([runs[i].curve.loss[-1] for runs in trained]) for i, key in enumerate(names)}
    assert answer("runs", 1) == min(means, key=means.__getitem__)[0]
    high = {name: mean for (name, peak), mean in means.items() if peak == 1.2}
    assert answer("runs", 2) == min(high, key=high.__getitem__)
    wsd = [runs[i] for runs in trained for i, (name, _) in enumerate(names) if name == "wsd"]
    highest = [run for run in wsd if run.schedule.peak == 1.2]
    errors = {law: wb.fit(law, wsd).report(highest).all["mean"]["mae"] for law in ("power", "annealing")}
    assert answer("runs", 3) == min(errors, key=errors.__getitem__)


def test_rules_are_those_of_the_papers() -> None:
    # The constants that the oracles above repeat are those that the rules use.
    assert rules.critical_batch_data(1e12).batch_tokens == pytest.approx(22.91 * 1e6**0.47 * 512)
    assert rules.steplaw(1e9, 1e12).batch_tokens == pytest.approx(0.58 * 1e12**0.571, rel=1e-6)
