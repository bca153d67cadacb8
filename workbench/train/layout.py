"""Where each weight of a model lies in its row of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Weight:
    """One weight tensor of a model.

    Parameters
    ----------
    name : str
        Unique in the model.
    shape : tuple of int
        Of one lane.
    decays : bool
        Whether weight decay acts on it.
    rate, decay, eps : float
        Multiples of the learning rate, the weight decay and Adam's epsilon for it, as muP asks.
    """

    name: str
    shape: tuple[int, ...]
    decays: bool = False
    rate: float = 1.0
    decay: float = 1.0
    eps: float = 1.0

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """The weights of a model in the order in which they lie in a row, and their type.

    Weights with the same `decays`, `rate`, `decay` and `eps` should be neighbours: an optimizer works
    on stretches.
    """

    weights: tuple[Weight, ...]
    dtype: torch.dtype = torch.float32

    @cached_property
    def n_params(self) -> int:
        """Length of a row."""
        return sum(weight.size for weight in self.weights)

    def views(self, rows: Tensor) -> dict[str, Tensor]:
        """Each weight of all lanes, (lanes, *shape), as a view of `rows` (lanes, n_params)."""
        parts = rows.split([weight.size for weight in self.weights], dim=1)
        return {w.name: part.view(-1, *w.shape) for w, part in zip(self.weights, parts, strict=True)}

    def stretches(self) -> Iterator[tuple[slice, Weight]]:
        """Slices of a row in which all weights are treated alike, each with one weight of it."""
        start = stop = 0
        first: Weight | None = None
        for weight in self.weights:
            if first is not None and _treated(weight) != _treated(first):
                yield slice(start, stop), first
                start, first = stop, None
            first = first or weight
            stop += weight.size
        if first is not None:
            yield slice(start, stop), first


def _treated(weight: Weight) -> tuple[bool, float, float, float]:
    return weight.decays, weight.rate, weight.decay if weight.decays else 1.0, weight.eps
