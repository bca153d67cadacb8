"""River and hill apart: what a short cooldown from here would reach, and what it would take off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.params import Param, number
from workbench.train.optimizers.value import taken
from workbench.train.probes import every
from workbench.train.probes.value import View

_STEPS = Param(1, 10**6, unit="updates", help="length of the cooldown")


@dataclass(frozen=True)
class Cooldown:
    """Loss after a linear cooldown to 0 over `steps` updates ("river"), and what it takes off ("hill").

    Parameters
    ----------
    every : int
        Updates between two looks, each of which costs `steps` updates.
    steps : int
        Length of the cooldown: long enough to come down, short enough to stay where it is.

    Notes
    -----
    Curves "river by cooldown" and "hill by cooldown"; the training itself goes on untouched. The
    cooldown sees the batches of the updates to come; all but the rate is as the last update had it.

    References
    ----------
    Wen et al., "Understanding Warmup-Stable-Decay Learning Rates", 2024, arXiv 2410.05192.
    """

    every: int = 200
    steps: int = 20

    names = ("river by cooldown", "hill by cooldown")
    history = 0

    def __post_init__(self) -> None:
        every.checked(self.every)
        number("steps", self.steps, _STEPS, integer=True)

    def due(self, total: int) -> Iterable[int]:
        """See `workbench.train.probes.value.Probe`."""
        return every.steps(total, self.every)

    def measure(self, view: View) -> dict[str, Tensor]:
        """See `workbench.train.probes.value.Probe`."""
        problem, rows = view.problem, view.rows.clone()
        mover = view.optimizer.open(problem.layout, rows, [view.kept(i) for i in range(len(rows))])
        before = problem.measure(mover.judged(rows))["loss"]
        out = torch.empty_like(rows)
        for k in range(1, self.steps + 1):
            batch = problem.batch(view.step + k, view.seeds, view.size)
            gradient = problem.gradients(rows, batch, out)[1]
            controls = view.controls._replace(rate=view.controls.rate * (1 - k / self.steps))
            mover.step(rows, taken(gradient, view.optimizer, controls, out), controls, view.step + k)
        after = problem.measure(mover.judged(rows))["loss"]
        return {"river by cooldown": after, "hill by cooldown": before - after}
