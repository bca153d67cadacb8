"""AdamW (arXiv 1711.05101), all lanes in one update."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from workbench.train.layout import Layout
from workbench.train.optimizers import check
from workbench.train.optimizers.clip import clip_
from workbench.train.optimizers.value import Controls, Kept

_LONG = 8192
"""Weights of a lane from which on, on a CPU, a call of torch's kernel for each lane is faster."""


@dataclass(frozen=True)
class AdamW:
    """``theta <- (1 - rate wd) theta - rate m^ / (sqrt(v^) + eps)``, as torch's AdamW does.

    Parameters
    ----------
    beta1, beta2 : float
        At least 0 and below 1; a plan may set them for each update (its momentum is beta1).
    eps : float
        Added to the root of the second moment.
    weight_decay : float
        Of weights that decay, in units of the rate; a plan may set it.
    clip : float, optional
        Largest norm of a lane's gradient; None for no limit.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Bias corrections are products of the betas that were used: with constant ones that is
    ``1 - beta**(t + 1)``.

    References
    ----------
    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, arXiv 1711.05101.
    """

    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    weight_decay: float = 0.1
    clip: float | None = None

    sparse = False

    def __post_init__(self) -> None:
        check.below_one(beta1=self.beta1, beta2=self.beta2)
        check.not_negative(eps=self.eps, weight_decay=self.weight_decay)
        check.limit(self.clip)

    def open(self, layout: Layout, rows: Tensor, kept: Sequence[Kept] | None = None) -> _Mover:
        """See `workbench.train.optimizers.value.Optimizer`."""
        return _Mover(self, layout, rows, kept)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, kept with a run."""
        return {"name": "AdamW", **asdict(self)}


class _Mover:
    def __init__(self, value: AdamW, layout: Layout, rows: Tensor, kept: Sequence[Kept] | None) -> None:
        self.value, self.layout = value, layout
        if kept:
            shapes = {"first": rows.shape[1:], "second": rows.shape[1:], "left": (2,)}
            for each in kept:
                check.kept("AdamW", each, shapes)
            self.first, self.second, self.left = (
                torch.stack([each.tensors[name] for each in kept]) for name in ("first", "second", "left")
            )
        else:
            self.first, self.second = torch.zeros_like(rows), torch.zeros_like(rows)
            # Products of the betas so far, in float64: what the moments still lack.
            self.left = torch.ones(len(rows), 2, dtype=torch.float64, device=rows.device)

    def step(self, rows: Tensor, gradient: Tensor, controls: Controls, t: int) -> None:
        value = self.value
        if value.clip is not None:
            clip_(gradient, value.clip)
        beta1 = value.beta1 if controls.momentum is None else controls.momentum
        beta2 = value.beta2 if controls.beta2 is None else controls.beta2
        decay = value.weight_decay if controls.weight_decay is None else controls.weight_decay
        for column, beta in ((0, beta1), (1, beta2)):
            self.left[:, column].mul_(beta[:, 0] if isinstance(beta, Tensor) else beta)
        if rows.device.type == "cpu" and rows.shape[1] >= _LONG:
            self._by_lane(rows, gradient, controls.rate, beta1, beta2, decay)
        else:
            self._all(rows, gradient, controls.rate, beta1, beta2, decay)

    def _all(self, rows: Tensor, gradient: Tensor, rate: Tensor, beta1: Any, beta2: Any, decay: Any) -> None:
        bias1, bias2 = (1 - self.left).to(rows.dtype).unbind(1)
        size, root = rate / bias1[:, None], bias2[:, None].sqrt()
        for part, weight in self.layout.stretches():
            theta, first, second, g = (x[:, part] for x in (rows, self.first, self.second, gradient))
            if weight.decays and not (isinstance(decay, float) and decay == 0):
                theta.mul_(1 - rate * (decay * weight.rate * weight.decay))
            first.mul_(beta1).add_(g * (1 - beta1))
            second.mul_(beta2).add_(g.square() * (1 - beta2))
            theta.sub_(first / (second.sqrt() / root + self.value.eps * weight.eps) * (size * weight.rate))

    def _by_lane(
        self, rows: Tensor, gradient: Tensor, rate: Tensor, beta1: Any, beta2: Any, decay: Any
    ) -> None:
        """The same by torch's own kernel, which reads and writes every number once."""
        lanes = len(rows)
        parts, endless = list(self.layout.stretches()), torch.tensor(math.inf)
        columns = (_column(x, lanes) for x in (rate, beta1, beta2, decay))
        for i, (lr, b1, b2, wd, (left1, left2)) in enumerate(zip(*columns, self.left.tolist(), strict=True)):
            # Bias corrections are ours, for betas that change; after endless updates the kernel has none.
            bias1, root = 1 - left1, math.sqrt(1 - left2)
            for part, weight in parts:
                torch._fused_adamw_(  # pyright: ignore[reportPrivateImportUsage], what torch.optim calls
                    [rows[i, part]],
                    [gradient[i, part]],
                    [self.first[i, part]],
                    [self.second[i, part]],
                    [],
                    [endless],
                    lr=lr * weight.rate * root / bias1,
                    beta1=b1,
                    beta2=b2,
                    weight_decay=wd * weight.decay * bias1 / root if weight.decays else 0.0,
                    eps=self.value.eps * weight.eps * root,
                    amsgrad=False,
                    maximize=False,
                )

    def judged(self, rows: Tensor) -> Tensor:
        return rows

    def kept(self, lane: int) -> Kept:
        moments = {"first": self.first, "second": self.second, "left": self.left}
        return Kept({name: moment[lane].clone() for name, moment in moments.items()})


def _column(values: Any, lanes: int) -> list[float]:
    return values[:, 0].tolist() if isinstance(values, Tensor) else [float(values)] * lanes
