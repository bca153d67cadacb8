"""Published files as runs, one reader per source; the schedules are rebuilt as phases."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.curve import Curve, Run
from workbench.making import hold, ramp
from workbench.schedule import Schedule

_PEAK, _FLOOR, _WARMUP = 3e-4, 3e-5, 2160
_DIV, _RISE = 100, 300


def multipower(file: str, data: bytes, size: str, source: str) -> Run:
    """A curve of MultiPowerLaw: columns step, lr, loss; the schedule is in the file's name."""
    step, _, loss = np.loadtxt(io.BytesIO(data), delimiter=",", skiprows=1, unpack=True)
    name = file.removesuffix(".csv")
    facts = {"name": name, "source": source, "status": "finished"}
    task = {"name": "multipower", "size": size}
    return Run(_multipower_schedule(name), Curve(step, loss), task, facts)


def _multipower_schedule(name: str) -> Schedule:
    kind, *numbers = name.split("_")
    # linspace(0, peak, 2160) is at the peak with its last entry, update 2159.
    rise = ramp(_WARMUP - 1, 0, _PEAK, name="warmup")

    def stable(until: int) -> Schedule:
        return rise.then(hold(until - len(rise), _PEAK, name="stable"))

    if kind == "wsdcon":
        return stable(8_000).then(hold(8_000, int(numbers[0]) * 1e-5, name="low"))
    if kind == "constant":
        return stable(int(numbers[0]))
    start = _WARMUP if kind == "cosine" else int(numbers[0])
    shape: dict[str, Any] = {
        "cosine": {"shape": "cosine"},
        "wsd": {"shape": "exp", "ratio": _FLOOR / _PEAK},
        "wsdld": {"shape": "linear"},
    }[kind]
    return stable(start).then(ramp(int(numbers[-1]) - start, _PEAK, _FLOOR, name="decay", **shape))


def schaipp(file: str, data: bytes, size: str, source: str) -> Run:
    """A run of lr-scheduling as it was logged: config, and a history of validation and training."""
    logged = json.loads(data)
    config, history, summary = logged["config"], logged["history"], logged["summary"]
    total, peak = config["iterations"], config["lr"]
    kind, schedule = _schaipp_schedule(config)
    prefix = "sl_" if file.startswith("sl_") else ""
    initial, curve = _averaged(history["val"]["iter"], history["val"]["val_loss"])
    _, train = _averaged(history["train"]["iter"], history["train"]["train_loss"])
    sequences = config["batch_size"] * config["acc_steps"] * config["world_size"]
    task = {
        "name": "schaipp",
        "size": size,
        "n_params": summary["parameters"],
        "batch_tokens": sequences * config["sequence_length"],
    }
    facts = {
        "name": f"{prefix}lr{peak:g}_{kind}_{total // 1000}k",
        "source": source,
        "status": "finished",
        "seed": config["seed"],
        "initial_loss": initial,
        "final_val_loss_fullset": history["final-val"]["final_val_loss"][-1],
    }
    return Run(schedule, curve, task, facts, {"train": train})


def _schaipp_schedule(config: dict[str, Any]) -> tuple[str, Schedule]:
    total, peak = config["iterations"], config["lr"]
    first = peak / _DIV
    if config["scheduler"] == "wsd":
        rise = ramp(_RISE, first, peak, name="warmup")
        return "const", rise.then(hold(total - _RISE, peak, name="stable"))
    # torch's OneCycleLR with a cosine rise: peak at update 299, last rate at the last update.
    final = config.get("cos_final_lr", -1)
    last, kind = (peak / 10, "cos10") if final < 0 else (final, "cos0")
    rise = ramp(_RISE - 1, first, peak, "cosine", name="warmup")
    fall = ramp(total - _RISE, peak, last, "cosine", name="decay")
    return kind, rise.then(fall).then(hold(1, last, name="end"))


def suite(runs: bytes, history: bytes, source: str) -> list[Run]:
    """Runs of lr-scheduling as two tables: one row for each run, and one for each logged update."""
    import pandas as pd

    facts = pd.read_csv(io.BytesIO(runs)).set_index("run")
    out = []
    for name, rows in pd.read_csv(io.BytesIO(history)).groupby("run", sort=False):
        row = facts.loc[name]
        kind = str(row["schedule"]).removesuffix("50k")
        schedule = _suite_schedule(kind, int(row["T"]), float(row["peak_lr"]), float(row["cooldown_frac"]))
        val, train = (rows[rows[key].notna()] for key in ("val_loss", "train_loss"))
        initial, curve = _averaged(val["iter"].tolist(), val["val_loss"].tolist())
        _, trained = _averaged(train["iter"].tolist(), train["train_loss"].tolist())
        told = {
            "name": f"lr{row['peak_lr']:g}_{kind}_{int(row['T']) // 1000}k",
            "kind": kind,
            "source": source,
            "status": "finished",
            "initial_loss": initial,
            "final_val_loss_fullset": float(row["final_val_loss_fullset"]),
        }
        task = {"name": "schaipp", "size": "124M"}
        out.append(Run(schedule, curve, task, told, {"train": trained}))
    return out


def _suite_schedule(kind: str, total: int, peak: float, share: float) -> Schedule:
    if kind.startswith("cos"):
        final = {"cos0": 1e-7, "cos10": -1}[kind]
        return _schaipp_schedule(
            {"iterations": total, "lr": peak, "scheduler": "cos", "cos_final_lr": final}
        )[1]
    stable = _schaipp_schedule({"iterations": total, "lr": peak, "scheduler": "wsd"})[1]
    if kind == "const":
        return stable
    steps = round(share * total)
    return stable.branch(total - steps, steps, "sqrt" if "sqrt" in kind else "linear")


def _averaged(iteration: Sequence[int], loss: Sequence[float]) -> tuple[float | None, Curve]:
    """Loss before the first update, and the curve after it; rows with the same iteration averaged."""
    unique, inverse, counts = np.unique(iteration, return_inverse=True, return_counts=True)
    mean = np.bincount(inverse, weights=np.asarray(loss, dtype=float)) / counts
    made = unique > 0
    initial = float(mean[0]) if not made[0] else None
    return initial, Curve(unique[made] - 1, mean[made])
