"""What a probe is to the engine: steps at which it looks, and what it sees there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from workbench.train.optimizers.value import Controls, Kept, Optimizer
from workbench.train.problem import Problem


@dataclass(frozen=True)
class View:
    """All lanes of a chunk just after update `step`.

    Parameters
    ----------
    problem : Problem
        What is trained.
    rows : Tensor
        Weights (lanes, n_params); a probe must not change them.
    step : int
        The update that was just done.
    seeds : sequence of int
        One for all lanes, or one each.
    size : int, optional
        Samples of the update, where a plan sets them.
    controls : Controls
        What the update was told.
    optimizer : Optimizer
        What trains.
    kept : callable
        From the number of a lane to what the optimizer remembers of it.
    history : tuple of Tensor
        Rows before this update, and before earlier ones, oldest first, as many as the probe asks for.
    """

    problem: Problem
    rows: Tensor
    step: int
    seeds: Sequence[int]
    size: int | None
    controls: Controls
    optimizer: Optimizer
    kept: Callable[[int], Kept]
    history: tuple[Tensor, ...] = ()


class Probe(Protocol):
    """A frozen value; `names` are those of what it measures.

    `history` is how many earlier states of the rows it compares with.
    """

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def history(self) -> int: ...

    def due(self, total: int) -> Iterable[int]:
        """Steps of a run of `total` updates after which it looks."""
        ...

    def measure(self, view: View) -> dict[str, Tensor]:
        """Named values, each (lanes,)."""
        ...
