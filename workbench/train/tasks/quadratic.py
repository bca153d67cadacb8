"""Noisy quadratic model: SGD whose expected loss is known in closed form. arXiv 1907.04164."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.curve import Curve
from workbench.params import Param
from workbench.registry import task
from workbench.schedule import Schedule
from workbench.train.lane import Points, marks, rng, settle, take

_BLOCK = 4096
"""Steps of one scan; with `_MODES` it bounds the memory at about 10 MB."""
_MODES = 64
_NOISE = 64
"""Steps whose noise is drawn at once."""

Array = NDArray[np.float64]


@task(title="Noisy quadratic", paper="1907.04164")
@dataclass(frozen=True)
class quadratic:  # noqa: N801, the public name
    """SGD on ``L = 1/2 sum_i h_i theta_i^2`` with noisy gradients.

    ``theta_i <- theta_i - rate (h_i theta_i + sqrt(h_i / batch) xi)``, xi normal, curvatures
    ``h_i = 1 / i`` for i = 1 ... modes, every theta_i starts at 1.

    Parameters
    ----------
    modes : int
        Number of curvatures.
    batch : int
        Batch size: the variance of the gradient noise is ``h_i / batch``.
    measurements : int
        About how many losses are kept over a run.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it to see exactly what a schedule does to signal and noise: `expected` gives the mean over
    all seeds. It is stable for rates below 2.

    References
    ----------
    Zhang et al., "Which Algorithmic Choices Matter at Which Batch Sizes?", 2019, arXiv 1907.04164.
    """

    modes: Annotated[int, Param(1, 10_000, log=True, help="number of curvatures")] = 100
    batch: Annotated[int, Param(1, 1_000_000, log=True, unit="samples", help="batch size")] = 16
    measurements: Annotated[int, Param(1, 100_000, log=True, help="losses kept over a run")] = 1000

    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    suggested_peak: ClassVar[float] = 0.5

    def __post_init__(self) -> None:
        settle(self)

    def start(self, seed: int, device: torch.device) -> Callable[[int], "_Lane"]:
        """What the engine calls; see `workbench.train.lane.Task`."""
        return lambda total: _Lane(self, seed, total)

    def expected(self, schedule: Schedule) -> Curve:
        """Expected loss after every update, exactly.

        Each ``s_i = E theta_i^2`` follows ``s <- (1 - rate h_i)^2 s + rate^2 h_i / batch``: affine maps,
        composed by a scan that doubles its reach in every pass.

        Parameters
        ----------
        schedule : Schedule
            Any; a rate of 2 or more makes the expectation grow, up to infinity.
        """
        rates = schedule.array()
        loss = np.zeros(len(rates))
        for h in np.array_split(_curvatures(self.modes), -(-self.modes // _MODES)):
            second = np.ones_like(h)
            for start in range(0, len(rates), _BLOCK):
                rate = rates[start : start + _BLOCK, None]
                moments = _scan((1 - rate * h) ** 2, rate**2 * (h / self.batch), second)
                loss[start : start + _BLOCK] += 0.5 * moments @ h
                second = moments[-1]
        return Curve(np.arange(len(rates), dtype=float), loss)


def _curvatures(modes: int) -> Array:
    return 1.0 / np.arange(1, modes + 1)


def _scan(factor: Array, shift: Array, first: Array) -> Array:
    """All ``s_t = factor_t s_{t-1} + shift_t`` (T, modes), from s_{-1} = `first` (modes,)."""
    reach = 1
    with np.errstate(over="ignore", invalid="ignore"):
        while reach < len(factor):
            # The maps of the last 2 reach steps, from those of the last reach steps.
            shift[reach:] = shift[reach:] + factor[reach:] * shift[:-reach]
            factor[reach:] = factor[reach:] * factor[:-reach]
            reach *= 2
        moments = factor * first + shift
    # Zero times infinity: what grew beyond every float stays there.
    return np.where(np.isnan(moments), np.inf, moments)


class _Lane:
    ceiling = 1e6

    def __init__(self, task: quadratic, seed: int, total: int) -> None:
        self.h = _curvatures(task.modes)
        self.deviation = np.sqrt(self.h / task.batch)
        self.theta = np.ones(task.modes)
        self.noise = _noise(seed, task.modes)
        self.due = set(marks(total, task.measurements).tolist())
        self.points = {"loss": Points()}
        self.tokens = task.batch
        self.facts = {"n_params": task.modes}

    def step(self, t: int, rate: float) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            self.theta -= rate * (self.h * self.theta + self.deviation * next(self.noise))
            if t in self.due:
                self.points["loss"].add(t, float(0.5 * np.sum(self.h * self.theta**2)))

    def take(self) -> dict[str, Curve]:
        return take(self.points)


def _noise(seed: int, modes: int) -> Iterator[Array]:
    draw = rng(seed)
    while True:
        yield from draw.standard_normal((_NOISE, modes))
