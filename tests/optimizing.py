"""A small model of several weights, trained by lanes and by a library side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench.train.layout import Layout, Weight
from workbench.train.optimizers.value import Controls, Optimizer

WEIGHTS = (
    Weight("embed", (6, 4), decays=True, rate=0.5, decay=2.0),
    Weight("matrix", (4, 3), decays=True),
    Weight("bias", (3,)),
    Weight("gain", (5,), rate=2.0),
)
MATRICES = (Weight("a", (6, 4), decays=True), Weight("b", (4, 3), decays=True, rate=0.5))
STEPS = 100

Told = Mapping[str, np.ndarray]
"""What is planned, (lanes, steps) by the name that controls have."""


def told(lanes: int, *names: str, steps: int = STEPS) -> Told:
    """Values that change at every step and differ between lanes."""
    draw = np.random.default_rng(len(names))
    ranges = {"rate": (1e-3, 2e-2), "momentum": (0.5, 0.95), "weight_decay": (0.0, 0.3), "beta2": (0.9, 0.99)}
    return {name: draw.uniform(*ranges[name], size=(lanes, steps)) for name in ("rate", *names)}


def first(layout: Layout, lanes: int) -> Tensor:
    """Weights (lanes, n_params) to begin with."""
    draw = torch.Generator().manual_seed(lanes)
    return torch.randn(lanes, layout.n_params, generator=draw, dtype=torch.float64).to(layout.dtype)


def gradient(rows: Tensor, t: int) -> Tensor:
    """Gradient at `rows` (lanes, n_params): of a bowl, with noise of the step."""
    draw = torch.Generator().manual_seed(t)
    noise = torch.randn(rows.shape[1], generator=draw, dtype=torch.float64).to(rows.dtype)
    return 0.3 * rows + noise


def by_lanes(optimizer: Optimizer, layout: Layout, rows: Tensor, plan: Told, steps: Sequence[int]) -> Tensor:
    """Train in lanes; the rows at the end."""
    mover, rows = None, rows.clone()
    mover = optimizer.open(layout, rows)
    for t in steps:
        mover.step(rows, gradient(rows, t), controls(plan, t, rows.dtype), t)
    return mover.judged(rows)


def controls(plan: Told, t: int, dtype: torch.dtype, lanes: slice | list[int] = slice(None)) -> Controls:
    """What a plan says of update `t` to some lanes."""
    return Controls(**{name: torch.from_numpy(x[lanes, t])[:, None].to(dtype) for name, x in plan.items()})


def alone(
    make: Callable[[list[dict[str, Any]]], Any],
    layout: Layout,
    row: Tensor,
    settings: Callable[[int], Mapping[str, Any]],
    *,
    decay: Callable[[int], float] | None = None,
    clip: float | None = None,
    steps: int = STEPS,
) -> Tensor:
    """Train one row (n_params,) with a library's optimizer as one does: groups, set before each step."""
    parts = [part[0].clone() for part in layout.views(row[None]).values()]
    params = [torch.nn.Parameter(part) for part in parts]
    groups = [{"params": [p]} for p in params]
    if decay is not None:
        for group, weight in zip(groups, layout.weights, strict=True):
            group["weight_decay"] = decay(0) * weight.decay if weight.decays else 0.0
    optimizer = make(groups)
    if hasattr(optimizer, "train"):
        optimizer.train()
    for t in range(steps):
        flat = torch.cat([p.detach().reshape(-1) for p in params])
        grads = gradient(flat[None], t)[0].split([p.numel() for p in params])
        for p, g in zip(params, grads, strict=True):
            p.grad = g.reshape(p.shape).clone()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(params, clip)
        for group, weight in zip(optimizer.param_groups, layout.weights, strict=True):
            group.update(settings(t))
            group["lr"] *= weight.rate
            if decay is not None:
                group["weight_decay"] = decay(t) * weight.decay if weight.decays else 0.0
        optimizer.step()
    if hasattr(optimizer, "eval"):
        optimizer.eval()
    return torch.cat([p.detach().reshape(-1) for p in params])


def rounded(value: float, dtype: torch.dtype) -> float:
    """What a lane reads where a plan says `value`."""
    return float(torch.tensor(value, dtype=dtype))
