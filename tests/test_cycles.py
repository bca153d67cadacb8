"""Restarts, waves and one cycle: what holds between them, and where other libraries are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import pytorch_optimizer
from hypothesis import given
from hypothesis import strategies as st
from oracles import sgd, stepped
from same import equal, near
from torch.optim import lr_scheduler as lrs

import workbench as wb


@given(st.integers(1, 3000), st.integers(1, 16), st.floats(1, 10), st.floats(0, 0.5))
def test_ends_of_cycles_do_not_drift(total: int, cycles: int, growth: float, warmup: float) -> None:
    schedule = wb.schedules.sgdr(total, 1.0, warmup, cycles, growth)
    spans = [span for span in schedule.spans() if span.name == "decay"]
    rise = int(warmup * total + 0.5)
    sums = np.cumsum(growth ** np.arange(cycles))
    exact = rise + (total - rise) * sums / sums[-1]
    ours = np.array([span.stop for span in spans])
    assert np.all(np.abs(ours[:, None] - exact[None, :]).min(axis=1) <= 0.5 + 1e-6)
    assert total - rise < 1 or ours[-1] == total


@given(st.integers(1, 50), st.integers(1, 4), st.integers(1, 5))
def test_cycles_that_divide_are_exact(first: int, growth: int, cycles: int) -> None:
    total = first * sum(growth**i for i in range(cycles))
    spans = wb.schedules.sgdr(total, cycles=cycles, growth=growth).spans()
    assert [span.stop - span.start for span in spans] == [first * growth**i for i in range(cycles)]


def test_one_cycle_of_sgdr_is_a_cosine_and_every_restart_has_its_peak() -> None:
    equal(
        wb.schedules.sgdr(100, 0.3, 0.1, cycles=1, floor=0.2),
        wb.schedules.cosine(100, 0.3, 0.1, floor=0.2),
    )
    schedule = wb.schedules.sgdr(700, 0.3, cycles=3, growth=2, gamma=0.5, floor=0.3)
    assert [schedule(t) for t in (0, 100, 300)] == pytest.approx([0.3, 0.15, 0.09], rel=1e-15)


def test_warmups_that_leave_no_room_are_refused() -> None:
    with pytest.raises(ValueError, match=r"rewarm must be at most 1"):
        wb.schedules.sgdr(100, warmup=0.5, cycles=4, rewarm=0.2)


def test_torch_misses_restarts_when_told_the_epoch() -> None:
    """CosineAnnealingWarmRestarts.step(epoch) takes a logarithm whose rounding puts it at the cycle's end."""
    wrong = []
    for cycle in range(1, 7):
        optimizer = sgd(1.0)
        scheduler = lrs.CosineAnnealingWarmRestarts(optimizer, 1, 3)
        restart = (3**cycle - 1) // 2
        scheduler.step(restart)
        assert wb.schedules.sgdr(1093, 1.0, cycles=7, growth=3)(restart) == 1
        wrong.append(scheduler.get_last_lr()[0] < 0.5)
    assert any(wrong) and not all(wrong)


def test_pytorch_optimizer_begins_at_the_floor_without_a_warmup() -> None:
    """Its first update has the lowest rate of all; from the second on it is right."""
    there = stepped(
        {"peak": 1.0, "total": 30},
        pytorch_optimizer.CosineAnnealingWarmupRestarts,
        first_cycle_steps=10,
        cycle_mult=2.0,
        max_lr=1.0,
        min_lr=0.1,
        gamma=1.0,
    )
    ours = wb.schedules.sgdr(30, 1.0, cycles=2, growth=2, floor=0.1).array()
    assert there[0] == 0.1 and ours[0] == 1
    np.testing.assert_allclose(there[1:], ours[1:], rtol=1e-12)


@pytest.mark.parametrize(("first", "growth"), [(10, 2), (7, 3), (20, 1)])
def test_cycles_of_one_run_end_where_its_budgets_do(first: int, growth: int) -> None:
    ends = np.cumsum([first * growth**i for i in range(4)])
    schedule = wb.schedules.multiplicative_cyclic(int(ends[-1]), 1.0, 4, growth, warmup=0.2)
    falls = [span.stop for span in schedule.spans() if span.name == "decay"]
    assert falls == ends.tolist()
    bare = wb.schedules.multiplicative_cyclic(int(ends[-1]), 1.0, 4, growth, 0.0, "cosine")
    equal(bare, wb.schedules.sgdr(int(ends[-1]), 1.0, cycles=4, growth=growth))


