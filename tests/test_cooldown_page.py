"""Cooldowns: bias and variance against simulation and closed forms, the bigram's theory, the page."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import workbench as wb
from workbench import exercises, explore, train
from workbench.explore import cooldowns_drawing as drawing
from workbench.explore import cooldowns_figures as figures
from workbench.explore import cooldowns_lanes as lanes_of
from workbench.explore import cooldowns_noise as noise
from workbench.explore import cooldowns_theory as theory
from workbench.explore import cooldowns_trial as trials
from workbench.explore.cooldowns_race import Race
from workbench.explore.cooldowns_shapes import COLORS, Curves
from workbench.schedules.cooldown import COOLDOWNS


def one_by_one(h, first, batch, rates):
    """The recursion of one weight at a time, update for update."""
    bias = variance = 0.0
    for curvature, mean in zip(h, np.sqrt(first), strict=True):
        v = 0.0
        for rate in rates:
            a = 1 - rate * curvature
            mean, v = a * mean, a * a * v + rate**2 * curvature / batch
        bias, variance = bias + 0.5 * curvature * mean**2, variance + 0.5 * curvature * v
    return bias, variance


@pytest.fixture(scope="module")
def problem():
    return noise.power_law(6, 1.5, 8.0, start=0.3)


@pytest.mark.parametrize("total", [1, 2, 63, 64, 65, 200])
def test_split_is_the_recursion_of_every_weight(problem, total):
    rng = np.random.default_rng(total)
    rates = rng.uniform(0, 1.6, (3, total))
    found = noise.split(problem, rates)
    for k in range(3):
        bias, variance = one_by_one(problem.h, problem.first, problem.batch, rates[k])
        assert found.bias[k, -1] == pytest.approx(bias, rel=1e-10)
        assert found.variance[k, -1] == pytest.approx(variance, rel=1e-10)
    assert found.step[-1] == total and np.all(np.diff(found.step) > 0)


def test_every_kept_point_is_the_end_of_its_prefix(problem):
    rates = np.linspace(1.2, 0.1, 150)
    found = noise.split(problem, rates)
    for j in (0, 7, len(found.step) - 2):
        part = noise.split(problem, rates[: int(found.step[j])])
        assert found.loss[0, j] == pytest.approx(part.loss[0, -1], rel=1e-10)


def test_a_schedule_may_be_followed_in_two_parts(problem):
    rates = np.linspace(1.0, 0.0, 90)
    whole, first = noise.split(problem, rates), noise.split(problem, rates[:37])
    rest = noise.split(problem, rates[37:], first.last)
    np.testing.assert_allclose(rest.last.variance, whole.last.variance, rtol=1e-10)
    np.testing.assert_allclose(rest.last.bias, whole.last.bias, rtol=1e-10)


def test_the_sum_is_the_expected_loss_of_the_task(problem):
    task = train.tasks.quadratic(modes=6, batch=8, exponent=1.5, start=0.3)
    schedule = wb.schedules.wsd(300, 0.9, warmup=0.1, decay=0.3)
    expected = task.expected(schedule).loss
    assert noise.split(problem, schedule.array()).loss[0, -1] == pytest.approx(expected[-1], rel=1e-9)


def test_bias_and_variance_are_those_of_many_trainings():
    problem = noise.power_law(3, 1.0, 4.0)
    schedule = wb.schedules.wsd(40, 0.8, warmup=0.0, decay=0.5, shape="linear")
    rng, count = np.random.default_rng(0), 20_000
    theta = np.ones((count, 3))
    for rate in schedule.array():
        theta -= rate * (problem.h * theta + np.sqrt(problem.h / 4) * rng.standard_normal(theta.shape))
    found = noise.split(problem, schedule.array())
    mean, spread = theta.mean(axis=0), theta.var(axis=0)
    # Five standard errors of what is estimated from so many trainings.
    errors = 5 * np.sqrt(spread / count)
    assert np.all(np.abs(np.abs(mean) - np.sqrt(found.last.bias[0])) < errors)
    np.testing.assert_allclose(spread, found.last.variance[0], rtol=5 * math.sqrt(2 / count))
    loss = 0.5 * (theta**2 @ problem.h)
    assert abs(loss.mean() - found.loss[0, -1]) < 5 * loss.std() / math.sqrt(count)


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0, 1.9])
def test_a_constant_rate_has_a_closed_form(rate):
    problem = noise.power_law(5, 1.0, 2.0)
    state = noise.constant(problem, rate, [1, 50])
    for j, n in enumerate((1, 50)):
        found = noise.split(problem, np.full(n, rate))
        np.testing.assert_allclose(state.bias[j], found.last.bias[0], rtol=1e-10, atol=1e-300)
        np.testing.assert_allclose(state.variance[j], found.last.variance[0], rtol=1e-10)
    # For ever: the stationary variance is rate / (batch (2 - rate h)).
    if rate:
        last = noise.constant(problem, rate, 100_000).variance[0]
        np.testing.assert_allclose(last, rate / (2.0 * (2 - rate * problem.h)), rtol=1e-9)


def test_less_noise_scales_the_variance_alone():
    rates = np.linspace(0.9, 0, 60)
    one, four = (noise.split(noise.power_law(8, 1.0, batch), rates) for batch in (1.0, 4.0))
    np.testing.assert_allclose(one.variance, 4 * four.variance, rtol=1e-12)
    np.testing.assert_allclose(one.bias, four.bias, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: noise.power_law(0), "modes must be"),
        (lambda: noise.power_law(4, batch=0.0), "batch must be greater than 0"),
        (lambda: noise.Quadratic(np.array([1.0, -1.0]), np.ones(2), 1.0), "h must be finite and greater"),
        (lambda: noise.Quadratic(np.ones(2), np.array([1.0, np.nan]), 1.0), "first must be finite"),
        (lambda: noise.Quadratic(np.ones(2), np.ones(3), 1.0), "arrays of one length"),
        (lambda: noise.split(noise.power_law(2), [0.1, -0.1]), "rates must be finite"),
        (lambda: noise.split(noise.power_law(2), [0.1, np.nan]), "rates must be finite"),
        (lambda: noise.split(noise.power_law(2), []), "rates must have the shape"),
        (lambda: Curves(noise.power_law(2), peak=2.0), "peak must be"),
        (lambda: Curves(noise.power_law(2), decay=1.5), "decay must be"),
        (lambda: Curves(noise.power_law(2), total=1), "total must be"),
        (lambda: Curves(noise.power_law(2), floor=1.5), "floor must be"),
        (lambda: trials.Trial("gtp", {"a": wb.hold(5, 1.0)}), "the trial's tasks"),
        (lambda: trials.Trial("bigram", {}), "lanes must be one or more"),
        (lambda: trials.Trial("bigram", {"a": wb.hold(5, 1.0)}, seeds=0), "seeds must be"),
        (lambda: trials.Trial("bigram", {"a": wb.hold(5, 1.0)}, against="b"), "the trial's lanes"),
        (lambda: lanes_of.shapes(100, 1.0, names=("exp",)), "need no floor"),
        (lambda: lanes_of.shapes(100, 1.0, decay=0.0), "decay must be"),
        (lambda: explore.cooldown(shap="sqrt"), "cooldown"),
        (lambda: explore.cooldown(shape="sqare"), "shape must be one of"),
        (lambda: explore.cooldown(peak=2.5), "peak must be"),
        (lambda: explore.cooldown(total=1e9), "total must be"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_all_registered_shapes_are_compared():
    curves = Curves(noise.power_law(16, 1.5), 300, 0.5, 0.3)
    assert {row["shape"] for row in curves.table.rows} == {*COOLDOWNS, "none: the rate stays"}
    assert set(COLORS) == set(COOLDOWNS) and len(set(COLORS.values())) == len(COOLDOWNS)
    for i, shape in enumerate(COOLDOWNS):
        whole = np.concatenate([np.full(210, 0.5), curves.schedule(shape, 90).array()])
        alone = noise.split(curves.problem, whole)
        assert curves.cooled.bias[i, -1] == pytest.approx(alone.bias[0, -1], rel=1e-9)
        assert curves.cooled.variance[i, -1] == pytest.approx(alone.variance[0, -1], rel=1e-9)


def test_what_stays_high_for_longer_has_less_bias_and_more_variance():
    found = Curves(noise.power_law(48, 1.5), 1000, 0.5, 0.2).cooled
    end = {shape: (found.bias[i, -1], found.variance[i, -1]) for i, shape in enumerate(COOLDOWNS)}
    order = ("square", "linear", "power", "sqrt")
    for high, low in zip(order, order[1:], strict=False):
        assert end[high][0] < end[low][0] and end[high][1] > end[low][1]


def test_lengths_are_the_curves_at_those_lengths():
    curves = Curves(noise.power_law(12, 1.5), 200, 0.5, 0.2)
    for j in (0, 5, len(curves.lengths.count) - 1):
        n = int(curves.lengths.count[j])
        other = replace(curves, decay=n / 200)
        assert other.falling == n
        np.testing.assert_allclose(curves.lengths.loss[:, j], other.cooled.loss[:, -1], rtol=1e-9)


def test_the_bigrams_closed_form_says_what_is_measured():
    """Differences between cooldowns to a fifth of their range, levels to 2 %: no constant is fitted."""
    lanes = lanes_of.shapes(2000, 60.0, names=("linear", "sqrt", "square", "half_life"))
    trial = trials.Trial("bigram", lanes, 3, against="linear")
    measured = trial.measure()
    seen = {lane: measured.difference(lane).mean for lane in lanes}
    said = {lane: trial.said[lane] - trial.said["linear"] for lane in lanes}
    spread = seen["square"] - seen["half_life"]
    assert spread > 0
    for lane in ("sqrt", "square", "half_life"):
        assert abs(seen[lane] - said[lane]) < 0.2 * spread
        assert measured.losses(lane).mean() == pytest.approx(trial.said[lane], rel=0.03)
    # The river is the bias: what has the larger sum of rates has less of it.
    river = [measured.losses(lane, "river").mean() for lane in ("none", "square", "linear", "sqrt")]
    assert river == sorted(river)
    row = next(row for row in measured.table().rows if row["lane"] == "sqrt")
    assert row["said before"] == trial.said["sqrt"] and row["low"] < row["loss"] < row["high"]


def test_the_closed_form_has_no_noise_without_a_rate_and_says_what_it_needs():
    task = train.tasks.bigram()
    slow = theory.bigram(task, [wb.schedules.constant(1000, 1e-7, warmup=0.0)])
    assert slow.hill[0] + slow.river[0] + slow.entropy == pytest.approx(math.log(64), rel=1e-3)
    with pytest.raises(ValueError, match="concentration must be 0"):
        theory.bigram(train.tasks.bigram(concentration=1.0), [wb.hold(5, 1.0)])


def test_intervals_are_students():
    from scipy.stats import ttest_1samp

    values = np.random.default_rng(3).normal(size=7)
    low, high = ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert trials.interval(values)[1:] == pytest.approx((low, high))
    alone = trials.interval(np.array([2.0]))
    assert alone.mean == 2.0 and math.isnan(alone.low)


def test_the_cost_is_known_before_by_hand():
    lanes = lanes_of.shapes(1000, 1.0, decay=0.2)
    trial = trials.Trial("bigram", lanes, 2)
    # Seven of eight shapes and the lane that stays have their first update at the peak in common.
    assert trial.tree.updates == 2 * (800 + 9 * 200 - 7)
    lanes = lanes_of.lengths(1000, 1.0, (0.1, 0.5))
    assert trials.Trial("bigram", lanes, 1).tree.updates == 1000 + (100 - 1) + (500 - 1)


def test_a_plan_of_beta2_changes_it_in_the_cooldown_alone():
    plans = lanes_of.beta2s(100, 0.1, decay=0.3)
    for value, plan in zip(lanes_of.BETA2, plans.values(), strict=True):
        assert set(plan.beta2.array()[:70]) == {0.95} and set(plan.beta2.array()[70:]) == {value}
        assert plan.learning_rate == plans["beta2 0.95"].learning_rate
    measured = trials.Trial("bigram", lanes_of.beta2s(60, 3e-2), 2, adam=True, against="beta2 0.95").measure()
    assert measured.difference("beta2 0.95").mean == 0 != measured.difference("beta2 0.9").mean


@pytest.fixture(scope="module")
def page():
    return explore.cooldown(total=300)


def test_a_slider_moves_every_part(page):
    before = {key: line.y.copy() for key, line in page.figure.lines.items()}
    page.controls["decay"].value = 0.4
    lines = page.figure.lines
    assert all(not np.array_equal(lines[f"sqrt {k}"].y, before[f"sqrt {k}"]) for k in range(4))
    bias, variance, loss = (lines[f"sqrt {k}"].y for k in (1, 2, 3))
    np.testing.assert_allclose(bias + variance, loss)
    assert lines["sqrt 3"].width > lines["linear 3"].width
    page.controls["shape"].value = "linear"
    assert page.figure.lines["linear 3"].width > page.figure.lines["sqrt 3"].width
    assert page.across.lines["bias"].label == "linear bias"


def test_lengths_are_not_kept_where_something_else_has_moved(page):
    page.controls["decay"].value = 0.3
    kept = page.curves.lengths
    page.controls["decay"].value = 0.2
    assert page.curves.lengths is kept
    page.controls["batch"].value = next(v for _, v in page.controls["batch"].options if v > 100)
    fresh = Curves(page.curves.problem, **{n: getattr(page.curves, n) for n in ("total", "peak", "decay")})
    np.testing.assert_allclose(page.curves.lengths.loss, fresh.lengths.loss)


def test_random_moves_are_all_answered(page):
    rng = np.random.default_rng(1)
    for _ in range(40):
        name = str(rng.choice(list(page.controls)))
        each = page.controls[name]
        if hasattr(each, "options"):
            options = [o[1] if isinstance(o, tuple) else o for o in each.options]
            each.value = options[rng.integers(len(options))]
        else:
            each.value = rng.uniform(each.min, each.max)
        page.log.value = bool(rng.integers(2))
        for figure in (page.figure, page.across):
            for line in figure.lines.values():
                assert np.all(np.isfinite(line.y)) and np.all(line.y >= 0)
        assert all(panel["yRange"][0] < panel["yRange"][1] for panel in page.figure._panels)
        assert str(page.controls["shape"].value) in page.figure.summary
        assert len(page.table.rows) == len(COOLDOWNS) + 1


def test_axes_hold_what_they_show():
    assert drawing.span(np.zeros(3), log=False) == [0.0, 1.0]
    low, high = drawing.span(np.array([0.0, 1e-12, 1.0]), log=True)
    assert 0 < low < high


def test_figures_are_made_before_and_after_a_measurement(page):
    curves = Curves(noise.power_law(16, 1.5), 200)
    assert len(figures.trade(curves).data) == len(COOLDOWNS) + 3
    assert figures.heat(curves).data[0].z.shape == (len(COOLDOWNS), len(curves.lengths.count))
    trial = trials.Trial("bigram", lanes_of.shapes(60, 60.0, names=("linear", "sqrt")), 2, against="linear")
    race = Race(trial, "test")
    assert not race.measured.runs and "Nothing is measured" in race.table.title
    said = figures.differences(race.measured)
    assert [len(each.x) for each in said.data] == [0, 2]
    race.train(wait=True)
    assert set(race.measured.runs) == set(trial.lanes) and len(race.table.rows) == 3
    drawn = figures.differences(race.measured).data[0]
    assert dict(zip(drawn.y, drawn.x, strict=True))["sqrt"] == race.measured.difference("sqrt").mean


def test_exercises_are_computed_and_right():
    best, share, step = (one.answer() for one in exercises.get("cooldown"))
    lengths = Curves(noise.power_law(48, 1.5), 1000, 0.5).lengths
    assert abs(best - 100 * lengths.best["linear"].share(1000)) <= 10
    curve = dict(zip(lengths.count, lengths.loss[COOLDOWNS.index("linear")], strict=True))
    assert max(curve[400], curve[500]) < 1.02 * min(curve.values()), "the minimum is flat, as is explained"
    lanes = [s for name, s in lanes_of.shapes(4000, 1.0).items() if name != lanes_of.STAY]
    assert share == pytest.approx(100 * train.plan(lanes).cost, abs=0.1)
    assert step == pytest.approx(0.618, abs=1e-3)
    for one in exercises.get("cooldown"):
        assert one.check(one.answer()).startswith("Right") and not one.check(1e6).startswith("Right")
