"""Of every small task: lanes are runs, gradients are gradients, batches depend on seed and step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import workbench as wb
from workbench import train
from workbench.train.optimizers.value import Sparse

T = train.tasks
CPU = torch.device("cpu")
TASKS = [
    T.quadratic(modes=30),
    T.quadratic(modes=7, exponent=1.5, start=0.5, preconditioner=0.5),
    T.valley(),
    T.valley(bed="plane", bends=2.0),
    T.convex(noise=0.1),
    T.convex(dimension=5, samples=40, noise=0.1),
    T.power_law(features=20, inputs=60, batch=5),
    T.power_law(features=20, inputs=60, projection="random"),
    T.bigram(contexts=30, vocab=9, batch=12, precision="float64"),
    T.bigram(contexts=6, vocab=9, batch=12, concentration=1.0, precision="float64"),
    T.mlp(inputs=5, width=12, depth=3, batch=8, precision="float64"),
    T.mlp(inputs=5, width=24, mup=True, batch=8, precision="float64"),
    T.bigram_transformer(vocab=12, width=16, context=5, batch=4, precision="float64"),
]
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)


def dense(gradient: Tensor | Sparse, shape: torch.Size, width: int) -> Tensor:
    """A gradient (lanes, n_params), written out."""
    if isinstance(gradient, Tensor):
        return gradient.clone()
    out = torch.zeros(shape, dtype=gradient.values.dtype)
    for table, index, values in zip(
        out.view(shape[0], -1, width), gradient.index.expand(shape[0], -1), gradient.values, strict=True
    ):
        table[index] = values
    return out


def near_the_start(problem: Any, lanes: int) -> Tensor:
    """Different rows, each a little off its first weights."""
    draw = torch.Generator().manual_seed(1)
    first = torch.stack([problem.first(seed) for seed in range(lanes)])
    return first + 0.1 * torch.randn(first.shape, generator=draw, dtype=first.dtype)


def test_every_small_task_is_tried_here() -> None:
    assert {type(task).__name__ for task in TASKS} == set(T.names()) - {"gpt"}


@each_task
def test_lanes_are_separate_runs_to_the_bit(task: Any) -> None:
    s = [wb.schedules.wsd(total=30, peak=f * task.suggested_peak, warmup=0.2) for f in (0.4, 0.7, 1.0)]
    together = train.train(task, s, seed=[5, 6], device="cpu")
    alone = [train.train(task, [each], seed=seed, device="cpu")[0] for each in s for seed in (5, 6)]
    for a, b in zip(together, alone, strict=True):
        assert a.curve == b.curve and dict(a.parts) == dict(b.parts)
    assert together[0].curve != together[1].curve and together[0].curve != together[2].curve


@pytest.mark.parametrize("name", ["bigram", "mlp", "bigram_transformer"])
def test_lanes_are_separate_runs_in_single_precision(name: str) -> None:
    task = T.build({"name": name, "batch": 8, "precision": "float32"})
    s = [wb.hold(12, f * task.suggested_peak) for f in (0.3, 1.0)]
    together = train.train(task, s, seed=[0, 1], device="cpu")
    alone = [train.train(task, [each], seed=seed, device="cpu")[0] for each in s for seed in (0, 1)]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.curve.loss, b.curve.loss, atol=1e-5)


@each_task
def test_gradients_are_those_of_the_losses(task: Any) -> None:
    problem = task.problem(CPU)
    rows, batch = near_the_start(problem, 3), problem.batch(4, (0, 1, 2))
    _, gradient = problem.gradients(rows, batch, torch.full_like(rows, torch.nan))
    written = dense(gradient, rows.shape, problem.layout.weights[0].shape[-1])
    leaf = rows.clone().requires_grad_()
    (by_torch,) = torch.autograd.grad(problem.losses(leaf, batch).sum(), leaf)
    torch.testing.assert_close(written, by_torch, rtol=1e-10, atol=1e-13)
    draw, step = torch.Generator().manual_seed(2), 1e-6
    for _ in range(5):
        way = torch.randn(rows.shape, generator=draw, dtype=rows.dtype)
        with torch.no_grad():
            up, down = (problem.losses(rows + sign * step * way, batch) for sign in (1, -1))
        torch.testing.assert_close((up - down) / (2 * step), (written * way).sum(1), rtol=1e-5, atol=1e-6)


@each_task
def test_lanes_of_one_seed_share_a_batch(task: Any) -> None:
    problem = task.problem(CPU)
    rows = near_the_start(problem, 2)
    losses = problem.losses(rows, problem.batch(9, (3,)))
    torch.testing.assert_close(losses, problem.losses(rows, problem.batch(9, (3, 3))), rtol=0, atol=0)


@each_task
def test_any_step_can_be_reached_directly(task: Any) -> None:
    one, other = task.problem(CPU), task.problem(CPU)
    rows = near_the_start(one, 2)
    steps = [0, 1, 2, 300, 5000]
    forward = [one.losses(rows, one.batch(t, (4, 9))) for t in steps]
    back = [other.losses(rows, other.batch(t, (4, 9))) for t in reversed(steps)][::-1]
    for a, b in zip(forward, back, strict=True):
        assert torch.equal(a, b)
    assert len({tuple(each.tolist()) for each in forward}) == len(steps)


@each_task
def test_a_batch_size_of_its_own_holds_for_a_step_alone(task: Any) -> None:
    problem = task.problem(CPU)
    rows = near_the_start(problem, 1)
    usual = problem.losses(rows, problem.batch(8, (0,)))
    larger = problem.losses(rows, problem.batch(8, (0,), 37))
    assert torch.isfinite(larger).all() and not torch.equal(larger, usual)
    assert torch.equal(problem.losses(rows, problem.batch(8, (0,))), usual)
    own = getattr(task, "batch", 1)
    assert torch.equal(problem.losses(rows, problem.batch(8, (0,), own)), usual)


@each_task
def test_a_larger_batch_has_less_noise(task: Any) -> None:
    problem = task.problem(CPU)
    row = near_the_start(problem, 1)

    def spread(size: int) -> float:
        kept = []
        for step in range(40):
            _, g = problem.gradients(row, problem.batch(step, (0,), size), torch.empty_like(row))
            kept.append(dense(g, row.shape, problem.layout.weights[0].shape[-1]))
        return torch.cat(kept).var(dim=0).sum().item()

    assert spread(64) == pytest.approx(spread(4) / 16, rel=0.5)


@each_task
def test_measurement_starts_where_the_weights_do(task: Any) -> None:
    problem = task.problem(CPU)
    parts = problem.measure(torch.stack([problem.first(0), problem.first(1)]))
    assert all(values.shape == (2,) and torch.isfinite(values).all() for values in parts.values())
    assert 0 < parts["loss"][0] < problem.ceiling or type(task).__name__ == "valley"
    assert (
        np.isfinite(problem.flops)
        and problem.at_once >= 1
        and problem.layout.n_params == len(problem.first(0))
    )


@pytest.mark.gpu
@each_task
def test_on_a_gpu_a_run_is_that_of_a_cpu(task: Any) -> None:
    s = [wb.schedules.wsd(total=50, peak=f * task.suggested_peak, warmup=0.2) for f in (0.5, 1.0)]
    here, there = (train.train(task, s, seed=[0, 1], device=device) for device in ("cpu", "cuda"))
    for a, b in zip(here, there, strict=True):
        np.testing.assert_allclose(b.curve.loss, a.curve.loss, rtol=1e-8, atol=1e-8)
