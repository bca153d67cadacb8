"""The noisy quadratic against its recursion, its closed form and the mean of its own trainings."""

from __future__ import annotations

import numpy as np
import pytest

import workbench as wb
from workbench import train
from workbench.train.optimizers import SGD

SCHEDULES = [
    wb.schedules.wsd(total=10_000, peak=0.8),
    wb.schedules.cosine(total=333, peak=1.5),
    wb.hold(1, 0.3),
    wb.hold(50, 1.0),
    wb.hold(20, 2.2),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
@pytest.mark.parametrize(
    "task",
    [
        train.tasks.quadratic(modes=70, batch=8),
        train.tasks.quadratic(modes=70, exponent=0.6, start=0.5, preconditioner=0.3),
    ],
    ids=["published", "preconditioned"],
)
def test_expectation_equals_the_plain_recursion(task: train.tasks.quadratic, schedule: wb.Schedule) -> None:
    i = np.arange(1.0, task.modes + 1)
    h = i**-task.exponent
    p = h**-task.preconditioner
    moments, losses = i**-task.start, []
    for rate in schedule.array():
        moments = (1 - rate * p * h) ** 2 * moments + (rate * p) ** 2 * h / task.batch
        losses.append(0.5 * np.sum(h * moments))
    curve = task.expected(schedule)
    np.testing.assert_allclose(curve.loss, losses, rtol=1e-11)
    assert curve.step.tolist() == list(range(len(schedule)))


def test_expectation_at_a_constant_rate_has_the_published_closed_form() -> None:
    rate, batch, modes = 0.7, 4, 30
    h = 1 / np.arange(1, modes + 1)
    shrink = (1 - rate * h) ** 2
    rest = rate**2 * (h / batch) / (1 - shrink)
    k = np.arange(1, 2001)[:, None]
    loss = 0.5 * (rest + shrink**k * (1 - rest)) @ h
    curve = train.tasks.quadratic(modes=modes, batch=batch).expected(wb.hold(2000, rate))
    np.testing.assert_allclose(curve.loss, loss, rtol=1e-12)


def test_with_momentum_and_without_noise_the_expectation_is_heavy_ball_itself() -> None:
    # A huge batch leaves the deterministic iteration, which needs no expectation.
    task, rates = train.tasks.quadratic(modes=5, batch=1_000_000), wb.schedules.cosine(200, 0.6).array()
    h, theta, v, losses = 1 / np.arange(1, 6), np.ones(5), np.zeros(5), []
    for rate in rates:
        v = 0.9 * v + h * theta
        theta = theta - rate * v
        losses.append(0.5 * np.sum(h * theta**2))
    loss = task.expected(wb.schedules.cosine(200, 0.6), momentum=0.9).loss
    np.testing.assert_allclose(loss, losses, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("momentum", [0.0, 0.8])
@pytest.mark.parametrize(
    "change", [{}, {"preconditioner": 0.5, "start": 1.0}], ids=["plain", "preconditioned"]
)
def test_mean_over_seeds_agrees_with_the_expectation(change: dict[str, float], momentum: float) -> None:
    task = train.tasks.quadratic(modes=20, batch=4, **change)
    schedule = wb.schedules.wsd(total=60, peak=0.9 * (1 - momentum), warmup=0.0)
    runs = train.train(task, [schedule], seed=range(400), optimizer=SGD(momentum=momentum), device="cpu")
    losses = np.array([run.curve.loss for run in runs])
    error = losses.std(axis=0, ddof=1) / np.sqrt(len(losses))
    z = (losses.mean(axis=0) - task.expected(schedule, momentum).loss) / error
    assert np.all(np.abs(z) < 4) and np.abs(z).max() > 0


def test_expectation_beyond_every_float_is_infinite_and_not_nan() -> None:
    for momentum in (0.0, 0.9):
        curve = train.tasks.quadratic(modes=3).expected(wb.hold(10_000, 1e3), momentum)
        assert not np.isnan(curve.loss).any() and curve.loss[-1] == np.inf


def test_a_cooldown_lowers_the_expected_loss() -> None:
    task = train.tasks.quadratic(batch=2)
    held, cooled = wb.hold(2000, 0.8), wb.schedules.wsd(total=2000, peak=0.8, warmup=0.0)
    assert task.expected(cooled).loss[-1] < 0.5 * task.expected(held).loss[-1]


def test_a_momentum_of_one_is_refused() -> None:
    for bad in (1.0, -0.1, float("nan"), "0.9"):
        with pytest.raises(ValueError, match="momentum must be"):
            train.tasks.quadratic().expected(wb.hold(3, 0.1), momentum=bad)  # type: ignore[arg-type]
