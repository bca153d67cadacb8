"""What of a measured run a law describes, and how far a prediction is from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.curve import Curve, Run
from workbench.schedule import Schedule

Array = NDArray[np.float64]


def usable(run: Run, what: str, burn_in: int = 0) -> tuple[NDArray[np.intp], Array]:
    """Steps and losses of a run from its `burn_in` and the end of its first rise on."""
    if not isinstance(run, Run):
        raise ValueError(f"{what} must be a Run; got {run!r}")
    loss = run.curve.loss
    if not len(loss):
        raise ValueError(f"{what} has no measured point")
    if run.facts.get("status") == "diverged":
        raise ValueError(f"{what} has diverged, and a diverged run has no law; leave it out")
    if not np.all(np.isfinite(loss)) or np.any(loss <= 0):
        raise ValueError(f"{what} has a loss that is not finite and positive")
    step = whole_steps(run.curve.step)
    keep = step >= max(rise_end(run.schedule), burn_in)
    if not keep.any():
        raise ValueError(f"{what} has no point after its warmup and burn-in")
    return step[keep], loss[keep]


def rise_end(schedule: Schedule) -> int:
    """First step after which the rate no longer rises: the end of the warmup."""
    falls = np.flatnonzero(np.diff(schedule.array()) <= 0)
    return int(falls[0]) if len(falls) else len(schedule)


def whole_steps(step: ArrayLike) -> NDArray[np.intp]:
    """Increasing whole steps (n,), or ``ValueError``."""
    at = Curve(np.atleast_1d(step), np.zeros(np.size(step))).step
    if not len(at) or np.any(at != np.round(at)) or at[-1] > 1e9:
        raise ValueError(f"step must be one or more whole numbers up to 1e9; got {step!r}")
    return at.astype(np.intp)


def scores(predicted: Curve, loss: Array) -> dict[str, float]:
    """How far a predicted curve is from the measured losses (n,) at its steps."""
    error = predicted.loss - loss
    relative = np.abs(error) / loss
    variance = float(np.sum((loss - loss.mean()) ** 2))
    assert predicted.low is not None and predicted.high is not None
    inside = (loss >= predicted.low) & (loss <= predicted.high)
    return {
        "r2": 1 - float(np.sum(error**2)) / variance if variance > 0 else float("nan"),
        "mae": float(np.mean(np.abs(error))),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mean_relative": float(np.mean(relative)),
        "worst_relative": float(np.max(relative)),
        "final": float(error[-1]),
        "coverage": float(np.mean(inside)),
    }
