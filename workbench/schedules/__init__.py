"""Named schedules, one small file per paper or family; a new one is imported here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench import registry
from workbench.schedule import Schedule
from workbench.schedules.constant import constant
from workbench.schedules.cosine import cosine
from workbench.schedules.inverse_sqrt import inverse_sqrt
from workbench.schedules.linear import linear
from workbench.schedules.one_cycle import one_cycle
from workbench.schedules.wsd import wsd

__all__ = ["build", "constant", "cosine", "get", "inverse_sqrt", "linear", "names", "one_cycle", "wsd"]


def names() -> list[str]:
    """Every registered name."""
    return registry.names("schedule")


def get(name: str) -> registry.Entry:
    """Title, paper and arguments of the schedule called `name`."""
    return registry.get("schedule", name)


def build(spec: Mapping[str, Any]) -> Schedule:
    """The schedule of a mapping such as ``{"name": "wsd", "total": 24_000}``."""
    return registry.build("schedule", spec)
