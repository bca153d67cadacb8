"""Warmups, cooldowns and schedules over several budgets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import pytorch_optimizer
from hypothesis import given
from hypothesis import strategies as st
from oracles import sgd
from oracles_budgets import by_pytorch_optimizer
from same import equal, near

import workbench as wb
from workbench.schedules import wsd_branches
from workbench.schedules.cooldown import COOLDOWNS

BUDGETS = st.sets(st.integers(1, 40), min_size=1, max_size=5).map(
    lambda found: tuple(each / max(found) for each in sorted(found))
)


@pytest.mark.parametrize("name", ["constant", "linear", "cosine", "wsd"])
def test_warmups_part_between_their_ends_and_nowhere_else(name: str) -> None:
    lines, cosines, roots = (
        wb.schedules.build({"name": name, "total": 100, "warmup": 0.4, "rise": rise}).array()
        for rise in ("linear", "cosine", "sqrt")
    )
    for other in (cosines, roots):
        equal(lines[[0, *range(40, 100)]], other[[0, *range(40, 100)]])
        assert np.all(np.diff(other[:41]) > 0)
    assert np.all(roots[1:40] < lines[1:40])
    np.testing.assert_allclose((cosines[:41] + cosines[40::-1]) / 2, 0.5e-3, rtol=1e-12)


@pytest.mark.parametrize("life", [0.1, 0.25, 1.0, 3.0])
def test_half_life_halves_until_the_floor_holds(life: float) -> None:
    free, held = (
        wb.schedules.wsd(2000, 1.0, 0, 0.5, "half_life", floor, half_life=life) for floor in (0.0, 0.2)
    )
    later = round(life * 1000)
    rates = free.array()[1000:]
    np.testing.assert_allclose(rates[later:], rates[: len(rates) - later] / 2, rtol=1e-12)
    np.testing.assert_allclose(held.array()[1000:], np.maximum(rates, 0.2), rtol=1e-13)


def test_a_floor_out_of_a_shapes_reach_is_refused_by_name() -> None:
    for shape in ("exp", "inverse_linear"):
        for floor in (0.0, 1e-300):
            with pytest.raises(ValueError, match=r"floor .* 1e-12"):
                wb.schedules.wsd(100, shape=shape, floor=floor)


@pytest.mark.parametrize("shape", ["sqrt", "linear", "square"])
def test_pytorch_optimizer_cools_below_its_floor_and_jumps_back(shape: str) -> None:
    args: dict[str, Any] = {"total": 100, "peak": 1.0, "warmup": 0.0, "decay": 0.5, "shape": shape}
    there = by_pytorch_optimizer({**args, "total": 101, "decay": 50 / 101}, floor=0.3)
    assert there[-1] < 0.3
    beyond = pytorch_optimizer.get_wsd_schedule(sgd(1.0), 0, 51, 50, min_lr_ratio=0.3).lr_lambdas[0]
    assert beyond(101) == 0.3
    ours = wb.schedules.wsd(**args, floor=0.3)
    assert ours.array().min() >= 0.3 and np.all(np.diff(ours.array()) <= 0)


@pytest.mark.parametrize("shape", COOLDOWNS)
@given(warmup=st.floats(0, 0.4), decay=st.floats(0, 0.6), counted=st.sampled_from(("total", "segment")))
def test_one_budget_is_wsd_by_either_way(shape: str, warmup: float, decay: float, counted: str) -> None:
    more: dict[str, Any] = {"total": 300, "warmup": warmup, "decay": decay, "shape": shape, "floor": 0.1}
    plain = wb.schedules.wsd(**more)
    assert wb.schedules.wsd_s(**more, budgets=(1.0,), counted=counted) == plain
    assert wsd_branches(**more, budgets=(1.0,), counted=counted) == (plain,)


@given(BUDGETS, st.floats(0.01, 1), st.sampled_from(("total", "segment")))
def test_every_budget_is_cooled_and_followed_by_the_peak(
    budgets: tuple[float, ...], decay: float, counted: str
) -> None:
    schedule = wb.schedules.wsd_s(1200, 1.0, 0, budgets, decay, counted)
    assert len(schedule) == 1200
    rates = schedule.array()
    before = 0
    for stop in (int(share * 1200 + 0.5) for share in budgets[:-1]):
        assert rates[stop] == 1
        fall = min(int(decay * (stop if counted == "total" else stop - before) + 0.5), stop - before)
        assert np.all(np.diff(rates[stop - fall : stop]) < 0)
        assert np.all(rates[before : stop - fall] == 1)
        before = stop
    flat = wb.schedules.constant(1200, 1.0).array()
    assert rates.sum() < flat.sum()


@given(BUDGETS, st.floats(0.01, 0.9), st.sampled_from(("total", "segment")))
def test_branches_share_their_trunk_and_cost_their_cooldowns(
    budgets: tuple[float, ...], decay: float, counted: str
) -> None:
    branches = wsd_branches(1200, 1.0, 0.01, budgets, decay, counted)
    ends = [int(share * 1200 + 0.5) for share in budgets]
    assert [len(branch) for branch in branches] == ends
    trunk = wb.schedules.constant(1200, 1.0, 0.01)
    for branch, end, before in zip(branches, ends, [0, *ends], strict=False):
        whole = end if counted == "total" else end - before
        fall = min(int(decay * whole + 0.5), end - 12)
        equal(branch.array()[: end - fall], trunk.array()[: end - fall])
        assert sum(span.stop - span.start for span in branch.spans() if span.name == "decay") == fall
        assert branch.phases[-1].landing == pytest.approx(0.1 if fall else 1.0, rel=1e-12)


def test_the_decays_of_the_two_conventions() -> None:
    spans = {
        counted: [
            span.stop - span.start
            for span in wb.schedules.wsd_s(1000, counted=counted, warmup=0).spans()
            if span.name == "decay"
        ]
        for counted in ("total", "segment")
    }
    assert spans == {"total": [25, 50, 100], "segment": [25, 25, 50]}


def test_one_over_the_rate_is_straight_in_an_inverse_linear_cooldown() -> None:
    (branch,) = wsd_branches(100, 1.0, 0.0, (1.0,), 1.0)
    np.testing.assert_allclose(1 / branch.array(), 1 + 9 * np.arange(100) / 100, rtol=1e-12)


@pytest.mark.parametrize(
    "bad", [(), (0.5,), (0.5, 0.4, 1), (0.5, 0.5, 1), (0, 1), (0.5, 1, 1.5), "0.5", 1.0, None]
)
def test_budgets_must_rise_and_end_at_one(bad: Any) -> None:
    for build in (wb.schedules.wsd_s, wb.schedules.cyclic_cosine, wsd_branches):
        with pytest.raises(ValueError, match=r"budgets(\[\d\])? must be"):
            build(100, budgets=bad)


def test_budgets_without_room_are_refused() -> None:
    for build in (wb.schedules.wsd_s, wb.schedules.cyclic_cosine, wsd_branches):
        assert len(build(100, budgets="0.5, 1")) in (100, 2)
        with pytest.raises(ValueError, match="warmup must be at most the first of the budgets"):
            build(100, warmup=0.6, budgets=(0.5, 1))
    with pytest.raises(ValueError, match="budgets must each hold an update"):
        wsd_branches(10, budgets=(0.001, 1), warmup=0)


def test_cyclic_cosine_is_a_cosine_to_each_budget() -> None:
    schedule = wb.schedules.cyclic_cosine(400, warmup=0.05)
    equal(schedule.until(100), wb.schedules.cosine(100, warmup=0.2))
    equal(schedule.after(100).until(100), wb.schedules.cosine(100, warmup=0))
    equal(schedule.after(200), wb.schedules.cosine(200, warmup=0))


@pytest.mark.parametrize("shape", COOLDOWNS)
def test_wsdc_is_wsd_and_its_last_rate(shape: str) -> None:
    equal(
        wb.schedules.wsdc(300, 1.0, 0.1, 0.3, 0.0, shape, 0.2),
        wb.schedules.wsd(300, 1.0, 0.1, 0.3, shape, 0.2),
    )
    long = wb.schedules.wsdc(400, 1.0, 0.075, 0.225, 0.25, shape, 0.2)
    near(long.until(300), wb.schedules.wsd(300, 1.0, 0.1, 0.3, shape, 0.2))
    assert np.all(long.array()[300:] == long.phases[-2].landing)
