"""Laws that predict a loss curve from its schedule, one small file each."""

from __future__ import annotations

from workbench import registry
from workbench.laws.multipower import multipower
from workbench.laws.quadrature import Inputs, inputs, stack

__all__ = ["Inputs", "get", "inputs", "multipower", "names", "stack"]


def names() -> list[str]:
    """Every registered name."""
    return registry.names("law")


def get(name: str) -> registry.Entry:
    """Title, paper, parameters and bounds of the law called `name`."""
    return registry.get("law", name)
