"""Probes against finite differences, dense linear algebra and thresholds that theory gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from toy import Toy, trained

import workbench as wb
from workbench import train
from workbench.curve import Curve
from workbench.train.layout import Layout, Weight
from workbench.train.optimizers import SGD, AdamW
from workbench.train.optimizers.value import Controls
from workbench.train.probes.sharpness import extremes, hessian


def curves(toy: Toy, schedules: list[Any], probes: list[Any]) -> dict[tuple[int, str], Curve]:
    """Train a toy; the curve of each lane and name."""
    runs = enumerate(trained(toy, schedules, probes=probes))
    return {(i, name): curve for i, run in runs for name, curve in {**run.parts, "loss": run.curve}.items()}


def test_products_with_the_hessian_are_finite_differences_of_gradients() -> None:
    toy = Toy()
    rows = torch.stack([toy.first(0), toy.first(1)])
    vectors = torch.stack([toy.first(2), toy.first(3)])
    batch, step = toy.batch(0, (0,)), 1e-5
    up, down = (toy.gradients(rows + s * vectors, batch, torch.empty_like(rows))[1] for s in (step, -step))
    torch.testing.assert_close(
        hessian(toy, rows, batch)(vectors), (up - down) / (2 * step), rtol=1e-7, atol=1e-8
    )


def test_lanczos_finds_the_extreme_eigenvalues_of_every_lane() -> None:
    draw = np.random.default_rng(0).normal(size=(3, 60, 60))
    matrices = torch.from_numpy(draw + draw.transpose(0, 2, 1))
    found = extremes(
        lambda v: torch.einsum("lij,lj->li", matrices, v), torch.empty(3, 60, dtype=torch.float64), 60
    )
    torch.testing.assert_close(found, torch.linalg.eigvalsh(matrices), rtol=1e-9, atol=1e-9)
    early = extremes(
        lambda v: torch.einsum("lij,lj->li", matrices, v), torch.empty(3, 60, dtype=torch.float64), 30
    )
    exact = torch.linalg.eigvalsh(matrices)[:, -1]
    assert (early[:, -1] <= exact + 1e-9).all() and (early[:, -1] > 0.99 * exact).all()


def test_lanczos_ends_where_the_directions_do() -> None:
    found = extremes(lambda v: 3 * v, torch.empty(2, 50, dtype=torch.float64), 10)
    torch.testing.assert_close(found[:, -1], torch.full((2,), 3.0, dtype=torch.float64))


def test_sharpness_is_the_largest_eigenvalue_of_the_dense_hessian() -> None:
    toy = Toy()
    found = curves(
        toy, [wb.hold(30, 0.1), wb.hold(30, 0.2)], [train.probes.Sharpness(every=29, iterations=40)]
    )
    batch = toy.batch(0, (0,))
    for lane, rate in enumerate((0.1, 0.2)):
        row = toy.first(0)[None].clone()
        mover = SGD().open(toy.layout, row)
        for t in range(30):
            gradient = toy.gradients(row, toy.batch(t, (0,)), torch.empty_like(row))[1]
            mover.step(row, gradient, Controls(torch.full((1, 1), rate, dtype=torch.float64)), t)
        dense = torch.autograd.functional.hessian(lambda w: toy.losses(w[None], batch)[0], row[0])
        curve = found[lane, "sharpness"]
        assert curve.step.tolist() == [0, 29]
        assert curve.loss[-1] == pytest.approx(float(torch.linalg.eigvalsh(dense)[-1]), rel=1e-9)


@pytest.mark.parametrize(
    ("optimizer", "threshold"),
    [
        (SGD(), 2.0),
        (SGD(momentum=0.9), 2 + 2 * 0.9),
        (SGD(momentum=0.9, nesterov=True), (2 + 2 * 0.9) / (1 + 2 * 0.9)),
        # Where epsilon outweighs the second moment Adam's preconditioner is constant.
        (AdamW(beta1=0.9, eps=1.0, weight_decay=0.0), (2 + 2 * 0.9) / (1 - 0.9)),
    ],
    ids=["gradient descent", "heavy ball", "nesterov", "adam"],
)
def test_a_rate_is_stable_below_the_threshold_over_the_curvature(optimizer: Any, threshold: float) -> None:
    curvature = 0.7
    rates = threshold / curvature * torch.linspace(0.9, 1.1, 41, dtype=torch.float64)[:, None]
    rows = torch.full((41, 1), 1e-9, dtype=torch.float64)
    mover = optimizer.open(Layout((Weight("x", (1,)),), torch.float64), rows)
    for t in range(1500):
        mover.step(rows, curvature * rows, Controls(rates), t)
    # Past the threshold it grows until the second moment holds it, far above where it began.
    stable = rates[(rows.abs() < 1e-9) & rows.isfinite()]
    assert float(stable.max()) * curvature == pytest.approx(threshold, rel=0.05)
    assert len(stable) < 41


@pytest.mark.parametrize(
    ("optimizer", "rate", "edge"),
    [(SGD(), 0.35, 2 / 0.35), (SGD(), 0.5, 2 / 0.5), (SGD(momentum=0.5), 0.6, 3 / 0.6)],
    ids=["0.35", "0.5", "heavy ball"],
)
def test_full_batch_descent_sharpens_up_to_the_edge_of_stability(
    optimizer: Any, rate: float, edge: float
) -> None:
    toy = Toy(width=16, samples=20, fixed=True, scale=0.1, optimizer=optimizer)
    found = curves(toy, [wb.hold(3_500, rate)], [train.probes.Sharpness(every=250, iterations=30)])
    sharpness = found[0, "sharpness"].loss
    assert sharpness[0] < 0.5 * edge
    np.testing.assert_allclose(np.median(sharpness[-8:]), edge, rtol=0.05)


def test_the_noise_scale_is_that_of_a_known_gradient() -> None:
    known = Known(samples=4)
    found = curves(known, [wb.hold(3, 0.0)], [train.probes.Gradients(every=10, batches=1000)])  # type: ignore[arg-type]
    # Gradient 2 on each of 5 weights, noise of variance 9 on each for a sample, 4 samples a batch.
    assert found[0, "gradient norm"].loss[0] == pytest.approx(np.sqrt(20), rel=0.02)
    assert found[0, "noise scale"].loss[0] == pytest.approx(5 * 9 / 20, rel=0.1)


class Known(Toy):
    """Gradients of a known mean and variance."""

    @property
    def layout(self) -> Layout:  # type: ignore[override]
        return Layout((Weight("x", (5,)),), torch.float64)

    def gradients(self, rows: torch.Tensor, batch: torch.Tensor, out: torch.Tensor) -> Any:
        out[:] = 2 + 3 * batch
        return None, out

    def batch(self, step: int, seeds: Any, size: int | None = None) -> torch.Tensor:
        return torch.from_numpy(np.random.default_rng(step).normal(size=(1, 4, 5)).mean(axis=1))

    def measure(self, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": rows.sum(dim=1)}


def test_updates_have_the_norm_and_the_cosine_of_what_was_done() -> None:
    toy = Toy(fixed=True)
    rows = [toy.first(0)[None].clone()]
    for _ in range(12):
        rows.append(
            rows[-1] - 0.3 * toy.gradients(rows[-1], toy.batch(0, (0,)), torch.empty_like(rows[-1]))[1]
        )
    found = curves(toy, [wb.hold(12, 0.3)], [train.probes.Updates(every=5)])
    norm, cosine = found[0, "update norm"], found[0, "update cosine"]
    # The first update has none before it.
    assert norm.step.tolist() == [0, 5, 10, 11] and cosine.step.tolist() == [5, 10, 11]
    for t, value in zip(norm.step.astype(int), norm.loss, strict=True):
        assert value == pytest.approx(float((rows[t + 1] - rows[t]).norm()), rel=1e-12)
    for t, value in zip(cosine.step.astype(int), cosine.loss, strict=True):
        a, b = rows[t + 1] - rows[t], rows[t] - rows[t - 1]
        assert value == pytest.approx(float((a * b).sum() / a.norm() / b.norm()), rel=1e-12)


def test_weight_norms_of_blocks_make_up_the_whole() -> None:
    probe = train.probes.WeightNorms(every=4, blocks=("up", "down", "shift"))
    found = curves(Toy(), [wb.hold(9, 0.1)], [probe])
    parts = sum(found[0, f"weight norm of {block}"].loss ** 2 for block in probe.blocks)
    np.testing.assert_allclose(found[0, "weight norm"].loss ** 2, parts, rtol=1e-12)
    with pytest.raises(
        ValueError, match="blocks must begin names of weights, which are up, down, shift; got 'head'"
    ):
        curves(Toy(), [wb.hold(9, 0.1)], [train.probes.WeightNorms(blocks=("head",))])


def test_a_cooldown_from_here_is_the_fork_that_cools_down() -> None:
    toy, steps = Toy(optimizer=AdamW(clip=1.0)), 10
    trunk = wb.hold(40, 0.05)
    found = curves(toy, [trunk.then(wb.hold(30, 0.05))], [train.probes.Cooldown(every=39, steps=steps)])
    cool = trunk.then(wb.from_array(0.05 * (1 - np.arange(1, steps + 1) / steps)))
    branch = curves(toy, [cool], [])
    river, hill = found[0, "river by cooldown"], found[0, "hill by cooldown"]
    assert river.loss[list(river.step).index(39)] == pytest.approx(branch[0, "loss"].loss[-1], rel=1e-12)
    plain = curves(toy, [trunk.then(wb.hold(30, 0.05))], [])
    np.testing.assert_array_equal(found[0, "loss"].loss, plain[0, "loss"].loss)
    assert np.isfinite(hill.loss).all()


def test_a_cooldown_keeps_what_else_is_planned() -> None:
    toy, steps = Toy(), 10
    trunk, down = wb.hold(40, 0.05), wb.from_array(0.05 * (1 - np.arange(1, steps + 1) / steps))

    def plan(rates: wb.Schedule) -> wb.Plan:
        total = len(rates)
        return wb.Plan(rates, momentum=wb.hold(total, 0.8), batch_size=wb.hold(total, 5))

    probe = train.probes.Cooldown(every=39, steps=steps)
    found = curves(toy, [plan(trunk.then(wb.hold(30, 0.05)))], [probe])
    branch = curves(toy, [plan(trunk.then(down))], [])
    river = found[0, "river by cooldown"]
    assert river.loss[list(river.step).index(39)] == pytest.approx(branch[0, "loss"].loss[-1], rel=1e-12)


def test_the_line_and_the_plane_pass_through_the_models_that_span_them() -> None:
    toy = Toy()
    a, b, c = (toy.first(seed) for seed in range(3))
    at = {name: float(toy.measure(row[None])["loss"]) for name, row in (("a", a), ("b", b), ("c", c))}
    losses = train.probes.line(toy, a, b, [0.0, 0.5, 1.0])
    assert losses[0] == pytest.approx(at["a"]) and losses[-1] == pytest.approx(at["b"])
    assert losses[1] == pytest.approx(float(toy.measure((0.5 * a + 0.5 * b)[None])["loss"]))
    grid = train.probes.plane(toy, a, b, c, [0, 1, 2], [0, 1])
    assert grid.shape == (2, 3)
    assert grid[0, 0] == pytest.approx(at["a"]) and grid[0, 1] == pytest.approx(at["b"])
    assert grid[1, 0] == pytest.approx(at["c"])
    with pytest.raises(ValueError, match="weights must have the shape"):
        train.probes.line(toy, a, b[:-1], [0.0])


@pytest.mark.parametrize("probe", [train.probes.Updates, train.probes.Sharpness, train.probes.Cooldown])
@pytest.mark.parametrize("every", [0, -1, 1.5, None, "often", True])
def test_a_probe_refuses_a_step_that_is_none(probe: Any, every: Any) -> None:
    with pytest.raises(ValueError, match="every must be"):
        probe(every=every)


def test_probes_of_lanes_that_share_are_those_of_lanes_alone() -> None:
    toy = Toy(optimizer=AdamW())
    probes = [train.probes.Updates(every=7), train.probes.Sharpness(every=13), train.probes.WeightNorms()]
    schedules = [wb.hold(30, 0.02).then(wb.hold(20, rate)) for rate in (0.02, 0.01, 0.005)]
    together = curves(toy, schedules, probes)
    for lane, schedule in enumerate(schedules):
        for (_, name), curve in curves(toy, [schedule], probes).items():
            assert together[lane, name].step.tolist() == curve.step.tolist()
            np.testing.assert_allclose(together[lane, name].loss, curve.loss, rtol=1e-10)
