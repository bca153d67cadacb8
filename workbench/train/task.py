"""What tasks share: when to measure, random numbers, and how a task is checked and saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import registry


def marks(total: int, count: int) -> NDArray[np.int64]:
    """At most about `count` steps of a run of `total`: evenly spread, denser at first, total - 1 included."""
    if count == 1 or total == 1:
        return np.array([total - 1])
    even = np.linspace(0, total - 1, count - count // 4)
    early = np.geomspace(1, total, count // 4 + 1) - 1
    return np.unique(np.concatenate([even, early]).round().astype(np.int64))


def rng(seed: int, *key: int) -> np.random.Generator:
    """Random numbers that depend on the seed and on what they are for, and on nothing before them."""
    return np.random.default_rng([seed, *key])


def settle(task: Any) -> None:
    """Validate every field of a task dataclass in place, or raise ``ValueError``."""
    for field in registry.get("task", type(task).__name__).fields:
        object.__setattr__(task, field.name, field.check(getattr(task, field.name)))


def plain(task: Any) -> Mapping[str, Any]:
    """Name and fields of a task, from which `tasks.build` makes it again."""
    return {"name": type(task).__name__, **{f.name: getattr(task, f.name) for f in fields(task)}}


def is_task(value: Any) -> bool:
    """Whether `value` was made by a registered task."""
    name = type(value).__name__
    return name in registry.names("task") and isinstance(value, registry.get("task", name).function)  # type: ignore[arg-type]
