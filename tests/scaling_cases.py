"""Known laws with typical parameters, and tables made from them, for the tests of `workbench.scaling`."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench import registry
from workbench.scaling import Points

CHINCHILLA = {"E": 1.8, "A": 480.0, "alpha": 0.345, "B": 2100.0, "beta": 0.366}
TYPICAL: dict[str, dict[str, float]] = {
    "chinchilla": CHINCHILLA,
    "minicpm": {"C_N": 0.36, "alpha": 0.34, "C_D": 1.06, "beta": 0.37, "L0": 1.8},
    "kaplan_size": {"N_c": 8.8e13, "alpha_N": 0.076},
    "kaplan_tokens": {"D_c": 5.4e13, "alpha_D": 0.095},
    "kaplan_compute": {"C_c": 3.1e8, "alpha_C": 0.05},
    "kaplan_steps": {"N_c": 6.5e13, "alpha_N": 0.077, "S_c": 2.1e3, "alpha_S": 0.76},
    "kaplan_joint": {"N_c": 6.4e13, "alpha_N": 0.076, "D_c": 1.8e13, "alpha_D": 0.103},
    "repetition": {**CHINCHILLA, "R_D": 15.0, "R_N": 5.3},
    "broken": {"a": 1.7, "b": 900.0, "c0": 0.16, "c1": 0.15, "d1": 1e20, "f1": 0.4},
}


def grid(sizes: int = 8, ratios: tuple[float, ...] = (1.0, 4.0, 10.0, 25.0, 80.0)) -> dict[str, np.ndarray]:
    """Columns of sizes by tokens per parameter, with updates and unique tokens that vary on their own."""
    n, ratio = (v.ravel() for v in np.meshgrid(np.geomspace(3e7, 8e9, sizes), ratios))
    tokens = n * ratio
    epochs = np.resize([1.0, 2.0, 6.0, 20.0, 60.0, 1.0, 3.0], len(n))
    steps = tokens / np.resize([2.5e5, 1e6, 5e5], len(n))
    unique = np.maximum(tokens / epochs, 1e6)
    return {"n_params": n, "tokens": tokens, "unique_tokens": unique, "steps": np.maximum(steps, 10.0)}


def made(law: str, noise: float = 0.0, seed: int = 0, **columns: Any) -> Points:
    """A table whose losses are exactly those of a law, times log-normal noise."""
    columns = columns or grid()
    place = Points(**columns, loss=np.ones(len(columns["n_params"])))
    loss = registry.get("scaling", law).function(place, **TYPICAL[law])
    return Points(**columns, loss=loss * np.exp(noise * np.random.default_rng(seed).normal(size=len(place))))
