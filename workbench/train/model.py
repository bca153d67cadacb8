"""The weights of a model, and what they are of."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.train.problem import Problem, Task

CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Weights:
    """A model, as `workbench.train.weights` reads it.

    Parameters
    ----------
    row : Tensor
        All its weights (n_params,) on the CPU, those that the run is judged by: where the optimizer
        averages, the average.
    step : int
        Updates done.
    lane : int
        Of the training.
    seed : int
        Of the lane.
    task : Task
        What was trained.
    """

    row: Tensor
    step: int
    lane: int
    seed: int
    task: Task

    def problem(self) -> Problem:
        """The task made ready on the CPU, as probes want it."""
        return self.task.problem(CPU)

    def named(self) -> dict[str, Tensor]:
        """Each weight tensor by its name, as views of `row`."""
        views = self.problem().layout.views(self.row[None])
        return {name: part[0] for name, part in views.items()}
