"""Valley, non-smooth toy, power-law regression and perceptron against what is known of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import workbench as wb
from workbench import train
from workbench.train.optimizers.value import Controls

T = train.tasks
CPU = torch.device("cpu")


@pytest.mark.parametrize("projection", ["top", "random"])
def test_power_law_mean_over_seeds_agrees_with_the_expectation(projection: str) -> None:
    # Far from the limit of stability, near which a few seeds would make up the mean.
    task = T.power_law(features=15, inputs=40, batch=6, projection=projection)
    schedule = wb.schedules.wsd(total=60, peak=0.3, warmup=0.0)
    runs = train.train(task, [schedule], seed=range(400), device="cpu")
    losses = np.array([run.curve.loss for run in runs])
    error = losses.std(axis=0, ddof=1) / np.sqrt(len(losses))
    z = (losses.mean(axis=0) - task.expected(schedule).loss) / error
    assert np.all(np.abs(z) < 4)
    np.testing.assert_allclose(runs[0].curve.loss - runs[0].parts["excess"].loss, task.floor)


def test_power_law_spectra_are_those_asked_for() -> None:
    task = T.power_law(features=50, inputs=50, capacity=2.0, source=0.7, noise=0.0)
    j = np.arange(1.0, 51)
    np.testing.assert_allclose(task.spectrum.variance, j**-2.0)
    np.testing.assert_allclose(task.spectrum.variance * task.spectrum.best**2, j ** (-1 - 1.4))
    assert task.floor == 0
    fewer = T.power_law(features=20, inputs=50, capacity=2.0, source=0.7, noise=0.3)
    assert fewer.floor == pytest.approx(0.5 * (np.sum(j[20:] ** -2.4) + 0.09))


def test_random_features_leave_what_least_squares_leaves() -> None:
    task = T.power_law(features=10, inputs=30, projection="random", noise=0.2)
    full = T.power_law(features=30, inputs=30, noise=0.2)
    mixture = np.random.default_rng([10, 30]).standard_normal((10, 30))
    # Least squares on the population: weigh each input by its deviation.
    root = np.sqrt(full.spectrum.variance)
    target = root * full.spectrum.best
    solved = np.linalg.lstsq((mixture * root).T, target, rcond=None)[0]
    rest = np.sum((target - (mixture * root).T @ solved) ** 2)
    assert task.floor == pytest.approx(0.5 * (rest + 0.04), rel=1e-10)
    # From nothing, the loss is half the variance of the labels.
    start = 0.5 * np.sum(task.spectrum.variance * task.spectrum.best**2) + task.floor
    assert start == pytest.approx(0.5 * (np.sum(target**2) + 0.04), rel=1e-10)


def test_power_law_falls_with_the_sum_of_rates_to_the_source() -> None:
    task = T.power_law(features=4000, inputs=4000, capacity=2.0, source=0.5, noise=0.0, batch=100_000 // 10)
    loss = task.expected(wb.hold(3_000, 0.2)).loss
    slope = np.log(loss[2999] / loss[299]) / np.log(10)
    assert slope == pytest.approx(-0.5, abs=0.05)


def test_power_law_floor_is_proportional_to_rate_over_batch() -> None:
    def rest(rate: float, batch: int) -> float:
        task = T.power_law(features=5, inputs=5, capacity=1.0, batch=batch)
        return task.expected(wb.hold(int(400 / rate), rate)).loss[-1] - task.floor

    base = rest(0.02, 16)
    assert rest(0.01, 16) == pytest.approx(base / 2, rel=0.05)
    assert rest(0.02, 64) == pytest.approx(base / 4, rel=0.05)


def test_power_law_expectation_beyond_every_float_is_infinite_and_not_nan() -> None:
    loss = T.power_law(batch=1).expected(wb.hold(3_000, 50.0).then(wb.hold(10, 0.0))).loss
    assert not np.isnan(loss).any() and loss[-1] == np.inf


def test_convex_is_the_published_problem() -> None:
    # The published picture shows the goal and the ends of all paths within these limits.
    problem = T.convex().problem(CPU)
    x, y = problem.goal[0].tolist()
    assert 1.21 < x < 1.25 and 4.75 < y < 4.9
    assert problem.measure(problem.goal)["loss"].item() == 0
    assert problem.measure(torch.zeros(1, 2).double())["distance"].item() == pytest.approx(5.0)


def published(rates: np.ndarray) -> dict[str, list[float]]:
    """Subgradient descent on the published problem, plainly, with what was measured after each update."""
    torch.random.manual_seed(0)
    x = 2 * torch.rand(20, 2) - 1
    goal = torch.randn(1, 2)
    goal *= 5.0 / torch.linalg.norm(goal)
    x, goal = x.double(), goal.double()
    w, out = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True), []
    kept: dict[str, list[float]] = {"loss": [], "gradient": [], "distance": []}
    for rate in [*rates.tolist(), 0.0]:
        loss = torch.max(torch.abs(x @ w.T - x @ goal.T))
        (g,) = torch.autograd.grad(loss, w)
        out.append((loss.item(), torch.linalg.norm(g).item(), torch.linalg.norm(w - goal).item()))
        with torch.no_grad():
            w -= rate * g
    for row in out[1:]:
        for name, value in zip(kept, row, strict=True):
            kept[name].append(value)
    return kept


def test_convex_goes_the_way_of_the_published_script() -> None:
    schedules = [
        wb.schedules.wsd(400, 0.02, warmup=0.0, decay=0.2),
        wb.hold(400, 0.02),
        wb.schedules.cosine(400, 0.04, warmup=0.0, floor=0.0),
    ]
    with torch.random.fork_rng():
        known = [published(s.array()) for s in schedules]
    runs = train.train(T.convex(measurements=1000), schedules, device="cpu")
    for run, values in zip(runs, known, strict=True):
        assert len(run.curve) == 400
        parts = {"loss": run.curve, **run.parts}
        for name, wanted in values.items():
            np.testing.assert_allclose(parts[name].loss, wanted, rtol=1e-9, atol=1e-9)
    wsd, held, cosine = (run.final_loss for run in runs)
    assert wsd < 0.1 * held and cosine < 0.1 * held


def test_valley_parts_are_a_path_and_its_loss() -> None:
    task = T.valley(curvature=20.0, width=0.7, bends=1.3, slope=0.2, length=6.0)
    (run,) = train.train(task, [wb.schedules.wsd(2_000, 0.02)], device="cpu")
    x, y = run.parts["x"].loss, run.parts["y"].loss
    np.testing.assert_allclose(run.parts["hill"].loss, 10 * (y - 0.7 * np.sin(1.3 * x)) ** 2, atol=1e-12)
    np.testing.assert_allclose(run.parts["river"].loss, 0.1 * (x - 6) ** 2, atol=1e-12)
    np.testing.assert_allclose(run.parts["river"].loss + run.parts["hill"].loss, run.curve.loss, atol=1e-12)


def test_valley_river_depends_on_the_sum_of_rates_and_its_hill_on_the_rate() -> None:
    # A straight river: each direction is then a linear equation with known ends.
    task = T.valley(width=0.0, noise=2.0, slope=0.1, length=10.0)
    pair = [wb.hold(1_000, 0.02), wb.hold(4_000, 0.005)]
    runs = train.train(task, pair, seed=range(20), device="cpu")
    for first, rate, total in ((0, 0.02, 1_000), (20, 0.005, 4_000)):
        lanes = runs[first : first + 20]
        assert lanes[0].parts["x"].loss[-1] == pytest.approx(10 * (1 - (1 - 0.1 * rate) ** total), rel=1e-9)
        late = np.mean([run.parts["hill"].loss[run.curve.step > total / 2].mean() for run in lanes])
        assert late == pytest.approx(2.0**2 * rate / 4 / (1 - 30 * rate / 2), rel=0.1)


def test_on_a_plane_the_river_goes_at_the_pace_of_the_rate() -> None:
    task = T.valley(width=0.0, bed="plane", slope=0.3)
    (run,) = train.train(task, [wb.schedules.cosine(500, 0.02)], device="cpu")
    rates = wb.schedules.cosine(500, 0.02).array()
    steps = run.curve.step.astype(int)
    np.testing.assert_allclose(run.parts["x"].loss, 0.3 * np.cumsum(rates)[steps], rtol=1e-10)


def test_perceptron_learns_its_teacher_and_never_beats_the_noise() -> None:
    task = T.mlp(inputs=4, width=32, noise=0.3)
    (run,) = train.train(task, [wb.schedules.wsd(800, 0.01)], device="cpu")
    assert run.final_loss < 0.05 * (run.curve.loss[0] - 0.09) + 0.09
    assert np.all(run.curve.loss > 0.09)
    assert run.parts["train"].loss[-200:].mean() == pytest.approx(run.final_loss, rel=0.2)


def moved(width: int, *, mup: bool) -> float:
    """How far four updates at one small rate move the loss of a batch that they do not see."""
    task = T.mlp(width=width, depth=3, mup=mup, batch=32)
    problem = task.problem(CPU)
    rows, unseen = problem.first(0)[None], problem.batch(100, (0,))
    before = problem.losses(rows, unseen).item()
    mover, out = task.optimizer.open(problem.layout, rows), torch.empty_like(rows)
    for t in range(4):
        _, gradient = problem.gradients(rows, problem.batch(t, (0,)), out)
        mover.step(rows, gradient, Controls(torch.full((1, 1), 1e-5)), t)
    return abs(problem.losses(rows, unseen).item() - before)


def test_with_mup_one_rate_moves_every_width_about_as_far() -> None:
    narrow, wide = (moved(width, mup=True) for width in (64, 1024))
    assert 0.1 * narrow < wide < narrow
    assert moved(1024, mup=False) > 10 * moved(64, mup=False)
    plain, scaled = (T.mlp(width=64, mup=mup).problem(CPU) for mup in (False, True))
    assert torch.equal(plain.first(1), scaled.first(1)) and plain.layout == scaled.layout


@pytest.mark.parametrize(
    ("name", "change", "argument"),
    [
        ("power_law", {"features": 20, "inputs": 10}, "features must be at most inputs"),
        ("power_law", {"features": 4096, "inputs": 100_000, "projection": "random"}, "features times inputs"),
        ("power_law", {"features": 4096, "inputs": 5000, "batch": 100_000}, "features times batch"),
        ("convex", {"dimension": 10_000, "samples": 100_000}, "dimension times samples"),
        ("valley", {"bed": "canyon"}, "bed must be"),
        ("mlp", {"mup": 1}, "mup must be"),
    ],
)
def test_fields_that_do_not_fit_together_are_refused(
    name: str, change: dict[str, Any], argument: str
) -> None:
    with pytest.raises(ValueError, match=argument):
        T.build({"name": name, **change})


def test_every_task_has_a_size_for_each_machine() -> None:
    for name in T.names():
        small, large = (T.preset(name, machine) for machine in ("cpu", "gpu"))
        assert type(small.task).__name__ == type(large.task).__name__ == name
        assert (small.task, small.total) != (large.task, large.total) and small.total <= large.total


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match="machine must be one of cpu, gpu"):
        T.preset("bigram", "tpu")
    with pytest.raises(ValueError, match="task must be one of"):
        T.preset("bert")
