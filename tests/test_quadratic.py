"""The noisy quadratic against its recursion, its closed form and the mean of its own trainings."""

from __future__ import annotations

import numpy as np
import pytest

import workbench as wb
from workbench import train

SCHEDULES = [
    wb.schedules.wsd(total=10_000, peak=0.8),
    wb.schedules.cosine(total=333, peak=1.5),
    wb.hold(1, 0.3),
    wb.hold(50, 1.0),
    wb.hold(20, 2.2),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_expectation_equals_the_plain_recursion(schedule: wb.Schedule) -> None:
    task = train.tasks.quadratic(modes=70, batch=8)
    h = 1 / np.arange(1, 71)
    moments, losses = np.ones(70), []
    for rate in schedule.array():
        moments = (1 - rate * h) ** 2 * moments + rate**2 * h / 8
        losses.append(0.5 * np.sum(h * moments))
    curve = task.expected(schedule)
    np.testing.assert_allclose(curve.loss, losses, rtol=1e-12)
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


def test_mean_over_seeds_agrees_with_the_expectation() -> None:
    task = train.tasks.quadratic(modes=20, batch=4)
    schedule = wb.schedules.wsd(total=60, peak=0.9)
    losses = np.array([train.train(task, [schedule], seed=seed)[0].curve.loss for seed in range(400)])
    error = losses.std(axis=0, ddof=1) / np.sqrt(len(losses))
    difference = np.abs(losses.mean(axis=0) - task.expected(schedule).loss)
    assert np.all(difference[5:] < 4.5 * error[5:])
    assert np.mean(difference[5:] < 2 * error[5:]) > 0.8


def test_expectation_beyond_every_float_is_infinite_and_not_nan() -> None:
    curve = train.tasks.quadratic(modes=3).expected(wb.hold(10_000, 1e3))
    assert not np.isnan(curve.loss).any() and curve.loss[-1] == np.inf


def test_a_cooldown_lowers_the_expected_loss() -> None:
    task = train.tasks.quadratic(batch=2)
    held, cooled = wb.hold(2000, 0.8), wb.schedules.wsd(total=2000, peak=0.8, warmup=0.0)
    assert task.expected(cooled).loss[-1] < 0.5 * task.expected(held).loss[-1]
