"""What the engine asks of a task, and what tasks share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from workbench import registry
from workbench.curve import Curve


class Lane(Protocol):
    """One model in training.

    `facts` are plain values of it, `tokens` is how many one update sees, and a loss above `ceiling`
    means that it diverged.
    """

    facts: Mapping[str, Any]
    tokens: int
    ceiling: float

    def step(self, t: int, rate: float) -> None:
        """Do update `t`, and measure what is due after it."""
        ...

    def take(self) -> dict[str, Curve]:
        """The points that are new since the last call; here a lane may wait for its device."""
        ...


class Task(Protocol):
    """A frozen dataclass of what is trained, registered by `workbench.registry.task`.

    `devices` names the kinds of device that it runs on; `suggested_peak` is a peak rate that suits
    its defaults.
    """

    devices: ClassVar[tuple[str, ...]]
    suggested_peak: ClassVar[float]

    def start(self, seed: int, device: torch.device) -> Callable[[int], Lane]:
        """Prepare what all lanes share; the result opens a lane of `total` updates."""
        ...


class Points:
    """Points of one curve that were not taken yet."""

    def __init__(self) -> None:
        self._step: list[int] = []
        self._loss: list[Any] = []

    def add(self, step: int, loss: Any) -> None:
        """Keep a loss, which may be a scalar still on its device."""
        self._step.append(step)
        self._loss.append(loss)

    def take(self) -> Curve:
        """The curve of what was added, which is then forgotten."""
        step, loss = self._step, self._loss
        self._step, self._loss = [], []
        # One transfer for all of them, not one for each.
        values = torch.stack(loss).tolist() if loss and isinstance(loss[0], torch.Tensor) else loss
        return Curve(np.array(step, dtype=float), np.array(values, dtype=float))


def take(points: Mapping[str, Points]) -> dict[str, Curve]:
    """The new points of every curve that has some."""
    curves = {name: kept.take() for name, kept in points.items()}
    return {name: curve for name, curve in curves.items() if len(curve)}


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


def plain(task: Any) -> dict[str, Any]:
    """Name and fields of a task, from which `tasks.build` makes it again."""
    return {"name": type(task).__name__, **{f.name: getattr(task, f.name) for f in fields(task)}}


def is_task(value: Any) -> bool:
    """Whether `value` was made by a registered task."""
    name = type(value).__name__
    return name in registry.names("task") and isinstance(value, registry.get("task", name).function)  # type: ignore[arg-type]
