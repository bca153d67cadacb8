"""One line of a session's tree, as a value that may be looked at while it trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from workbench.curve import Curve
from workbench.plan import Plan
from workbench.schedule import Schedule

Status = Literal["waiting", "running", "finished", "stopped", "diverged", "failed"]
GOING: tuple[Status, ...] = ("waiting", "running")
"""Of a branch whose training is under way, or paused."""
HELD: tuple[Status, ...] = ("stopped", "failed")
"""Of a branch that can be gone on with."""


@dataclass(frozen=True, eq=False)
class Branch:
    """What is known of one training of a session at one moment.

    Parameters
    ----------
    key : str
        "1", "2", ...: unique in the session, never used again.
    name : str
        The user's word for it; unique in the session.
    schedule : Schedule
        The whole: what really ran up to `step`, and what is planned after.
    seed : int
        Of initial weights, batches and noise.
    parent : str or None
        Key of the branch that it left.
    left : int
        Updates that both have in common; 0 without a parent.
    step : int
        Updates done. A branch begins at the nearest state that was kept, at or before `left`.
    status : str
        "waiting" until it first trains, "running" (also while all is paused), "finished", "stopped" (it can
        be gone on with), "diverged", or "failed" (it can be gone on with from its last snapshot).
    curves : mapping of Curve
        All that was measured, from step 0 on: "loss" (validation), "train" (batches), and what probes name.
        Read only when asked for.
    facts : mapping
        Of its newest event, and "changes": a list of mappings, each with the "step" at which the plan was
        changed and the "schedule" that was given there, as its ``to_dict`` says it ("plan" too, where it
        has other quantities). Empty before the first event.
    group : str
        Key of the first branch of the same schedule with other seeds; its own where there is none.
    plan : Plan
        Schedules of all quantities; `schedule` is that of the learning rate.
    """

    key: str
    name: str
    schedule: Schedule
    seed: int
    parent: str | None
    left: int
    step: int
    status: Status
    curves: Mapping[str, Curve]
    facts: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    plan: Plan | None = None

    def __repr__(self) -> str:
        return f"<Branch {self.key}, {self.name!r}: {self.status}, {self.step:,} of {len(self.schedule):,}>"
