"""What the tests of sessions train, and how they compare it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import workbench as wb
from workbench import train
from workbench.curve import Curve
from workbench.live import Branch, Session

S = wb.schedules
# Measured after every update of up to 70,000.
TASK = train.tasks.quadratic(modes=5, measurements=100_000)
BIGRAM = train.tasks.bigram(contexts=12, vocab=6, measurements=100_000)
LONG = 60_000
"""Updates that no test waits for."""


def wsd(total: int, decay: float = 0.3) -> wb.Schedule:
    return S.wsd(total=total, peak=0.05, decay=decay, warmup=0.1)


def whole(schedule: wb.Schedule, seed: int = 0, task: Any = TASK) -> dict[str, Curve]:
    """The curves of the same schedule trained at once and alone."""
    (run,) = train.train(task, [schedule], seed=seed, device="cpu")
    return {"loss": run.curve, **run.parts}


def equal(branch: Branch, curves: dict[str, Curve]) -> bool:
    """Whether all points that both have are equal to the bit, and no step up to the branch's is missing."""
    if set(branch.curves) != set(curves):
        return False
    for name, theirs in curves.items():
        ours = branch.curves[name]
        both = np.intersect1d(ours.step, theirs.step)
        a, b = (curve.loss[np.isin(curve.step, both)] for curve in (ours, theirs))
        if not np.array_equal(a, b) or len(both) < 0.9 * branch.step or ours.step[-1] != branch.step - 1:
            return False
    return True


def soon(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    """Wait until it is true; an assertion where it never is."""
    stop = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < stop, "it never came"
        time.sleep(0.002)


def advanced(session: Session, updates: int) -> None:
    """Hold all, and let them do so many updates."""
    session.pause()
    session.advance(updates)
    assert session.wait(30) and session.state == "paused"


def beyond(session: Session, key: str, step: int) -> None:
    """Wait until a branch has done more than `step` updates."""
    soon(lambda: session.branch_of(key).step > step)
