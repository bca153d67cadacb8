"""Toy trainings that measure what a schedule does: a training is a generator of progress.

>>> from workbench import schedules, train
>>> task = train.tasks.quadratic(modes=10)
>>> run, = train.train(task, [schedules.constant(total=100, peak=0.1)], seed=0)
>>> run.facts["status"], len(run.curve)
('finished', 100)
"""

from __future__ import annotations

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError(
        "workbench.train needs PyTorch; install it with `pip install torch` (a CPU build is enough)"
    ) from error

from workbench.train import optimizers, probes, tasks
from workbench.train.branch import branch, branch_events
from workbench.train.control import Control
from workbench.train.device import spare_a_core
from workbench.train.engine import events, plan, train
from workbench.train.event import Event
from workbench.train.generate import generate
from workbench.train.model import Weights
from workbench.train.recorder import Recorder
from workbench.train.resuming import resume, resumed
from workbench.train.snapshots import Snapshots
from workbench.train.snapshots.weights import weights

__all__ = [
    "Control",
    "Event",
    "Recorder",
    "Snapshots",
    "Weights",
    "branch",
    "branch_events",
    "events",
    "generate",
    "optimizers",
    "plan",
    "probes",
    "resume",
    "resumed",
    "spare_a_core",
    "tasks",
    "train",
    "weights",
]
