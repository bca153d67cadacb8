"""Named schedules, one small file per paper or family; a new one is imported here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench import registry
from workbench.schedule import Schedule
from workbench.schedules.clr import clr
from workbench.schedules.constant import constant
from workbench.schedules.cosine import cosine
from workbench.schedules.cosine_constant import cosine_constant
from workbench.schedules.cosine_inverse_sqrt import cosine_inverse_sqrt
from workbench.schedules.cosine_power import cosine_power
from workbench.schedules.cyclic_cosine import cyclic_cosine
from workbench.schedules.damped_cosine import damped_cosine
from workbench.schedules.eight_one_one import eight_one_one
from workbench.schedules.exponential import exponential
from workbench.schedules.expression import expression
from workbench.schedules.infinite import infinite
from workbench.schedules.inverse_sqrt import inverse_sqrt
from workbench.schedules.layer_token import layer_token
from workbench.schedules.linear import linear
from workbench.schedules.multi_step import multi_step
from workbench.schedules.multiplicative_cyclic import multiplicative_cyclic
from workbench.schedules.noam import noam
from workbench.schedules.one_cycle import one_cycle
from workbench.schedules.one_cycle_momentum import one_cycle_momentum
from workbench.schedules.points import points
from workbench.schedules.polynomial import polynomial
from workbench.schedules.power import power, power_rate
from workbench.schedules.range_test import range_test
from workbench.schedules.refined import refined, refined_from_run
from workbench.schedules.reuse import blend_switch, reuse
from workbench.schedules.rewarm import rewarm
from workbench.schedules.rex import rex
from workbench.schedules.sgdr import sgdr
from workbench.schedules.slow_start_fast_decay import slow_start_fast_decay
from workbench.schedules.step import step
from workbench.schedules.thirty_sixty_ninety import thirty_sixty_ninety
from workbench.schedules.truncated_cosine import truncated_cosine
from workbench.schedules.uba import uba
from workbench.schedules.wsd import wsd
from workbench.schedules.wsd_s import wsd_branches, wsd_s
from workbench.schedules.wsdc import wsdc

__all__ = [
    "blend_switch",
    "build",
    "clr",
    "constant",
    "cosine",
    "cosine_constant",
    "cosine_inverse_sqrt",
    "cosine_power",
    "cyclic_cosine",
    "damped_cosine",
    "eight_one_one",
    "exponential",
    "expression",
    "get",
    "infinite",
    "inverse_sqrt",
    "layer_token",
    "linear",
    "multi_step",
    "multiplicative_cyclic",
    "names",
    "noam",
    "one_cycle",
    "one_cycle_momentum",
    "points",
    "polynomial",
    "power",
    "power_rate",
    "range_test",
    "refined",
    "refined_from_run",
    "reuse",
    "rewarm",
    "rex",
    "sgdr",
    "slow_start_fast_decay",
    "step",
    "thirty_sixty_ninety",
    "truncated_cosine",
    "uba",
    "wsd",
    "wsd_branches",
    "wsd_s",
    "wsdc",
]


def names(quantity: str | None = None) -> list[str]:
    """Every registered name, sorted by family; with `quantity` only those that schedule it."""
    order = registry.FAMILIES.index
    found = [name for name in registry.names("schedule") if quantity in (None, get(name).quantity)]
    return sorted(found, key=lambda name: order(get(name).family))


def get(name: str) -> registry.Entry:
    """Title, paper and arguments of the schedule called `name`."""
    return registry.get("schedule", name)


def build(spec: Mapping[str, Any]) -> Schedule:
    """The schedule of a mapping such as ``{"name": "wsd", "total": 24_000}``."""
    return registry.build("schedule", spec)
