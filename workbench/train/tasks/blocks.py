"""What updates see, drawn on the CPU for many steps at once and moved to the device in one piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.train.task import rng

LONGEST = 1024
"""Steps of a block, at most."""
NUMBERS = 2**16
"""Numbers of a block of one seed, about, unless a single step has more."""

Draw = Callable[[np.random.Generator, int, int], Sequence[NDArray[Any]]]
"""From a generator, a number of steps and a batch size to arrays (steps, ...)."""


class Blocks:
    """Tensors of any step, each led by one dimension over seeds; they depend on seed and step alone.

    Parameters
    ----------
    draw : callable
        Makes the arrays of a block of steps for one seed.
    size : int
        Batch size in samples, unless a step is asked for with another.
    numbers : int
        How many numbers a step of one seed has, about.
    device : torch.device
        Where the tensors go.
    """

    def __init__(self, draw: Draw, size: int, numbers: int, device: torch.device) -> None:
        self.draw, self.size, self.device = draw, size, device
        self.length = min(LONGEST, max(1, NUMBERS // numbers))
        # The last block: neighbouring steps are asked for in turn.
        self._key: Any = None
        self._steps: list[tuple[Tensor, ...]] = []

    def __call__(self, step: int, seeds: Sequence[int], size: int | None = None) -> tuple[Tensor, ...]:
        """What update `step` sees for each of `seeds`."""
        block, i = divmod(step, self.length)
        key: tuple[int, ...] = (block,)
        count, of = self.length, self.size
        if size is not None and size != self.size:
            # A size of its own may hold for this step only.
            key, i, count, of = (step, size), 0, 1, size
        if self._key != (key, tuple(seeds)):
            self._steps = self._drawn(key, seeds, count, of)
            self._key = (key, tuple(seeds))
        return self._steps[i]

    def _drawn(
        self, key: tuple[int, ...], seeds: Sequence[int], count: int, size: int
    ) -> list[tuple[Tensor, ...]]:
        each = {seed: self.draw(rng(seed, *key), count, size) for seed in dict.fromkeys(seeds)}
        kinds = zip(*(each[seed] for seed in seeds), strict=True)
        tensors = [torch.from_numpy(np.stack(kind, axis=1)).to(self.device) for kind in kinds]
        return list(zip(*(tensor.unbind(0) for tensor in tensors), strict=True))
