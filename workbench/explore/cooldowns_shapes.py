"""Every registered cooldown on one trunk: its rates, its bias and variance, and how long it should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from workbench.explore import cooldowns_noise as noise
from workbench.explore.cooldowns_noise import Quadratic, Split
from workbench.params import Param, number
from workbench.schedule import Schedule
from workbench.schedules.cooldown import COOLDOWNS, cooldown
from workbench.views.table import Table

Array = NDArray[np.float64]

LEAST_FLOOR = 0.01
"""Where exp and inverse_linear, which cannot reach 0, end when the others do."""
_NEEDS_FLOOR = ("exp", "inverse_linear")
COLORS: Mapping[str, str] = dict(
    zip(
        COOLDOWNS,
        (
            *("#0072B2", "#56B4E9", "#785EF0", "#CC79A7", "#D55E00"),
            *("#7F7F7F", "#009E73", "#B2A100", "#E69F00", "#8C6D31"),
        ),
        strict=True,
    )
)
"""One for each shape, the same in every figure."""
_RATE = Param(0, 1.99, open_low=True)
_SHARES = np.concatenate([[0.01, 0.03, 0.06], np.arange(0.1, 0.96, 0.1), [1.0]])
"""Lengths of the cooldown that are compared, as shares of the run."""


@dataclass(frozen=True)
class Curves:
    """A constant rate, and every cooldown that may end it.

    Parameters
    ----------
    problem : Quadratic
        What is descended.
    total : int
        Updates of the run, cooldown included.
    peak : float
        Rate of the trunk, below 2 over the largest curvature.
    decay : float
        Share of `total` that cools down, at least one update.
    floor : float
        Rate at the end as a share of `peak`; exp and inverse_linear, which cannot reach 0, end at 0.01 where
        it is less.
    power, drop, half_life : float
        Arguments of the shapes "power", "lowered_linear" and "half_life".
    compared : Lengths, optional
        `lengths`, where they are known already: they do not depend on `decay`.

    Raises
    ------
    ValueError
        For an argument outside its range.
    """

    problem: Quadratic
    total: int = 1000
    peak: float = 0.5
    decay: float = 0.2
    floor: float = 0.0
    power: float = 1.5
    drop: float = 0.7
    half_life: float = 0.25
    compared: Lengths | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        number("total", self.total, Param(2, 100_000), integer=True)
        number("decay", self.decay, Param(0, 1))
        number("floor", self.floor, Param(0, 1))
        number("peak", self.peak * float(self.problem.h.max()), _RATE)

    @property
    def falling(self) -> int:
        """Updates of the cooldown, at least 1."""
        return max(1, int(self.decay * self.total + 0.5))

    def rates(self, n: int | None = None) -> Array:
        """Rates of a cooldown of `n` updates by every shape, (shapes, n)."""
        count = self.falling if n is None else n
        return np.stack([self.schedule(shape, count).array() for shape in COOLDOWNS])

    def schedule(self, shape: str, n: int) -> Schedule:
        """A cooldown of `n` updates."""
        floor = max(self.floor, LEAST_FLOOR) if shape in _NEEDS_FLOOR else self.floor
        return Schedule(cooldown(n, self.peak, shape, floor, self.power, self.drop, self.half_life))

    @cached_property
    def trunk(self) -> Split | None:
        """Along the constant rate up to the cooldown."""
        before = self.total - self.falling
        return noise.split(self.problem, np.full(before, self.peak)) if before else None

    @cached_property
    def cooled(self) -> Split:
        """Along every cooldown; its steps count from where it begins."""
        return noise.split(self.problem, self.rates(), self.trunk.last if self.trunk else None)

    @cached_property
    def stayed(self) -> tuple[float, float]:
        """Bias and variance where the rate stays as it is."""
        bias, variance = noise.parts(self.problem, noise.constant(self.problem, self.peak, self.total))
        return float(bias[0]), float(variance[0])

    @cached_property
    def lengths(self) -> Lengths:
        """Final bias and variance of every shape at many lengths of the cooldown."""
        if self.compared is not None:
            return self.compared
        counts = np.unique(np.maximum(1, (_SHARES * self.total + 0.5).astype(int)))
        bias, variance = np.empty((2, len(COOLDOWNS), len(counts)))
        begin = noise.constant(self.problem, self.peak, self.total - counts)
        for j, n in enumerate(counts):
            keeps, adds = noise.compose(self.problem, self.rates(int(n)))
            bias[:, j] = 0.5 * (begin.bias[j] * keeps) @ self.problem.h
            variance[:, j] = 0.5 * (begin.variance[j] * keeps + adds) @ self.problem.h
        return Lengths(counts, bias, variance)

    @cached_property
    def table(self) -> Table:
        """Every shape at the chosen length, the best first, and its own best length."""
        best = self.lengths.best
        bias, variance = self.cooled.bias[:, -1], self.cooled.variance[:, -1]
        area = self.rates().sum(axis=1) / (self.falling * self.peak)
        rows = [
            {
                "shape": shape,
                "bias": float(bias[i]),
                "variance": float(variance[i]),
                "loss": float(bias[i] + variance[i]),
                "sum of rates": float(area[i]),
                "best length": best[shape].share(self.total),
                "loss there": best[shape].loss,
            }
            for i, shape in enumerate(COOLDOWNS)
        ]
        stay_bias, stay_variance = self.stayed
        stay = {"shape": "none: the rate stays", "bias": stay_bias, "variance": stay_variance}
        stay |= {"loss": stay_bias + stay_variance, "sum of rates": 1.0}
        rows.append({**stay, "best length": float("nan"), "loss there": float("nan")})
        notes = (
            "bias: what is left of the start; variance: what noise has brought; loss: their sum, exactly",
            "sum of rates: of the cooldown, over that of a rate that stays",
            f"best length: of {len(self.lengths.count)} lengths up to the whole run, as a share of it",
        )
        title = f"Cooldowns of {self.falling:,} of {self.total:,} updates on the noisy quadratic"
        return Table(title, tuple(sorted(rows, key=lambda row: row["loss"])), notes)


@dataclass(frozen=True)
class Best:
    """The best length of a shape."""

    count: int
    loss: float

    def share(self, total: int) -> float:
        """Of the run."""
        return self.count / total


@dataclass(frozen=True)
class Lengths:
    """Final bias and variance (shapes, lengths) of cooldowns of `count` updates."""

    count: NDArray[np.int64]
    bias: Array
    variance: Array

    @property
    def loss(self) -> Array:
        """Their sum."""
        return self.bias + self.variance

    @property
    def best(self) -> Mapping[str, Best]:
        """Of each shape."""
        at = self.loss.argmin(axis=1)
        return {
            shape: Best(int(self.count[j]), float(self.loss[i, j]))
            for i, (shape, j) in enumerate(zip(COOLDOWNS, at, strict=True))
        }
