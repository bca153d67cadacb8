"""Sizes that suit a machine: of each task one that a CPU trains in a minute, and one that a GPU deserves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from workbench import registry
from workbench.files import short
from workbench.train.problem import Task


class Preset(NamedTuple):
    """A task, and the number of updates that suits it."""

    task: Task
    total: int


MACHINES: tuple[str, ...] = ("cpu", "gpu")
"""What presets are made for."""

_PRESETS: Mapping[str, Mapping[str, tuple[Mapping[str, Any], int]]] = {
    "quadratic": {"cpu": ({}, 20_000), "gpu": ({"modes": 10_000}, 100_000)},
    "power_law": {
        "cpu": ({}, 20_000),
        "gpu": ({"features": 2048, "inputs": 100_000, "batch": 64}, 20_000),
    },
    "valley": {"cpu": ({}, 5_000), "gpu": ({}, 100_000)},
    "convex": {"cpu": ({}, 400), "gpu": ({"dimension": 200, "samples": 2000}, 20_000)},
    "bigram": {
        "cpu": ({}, 20_000),
        "gpu": (
            {
                "contexts": 20_000,
                "vocab": 1000,
                "successors": 16,
                "batch": 2048,
                "precision": "float32",
            },
            20_000,
        ),
    },
    "bigram_transformer": {
        "cpu": ({}, 1_000),
        "gpu": ({"vocab": 1000, "successors": 16, "width": 256, "context": 64, "batch": 64}, 10_000),
    },
    "mlp": {
        "cpu": ({}, 5_000),
        "gpu": ({"inputs": 64, "width": 1024, "depth": 4, "batch": 1024, "mup": True}, 20_000),
    },
    "gpt": {"cpu": ({"preset": "0.1M"}, 1_000), "gpu": ({"preset": "10M"}, 5_000)},
}


def preset(name: str, machine: str = "cpu") -> Preset:
    """The task called `name` at a size that suits a machine, and for how many updates.

    Parameters
    ----------
    name : str
        One of `workbench.train.tasks.names()`.
    machine : str
        "cpu" for a size that one core trains in about a minute, "gpu" for one that a GPU deserves.

    Raises
    ------
    ValueError
        For an unknown task or machine.

    Examples
    --------
    >>> from workbench.train import tasks
    >>> task, total = tasks.preset("bigram", "cpu")
    >>> task.contexts, total
    (1000, 20000)
    """
    registry.get("task", name)
    if machine not in MACHINES:
        raise ValueError(f"machine must be one of {', '.join(MACHINES)}; got {short(machine)}")
    change, total = _PRESETS[name][machine]
    return Preset(registry.build("task", {"name": name, **change}), total)
