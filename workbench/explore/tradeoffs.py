"""The critical batch of public runs: updates against data to one loss, and how wide the best batch is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import datasets
from workbench.explore import convexity
from workbench.scaling import rules
from workbench.scaling.rules import Tradeoff
from workbench.views.table import Table
from workbench.views.words import percent

Array = NDArray[np.float64]
_SEQUENCE = 512
_STEPLAW_SEQUENCE = 2048


def measured() -> dict[str, tuple[Array, Array, Tradeoff]]:
    """Public updates to one loss: batches, updates and the fitted tradeoff of each model; empty without data.

    The table was collected from the authors' notebook and cannot be fetched: it is read from the folder that
    WORKBENCH_DATA_DIR names (arXiv 2410.21676).
    """
    try:
        rows: Any = datasets.load("critical-batch")
    except ValueError:
        return {}
    out = {}
    for model, part in rows.groupby("model", sort=False):
        b, steps = part["batch_size"].to_numpy(float), part["steps"].to_numpy(float)
        out[str(model)] = (b, steps, rules.fit_tradeoff(b, steps))
    return out


def tradeoffs(overhead: float = 0.2, start: float = 256) -> Table:
    """Affordable and critical batch of each public model, in sequences of 512, with 90 % intervals.

    Parameters
    ----------
    overhead, start : float
        As of `Tradeoff.affordable`; 0.2 and 256 are the paper's.
    """
    rows = []
    for model, (_, _, fit) in measured().items():
        best, low, high = fit.affordable(overhead, start)
        a, b = fit.critical_interval
        rows.append(
            {
                "model": model,
                "affordable": best,
                "low": low,
                "high": high,
                "critical": fit.critical,
                "critical low": a,
                "critical high": b,
            }
        )
    notes = (
        f"affordable: at most {percent(overhead)} more data than {start:g} sequences; critical: both double",
        "C4, sequences of 512 tokens, constant rate and averaged weights (arXiv 2410.21676)",
    )
    missing = ("the table is not here: set WORKBENCH_DATA_DIR to a folder that has it",)
    return Table("Batches of five public models", tuple(rows), notes if rows else missing)


def figure() -> Any:
    """Updates to one loss against the batch, as measured and as fitted; None without the public table."""
    found = measured()
    if not found:
        return None
    b = np.geomspace(64, 16_384, 60)
    lines = {name: (b * _SEQUENCE, fit.steps(b)) for name, (_, _, fit) in found.items()}
    dots = {name: (batch * _SEQUENCE, steps) for name, (batch, steps, _) in found.items()}
    return convexity.figure(
        lines,
        dots=dots,
        x="batch (tokens)",
        y="updates to the target loss",
        log="xy",
        caption="Data: 5 models on C4, 9 batches (arXiv 2410.21676), all fitted. Law: S = S_min + E_min / B.",
    )


def basins(share: float = 0.002) -> Table:
    """Which batches end near the lowest loss of the Step Law's public sweep, at the best rate of each.

    Parameters
    ----------
    share : float
        How far above the lowest loss a batch may end, relatively.

    Returns
    -------
    Table
        A row for each size and tokens: the best batch, the range within `share`, and the Step Law's advice.
    """
    runs: Any = datasets.load("steplaw")
    rows = []
    for (n, d), part in runs.groupby(["N", "D"]):
        lowest = part.groupby("bs")["smooth loss"].min()
        near = lowest[lowest <= (1 + share) * lowest.min()].index.to_numpy(float) * _STEPLAW_SEQUENCE
        rows.append(
            {
                "parameters": float(n),
                "tokens": float(d),
                "best batch": float(lowest.idxmin()) * _STEPLAW_SEQUENCE,
                "from": float(near.min()),
                "to": float(near.max()),
                "Step Law": rules.steplaw(float(n), float(d)).batch_tokens,
            }
        )
    notes = (
        f"from, to: batches in tokens within {percent(share)} of the lowest loss, each at its best rate",
        "data: 1,911 public runs of arXiv 2503.04715; the Step Law was fitted to these among others",
    )
    return Table("How wide the best batch is", tuple(rows), notes)
