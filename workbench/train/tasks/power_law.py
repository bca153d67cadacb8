"""Linear regression on features with a power-law spectrum. arXiv 2402.01092, 2509.19189."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.curve import Curve
from workbench.params import Choice, Param
from workbench.registry import task
from workbench.schedule import Schedule
from workbench.train.layout import Layout, Weight
from workbench.train.optimizers.sgd import SGD
from workbench.train.task import settle
from workbench.train.tasks.blocks import Blocks

Array = NDArray[np.float64]


class Spectrum(NamedTuple):
    """Variances of the model's features and the best weights for them, (features,), and what stays unknown.

    `rest` is the variance of what no weights explain: features that the model lacks, and label noise.
    """

    variance: Array
    best: Array
    rest: float


@task(title="Power-law random features", paper="2402.01092")
@dataclass(frozen=True)
class power_law:  # noqa: N801, the public name
    """One-pass SGD on ``y = theta . x + noise xi`` with normal inputs of power-law variances.

    ``x_j ~ N(0, lambda_j)``, ``lambda_j = j^-capacity`` and ``lambda_j theta_j^2 = j^(-1 - source
    capacity)`` for j = 1 ... inputs. The model is linear in `features` of them: the first ones, or random
    mixtures. Each update sees `batch` new samples; the loss is half the squared error over all samples.

    Parameters
    ----------
    features : int
        Number of weights, at most `inputs`.
    inputs : int
        Number of inputs.
    capacity : float
        How fast variances fall.
    source : float
        How fast the target's share in the inputs falls: without noise and with few updates' worth of rate
        S, the loss falls as ``S^-source``.
    noise : float
        Standard deviation of the labels.
    batch : int
        Samples of one update.
    projection : str
        "top" for the first inputs, "random" for normal mixtures of all.
    measurements : int
        About how many losses are kept over a run.

    Raises
    ------
    ValueError
        For an argument outside its range, or more features than inputs.

    Notes
    -----
    Part "excess" is the loss above `floor`, which no weights can beat. `expected` gives the mean over
    all seeds exactly: use it to see a schedule's signal, noise and the limit of the model's size apart.
    Weights begin at 0 and are those of uncorrelated features, to which mixtures are rotated: SGD does
    not feel it.

    References
    ----------
    Bordelon, Atanasov and Pehlevan, "A Dynamical Model of Neural Scaling Laws", 2024, arXiv 2402.01092.
    Li et al., "Functional Scaling Laws in Kernel Regression", 2025, arXiv 2509.19189.
    """

    features: Annotated[int, Param(1, 4096, log=True, help="number of weights")] = 100
    inputs: Annotated[int, Param(1, 1_000_000, log=True, help="number of inputs")] = 1000
    capacity: Annotated[float, Param(0, 10, slider=(0.5, 3), help="how fast variances fall")] = 1.5
    source: Annotated[float, Param(0, 10, slider=(0, 2), help="how fast the target's share falls")] = 0.5
    noise: Annotated[float, Param(0, 1e6, slider=(0, 2), help="of the labels")] = 0.5
    batch: Annotated[int, Param(1, 100_000, log=True, unit="samples", help="samples of one update")] = 16
    projection: Annotated[str, Choice(("top", "random"), help="which features")] = "top"
    measurements: Annotated[int, Param(1, 100_000, log=True, help="losses kept over a run")] = 400

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    suggested_peak: ClassVar[float] = 0.5

    def __post_init__(self) -> None:
        settle(self)
        if self.features > self.inputs:
            raise ValueError(f"features must be at most inputs = {self.inputs}; got {self.features}")
        if self.projection == "random" and self.features * self.inputs > 2**26:
            raise ValueError(
                f"features times inputs must be at most {2**26} (0.5 GB) for a random projection; "
                f"got {self.features * self.inputs}"
            )
        if self.features * self.batch > 2**26:
            raise ValueError(
                f"features times batch must be at most {2**26} (0.5 GB); got {self.features * self.batch}"
            )

    @property
    def optimizer(self) -> SGD:
        """Plain SGD."""
        return SGD()

    @property
    def floor(self) -> float:
        """Least possible loss."""
        return 0.5 * self.spectrum.rest

    @cached_property
    def spectrum(self) -> Spectrum:
        """The problem in uncorrelated features."""
        j = np.arange(1, self.inputs + 1, dtype=float)
        variance, share = j**-self.capacity, j ** (-1 - self.source * self.capacity)
        theta, n = np.sqrt(share / variance), self.features
        if self.projection == "top":
            return Spectrum(variance[:n], theta[:n], float(share[n:].sum()) + self.noise**2)
        # One mixture for all seeds: it belongs to the problem.
        mixture = np.random.default_rng([n, self.inputs]).standard_normal((n, self.inputs)) / np.sqrt(n)
        mixed, axes = np.linalg.eigh((mixture * variance) @ mixture.T)
        # The sign of an axis means nothing, and is an accident of the library.
        along = np.abs(axes.T @ (mixture @ (variance * theta)))
        rest = max(0.0, float(share.sum() - np.sum(along**2 / mixed)))
        return Spectrum(mixed[::-1].copy(), (along / mixed)[::-1].copy(), rest + self.noise**2)

    def problem(self, device: torch.device) -> "_Problem":
        """See `workbench.train.problem.Task`."""
        return _Problem(self, device)

    def expected(self, schedule: Schedule) -> Curve:
        """Expected loss after every update, exactly.

        ``m_j <- ((1 - rate lambda_j)^2 + (rate lambda_j)^2 / batch) m_j
        + rate^2 lambda_j (sum_k lambda_k m_k + rest) / batch`` for the squared distances m_j from the best
        weights, and ``loss = 1/2 (sum_j lambda_j m_j + rest)``.

        Parameters
        ----------
        schedule : Schedule
            Any; a rate that is too high makes the expectation grow, up to infinity.
        """
        variance, best, rest = self.spectrum
        rates = schedule.array()
        excess = np.empty(len(rates))
        m, total = best**2, float(variance @ best**2)
        # Each update needs the sum over all features that the one before left: it goes step by step.
        with np.errstate(over="ignore", invalid="ignore"):
            for t, rate in enumerate(rates.tolist()):
                pull = rate * variance
                m = ((1 - pull) ** 2 + pull**2 / self.batch) * m + (rate * (total + rest) / self.batch) * pull
                excess[t] = total = float(variance @ m)
        loss = 0.5 * (np.where(np.isnan(excess), np.inf, excess) + rest)
        return Curve(np.arange(len(rates), dtype=float), loss)


class _Problem:
    ceiling = 1e6
    sample_tokens = 1

    def __init__(self, task: power_law, device: torch.device) -> None:
        self.device, self.tokens, self.facts = device, task.batch, {"floor": task.floor}
        self.flops = 4.0 * task.batch * task.features
        room = 2**22 if device.type == "cpu" else 2**27
        self.at_once = max(1, min(1024, room // (task.batch * task.features)))
        self.layout = Layout((Weight("w", (task.features,)),), torch.float64)
        variance, best, self.rest = task.spectrum
        self.best = torch.from_numpy(best).to(device)
        self.variance = torch.from_numpy(variance).to(device)
        self.root = self.variance.sqrt()
        self.blocks = Blocks(
            lambda draw, steps, size: [
                draw.standard_normal((steps, size, task.features)),
                draw.standard_normal((steps, size)),
            ],
            task.batch,
            task.batch * task.features,
            device,
        )

    def first(self, seed: int) -> Tensor:
        return torch.zeros(self.layout.n_params, dtype=torch.float64)

    def batch(self, step: int, seeds: Sequence[int], size: int | None = None) -> tuple[Tensor, Tensor]:
        """Features (seeds, batch, features) and what is unknown in the labels (seeds, batch)."""
        features, unknown = self.blocks(step, seeds, size)
        return features * self.root, unknown * self.rest**0.5

    def gradients(self, rows: Tensor, batch: tuple[Tensor, Tensor], out: Tensor) -> tuple[Tensor, Tensor]:
        error = self._errors(rows, batch)
        # Not a matrix product, whose rounding depends on how many lanes there are.
        torch.sum(batch[0] * (error / error.shape[1])[:, :, None], dim=1, out=out)
        return 0.5 * error.square().mean(1), out

    def losses(self, rows: Tensor, batch: tuple[Tensor, Tensor]) -> Tensor:
        return 0.5 * self._errors(rows, batch).square().mean(1)

    def measure(self, rows: Tensor) -> dict[str, Tensor]:
        excess = 0.5 * (self.variance * (rows - self.best).square()).sum(-1)
        return {"loss": excess + 0.5 * self.rest, "excess": excess}

    def _errors(self, rows: Tensor, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Prediction less label (lanes, batch)."""
        features, unknown = batch
        return (features * (rows - self.best)[:, None]).sum(-1) - unknown
