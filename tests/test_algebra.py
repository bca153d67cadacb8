"""Operations on schedules beyond joining and cutting, against their definitions on arrays of rates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from test_schedule import JUNK, RATES, SCHEDULES, same

import workbench as wb


def begins_whole(phase: wb.Phase) -> bool:
    """Whether the updates of a phase are whole numbers: t + first has then no rounding."""
    inner = [value for value in phase.args.values() if isinstance(value, wb.Phase)]
    return phase.first == int(phase.first) and all(begins_whole(each) for each in inner)


@given(SCHEDULES, st.data())
def test_after_is_what_until_leaves(s: wb.Schedule, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, len(s) - 1))
    rest = s.after(k).array()
    np.testing.assert_allclose(rest, s.array()[k:], rtol=1e-11, atol=1e-12 * s.peak)
    if all(begins_whole(phase) for phase in s.phases):
        np.testing.assert_array_equal(rest, s.array()[k:])
    j = data.draw(st.integers(0, len(s) - 1 - k))
    again = s.after(k).after(j)
    assert [(p.name, p.steps, p.shape) for p in again.phases] == [
        (p.name, p.steps, p.shape) for p in s.after(k + j).phases
    ]
    np.testing.assert_allclose(again.array(), rest[j:], rtol=1e-11, atol=1e-12 * s.peak)
    if k:
        np.testing.assert_array_equal(s.until(k).then(s.after(k)).array()[k:], rest)
    assert same(wb.Schedule.from_json(s.after(k).to_json()), s.after(k))


@given(SCHEDULES, st.integers(2, 5))
def test_a_whole_stretch_passes_through_every_old_rate(s: wb.Schedule, factor: int) -> None:
    longer = s.stretch(factor * len(s))
    assert len(longer) == factor * len(s)
    np.testing.assert_allclose(longer.array()[::factor], s.array(), rtol=1e-12, atol=1e-12 * s.peak)
    assert [span.start for span in longer.spans()] == [factor * span.start for span in s.spans()]
    back = longer.stretch(len(s))
    np.testing.assert_allclose(back.array(), s.array(), rtol=1e-11, atol=1e-11 * s.peak)


@given(SCHEDULES, st.integers(1, 300))
def test_any_stretch_has_its_length_and_range(s: wb.Schedule, total: int) -> None:
    other = s.stretch(total)
    assert len(other) == total
    assert s.stretch(len(s)) is s
    if all(phase.shape in ("linear", "cosine", "points") for phase in s.phases):
        ends = [rate for phase in s.phases for rate in (phase.start, phase.end, *phase.args.get("rate", ()))]
        assert min(ends) * (1 - 1e-12) <= other.array().min() and other.peak <= max(ends) * (1 + 1e-12)


@given(SCHEDULES, st.floats(0, 1))
def test_a_floor_is_applied_once_and_evenly(s: wb.Schedule, floor: float) -> None:
    rates = s.array()
    want = floor * s.peak + (1 - floor) * rates
    np.testing.assert_allclose(s.with_floor(floor).array(), want, rtol=1e-12, atol=1e-13 * s.peak)
    assert s.with_floor(floor).peak == pytest.approx(s.peak, rel=1e-12)
    assert s.with_floor(0) is s


@given(SCHEDULES, st.data())
def test_a_restart_keeps_the_past_and_the_length(s: wb.Schedule, data: st.DataObject) -> None:
    assume(len(s) > 1)
    k = data.draw(st.integers(1, len(s) - 1))
    again = data.draw(st.integers(0, len(s) - 1))
    t = s.restart_at(k, again)
    assert len(t) == len(s)
    np.testing.assert_array_equal(t.array()[:k], s.array()[:k])
    assert same(t.after(k), s.after(again).stretch(len(s) - k))


def test_a_restarted_cosine_is_sgdr() -> None:
    whole = wb.schedules.cosine(total=100, peak=1.0, warmup=0, floor=0)
    np.testing.assert_allclose(
        whole.restart_at(50).array()[50:], (1 + np.cos(np.pi * np.arange(50) / 50)) / 2, atol=1e-15
    )


@given(SCHEDULES, SCHEDULES, st.integers(1, 30))
def test_an_extension_begins_where_the_schedule_ends(a: wb.Schedule, b: wb.Schedule, n: int) -> None:
    rewarmed = a.extend(b, rewarm=n)
    assert len(rewarmed) == len(a) + n + len(b)
    np.testing.assert_array_equal(rewarmed.array()[: len(a)], a.array())
    line = np.linspace(a(len(a) - 1), b(0), n + 1)[:-1]
    np.testing.assert_allclose(rewarmed.array()[len(a) : len(a) + n], line, rtol=1e-12, atol=1e-13 * a.peak)
    np.testing.assert_array_equal(rewarmed.array()[len(a) + n :], b.array())
    last, first = a(len(a) - 1), b(0)
    if last == 0 or first == 0:
        with pytest.raises(ValueError, match="rewarm"):
            a.extend(b)
        return
    assume(1e-12 < last / first < 1e6)
    whole = a.extend(b)
    assert whole(len(a)) == pytest.approx(last, rel=1e-12)
    np.testing.assert_allclose(
        whole.array()[len(a) :], b.array() * (last / first), rtol=1e-12, atol=1e-13 * b.peak * last / first
    )


@given(SCHEDULES, st.data(), st.floats(0, 1))
def test_branches_share_their_trunk(s: wb.Schedule, data: st.DataObject, floor: float) -> None:
    k, n = data.draw(st.integers(1, len(s))), data.draw(st.integers(1, 40))
    branch = s.branch(k, n, "sqrt", floor)
    top = s(k)
    x = np.arange(n) / n
    np.testing.assert_array_equal(branch.array()[:k], s.array()[:k])
    want = top * (floor + (1 - floor) * (1 - np.sqrt(x)))
    np.testing.assert_allclose(branch.array()[k:], want, rtol=1e-12, atol=1e-13 * top)


@given(SCHEDULES, SCHEDULES)
def test_a_product_is_pointwise(a: wb.Schedule, b: wb.Schedule) -> None:
    n = min(len(a), len(b))
    a, b = a.until(n), b.until(n)
    both = a * b
    np.testing.assert_allclose(both.array(), a.array() * b.array(), rtol=1e-12, atol=1e-13 * a.peak * b.peak)
    assert same(wb.Schedule.from_yaml(both.to_yaml()), both)
    ends = {span.stop for span in (*a.spans(), *b.spans())}
    assert {span.stop for span in both.spans()} == ends
    np.testing.assert_allclose((b * a).array(), both.array(), rtol=1e-12, atol=1e-13 * a.peak * b.peak)


@given(SCHEDULES, st.integers(1, 60))
def test_a_moving_average_is_the_mean_of_the_last_rates(s: wb.Schedule, window: int) -> None:
    rates = s.array()
    want = [rates[max(0, t + 1 - window) : t + 1].mean() for t in range(len(s))]
    got = s.moving_average(window)
    np.testing.assert_allclose(got.array(), want, rtol=1e-12, atol=1e-13 * s.peak)
    assert len(got) == len(s)


@given(st.lists(RATES | st.sampled_from((0.0, 1.0, 2.0)), min_size=1, max_size=60))
def test_any_array_is_a_schedule_with_those_rates(rates: list[float]) -> None:
    s = wb.from_array(rates)
    np.testing.assert_allclose(s.array(), rates, rtol=1e-12, atol=1e-14 * max(rates))
    assert same(wb.Schedule.from_json(s.to_json()), s)


def test_straight_arrays_are_kept_as_few_points() -> None:
    rates = np.concatenate([np.linspace(0, 1, 500), np.full(500, 1.0)])
    assert len(wb.from_array(rates).phases[0].args["u"]) <= 6
    s = wb.from_function(lambda t: 1e-3 * np.minimum(1, t / 50) * np.exp(-t / 400), 1000)
    t = np.arange(1000)
    np.testing.assert_allclose(s.array(), 1e-3 * np.minimum(1, t / 50) * np.exp(-t / 400), rtol=1e-13)
    assert wb.from_function(lambda t: 0.1, 10) == wb.from_array([0.1] * 10)


def test_a_million_rates_survive_a_short_window() -> None:
    rates = np.concatenate([np.full(999_000, 1.0), np.full(1000, 1e-6)])
    average = wb.from_array(rates).moving_average(10)
    assert average(999_999) == pytest.approx(1e-6, rel=1e-3)


def test_bad_arguments_are_refused_by_name() -> None:
    s = wb.ramp(10, 0.5, 1.0)
    calls: list[tuple[str, Any]] = [
        ("step of after", s.after),
        ("total", s.stretch),
        ("floor", s.with_floor),
        ("step of restart_at", s.restart_at),
        ("step of after", lambda v: s.restart_at(5, v)),
        ("extend", s.extend),
        ("rewarm", lambda v: s.extend(s, v)),
        ("step of branch", lambda v: s.branch(v, 5)),
        ("steps", lambda v: s.branch(5, v)),
        ("shape", lambda v: s.branch(5, 5, v)),
        ("floor", lambda v: s.branch(5, 5, floor=v)),
        ("window", s.moving_average),
        ("total", lambda v: wb.from_function(lambda t: t, v)),
    ]
    for name, call in calls:
        for value in (*JUNK, -2.5, 1e300):
            with pytest.raises(ValueError, match=name) as caught:
                call(value)
            assert len(str(caught.value)) < 300
    for rates in ([], [[1.0]], [-1.0], [float("nan")], [1e13], None, "x", [object()], [10**400]):
        with pytest.raises(ValueError, match="rates"):
            wb.from_array(rates)
    with pytest.raises(ValueError, match="10 rates"):
        wb.from_function(lambda t: t[:3], 10)
    with pytest.raises(ValueError, match="one length; got 10 and 3 steps"):
        s * wb.hold(3, 1.0)
    with pytest.raises(ValueError, match="factor"):
        s * "x"  # type: ignore[operator]
    with pytest.raises(ValueError, match="p"):
        s.branch(5, 5, "power")
