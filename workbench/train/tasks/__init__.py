"""What can be trained, one small file per task; a new one is imported here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench import registry
from workbench.train.problem import Task
from workbench.train.tasks.bigram import bigram
from workbench.train.tasks.bigram_transformer import bigram_transformer
from workbench.train.tasks.convex import convex
from workbench.train.tasks.gpt import gpt
from workbench.train.tasks.mlp import mlp
from workbench.train.tasks.power_law import power_law
from workbench.train.tasks.presets import preset
from workbench.train.tasks.quadratic import quadratic
from workbench.train.tasks.valley import valley

__all__ = [
    "Task",
    "bigram",
    "bigram_transformer",
    "build",
    "convex",
    "get",
    "gpt",
    "mlp",
    "names",
    "power_law",
    "preset",
    "quadratic",
    "valley",
]


def names() -> list[str]:
    """Every registered name."""
    return registry.names("task")


def get(name: str) -> registry.Entry:
    """Title, paper and arguments of the task called `name`."""
    return registry.get("task", name)


def build(spec: Mapping[str, Any]) -> Task:
    """The task of a mapping such as ``{"name": "gpt", "preset": "1M"}``."""
    return registry.build("task", spec)
