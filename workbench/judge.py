"""What of a measured run a law describes, what it shares with others, and how far a prediction is from it."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.curve import Curve, Run
from workbench.laws import changes
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
    """First step after which the rate no longer rises: the end of the warmup, the last step if it is all."""
    return changes.rise_end(schedule.array())


def forks_at(rates: Array, other: Array) -> int:
    """First step at which two schedules, given by their rates, differ; the length of `rates` if at none."""
    both = min(len(rates), len(other))
    apart = np.abs(rates[:both] - other[:both]) > 1e-9 * max(float(rates.max()), float(other.max()))
    return int(np.argmax(apart)) if apart.any() else (len(rates) if both == len(rates) else both)


def whole_steps(step: ArrayLike) -> NDArray[np.intp]:
    """Increasing whole steps (n,), or ``ValueError``."""
    at = Curve(np.atleast_1d(step), np.zeros(np.size(step))).step
    if not len(at) or np.any(at != np.round(at)) or at[-1] > 1e9:
        raise ValueError(f"step must be one or more whole numbers up to 1e9; got {step!r}")
    return at.astype(np.intp)


def marks(step: NDArray[np.intp], loss: Array) -> str:
    """Marks of measured points as text: four bytes each, alike where step and loss are the same."""
    return base64.b64encode(_mark(step, loss).tobytes()).decode()


def shared(step: NDArray[np.intp], loss: Array, seen: Sequence[str]) -> NDArray[np.bool_]:
    """Which points (n,) are among those whose `marks` are given: rows that several runs have in common."""
    known = [np.frombuffer(base64.b64decode(text), dtype="<u4") for text in seen]
    return np.isin(_mark(step, loss), np.concatenate(known)) if known else np.zeros(len(step), dtype=bool)


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


def _mark(step: NDArray[np.intp], loss: Array) -> NDArray[np.uint32]:
    """A hash (n,) of each point: the upper half of its bits times an odd number."""
    bits = np.ascontiguousarray(loss, dtype="<f8").view("<u8")
    mixed = bits ^ (step.astype("<u8") * np.uint64(0x9E3779B97F4A7C15))
    return ((mixed * np.uint64(0xD6E8FEB86659FD93)) >> np.uint64(32)).astype("<u4")
