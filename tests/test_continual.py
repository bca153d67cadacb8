"""Continued trainings: infinite, re-warmed, reused and cut schedules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from same import equal, near

import workbench as wb
from workbench.schedules import blend_switch


@pytest.mark.parametrize("shape", ["cosine", "rsqrt"])
def test_an_infinite_schedule_is_longer_without_another_past(shape: str) -> None:
    short = wb.schedules.infinite(1000, 1.0, 0.1, 0.5, 0.1, shape=shape)
    more = short.until(900).extend(wb.hold(1000, 1.0)).then(short.after(900))
    equal(more.until(900), short.until(900))
    equal(more.after(1900), short.after(900))
    near(more, wb.schedules.infinite(2000, 1.0, 0.05, 0.25, 0.05, shape=shape))
    branch = more.branch(1500, 100, "exp", floor=0.1 / 0.55, ratio=0.1 / 0.55)
    near(branch, wb.schedules.infinite(1600, 1.0, 0.0625, 0.3125, 0.0625, shape=shape))
    equal(branch.until(900), short.until(900))


@pytest.mark.parametrize("shape", ["cosine", "rsqrt"])
def test_an_infinite_schedule_has_no_jump(shape: str) -> None:
    schedule = wb.schedules.infinite(10_000, 1.0, shape=shape)
    for one, next_ in zip(schedule.phases, schedule.phases[1:], strict=False):
        assert one.landing == pytest.approx(next_.start, rel=1e-12)
    assert schedule.phases[-1].landing == pytest.approx(0.1, rel=1e-12)


def test_infinite_needs_a_floor_below_its_level_and_room() -> None:
    with pytest.raises(ValueError, match="floor must be at most level"):
        wb.schedules.infinite(100, level=0.2, floor=0.3)
    with pytest.raises(ValueError, match=r"warmup \+ cooldown \+ anneal must be at most 1"):
        wb.schedules.infinite(100, cooldown=0.8, anneal=0.3)


def test_a_rewarmed_training_goes_on_from_its_last_rate() -> None:
    first = wb.schedules.cosine(500, 1.0, floor=0.1)
    both = first.then(wb.schedules.rewarm(500, 1.0, start=0.1))
    assert both(499) == pytest.approx(both(500), rel=1e-3)
    assert both(505) == 1
    equal(wb.schedules.rewarm(300, 1.0, 0.1, 0.0, 0.2), wb.schedules.cosine(300, 1.0, 0.1, 0.2))


@pytest.mark.parametrize("total", [10, 1000, 12_345])
def test_the_blend_switches_where_the_cosine_says(total: int) -> None:
    x = math.acos(2 * (0.2 - 0.01) / 0.99 - 1) / math.pi
    schedule = wb.schedules.reuse(total, 3e-5)
    step = blend_switch(schedule)
    assert step == math.ceil(x * total)
    assert schedule(step) <= 0.2 * 3e-5 < schedule(step - 1)


def test_a_blend_that_never_switches_is_refused() -> None:
    with pytest.raises(ValueError, match="share must be reached"):
        blend_switch(wb.schedules.constant(100))
    with pytest.raises(ValueError, match="share must be at least 0 and at most 1"):
        blend_switch(wb.schedules.reuse(100), 2)
    with pytest.raises(ValueError, match="Schedule"):
        blend_switch([1.0, 0.1])  # type: ignore[arg-type]


def test_a_truncated_cosine_is_a_longer_one_cut_and_brought_to_zero() -> None:
    long = wb.schedules.cosine(1500, 1.0, 100 / 1500, 0.1)
    ours = wb.schedules.truncated_cosine(1000, 1.0, 0.1, 1.5, 0.1, 0.2)
    equal(ours.until(800), long.until(800))
    near(ours, long.branch(800, 200))
    equal(
        wb.schedules.truncated_cosine(1000, 1.0, 0.1, 1.0, 0.1, 0.0),
        wb.schedules.cosine(1000, 1.0, 0.1, 0.1),
    )


def test_a_cosine_then_constant_is_a_shorter_cosine_first() -> None:
    ours = wb.schedules.cosine_constant(1000, 1.0, 0.08, 0.2, 0.1)
    equal(ours.until(800), wb.schedules.cosine(800, 1.0, 0.1, 0.1))
    assert np.all(ours.array()[800:] == 0.1)
    equal(wb.schedules.cosine_constant(100, hold=0.0), wb.schedules.cosine(100))
