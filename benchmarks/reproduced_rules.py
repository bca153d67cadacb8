"""Published rules and measurements again: Step Law, critical batch, optimizers, curves, convex bound."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import workbench as wb
from benchmarks.bench_fit import OFFICIAL, split
from benchmarks.reproduced import Reproduced, folder, read
from workbench.explore import convexity
from workbench.laws import convex
from workbench.scaling import rules
from workbench.scaling.rules.sweep import COEFFICIENTS
from workbench.views import convex_bound

Array = NDArray[np.float64]
_SEQUENCE = 2048


def steplaw() -> list[Reproduced]:
    """The law's loss on its grid, and its coefficients from the public part of the runs."""
    table = read("steplaw/dense_lr_bs_loss.csv")
    n, d, rate, batch, loss = (
        np.array([float(r[k]) for r in table]) for k in ("N", "D", "lr", "bs", "smooth loss")
    )
    columns = (n, d, rate, batch * _SEQUENCE, loss)
    lost = 100 * rules.regret(*columns, rules.steplaw)
    rng = np.random.default_rng(0)
    means = lost[rng.integers(0, len(lost), (2000, len(lost)))].mean(axis=1)
    low, high = map(float, np.quantile(means, (0.05, 0.95)))
    name, where = "steplaw", "2503.04715, public runs"
    out = [
        Reproduced(
            name, where, "mean above the best of the grid, 17 cells, %", 0.0957, lost.mean(), 5e-5, low, high
        ),
        Reproduced(name, where, "largest of them, %", 0.310, lost.max(), 5e-4),
    ]
    fit = rules.fit_sweep(*columns)
    published = dict(zip(COEFFICIENTS[1:3] + COEFFICIENTS[4:], (-0.713, 0.307, 0.571), strict=True))
    why = {
        "rate D": "the public 1,911 runs are 17 cells of 5 sizes, a part of what the authors fitted; these "
        "hold a weaker power"
    }
    for key, value in published.items():
        low, high = fit.intervals[key]
        mine = float(fit.values[COEFFICIENTS.index(key)])
        out.append(
            Reproduced(
                name,
                "2503.04715, the law",
                f"exponent, {key}",
                value,
                mine,
                5e-4,
                low,
                high,
                why.get(key, ""),
            )
        )
    boot = read("steplaw/1004_fitted_lr_bs_scaling_model_parameters.csv")
    for column, key in (("lr_coefN", "rate N"), ("lr_coefD", "rate D"), ("bs_coefD", "batch D")):
        drawn = np.array([float(row[column]) for row in boot])
        low, high = map(float, np.quantile(drawn, (0.05, 0.95)))
        what = f"exponent, {key}, mean of the authors' 1,000 bootstraps"
        out.append(
            Reproduced(name, "2503.04715, the law", what, published[key], drawn.mean(), 6e-4, low, high)
        )
    return out


_CRITICAL = {"85M": 745, "151M": 955, "302M": 1394, "604M": 1889, "1.2B": 2533}


def critical_batch() -> list[Reproduced]:
    """Critical batch of each model, and its law."""
    table = read("critical-batch/steps_to_target.csv")
    name, out, draws = "critical-batch", [], []
    for model, published in _CRITICAL.items():
        rows = [row for row in table if row["model"] == model]
        fit = rules.fit_tradeoff(*([float(row[key]) for row in rows] for key in ("batch_size", "steps")))
        best, low, high = fit.affordable(0.2, 256)
        what = f"critical batch of {model}, sequences of 512"
        out.append(Reproduced(name, "2410.21676, authors' notebook", what, published, best, 0.51, low, high))
        drawn = 0.2 * fit.draws[:, 1] / fit.draws[:, 0] + 1.2 * 256
        draws.append(np.append(best, drawn))
    # The authors count the largest as 1,200 million.
    x = np.log([85, 151, 302, 604, 1200])
    slope, constant = np.polyfit(x, np.log(np.stack(draws)), 1)
    for what, drawn, published, near in (
        ("exponent of size", slope, 0.4683, 5e-5),
        ("constant, size in millions", np.exp(constant), 93.20, 5e-3),
    ):
        low, high = map(float, np.quantile(drawn[1:], (0.05, 0.95)))
        out.append(
            Reproduced(name, "2410.21676, law of size", what, published, float(drawn[0]), near, low, high)
        )
    return out


