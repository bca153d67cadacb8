"""How much each measured point counts: all alike, or thinned where neighbours say the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.curve import Run

Array = NDArray[np.float64]

KINDS = ("log", "points")
_PER_E_FOLD = 40.0
"""What a run's points count for in all, per factor of e in steps that they cover."""


def weigh(kind: str, step: NDArray[np.intp]) -> Array:
    """Weights (n,) of points at increasing steps (n,).

    ``"points"`` counts each once, as the published objectives do. ``"log"`` counts each for the share
    of the logarithm of the step that it stands for: losses follow powers of the step, so that points
    late in a run are copies of their neighbours, and a run logged twice as often says little more.
    """
    if kind == "points" or len(step) < 2:
        return np.ones(len(step))
    edges = np.log(np.maximum(np.concatenate([[step[0]], (step[1:] + step[:-1]) / 2, [step[-1]]]), 1.0))
    share = np.diff(edges)
    # The first and the last stand for half a gap; they are points like the others.
    share[[0, -1]] *= 2
    return _PER_E_FOLD * share


def given(weights: Sequence[ArrayLike], runs: Sequence[Run]) -> list[Array]:
    """Weights that a user gives, an array for each run's curve, checked."""
    if len(weights) != len(runs):
        raise ValueError(f"weights must have an array for each of the {len(runs)} runs; got {len(weights)}")
    out = []
    for i, (row, run) in enumerate(zip(weights, runs, strict=True)):
        try:
            row = np.asarray(row, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(f"weights of run {i} must be numbers; got {type(row).__name__}") from None
        if row.shape != (len(run.curve),) or not np.all(np.isfinite(row)) or np.any(row < 0) or not row.any():
            raise ValueError(
                f"weights of run {i} must be {len(run.curve)} finite numbers of at least 0, not all 0"
            )
        out.append(row)
    return out
