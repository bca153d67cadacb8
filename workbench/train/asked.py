"""What was asked of a training, as a value that can be saved."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from types import ModuleType
from typing import Any

from workbench import files, records
from workbench.params import Param, number
from workbench.plan import Plan
from workbench.train import optimizers, probes, tasks
from workbench.train.lanes import Lane, lanes_of
from workbench.train.optimizers.value import Optimizer
from workbench.train.probes.value import Probe
from workbench.train.problem import Task
from workbench.train.task import plain
from workbench.train.tree import Tree, grow

AT_ONCE = Param(1, 4096, help="most lanes of one batched model")
_STEP = Param(0, 1e12, help="first step")


@dataclass(frozen=True)
class Asked:
    """The arguments of `workbench.train.events` that decide what comes out of it.

    Parameters
    ----------
    task, optimizer, probes, share, deterministic, at_once
        As there.
    plans, seeds : tuple
        Each plan is trained with each seed.
    begin : int
        First step, at which all lanes are in one state.
    parent : mapping, optional
        Of a branch: folder, lane and step that it left.
    """

    task: Task
    plans: tuple[Plan, ...]
    seeds: tuple[int, ...]
    optimizer: Optimizer
    probes: tuple[Probe, ...] = ()
    share: bool = True
    deterministic: bool = False
    at_once: int | None = None
    begin: int = 0
    parent: Mapping[str, Any] | None = None

    @property
    def lanes(self) -> list[Lane]:
        """Of the training, by plan first and by seed second."""
        return lanes_of(self.plans, self.seeds)

    @property
    def tree(self) -> Tree:
        """How they share."""
        return grow(self.lanes, self.begin, share=self.share)

    def to_dict(self) -> dict[str, Any]:
        """What JSON holds."""
        data = {
            "format": files.FORMAT,
            "task": plain(self.task),
            "plans": [plan.to_dict() for plan in self.plans],
            "seeds": list(self.seeds),
            "optimizer": dict(self.optimizer.to_dict()),
            "probes": [_named(probe) for probe in self.probes],
            "share": self.share,
            "deterministic": self.deterministic,
            "at_once": self.at_once,
            "begin": self.begin,
            "parent": self.parent,
        }
        return records.encode(data, "the training")

    @classmethod
    def from_dict(cls, data: Any) -> Asked:
        """What `to_dict` wrote.

        Raises
        ------
        ValueError
            When it is not that, with what is wrong in it.
        """
        needs = ("format", *(field.name for field in fields(cls)))
        files.fields(data, "a training", needs=needs)
        files.check_format(data)
        data = records.decode(data)
        for name, kind in (("plans", list), ("seeds", list), ("probes", list), ("share", bool)):
            if not isinstance(data[name], kind):
                raise ValueError(f"{name} must be a {kind.__name__}; got {files.short(data[name])}")
        at_once, parent = data["at_once"], data["parent"]
        asked = cls(
            tasks.build(data["task"]),
            tuple(Plan.from_dict(plan) for plan in data["plans"]),
            tuple(data["seeds"]),
            _made("optimizer", data["optimizer"], optimizers),
            tuple(_made("probe", probe, probes) for probe in data["probes"]),
            data["share"],
            data["deterministic"] is True,
            None if at_once is None else int(number("at_once", at_once, AT_ONCE, integer=True)),
            int(number("begin", data["begin"], _STEP, integer=True)),
            parent if parent is None else files.fields(parent, "parent", needs=("folder", "lane", "step")),
        )
        shortest = min(len(lane.plan) for lane in asked.lanes)
        if asked.begin >= shortest:
            raise ValueError(f"begin must be below the shortest plan's {shortest} steps; got {asked.begin}")
        return asked


def _named(value: Any) -> dict[str, Any]:
    """Name and fields of a frozen value."""
    if hasattr(value, "to_dict"):
        return dict(value.to_dict())
    name = type(value).__name__
    if not is_dataclass(value):
        return {"name": name}
    return {"name": name, **{field.name: getattr(value, field.name) for field in fields(value)}}


def _made(kind: str, data: Any, package: ModuleType) -> Any:
    """The value of a public name of `package` and its fields; nothing else is ever called."""
    files.fields(data, f"the {kind}", needs=("name",), may=data if isinstance(data, Mapping) else ())
    public: Sequence[str] = getattr(package, "__all__", ())
    name = data["name"]
    make: Callable[..., Any] | None = getattr(package, name) if name in public else None
    if not (inspect.isclass(make) and is_dataclass(make)):
        names = ", ".join(each for each in public if is_dataclass(getattr(package, each)))
        raise ValueError(f"the {kind} must be one of {names or 'none'}; got {files.short(name)}")
    rest = {key: value for key, value in data.items() if key != "name"}
    known = [field.name for field in fields(make)]
    files.fields(rest, f"the {kind} {name}", needs=(), may=known)
    return make(**rest)
