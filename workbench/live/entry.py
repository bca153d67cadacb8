"""What a session remembers of a branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench import files, records
from workbench.live.branch import GOING, HELD, Branch, Status
from workbench.live.lines import Lines
from workbench.params import Param, number
from workbench.plan import Plan

_COUNT = Param(0, 1e12, help="a count")
_STATUSES = (*GOING, *HELD, "finished", "diverged")


@dataclass
class Segment:
    """Which lane of which training a branch is, or was up to `stop`."""

    training: int
    lane: int
    stop: int | None = None


@dataclass
class Entry:
    """A branch as the session changes it; `Branch` says what the fields are.

    Its state at a step is in any segment, or of its parent before `left`: the plan agrees with the one of
    each segment up to that segment's `stop`. `origin` names what was asked of its tree besides schedules.
    `under_way` is whether its training should go on, and is true of what a killed kernel leaves.
    """

    key: str
    name: str
    plan: Plan
    seed: int
    origin: str
    parent: str | None = None
    left: int = 0
    group: str = ""
    step: int = 0
    status: Status = "waiting"
    facts: Mapping[str, Any] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    under_way: bool = True
    lines: Lines = field(default_factory=Lines)
    raised: BaseException | None = None

    @property
    def current(self) -> Segment | None:
        """The training that it is in, or would go on in."""
        last = self.segments[-1] if self.segments else None
        return last if last is not None and last.stop is None else None

    @property
    def open(self) -> bool:
        """Whether it trains, or could go on."""
        return self.status in (*GOING, *HELD)

    @property
    def branch(self) -> Branch:
        """The value that others see."""
        facts = {**self.facts, "changes": [dict(each) for each in self.changes]} if self.facts else {}
        return Branch(
            self.key,
            self.name,
            self.plan.learning_rate,
            self.seed,
            self.parent,
            self.left,
            self.step,
            self.status,
            self.lines.view(),
            facts,
            self.group,
            self.plan,
        )

    def leave(self, step: int) -> None:
        """Its training goes on without it from `step` on."""
        if self.segments and self.segments[-1].stop is None:
            self.segments[-1].stop = step

    def to_dict(self) -> dict[str, Any]:
        """What JSON holds."""
        data = {
            "key": self.key,
            "name": self.name,
            "plan": self.plan.to_dict(),
            "seed": self.seed,
            "origin": self.origin,
            "parent": self.parent,
            "left": self.left,
            "group": self.group,
            "step": self.step,
            "status": self.status,
            "facts": dict(self.facts),
            "changes": self.changes,
            "segments": [[each.training, each.lane, each.stop] for each in self.segments],
            "under_way": self.under_way,
        }
        return records.encode(data, "a branch")

    @classmethod
    def from_dict(cls, data: Any) -> Entry:
        """What `to_dict` wrote; ``ValueError`` for anything else."""
        names = ("key", "name", "plan", "seed", "origin", "parent", "left", "group", "step", "status")
        files.fields(data, "a branch", needs=(*names, "facts", "changes", "segments", "under_way"))
        data = records.decode(data)
        for name in ("key", "name", "origin", "group"):
            if not isinstance(data[name], str):
                raise ValueError(f"{name} must be text; got {files.short(data[name])}")
        if data["status"] not in _STATUSES:
            raise ValueError(
                f"status must be one of {', '.join(_STATUSES)}; got {files.short(data['status'])}"
            )
        counts = {name: _count(name, data[name]) for name in ("seed", "left", "step")}
        rest = {name: data[name] for name in ("parent", "facts", "under_way")}
        segments = [
            Segment(_count("training", a), _count("lane", b), None if c is None else _count("stop", c))
            for a, b, c in data["segments"]
        ]
        return cls(
            key=data["key"],
            name=data["name"],
            plan=Plan.from_dict(data["plan"]),
            origin=data["origin"],
            group=data["group"],
            status=data["status"],
            changes=list(data["changes"]),
            segments=segments,
            **counts,
            **rest,
        )


def _count(name: str, value: Any) -> int:
    return int(number(name, value, _COUNT, integer=True))
