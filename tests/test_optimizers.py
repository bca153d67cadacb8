"""The native AdamW and SGD against torch's, with everything that a plan can change changing at every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from optimizing import MATRICES, STEPS, WEIGHTS, alone, by_lanes, controls, first, gradient, rounded, told

from workbench.train.layout import Layout, Weight
from workbench.train.optimizers import SGD, AdamW
from workbench.train.optimizers.clip import clip_
from workbench.train.optimizers.value import Kept

LANES = 3
LONG = (Weight("long", (100, 90), decays=True), Weight("short", (70,), rate=0.5))
precisions = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)], ids=["float32", "float64"]
)
models = pytest.mark.parametrize("weights", [WEIGHTS, MATRICES, LONG], ids=["several", "matrices", "long"])


def close(ours: torch.Tensor, theirs: torch.Tensor, tolerance: float) -> None:
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=2 * tolerance, atol=2 * tolerance)


@precisions
@models
@pytest.mark.parametrize("clip", [None, 0.5])
def test_adamw_is_torchs(weights: Any, dtype: torch.dtype, tolerance: float, clip: float | None) -> None:
    layout, plan = Layout(weights, dtype), told(LANES, "weight_decay")
    rows = first(layout, LANES)
    ours = by_lanes(AdamW(0.9, 0.97, clip=clip), layout, rows, plan, range(STEPS))
    for i in range(LANES):
        theirs = alone(
            lambda groups: torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.97), eps=1e-8),
            layout,
            rows[i],
            lambda t, i=i: {"lr": plan["rate"][i, t]},
            decay=lambda t, i=i: plan["weight_decay"][i, t],
            clip=clip,
        )
        close(ours[i], theirs, tolerance)


@precisions
@models
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("clip", [None, 0.5])
def test_sgd_is_torchs(
    weights: Any, dtype: torch.dtype, tolerance: float, nesterov: bool, clip: float | None
) -> None:
    layout, plan = Layout(weights, dtype), told(LANES, "momentum", "weight_decay")
    rows = first(layout, LANES)
    ours = by_lanes(SGD(momentum=0.9, nesterov=nesterov, clip=clip), layout, rows, plan, range(STEPS))
    for i in range(LANES):
        theirs = alone(
            lambda groups: torch.optim.SGD(groups, lr=1.0, momentum=0.9, nesterov=nesterov),
            layout,
            rows[i],
            lambda t, i=i: {"lr": plan["rate"][i, t], "momentum": plan["momentum"][i, t]},
            decay=lambda t, i=i: plan["weight_decay"][i, t],
            clip=clip,
        )
        close(ours[i], theirs, tolerance)


@precisions
@models
def test_adamw_with_betas_that_change_is_torchs(weights: Any, dtype: torch.dtype, tolerance: float) -> None:
    layout, plan = Layout(weights, dtype), told(LANES, "momentum", "beta2")
    rows = first(layout, LANES)
    ours = by_lanes(AdamW(weight_decay=0.1), layout, rows, plan, range(STEPS))
    for i in range(LANES):
        theirs = alone(
            lambda groups: torch.optim.AdamW(groups, lr=1.0, eps=1e-8),
            layout,
            rows[i],
            lambda t, i=i: {
                "lr": plan["rate"][i, t],
                "betas": tuple(rounded(plan[name][i, t], dtype) for name in ("momentum", "beta2")),
            },
            decay=lambda t: 0.1,
        )
        close(ours[i], theirs, tolerance)


@pytest.mark.parametrize("limit", [1e-3, 1.0, 1e3])
def test_clipping_is_torchs(limit: float) -> None:
    rows = 3 * first(Layout(WEIGHTS, torch.float64), 4)
    param = [torch.nn.Parameter(torch.zeros_like(row)) for row in rows]
    norms = []
    for p, row in zip(param, rows, strict=True):
        p.grad = row.clone()
        norms.append(torch.nn.utils.clip_grad_norm_([p], limit))
    clipped = rows.clone()
    torch.testing.assert_close(clip_(clipped, limit)[:, 0], torch.stack(norms), rtol=1e-14, atol=0)
    torch.testing.assert_close(clipped, torch.stack([p.grad for p in param]), rtol=1e-14, atol=0)


@pytest.mark.parametrize("optimizer", [AdamW(clip=1.0), SGD(momentum=0.9, nesterov=True), SGD()])
@models
def test_a_lane_that_goes_on_from_what_was_kept_is_the_same_to_the_bit(weights: Any, optimizer: Any) -> None:
    layout, plan = Layout(weights), told(2, "momentum", steps=40)
    whole = by_lanes(optimizer, layout, first(layout, 2), plan, range(40))
    rows = first(layout, 2)
    mover = optimizer.open(layout, rows)
    for t in range(40):
        if t == 17:
            # The other lane first.
            kept, rows = [mover.kept(1), mover.kept(0)], rows.flip(0).contiguous()
            mover = optimizer.open(layout, rows, kept)
        given = controls(plan, t, rows.dtype) if t < 17 else controls(plan, t, rows.dtype, [1, 0])
        mover.step(rows, gradient(rows, t), given, t)
    assert torch.equal(rows.flip(0), whole)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: AdamW(beta1=1.0), "beta1"),
        (lambda: AdamW(beta2=-0.1), "beta2"),
        (lambda: AdamW(eps=float("nan")), "eps"),
        (lambda: AdamW(weight_decay=-1), "weight_decay"),
        (lambda: AdamW(clip=0), "clip"),
        (lambda: SGD(momentum=1), "momentum"),
        (lambda: SGD(momentum="0.9"), "momentum"),  # type: ignore[arg-type]
        (lambda: SGD(nesterov=True), "nesterov"),
        (lambda: SGD(clip=float("inf")), "clip"),
    ],
)
def test_an_argument_outside_its_range_is_refused(make: Any, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        make()


@pytest.mark.parametrize("optimizer", [AdamW(), SGD(momentum=0.9)])
@pytest.mark.parametrize(
    "tensors", [{"more": torch.zeros(3)}, {"first": torch.zeros(3)}, {"velocity": torch.zeros(2)}]
)
def test_what_was_kept_of_another_model_is_refused(optimizer: Any, tensors: dict[str, torch.Tensor]) -> None:
    layout = Layout(WEIGHTS)
    with pytest.raises(ValueError, match="what was kept of a lane must be of"):
        optimizer.open(layout, first(layout, 1), [Kept(tensors)])
