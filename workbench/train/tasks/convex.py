"""The non-smooth convex toy problem of arXiv 2501.18965."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from workbench.params import Param
from workbench.registry import task
from workbench.train.layout import Layout, Weight
from workbench.train.optimizers.sgd import SGD
from workbench.train.task import settle
from workbench.train.tasks.blocks import Blocks


@task(title="Non-smooth convex toy", paper="2501.18965")
@dataclass(frozen=True)
class convex:  # noqa: N801, the public name
    """Subgradient descent on ``f(w) = max_i |x_i . (w - w*)|``, from w = 0.

    Rows x_i (dimension,) are uniform in [-1, 1], w* is normal, scaled to the length `distance`; f has
    its least value 0 at w*.

    Parameters
    ----------
    dimension : int
        Number of weights.
    samples : int
        Number of rows x_i.
    distance : float
        Length of w*, the distance that is to go.
    noise : float
        Standard deviation of normal noise in every component of the subgradient.
    data : int
        Seed of x and w*.
    measurements : int
        About how many losses are kept over a run.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    The defaults are the published script's, to its data. It has no noise, so that all seeds are alike:
    a constant rate stalls where the kinks throw it about as far as it goes, and a cooldown converges.
    Parts are "gradient", the norm of the subgradient, and "distance" from w*. Published rates are 0.02
    for a constant and for WSD with a cooldown of 0.2, 0.04 for the cosine, over 400 updates.

    References
    ----------
    Schaipp et al., "The Surprising Agreement Between Convex Optimization Theory and Learning-Rate
    Scheduling for Large Model Training", 2025, arXiv 2501.18965.
    """

    dimension: Annotated[int, Param(1, 10_000, log=True, help="number of weights")] = 2
    samples: Annotated[int, Param(1, 100_000, log=True, help="number of rows")] = 20
    distance: Annotated[float, Param(0, 1e6, open_low=True, slider=(1, 10), help="length of w*")] = 5.0
    noise: Annotated[float, Param(0, 1e6, slider=(0, 1), help="of the subgradient")] = 0.0
    data: Annotated[int, Param(0, 2**32 - 1, slider=(0, 100), help="seed of the problem")] = 0
    measurements: Annotated[int, Param(1, 100_000, log=True, help="losses kept over a run")] = 400

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    suggested_peak: ClassVar[float] = 0.02

    def __post_init__(self) -> None:
        settle(self)
        if self.dimension * self.samples > 2**26:
            raise ValueError(
                f"dimension times samples must be at most {2**26} (0.5 GB); "
                f"got {self.dimension * self.samples}"
            )

    @property
    def optimizer(self) -> SGD:
        """Plain subgradient descent."""
        return SGD()

    def problem(self, device: torch.device) -> "_Problem":
        """See `workbench.train.problem.Task`."""
        return _Problem(self, device)


class _Problem:
    flops = 0.0
    ceiling = 1e6
    tokens = 1
    sample_tokens = 1

    def __init__(self, task: convex, device: torch.device) -> None:
        self.device, self.noise, self.facts = device, task.noise, {}
        room = 2**22 if device.type == "cpu" else 2**27
        self.at_once = max(1, min(1024, room // (task.samples * task.dimension)))
        self.layout = Layout((Weight("w", (task.dimension,)),), torch.float64)
        # In the order and in the float32 of the published script, whose draws these are.
        draw = torch.Generator().manual_seed(task.data)
        rows = 2 * torch.rand(task.samples, task.dimension, generator=draw) - 1
        goal = torch.randn(1, task.dimension, generator=draw)
        self.x = rows.to(device, torch.float64)
        self.goal = (goal * (task.distance / torch.linalg.norm(goal))).to(device, torch.float64)
        shape = task.dimension
        self.blocks = Blocks(
            lambda draw, steps, size: [draw.standard_normal((steps, shape))], 1, shape, device
        )

    def first(self, seed: int) -> Tensor:
        return torch.zeros(self.layout.n_params, dtype=torch.float64)

    def batch(self, step: int, seeds: Sequence[int], size: int | None = None) -> Tensor | None:
        """Noise of the subgradient (seeds, dimension); a mean of `size` samples has less."""
        if not self.noise:
            return None
        (xi,) = self.blocks(step, seeds)
        return xi * (self.noise * (1 if size is None else size) ** -0.5)

    def gradients(self, rows: Tensor, batch: Tensor | None, out: Tensor) -> tuple[None, Tensor]:
        _, slope = self._steepest(rows)
        return None, torch.add(slope, 0.0 if batch is None else batch, out=out)

    def losses(self, rows: Tensor, batch: Tensor | None) -> Tensor:
        height = self._residuals(rows).abs().amax(-1)
        return height if batch is None else height + (batch * rows).sum(-1)

    def measure(self, rows: Tensor) -> dict[str, Tensor]:
        height, slope = self._steepest(rows)
        norm = torch.linalg.vector_norm
        return {"loss": height, "gradient": norm(slope, dim=1), "distance": norm(rows - self.goal, dim=1)}

    def _residuals(self, rows: Tensor) -> Tensor:
        """x_i . (w - w*), (lanes, samples)."""
        # Not a matrix product, whose rounding depends on how many lanes there are.
        return ((rows - self.goal)[:, None] * self.x).sum(-1)

    def _steepest(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """f (lanes,) and a subgradient (lanes, dimension)."""
        residuals = self._residuals(rows)
        height, which = residuals.abs().max(-1)
        sign = residuals.gather(1, which[:, None]).sign()
        return height, self.x[which] * sign
