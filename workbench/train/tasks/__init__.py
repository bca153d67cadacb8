"""What can be trained, one small file per task; a new one is imported here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench import registry
from workbench.train.lane import Task
from workbench.train.tasks.bigram import bigram
from workbench.train.tasks.gpt import gpt
from workbench.train.tasks.quadratic import quadratic

__all__ = ["Task", "bigram", "build", "get", "gpt", "names", "quadratic"]


def names() -> list[str]:
    """Every registered name."""
    return registry.names("task")


def get(name: str) -> registry.Entry:
    """Title, paper and arguments of the task called `name`."""
    return registry.get("task", name)


def build(spec: Mapping[str, Any]) -> Task:
    """The task of a mapping such as ``{"name": "gpt", "preset": "1M"}``."""
    return registry.build("task", spec)
