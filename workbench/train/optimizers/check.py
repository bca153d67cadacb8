"""Ranges of what optimizers are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from workbench.files import short
from workbench.params import Param, number
from workbench.train.layout import Layout, Weight
from workbench.train.optimizers.value import Controls, Kept, Optimizer

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


def kept(name: str, each: Kept, wanted: Iterable[str], rows: Tensor) -> None:
    """Refuse what was kept of a lane unless it is the tensors `wanted`, each as one of `rows` is."""
    there = {key: (tuple(value.shape), value.dtype) for key, value in each.tensors.items()}
    if there != dict.fromkeys(wanted, (tuple(rows.shape[1:]), rows.dtype)):
        raise ValueError(f"what was kept of a lane must be of {name} and this model; got {short(there)}")


def planned(optimizer: Optimizer, quantities: Iterable[str]) -> None:
    """Refuse quantities of a plan that an optimizer cannot be told, by an update of a single small weight."""
    told = {name for name in quantities if name not in ("learning_rate", "batch_size")}
    layout, column = Layout((Weight("matrix", (4, 3), decays=True),)), torch.full((1, 1), 0.5)
    rows = torch.ones(1, layout.n_params)
    mover = optimizer.open(layout, rows)
    mover.step(rows, torch.ones_like(rows), Controls(column, **dict.fromkeys(told, column)), 0)