_ADAMW = {1: 3.529, 2: 3.408, 4: 3.322, 8: 3.261, 16: 3.207}


def marin() -> list[Reproduced]:
    """Losses of AdamW, and how much more data AdamW needs for the loss of Muon, by its own power law."""
    table = read("marin/optimizer_sweep_best.csv")

    def losses(optimizer: str, size: str) -> dict[int, float]:
        rows = [r for r in table if r["optimizer"] == optimizer and r["size"] == size]
        return {int(float(r["chinchilla_ratio"])): float(r["min_loss"]) for r in rows}

    name, out = "marin", []
    for ratio, published in _ADAMW.items():
        what = f"C4 loss of AdamW, 130M, {ratio} x Chinchilla"
        out.append(
            Reproduced(
                name, "2509.02046, authors' results", what, published, losses("adamw", "130m")[ratio], 5e-4
            )
        )
    for size, ratio, published in (("130m", 1, 1.4), ("1.2b", 8, 1.1)):
        fast = _speedup(losses("adamw", size), ratio, losses("muon", size)[ratio])
        low, high = map(float, np.quantile(fast[1:], (0.05, 0.95)))
        what = f"speed-up of Muon over AdamW, {size.upper()}, {ratio} x Chinchilla"
        out.append(Reproduced(name, "2509.02046, abstract", what, published, float(fast[0]), 0.05, low, high))
    return out


def _speedup(curve: dict[int, float], ratio: int, loss: float) -> Array:
    """Data that the curve needs for a loss over `ratio` (1 + 400,), by ``E + a D^-b``; noise 0.002 nats."""
    x = np.array(list(curve), dtype=float)
    rng = np.random.default_rng(0)
    y = np.array(list(curve.values())) + np.vstack(
        [np.zeros(len(x)), 0.002 * rng.standard_normal((400, len(x)))]
    )
    aim = loss + np.append(0, 0.002 * rng.standard_normal(400))
    best, out = np.full(len(y), np.inf), np.full(len(y), np.nan)
    for b in np.linspace(0.05, 1.5, 600):
        a = np.stack([np.ones_like(x), x**-b], axis=1)
        c = np.linalg.lstsq(a, y.T, rcond=None)[0]
        left = np.sum((a @ c - y.T) ** 2, axis=0)
        better = left < best
        best[better] = left[better]
        with np.errstate(invalid="ignore", divide="ignore"):
            needed = ((aim - c[0]) / c[1]) ** (-1 / b)
        out[better] = needed[better] / ratio
    return out[np.isfinite(out)]


def multipower() -> list[Reproduced]:
    """Held-out scores of the default fit against those of the authors' code: at least as good."""
    out = []
    for size, (r2, mae, _) in OFFICIAL.items():
        train, held = split(size)
        report = wb.fit("multipower", train).report(held)
        mean, several = report["mean"], [row["mae"] for key, row in report.items() if key != "mean"]
        rng = np.random.default_rng(0)
        drawn = np.array(several)[rng.integers(0, len(several), (2000, len(several)))].mean(axis=1)
        low, high = map(float, np.quantile(drawn, (0.05, 0.95)))
        why = "another estimator, which reaches its optimum and is nearer to the held-out curves"
        name, where = "multipower", "README of the authors' repository"
        what = f"held-out mean absolute error, {size}, nats"
        out.append(Reproduced(name, where, what, mae, mean["mae"], 5e-6, low, high, why))
        out.append(Reproduced(name, where, f"held-out R2, {size}", r2, mean["r2"], 5e-5, why=why))
    return out


