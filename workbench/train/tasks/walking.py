"""The path of many walkers through the valley in two dimensions, fast enough to answer a slider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.params import Param, number
from workbench.schedule import Schedule
from workbench.train.task import rng
from workbench.train.tasks.blocks import LONGEST

Array = NDArray[np.float64]

CEILING = 1e6
"""Loss beyond which a walker has diverged."""
_WALKERS = Param(1, 10_000, help="number of seeds")
_SEED = Param(0, 2**63 - 1, help="seed")


class Valley(Protocol):
    """What is read of `workbench.train.tasks.valley`."""

    @property
    def curvature(self) -> float: ...
    @property
    def width(self) -> float: ...
    @property
    def bends(self) -> float: ...
    @property
    def bed(self) -> str: ...
    @property
    def slope(self) -> float: ...
    @property
    def length(self) -> float: ...
    @property
    def noise(self) -> float: ...


@dataclass(frozen=True, eq=False)
class Walk:
    """Where every walker was before the first update and after each, and what its loss was made of.

    Parameters
    ----------
    rate : array, shape (n,)
        Of each update.
    x, y : array, shape (n + 1, walkers)
        Positions; not a number once a walker has diverged.
    river, hill : array, shape (n + 1, walkers)
        The two parts of the loss, in nats.
    ended : array of int, shape (walkers,)
        Updates that each walker did before it diverged; n where it never did.
    """

    rate: Array
    x: Array
    y: Array
    river: Array
    hill: Array
    ended: NDArray[np.int64]

    @property
    def area(self) -> Array:
        """Sum of the rates so far, (n + 1,)."""
        return np.concatenate([[0.0], np.cumsum(self.rate)])


def walk(task: Valley, schedule: Schedule, seeds: Sequence[int]) -> Walk:
    """As `workbench.train.tasks.valley.walk`."""
    if not isinstance(schedule, Schedule):
        raise ValueError(f"schedule must be a Schedule; got {type(schedule).__name__}")
    number("number of seeds", len(seeds), _WALKERS, integer=True)
    every = tuple(int(number("seeds", seed, _SEED, integer=True)) for seed in seeds)
    rate = schedule.array()
    x, y = _positions(task, rate, _noise(every, -(-len(rate) // LONGEST))[: len(rate)])
    with np.errstate(over="ignore", invalid="ignore"):
        hill = 0.5 * task.curvature * np.square(y - task.width * np.sin(task.bends * x))
        bowl = 0.5 * task.slope * np.square(x - task.length)
        river = bowl if task.bed == "bowl" else -task.slope * x
        away = ~(river + hill <= CEILING)
    ended = np.full(len(every), len(rate), dtype=np.int64)
    if away.any():
        lost = np.maximum.accumulate(away, axis=0)
        ended = np.maximum(np.sum(~lost, axis=0) - 1, 0)
        for part in (x, y, river, hill):
            part[lost] = np.nan
    return Walk(rate, x, y, river, hill, ended)


def _positions(task: Valley, rate: Array, noise: Array) -> tuple[Array, Array]:
    """The training itself: one update after the other, all walkers at once, nothing allocated on the way."""
    xs, ys = np.empty((len(rate) + 1, noise.shape[1])), np.empty((len(rate) + 1, noise.shape[1]))
    xs[0], ys[0] = 0.0, 1.0
    pushed = noise * (task.noise * rate)[:, None]
    bowl = task.bed == "bowl"
    across, bank = (task.curvature * rate).tolist(), task.width * task.bends
    kept = (1 - task.slope * rate).tolist() if bowl else [1.0] * len(rate)
    along = (task.slope * (task.length if bowl else 1.0) * rate).tolist()
    fall, turn = np.empty(noise.shape[1]), np.empty(noise.shape[1])
    # What diverges is told by the caller; its numbers overflow here.
    with np.errstate(all="ignore"):
        for t, push in enumerate(pushed):
            x, y, new_x, new_y = xs[t], ys[t], xs[t + 1], ys[t + 1]
            np.multiply(x, task.bends, turn)
            np.sin(turn, fall)
            np.multiply(fall, task.width, fall)
            np.subtract(y, fall, fall)
            np.multiply(fall, across[t], fall)
            np.subtract(y, fall, new_y)
            np.subtract(new_y, push, new_y)
            np.cos(turn, turn)
            np.multiply(turn, fall, turn)
            np.multiply(turn, bank, turn)
            np.multiply(x, kept[t], new_x)
            np.add(new_x, along[t], new_x)
            np.add(new_x, turn, new_x)
    return xs, ys


@lru_cache(maxsize=4)
def _noise(seeds: tuple[int, ...], blocks: int) -> Array:
    """The very numbers that a training with these seeds draws, (steps, walkers)."""
    drawn = [
        np.concatenate([rng(seed, block).standard_normal((LONGEST, 1)) for block in range(blocks)])
        for seed in seeds
    ]
    noise = np.concatenate(drawn, axis=1)
    noise.flags.writeable = False
    return noise
