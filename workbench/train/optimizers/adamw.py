"""AdamW (arXiv 1711.05101), all lanes in one update."""

from __future__ import annotations

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
    Bias corrections are torch's, ``1 - beta**(t + 1)`` with the beta of update t, also where a plan changes
    it: a plan that is exported to torch trains the same.

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
            for each in kept:
                check.kept("AdamW", each, ("first", "second"), rows)
            self.first, self.second = (
                torch.stack([each.tensors[name] for each in kept]) for name in ("first", "second")
            )
        else:
            self.first, self.second = torch.zeros_like(rows), torch.zeros_like(rows)

    def step(self, rows: Tensor, gradient: Tensor, controls: Controls, t: int) -> None:
        value = self.value
        if value.clip is not None:
            clip_(gradient, value.clip)
        beta1 = value.beta1 if controls.momentum is None else controls.momentum
        beta2 = value.beta2 if controls.beta2 is None else controls.beta2
        decay = value.weight_decay if controls.weight_decay is None else controls.weight_decay
        if rows.device.type == "cpu" and rows.shape[1] >= _LONG:
            self._by_lane(rows, gradient, t, controls.rate, beta1, beta2, decay)
        else:
            self._all(rows, gradient, t, controls.rate, beta1, beta2, decay)

    def _all(
        self, rows: Tensor, gradient: Tensor, t: int, rate: Tensor, beta1: Any, beta2: Any, decay: Any
    ) -> None:
        size, root = rate / _bias(beta1, t), _bias(beta2, t) ** 0.5
        for part, weight in self.layout.stretches():
            theta, first, second, g = (x[:, part] for x in (rows, self.first, self.second, gradient))
            if weight.decays and not (isinstance(decay, float) and decay == 0):
                theta.mul_(1 - rate * (decay * weight.rate * weight.decay))
            first.lerp_(g, 1 - beta1)
            second.mul_(beta2).addcmul_(g, g * (1 - beta2))
            below = second.sqrt().div_(root).add_(self.value.eps * weight.eps)
            theta.addcdiv_(first * (size * weight.rate), below, value=-1)

    def _by_lane(
        self, rows: Tensor, gradient: Tensor, t: int, rate: Tensor, beta1: Any, beta2: Any, decay: Any
    ) -> None:
        """The same by torch's own kernel, which reads and writes every number once."""
        parts, done = list(self.layout.stretches()), torch.tensor(float(t + 1))
        columns = (_column(x, len(rows)) for x in (rate, beta1, beta2, decay))
        for i, (lr, b1, b2, wd) in enumerate(zip(*columns, strict=True)):
            for part, weight in parts:
                torch._fused_adamw_(  # pyright: ignore[reportPrivateImportUsage], what torch.optim calls
                    [rows[i, part]],
                    [gradient[i, part]],
                    [self.first[i, part]],
                    [self.second[i, part]],
                    [],
                    [done],
                    lr=lr * weight.rate,
                    beta1=b1,
                    beta2=b2,
                    weight_decay=wd * weight.decay if weight.decays else 0.0,
                    eps=self.value.eps * weight.eps,
                    amsgrad=False,
                    maximize=False,
                )

    def judged(self, rows: Tensor) -> Tensor:
        return rows

    def kept(self, lane: int) -> Kept:
        return Kept({"first": self.first[lane].clone(), "second": self.second[lane].clone()})


def _bias(beta: Any, t: int) -> Any:
    """What the moments hold after update `t`; of lanes in float64, since it is a small difference."""
    return (1 - beta.double() ** (t + 1)).to(beta.dtype) if isinstance(beta, Tensor) else 1 - beta ** (t + 1)


def _column(values: Any, lanes: int) -> list[float]:
    return values[:, 0].tolist() if isinstance(values, Tensor) else [float(values)] * lanes
