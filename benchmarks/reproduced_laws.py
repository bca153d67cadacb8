"""Published scaling laws fitted again: Chinchilla, Porian, over-training, repeated data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from benchmarks.reproduced import Reproduced, read
from workbench import scaling
from workbench.scaling.isoflop import isoflop

Array = NDArray[np.float64]
_HEADLINE = {"E": 1.81686, "A": 482.006, "alpha": 0.347813, "B": 2085.434, "beta": 0.365854}
_ROUNDING = {"E": 5e-3, "A": 5e-1, "alpha": 5e-3, "B": 5e-1, "beta": 5e-3}
_ERRORS = {"E": 0.02566, "A": 124.52, "alpha": 0.01540, "B": 1293.28, "beta": 0.02060}
_HOFFMANN = {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}


def chinchilla() -> list[Reproduced]:
    """The replication's fit of the points of figure 4, and Hoffmann's values on the same points."""
    fit = scaling.fit("chinchilla", scaling.load("chinchilla"))
    draws = fit.bootstrap(4000, "pairs")
    bands = {name: np.quantile(draws.params[name], (0.05, 0.95)) for name in fit.params}
    name, where = "chinchilla", "2404.10102, replication's fit"
    out = []
    for key, published in _HEADLINE.items():
        low, high = map(float, bands[key])
        out.append(Reproduced(name, where, key, published, fit.params[key], _ROUNDING[key], low, high))
    errors = draws.errors()
    for key, published in _ERRORS.items():
        # Between seeds ours move by 3 %, that of B by 14 %: its tail is long.
        near = (0.15 if key == "B" else 0.07) * published
        out.append(
            Reproduced(
                name, where + ", 4,000 bootstraps", f"standard error of {key}", published, errors[key], near
            )
        )
    out.append(Reproduced(name, where, "objective (ours never above)", 1.018645e-3, fit.objective, 4e-7))
    drawn = draws.params["beta"] / (draws.params["alpha"] + draws.params["beta"])
    share = fit.params["beta"] / (fit.params["alpha"] + fit.params["beta"])
    low, high = map(float, np.quantile(drawn, (0.05, 0.95)))
    out.append(
        Reproduced(name, where, "exponent of size, beta / (alpha + beta)", 0.5126, share, 2e-3, low, high)
    )
    theirs = scaling.laws.chinchilla(fit.points, **_HOFFMANN)
    cost = _cost(theirs, fit.points.loss)
    why = (
        "Hoffmann's printed values are no optimum of these points: theirs (left) against the optimum (right)"
    )
    out.append(
        Reproduced(
            name,
            "2203.15556, approach 3",
            "objective of the printed law, and the optimum",
            cost,
            fit.objective,
            1e-5,
            why=why,
        )
    )
    return out


_PORIAN = (
    ("kaplan", "base", "long", "kaplan", 0.8353, "as Kaplan et al."),
    ("standard", "base", "long", "kaplan", 0.7065, "last layer counted"),
    ("standard", "base", "short", "kaplan", 0.6020, "and warmup by size"),
    ("standard", "base", "short", "chinchilla", 0.5715, "and cosine by length"),
    ("standard", "tuned", "short", "const", 0.4969, "and rate, batch, beta2 by size"),
)


def porian() -> list[Reproduced]:
    """Exponents of the best size along the corrections, from the published optima and from the losses."""
    optima, curves = read("porian/optimal_pairs.csv"), read("porian/isoflop_points.csv")
    out = []
    for counted, hparams, warmup, decay, published, about in _PORIAN:
        chosen = {
            "file": "summary_df",
            "param_count": counted,
            "hparams": hparams,
            "warmup": warmup,
            "decay": decay,
        }

        def rows(table: list[dict[str, str]], chosen: dict[str, str] = chosen) -> list[dict[str, str]]:
            return [row for row in table if all(row[key] == value for key, value in chosen.items())]

        # An optimum at the edge of its budget has no spread, and is left out as in the paper.
        pairs = [row for row in rows(optima) if row["n"] and row["n_star_std"]]
        c, n, std = (np.array([float(row[key]) for row in pairs]) for key in ("flops", "n", "n_star_std"))
        rng = np.random.default_rng(0)
        drawn = np.log(n) + np.vstack([np.zeros(len(n)), std * rng.standard_normal((2000, len(n)))])
        x = np.log(c) - np.average(np.log(c), weights=std**-2)
        slopes = drawn @ (x * std**-2) / np.sum(x**2 * std**-2)
        low, high = map(float, np.quantile(slopes[1:], (0.05, 0.95)))
        what = f"exponent of size, {about}"
        out.append(
            Reproduced(
                "porian",
                "2406.19146, figure 1 (published optima)",
                what,
                published,
                slopes[0],
                5e-5,
                low,
                high,
            )
        )
        points = {
            ours: [float(row[theirs]) for row in rows(curves)]
            for ours, theirs in (
                ("n_params", "n"),
                ("tokens", "tokens"),
                ("loss", "loss"),
                ("flops", "flops"),
            )
        }
        found = isoflop(points, minimum="akima", noise=5e-4)
        low, high = found.intervals["exponent_n"]
        out.append(
            Reproduced(
                "porian",
                "2406.19146, figure 1 (from losses)",
                what,
                published,
                found.exponent_n,
                0.01,
                low,
                high,
            )
        )
    out.append(_every_exponent(optima))
    return out


def _every_exponent(optima: list[dict[str, str]]) -> Reproduced:
    """The exponents of all 15 configurations, other data and countings among them, in one row."""
    keys = ("file", "dataset", "hparams", "warmup", "decay", "param_count", "val")
    apart = []
    for row in read("porian/fits.csv"):
        if row["fit"] == "bs_median_weighted":
            pairs = [p for p in optima if all(p[k] == row[k] for k in keys) and p["n"] and p["n_star_std"]]
            c, n, std = (np.array([float(p[key]) for p in pairs]) for key in ("flops", "n", "n_star_std"))
            slope = np.polyfit(np.log(c), np.log(n), 1, w=1 / std)[0]
            apart.append(abs(slope - float(row["n_exponent"])))
    what = f"largest distance of an exponent, all {len(apart)} configurations"
    return Reproduced("porian", "2406.19146, authors' fits", what, 0.0, float(max(apart)), 1e-6)


def gadre() -> list[Reproduced]:
    """The over-training law of five small runs on RedPajama, and its errors on two large ones, on C4."""
    rows = [
        r
        for r in read("gadre/models_loss_evals.csv")
        if r["train_dataset"] == "rpj" and "c4_val" in r["eval_data"]
    ]
    n, m, y = (np.array([float(r[key]) for r in rows]) for key in ("params", "chinchilla_multiplier", "loss"))
    fitted = (n < 5e8) & ((m == 1) | ((m == 16) & (n < 2e7)))
    out = []
    for size, times, published in ((1.44e9, 32, 0.7103), (6.89e9, 1, 0.7320)):
        target = (np.abs(n / size - 1) < 0.01) & (m == times)
        errors = _over_training(n[fitted], m[fitted] * 20, y[fitted], n[target], m[target] * 20, y[target])
        low, high = map(float, np.quantile(errors[1:], (0.05, 0.95)))
        what = f"error of the loss of {size / 1e9:.2g}B at {times * 20} tokens per parameter, %"
        out.append(
            Reproduced(
                "gadre",
                "2403.08540, loss extrapolated to large runs",
                what,
                published,
                errors[0],
                1e-4,
                low,
                high,
            )
        )
    return out


def _over_training(n: Array, m: Array, y: Array, big: Array, ratio: Array, measured: Array) -> Array:
    """Errors (1 + 500,) in % of ``E + a N^-b + c (6^1/2 M N)^-b``, the first without noise."""
    # Between seeds a loss moves by about 0.002 nats (arXiv 2406.19146).
    draws = np.vstack([y, y + 0.002 * np.random.default_rng(0).standard_normal((500, len(y)))])

    def columns(size: Array, per: Array, b: float) -> Array:
        return np.stack([np.ones_like(size), size**-b, (6**0.5 * per * size) ** -b], axis=1)

    def solved(b: float, losses: Array) -> tuple[Array, Array]:
        """For one exponent: what is left, and the error on the large run."""
        x = columns(n, m, b)
        scale = x.max(axis=0)
        c = np.linalg.lstsq(x / scale, losses.T, rcond=None)[0] / scale[:, None]
        said = (columns(big, ratio, b) @ c)[0]
        return np.sum((x @ c - losses.T) ** 2, axis=0), 100 * np.abs(said / measured - 1)

    tried = np.arange(0.05, 0.8, 1e-3)
    left, error = (np.stack(each) for each in zip(*(solved(b, draws) for b in tried), strict=True))
    lowest = np.argmin(left, axis=0)
    out = error[lowest, np.arange(len(draws))]
    near = tried[lowest[0]]
    end = minimize_scalar(
        lambda b: 1e6 * float(solved(b, draws[:1])[0][0]), (near - 1e-3, near, near + 1e-3), tol=1e-10
    )
    out[0] = solved(float(end.x), draws[:1])[1][0]
    return out


def datablations() -> list[Reproduced]:
    """Worth of repeated tokens: the published pair, its objective, and the optimum of that objective."""
    rows = read("datablations/runs_fit182.csv")
    points = scaling.Points(
        n_params=[float(r["params"]) for r in rows],
        tokens=[float(r["tokens"]) for r in rows],
        loss=[float(r["val_loss"]) for r in rows],
        unique_tokens=[float(r["unique_tokens"]) for r in rows],
    )
    law = {
        "E": float(np.exp(0.6254804)),
        "A": float(np.exp(6.255414)),
        "alpha": 0.3526596,
        "B": float(np.exp(7.3049974)),
        "beta": 0.3526596,
    }
    published = {"R_D": 15.387756, "R_N": 5.309743}
    fit = scaling.fit("repetition", points, fixed=law, starts=16)
    said = scaling.laws.repetition(points, **law, **published)
    r2 = float(1 - np.sum((points.loss - said) ** 2) / np.sum((points.loss - points.loss.mean()) ** 2))
    name, where = "datablations", "2305.16264, authors' parametric fit"
    out = [Reproduced(name, where, "R2 of the published pair", 0.7722, r2, 5e-5)]
    for pair, known in (
        ((15.387756, 5.309743), 0.0158259),
        ((46.99, 2.33), 0.0158074),
        ((95.4, 1.71), 0.0158047),
    ):
        cost = _cost(scaling.laws.repetition(points, **law, R_D=pair[0], R_N=pair[1]), points.loss)
        out.append(
            Reproduced(name, where, f"objective at R_D {pair[0]:.4g}, R_N {pair[1]:.3g}", known, cost, 6e-8)
        )
    for key, value in published.items():
        low, high = fit.intervals[key]
        out.append(Reproduced(name, where, f"{key} at our optimum", value, fit.params[key], 5e-3, low, high))
    why = (
        "the published pair is no optimum: ours is lower, and so flat that R_D and R_N are hardly determined"
    )
    out.append(Reproduced(name, where, "objective at our optimum", 0.0158259, fit.objective, 5e-8, why=why))
    return out


def _cost(said: Array, loss: Array) -> float:
    """Sum of Huber losses, width 1e-3, of log loss."""
    miss = np.abs(np.log(said / loss))
    return float(np.sum(np.where(miss < 1e-3, miss**2 / 2, 1e-3 * (miss - 5e-4))))
