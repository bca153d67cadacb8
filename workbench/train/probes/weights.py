"""How large the weights of each block are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.train.probes import every
from workbench.train.probes.value import View


@dataclass(frozen=True)
class WeightNorms:
    """Euclidean norm of all weights, and of each block of them.

    Parameters
    ----------
    every : int
        Updates between two looks.
    blocks : tuple of str
        Beginnings of weight names; the weights that begin alike are one block.

    Notes
    -----
    Curves "weight norm" and "weight norm of BLOCK".
    """

    every: int = 10
    blocks: tuple[str, ...] = ()

    history = 0

    def __post_init__(self) -> None:
        every.checked(self.every)

    @property
    def names(self) -> tuple[str, ...]:
        """Of what it measures."""
        return ("weight norm", *(f"weight norm of {block}" for block in self.blocks))

    def due(self, total: int) -> Iterable[int]:
        """See `workbench.train.probes.value.Probe`."""
        return every.steps(total, self.every)

    def measure(self, view: View) -> dict[str, Tensor]:
        """See `workbench.train.probes.value.Probe`."""
        parts = view.problem.layout.views(view.rows)
        squares = {name: part.flatten(1).square().sum(dim=1) for name, part in parts.items()}
        found = {"weight norm": torch.stack(list(squares.values())).sum(dim=0).sqrt()}
        for block in self.blocks:
            own = [square for name, square in squares.items() if name.startswith(block)]
            if not own:
                known = ", ".join(parts)
                raise ValueError(f"blocks must begin names of weights, which are {known}; got {block!r}")
            found[f"weight norm of {block}"] = torch.stack(own).sum(dim=0).sqrt()
        return found
