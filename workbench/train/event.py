"""What a training says about itself while it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from workbench.curve import Curve

Status = Literal["running", "finished", "diverged", "stopped"]


@dataclass(frozen=True)
class Event:
    """Progress of one lane since its last event.

    Parameters
    ----------
    lane : int
        Index of the schedule.
    step, total : int
        Updates done, and updates in the whole run.
    curves : mapping of Curve
        Only what is new, by name: "loss" is what the run is judged by, others are parts of it.
        The loss at step t was measured after update t; what a batch gave just before update t
        ("train") is at step t too.
    status : str
        "running", or in the lane's last event "finished", "diverged", or "stopped" where a
        `workbench.train.Control` ended it.
    facts : mapping
        Plain values; see `workbench.train.facts`.
    """

    lane: int
    step: int
    total: int
    curves: Mapping[str, Curve] = field(default_factory=dict)
    status: Status = "running"
    facts: Mapping[str, Any] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]
