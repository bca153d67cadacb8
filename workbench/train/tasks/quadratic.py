"""Noisy quadratic model: SGD whose expected loss is known in closed form. arXiv 1907.04164."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.curve import Curve
from workbench.params import Param
from workbench.registry import task
from workbench.schedule import Schedule
from workbench.train.layout import Layout, Weight
from workbench.train.optimizers import check
from workbench.train.optimizers.sgd import SGD
from workbench.train.task import settle
from workbench.train.tasks.blocks import Blocks
from workbench.train.tasks.moments import mean_loss

Array = NDArray[np.float64]


@task(title="Noisy quadratic", paper="1907.04164")
@dataclass(frozen=True)
class quadratic:  # noqa: N801, the public name
    """SGD on ``L = 1/2 sum_i h_i theta_i^2`` with noisy gradients.

    ``theta_i <- theta_i - rate p_i (h_i theta_i + sqrt(h_i / batch) xi)``, xi normal, curvatures
    ``h_i = i^-exponent`` for i = 1 ... modes, preconditioner ``p_i = h_i^-preconditioner``, first
    ``theta_i^2 = i^-start``.

    Parameters
    ----------
    modes : int
        Number of curvatures.
    batch : int
        Batch size: the variance of the gradient noise is ``h_i / batch``.
    exponent : float
        How fast curvatures fall.
    start : float
        How fast the first squared distances fall.
    preconditioner : float
        Power of the curvature that the optimizer divides by: 0 for SGD, 1 for Newton's method.
    measurements : int
        About how many losses are kept over a run.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it to see exactly what a schedule does to signal and noise: `expected` gives the mean over
    all seeds. It is stable for rates below 2. Weights are kept as ``theta_i / sqrt(p_i)``, in which the
    preconditioned update is plain SGD.

    References
    ----------
    Zhang et al., "Which Algorithmic Choices Matter at Which Batch Sizes?", 2019, arXiv 1907.04164.
    """

    modes: Annotated[int, Param(1, 1_000_000, log=True, help="number of curvatures")] = 100
    batch: Annotated[int, Param(1, 1_000_000, log=True, unit="samples", help="batch size")] = 16
    exponent: Annotated[float, Param(0, 10, slider=(0, 3), help="how fast curvatures fall")] = 1.0
    start: Annotated[float, Param(0, 10, slider=(0, 3), help="how fast first squared distances fall")] = 0.0
    preconditioner: Annotated[float, Param(0, 1, help="power of the curvature divided by")] = 0.0
    measurements: Annotated[int, Param(1, 100_000, log=True, help="losses kept over a run")] = 1000

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    suggested_peak: ClassVar[float] = 0.5

    def __post_init__(self) -> None:
        settle(self)

    @property
    def optimizer(self) -> SGD:
        """Plain SGD."""
        return SGD()

    def problem(self, device: torch.device) -> "_Problem":
        """See `workbench.train.problem.Task`."""
        return _Problem(self, device)

    def expected(self, schedule: Schedule, momentum: float = 0.0) -> Curve:
        """Expected loss after every update, exactly.

        Without momentum each ``s_i = E theta_i^2`` follows
        ``s <- (1 - rate p h_i)^2 s + (rate p)^2 h_i / batch``; with it, s, E theta v and E v^2 follow three
        such equations.

        Parameters
        ----------
        schedule : Schedule
            Any; a rate of 2 or more makes the expectation grow, up to infinity.
        momentum : float
            Of SGD, at least 0 and below 1.
        """
        check.below_one(momentum=momentum)
        h, first = _spectrum(self)
        rates = schedule.array()
        loss = mean_loss(rates, h, h / self.batch, first, momentum)
        return Curve(np.arange(len(rates), dtype=float), loss)


def _spectrum(task: quadratic) -> tuple[Array, Array]:
    """Curvatures and first squared distances (modes,) in the coordinates theta / sqrt(p)."""
    i = np.arange(1, task.modes + 1, dtype=float)
    plain = i**-task.exponent
    return plain ** (1 - task.preconditioner), i**-task.start * plain**task.preconditioner


class _Problem:
    flops = 0.0
    ceiling = 1e6
    at_once = 1024
    sample_tokens = 1

    def __init__(self, task: quadratic, device: torch.device) -> None:
        self.layout = Layout((Weight("theta", (task.modes,)),), torch.float64)
        self.device, self.tokens, self.facts = device, task.batch, {}
        h, first = _spectrum(task)
        self.h = torch.from_numpy(h).to(device)
        self.start = torch.from_numpy(np.sqrt(first))
        self.root = self.h.sqrt()
        self.blocks = Blocks(lambda draw, *shape: [_noise(draw, task.modes, *shape)], 1, task.modes, device)

    def first(self, seed: int) -> Tensor:
        return self.start.clone()

    def batch(self, step: int, seeds: Sequence[int], size: int | None = None) -> Tensor:
        """Noise of the gradient (seeds, modes)."""
        (xi,) = self.blocks(step, seeds)
        return xi * (self.root * (self.tokens if size is None else size) ** -0.5)

    def gradients(self, rows: Tensor, batch: Tensor, out: Tensor) -> tuple[None, Tensor]:
        return None, torch.addcmul(batch, self.h, rows, out=out)

    def losses(self, rows: Tensor, batch: Tensor) -> Tensor:
        return (0.5 * self.h * rows.square() + batch * rows).sum(-1)

    def measure(self, rows: Tensor) -> dict[str, Tensor]:
        return {"loss": 0.5 * (self.h * rows.square()).sum(-1)}


def _noise(draw: np.random.Generator, modes: int, steps: int, size: int) -> Any:
    return draw.standard_normal((steps, modes))