def test_triangles_have_their_period_and_their_heights() -> None:
    plain = wb.schedules.clr(800, 1.0, 0.2, 4).array()
    equal(plain[:200], plain[200:400])
    assert np.argmax(plain) == 100 and plain[100] == 1
    halved = wb.schedules.clr(800, 1.0, 0.2, 4, "triangular2")
    assert [halved(100 + 200 * c) for c in range(4)] == pytest.approx([1, 0.6, 0.4, 0.3], rel=1e-14)


@pytest.mark.parametrize("total", [801, 1000, 4003])
def test_exp_range_looks_the_same_at_every_length(total: int) -> None:
    ours = wb.schedules.clr(total, 1.0, 0.0, 1, "exp_range", 0.01)
    u = np.arange(total) / total
    up = ours.spans()[0].stop / total
    wave = np.where(u < up, u / up, (1 - u) / (1 - up))
    np.testing.assert_allclose(ours.array(), wave * 0.01**u, rtol=1e-12, atol=1e-15)
    near(wb.schedules.clr(total, mode="exp_range", height=1.0), wb.schedules.clr(total))


def test_a_range_test_has_equal_ratios_or_equal_differences() -> None:
    rates = wb.schedules.range_test(100, 2.0, 1e-4).array()
    np.testing.assert_allclose(rates[1:] / rates[:-1], 1e4 ** (1 / 99), rtol=1e-12)
    rates = wb.schedules.range_test(100, 2.0, 1e-4, "linear").array()
    np.testing.assert_allclose(np.diff(rates), 2 * (1 - 1e-4) / 99, rtol=1e-9)


@pytest.mark.parametrize("shape", ["cosine", "linear"])
@pytest.mark.parametrize("phases", [2, 3])
def test_the_momentum_is_low_where_the_rate_is_high(shape: str, phases: int) -> None:
    more: dict[str, Any] = {"total": 200, "warmup": 0.3, "shape": shape, "phases": phases}
    rate, momentum = wb.schedules.one_cycle(**more), wb.schedules.one_cycle_momentum(**more)
    assert np.argmax(rate.array()) == np.argmin(momentum.array()) == 59
    turn = 118 if phases == 3 else 199
    assert np.all(np.diff(rate.array()[:turn]) * np.diff(momentum.array()[:turn]) <= 0)
    if phases == 3:
        np.testing.assert_allclose(rate.array()[: turn + 1], rate.array()[turn::-1], rtol=1e-12)
        assert np.all(momentum.array()[turn:] == 0.95)


def test_a_cycle_without_room_for_its_mirror_and_a_low_above_the_high_are_refused() -> None:
    for build in (wb.schedules.one_cycle, wb.schedules.one_cycle_momentum):
        with pytest.raises(ValueError, match=r"warmup must be at most 0\.5"):
            build(100, warmup=0.6, phases=3)
    with pytest.raises(ValueError, match="low must be at most high"):
        wb.schedules.one_cycle_momentum(100, high=0.5)


def test_the_largest_recipes_stay_small() -> None:
    odd: dict[str, Any] = {"total": 9_999_989, "peak": 1.2345678901234567e-05}
    budgets = tuple((i + 0.12345678912345678) / 8.3 for i in range(7)) + (1.0,)
    share = 0.012345678901234567
    largest = [
        wb.schedules.sgdr(
            **odd, warmup=share, cycles=16, growth=1.05, gamma=0.951234, floor=1e-3, rewarm=share
        ),
        wb.schedules.clr(
            **odd, base=0.12345678901234567, cycles=10, mode="exp_range", height=0.1234567890123456
        ),
        wb.schedules.multiplicative_cyclic(**odd, cycles=12, growth=1.234567, warmup=share, floor=share),
        wb.schedules.wsd_s(
            **odd, budgets=budgets, decay=share, shape="half_life", half_life=0.12345678901234567
        ),
    ]
    for schedule in largest:
        assert len(schedule.to_json()) < 4000