def bounds() -> list[Reproduced]:
    """Best rate and bound of each schedule, the transfer between two, and the longer horizon."""
    made = {
        "constant": lambda t: wb.hold(t, 1.0),
        "cosine": lambda t: wb.schedules.cosine(t, 1.0, warmup=0, floor=0),
        "cosine-0.1": lambda t: wb.schedules.cosine(t, 1.0, warmup=0, floor=0.1),
        "wsd-0.2": lambda t: _wsd(t, 0.2),
        "linear": lambda t: wb.schedules.linear(t, 1.0, warmup=0, floor=0),
    }
    oracle = json.loads((folder() / "bounds" / "oracle_bounds.json").read_text())
    rows = [
        r for r in oracle["optimal"] if r["type"] == "refined" and r["schedule"] in made and r["T"] <= 4000
    ]
    name, out = "bounds", []
    worst = {"opt_bound": 0.0, "opt_lr": 0.0}
    for row in rows:
        found = convex_bound(made[row["schedule"]](row["T"]))
        worst["opt_bound"] = max(worst["opt_bound"], abs(found.best / row["exact_opt_bound"] - 1))
        worst["opt_lr"] = max(worst["opt_lr"], abs(found.gamma / row["exact_opt_lr"] - 1))
    for key, what in (("opt_bound", "bound"), ("opt_lr", "best rate")):
        about = f"largest relative distance of the {what} from the exact one, {len(rows)} cases"
        out.append(Reproduced(name, "2501.18965, theorem 1", about, 0.0, worst[key], 1e-5))
    moved = -np.log(convex.transfer(made["linear"](6400), _wsd(6400, 0.2)))
    published = oracle["lr_transfer"]["linear_6400"]["ln_ratio_c02"]
    about = "ln best rate, linear over WSD of 20 %, 6,400 updates"
    out.append(Reproduced(name, "2501.18965, figure 8", about, published, float(moved), 1e-5))
    table, wanted = oracle["horizon_transfer_T0_4000"], convex_bound(_wsd(4000, 0.2)).gamma
    shares = np.linspace(0.1, 1, 33)
    for longer in (6000, 8000):
        away = [abs(convex_bound(_wsd(longer, share)).gamma / wanted - 1) for share in shares]
        about = f"cooldown that keeps the rate of 4,000 updates for {longer:,}"
        mine = float(shares[int(np.argmin(away))])
        out.append(
            Reproduced(name, "2501.18965, figure 9", about, table[str(longer)]["wsd_cooldown"], mine, 1e-9)
        )
    return out


def _wsd(total: int, decay: float) -> wb.Schedule:
    return wb.schedules.wsd(total, 1.0, warmup=0, decay=decay, shape="linear")


def schaipp() -> list[Reproduced]:
    """What theory draws of the 124M runs, beside the runs: when cooldowns overtake, and best peaks."""
    runs = convexity.measured()
    rates = {row["schedule"]: row for row in convexity.best_rates(runs, 50_000).rows}
    tuned = rates["WSD, 20% linear"]["measured"]
    name, out = "schaipp", []
    for row in _chosen(convexity.overtaking(runs, 50_000, 1e-3, tuned).rows, "cooldown", ("20%", "40%")):
        what = (
            f"share of the run from which {row['cooldown']} is below the cosine to 10 %, measured by theory"
        )
        said, seen = row["cosine to 10 %: theory"], row["cosine to 10 %: measured"]
        out.append(Reproduced(name, "2501.18965, figure 1", what, said, seen, 0.045))
    far = (
        "theory asks for more than the runs, most for long cooldowns; three peaks, 5 and 2 times apart, "
        "place a minimum roughly"
    )
    for row in _chosen(list(rates.values()), "schedule", ("10% linear", "40% linear", "60% linear")):
        what = f"best peak of {row['schedule']} over that of 20 %, measured by theory"
        out.append(
            Reproduced(
                name,
                "2501.18965, figures 5 and 6",
                what,
                row["theory ratio"],
                row["measured ratio"],
                0.1,
                why=far,
            )
        )
    return out


def _chosen(rows: Sequence, column: str, parts: tuple[str, ...]) -> list:
    return [row for row in rows if any(part in row[column] for part in parts) and "sqrt" not in row[column]]
