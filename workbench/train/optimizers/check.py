"""Ranges of what optimizers are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.files import short
from workbench.params import Param, number
from workbench.train.optimizers.value import Kept

_AMOUNT = Param(0, 1e12, help="at least 0")
_SHARE = Param(0, 1, help="at least 0 and below 1")
_LIMIT = Param(0, 1e12, open_low=True, help="largest norm")


def below_one(**given: Any) -> None:
    """Refuse, by name, what is not at least 0 and below 1."""
    for name, value in given.items():
        if number(name, value, _SHARE) == 1:
            raise ValueError(f"{name} must be at least 0 and below 1; got {value!r}")


def not_negative(**given: Any) -> None:
    """Refuse, by name, what is not a number of at least 0."""
    for name, value in given.items():
        number(name, value, _AMOUNT)


def limit(clip: Any) -> None:
    """Refuse a largest norm that is neither None nor greater than 0."""
    if clip is not None:
        number("clip", clip, _LIMIT)


def kept(name: str, each: Kept, shapes: Mapping[str, Sequence[int]]) -> None:
    """Refuse what was kept of a lane unless it is just `shapes`, tensors of floating-point numbers."""
    there = {key: tuple(value.shape) for key, value in each.tensors.items() if value.is_floating_point()}
    if there != {key: tuple(shape) for key, shape in shapes.items()} or len(each.tensors) > len(there):
        raise ValueError(f"what was kept of a lane must be of {name} and this model; got {short(there)}")
