"""A winding river valley in two dimensions, inspired by arXiv 2410.05192."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from workbench.params import Choice, Param
from workbench.registry import task
from workbench.schedule import Schedule
from workbench.train.layout import Layout, Weight
from workbench.train.optimizers.sgd import SGD
from workbench.train.task import settle
from workbench.train.tasks.blocks import Blocks
from workbench.train.tasks.walking import CEILING, Walk, walk


@task(title="River valley in two dimensions", paper="2410.05192")
@dataclass(frozen=True)
class valley:  # noqa: N801, the public name
    """Descent along a winding river between steep hills, with noise across it.

    ``L = 1/2 curvature (y - width sin(bends x))^2 + river(x)`` with ``river = 1/2 slope (x - length)^2``
    (a bowl) or ``-slope x`` (a plane); the gradient of y has normal noise. The path begins at (0, 1).

    Parameters
    ----------
    curvature : float
        Of the hills across the river.
    width : float
        How far the river swings to each side.
    bends : float
        Radians of the swing per unit of x.
    bed : str
        "bowl" or "plane": what the river bed is.
    slope : float
        Curvature of the bowl, or slope of the plane.
    length : float
        Where the bowl has its lowest point.
    noise : float
        Standard deviation of the noise in the gradient of y.
    measurements : int
        About how many losses and positions are kept over a run.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Parts "x" and "y" are the path, "river" and "hill" sum to "loss". For pictures: a high rate goes far
    along the river and bounces between the hills; a cooldown lets it settle on the river. On the river
    ``x`` depends on the sum of rates, and the hill settles at `excess`, near ``noise^2 rate / 4`` for small
    rates. Stable for rates below `limit`.

    The authors' own toy function was not found: this one is inspired by their description, with low
    confidence that it is theirs.

    References
    ----------
    Wen et al., "Understanding Warmup-Stable-Decay Learning Rates: A River Valley Loss Landscape
    Perspective", 2024, arXiv 2410.05192.
    """

    curvature: Annotated[float, Param(0, 1e6, open_low=True, log=True, slider=(1, 100), help="of hills")] = (
        30.0
    )
    width: Annotated[float, Param(0, 1e3, slider=(0, 3), help="swing of the river to each side")] = 1.0
    bends: Annotated[float, Param(0, 1e3, slider=(0, 3), help="radians of the swing per unit")] = 1.0
    bed: Annotated[str, Choice(("bowl", "plane"), help="what the river bed is")] = "bowl"
    slope: Annotated[float, Param(0, 1e6, slider=(0, 1), help="of the river bed")] = 0.1
    length: Annotated[
        float, Param(0, 1e4, slider=(1, 30), help="lowest point of the bowl", only=("bed", "bowl"))
    ] = 10.0
    noise: Annotated[float, Param(0, 1e6, slider=(0, 10), help="of the gradient across the river")] = 3.0
    measurements: Annotated[int, Param(1, 100_000, log=True, help="points kept over a run")] = 1000

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    suggested_peak: ClassVar[float] = 0.02

    def __post_init__(self) -> None:
        settle(self)

    @property
    def optimizer(self) -> SGD:
        """Plain SGD."""
        return SGD()

    @property
    def limit(self) -> float:
        """Rate beyond which the steepest bend is not stable, ``2 / (curvature (1 + (width bends)^2))``."""
        return 2 / (self.curvature * (1 + (self.width * self.bends) ** 2))

    def excess(self, rate: ArrayLike, x: ArrayLike = 0.0) -> NDArray[np.float64]:
        """Height of the hill, in nats, at which a walker settles near `x` at a constant rate.

        ``rate noise^2 / (4 q (1 - rate curvature q / 2))`` with ``q = 1 + (width bends cos(bends x))^2``:
        across the river, an update multiplies the height's root by ``1 - rate curvature q`` and adds
        ``rate noise`` times a normal number. Exact for a straight river; on a bend for walkers that move
        along it more slowly than they settle.

        Parameters
        ----------
        rate, x : array_like
            Rates and places, broadcast against each other.

        Returns
        -------
        ndarray
            Infinite where the rate is not stable.
        """
        rate, x = np.asarray(rate, dtype=float), np.asarray(x, dtype=float)
        q = 1 + np.square(self.width * self.bends * np.cos(self.bends * x))
        left = 1 - rate * self.curvature * q / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            height = rate * self.noise**2 / (4 * q * left)
        return np.where(left > 0, height, np.inf)

    def walk(self, schedule: Schedule, seeds: Sequence[int] = (0,)) -> Walk:
        """The whole path of one walker for each seed, as a training takes it, fast enough for a slider.

        Parameters
        ----------
        schedule : Schedule
            Rates of the updates.
        seeds : sequence of int
            Of the noise; the same numbers as in a training with these seeds.

        Returns
        -------
        Walk
            Positions and both parts of the loss, before the first update and after each.

        Raises
        ------
        ValueError
            For what is no schedule, or no or unusable seeds.
        """
        return walk(self, schedule, seeds)

    def problem(self, device: torch.device) -> "_Problem":
        """See `workbench.train.problem.Task`."""
        return _Problem(self, device)


class _Problem:
    flops = 0.0
    ceiling = CEILING
    at_once = 1024
    tokens = 1
    sample_tokens = 1

    def __init__(self, task: valley, device: torch.device) -> None:
        self.task, self.device, self.facts = task, device, {}
        self.layout = Layout((Weight("position", (2,)),), torch.float64)
        self.blocks = Blocks(lambda draw, steps, size: [draw.standard_normal((steps, 1))], 1, 1, device)

    def first(self, seed: int) -> Tensor:
        return torch.tensor([0.0, 1.0], dtype=torch.float64)

    def batch(self, step: int, seeds: Sequence[int], size: int | None = None) -> Tensor:
        """Noise in the gradient of y (seeds, 1); a mean of `size` samples has less."""
        (xi,) = self.blocks(step, seeds)
        return xi * (self.task.noise * (1 if size is None else size) ** -0.5)

    def gradients(self, rows: Tensor, batch: Tensor, out: Tensor) -> tuple[None, Tensor]:
        task = self.task
        x, y = rows[:, :1], rows[:, 1:]
        across = task.curvature * (y - task.width * torch.sin(task.bends * x))
        bank = task.width * task.bends * torch.cos(task.bends * x)
        along = task.slope * (x - task.length) if task.bed == "bowl" else torch.full_like(x, -task.slope)
        return None, torch.cat([along - across * bank, across + batch], dim=1, out=out)

    def losses(self, rows: Tensor, batch: Tensor) -> Tensor:
        parts = self.measure(rows)
        return parts["loss"] + (batch * rows[:, 1:]).sum(-1)

    def measure(self, rows: Tensor) -> dict[str, Tensor]:
        task = self.task
        x, y = rows.unbind(1)
        hill = 0.5 * task.curvature * (y - task.width * torch.sin(task.bends * x)).square()
        river = 0.5 * task.slope * (x - task.length).square() if task.bed == "bowl" else -task.slope * x
        return {"loss": river + hill, "river": river, "hill": hill, "x": x.clone(), "y": y.clone()}
