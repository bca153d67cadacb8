"""How far an update goes, and whether it goes on where the last one went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.train.probes import every
from workbench.train.probes.value import View


@dataclass(frozen=True)
class Updates:
    """Norm of the update, ``|theta_t - theta_{t-1}|``, and its cosine with the update before it.

    Parameters
    ----------
    every : int
        Updates between two looks.

    Notes
    -----
    Curves "update norm" and "update cosine". On the hills of a valley successive updates go back and
    forth, and the cosine is negative; in a cooldown it rises.

    References
    ----------
    Hu et al., "MiniCPM", 2024, arXiv 2404.06395, section 4.4.
    """

    every: int = 10

    names = ("update norm", "update cosine")
    history = 2

    def __post_init__(self) -> None:
        every.checked(self.every)

    def due(self, total: int) -> Iterable[int]:
        """See `workbench.train.probes.value.Probe`."""
        return every.steps(total, self.every)

    def measure(self, view: View) -> dict[str, Tensor]:
        """See `workbench.train.probes.value.Probe`."""
        new = view.rows - view.history[-1]
        found = {"update norm": torch.linalg.vector_norm(new, dim=1)}
        if len(view.history) == self.history:
            old = view.history[-1] - view.history[0]
            found["update cosine"] = torch.nn.functional.cosine_similarity(new, old, dim=1)
        return found
