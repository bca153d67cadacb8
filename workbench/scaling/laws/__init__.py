"""Laws of the loss against model size, data, updates and compute, one small file each."""

from __future__ import annotations

from workbench import registry
from workbench.scaling.laws.broken import broken
from workbench.scaling.laws.chinchilla import chinchilla
from workbench.scaling.laws.kaplan import kaplan_compute, kaplan_size, kaplan_steps, kaplan_tokens
from workbench.scaling.laws.kaplan_joint import kaplan_joint
from workbench.scaling.laws.minicpm import minicpm
from workbench.scaling.laws.repetition import repetition

__all__ = [
    "broken",
    "chinchilla",
    "get",
    "kaplan_compute",
    "kaplan_joint",
    "kaplan_size",
    "kaplan_steps",
    "kaplan_tokens",
    "minicpm",
    "names",
    "repetition",
]


def names() -> list[str]:
    """Every registered name."""
    return registry.names("scaling")


def get(name: str) -> registry.Entry:
    """Title, paper, parameters and form of the law called `name`."""
    return registry.get("scaling", name)
