"""Laws that predict a loss curve from its schedule, one small file each."""

from __future__ import annotations

from workbench import registry
from workbench.laws.annealing import annealing, annealing_peak, annealing_s1
from workbench.laws.annealing_size import annealing_size
from workbench.laws.bound import bound
from workbench.laws.continual import continual
from workbench.laws.effective_rate import effective_rate
from workbench.laws.functional import functional
from workbench.laws.multipower import multipower, multipower_later
from workbench.laws.power import power
from workbench.laws.quadrature import Inputs, inputs, stack

__all__ = [
    "Inputs",
    "annealing",
    "annealing_peak",
    "annealing_s1",
    "annealing_size",
    "bound",
    "continual",
    "effective_rate",
    "functional",
    "get",
    "inputs",
    "multipower",
    "multipower_later",
    "names",
    "power",
    "stack",
]


def names() -> list[str]:
    """Every registered name."""
    return registry.names("law")


def get(name: str) -> registry.Entry:
    """Title, paper, parameters and bounds of the law called `name`."""
    return registry.get("law", name)
