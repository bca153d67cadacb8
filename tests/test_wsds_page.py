"""Several budgets: what each way trains and costs, by hand and by the tree; the law, the page."""

from __future__ import annotations

import numpy as np
import pytest

import workbench as wb
from workbench import defaults, exercises, explore, train
from workbench.explore import budgets_page_drawing as drawing
from workbench.explore import budgets_page_trial as trials
from workbench.explore.budgets_page_predicted import gaps, predicted, told
from workbench.explore.budgets_page_tree import drawing as tree
from workbench.explore.budgets_page_ways import COSINE, CYCLIC, EQUAL, WAYS, WSD, WSDS, Plan, Way, strands


@pytest.fixture(scope="module")
def fit():
    return defaults.load("gpt/0.1M")


def test_costs_by_hand():
    plan = Plan(total=800, count=4, decay=0.1, counted="total", warmup=0.0)
    costs = {way.name: way.updates for way in plan.ways}
    assert costs[WSDS] == costs[CYCLIC] == 800
    # Branches of 10, 20 and 40 updates, each of which has its first update at the peak, as the trunk has.
    assert costs[WSD] == 800 + (10 - 1) + (20 - 1) + (40 - 1)
    # Cosines that begin at one peak have that update in common, and no other.
    assert costs[COSINE] == 100 + 200 + 400 + 800 - 3
    for way in plan.ways:
        assert way.budgets == (100, 200, 400, 800)


@pytest.mark.parametrize("seed", range(6))
def test_the_cost_is_that_of_the_tree_of_a_training(seed):
    rng = np.random.default_rng(seed)
    plan = Plan(
        total=int(rng.integers(100, 900)),
        count=int(rng.integers(1, 5)),
        decay=float(rng.uniform(0.02, 0.9)),
        spacing=str(rng.choice(["doubling", "even"])),
        counted=str(rng.choice(["total", "segment"])),
        shape=str(rng.choice(["linear", "sqrt", "inverse_linear", "lowered_linear"])),
        warmup=float(rng.uniform(0, 0.03)),
        equal=str(rng.choice(EQUAL)),
    )
    for way in plan.ways:
        assert way.updates == train.plan(way.schedules).updates
    whole = Way("all", tuple(schedule for way in plan.ways for schedule in way.schedules))
    assert whole.updates == train.plan(whole.schedules).updates


def test_strands_begin_where_schedules_part():
    trunk = wb.hold(100, 1.0)
    found = strands([trunk.until(30).then(wb.hold(10, 0.5)), trunk, trunk.until(60), wb.hold(20, 0.3)])
    assert [tuple(each) for each in found] == [
        (1, 0, 100, None),
        (2, 60, 60, 1),
        (0, 30, 40, 1),
        (3, 0, 20, None),
    ]


def test_every_model_of_one_run_is_on_its_way():
    plan = Plan(total=1000, count=3)
    for name in (WSDS, CYCLIC):
        *shorter, whole = plan.way(name).schedules
        for schedule in shorter:
            assert schedule == whole.until(len(schedule))
    # WSD-S and WSD are alike up to the first budget, and with one budget altogether.
    assert plan.way(WSD).schedules[0] == plan.way(WSDS).schedules[0]
    alone = Plan(total=1000, count=1)
    np.testing.assert_array_equal(alone.way(WSD).schedules[0].array(), alone.way(WSDS).schedules[0].array())
    rates = plan.way(WSDS).schedules[-1].array()
    assert rates[249] < 0.2 * plan.peak and rates[250] == plan.peak, "it jumps back at once"


@pytest.mark.parametrize("count", [1, 2, 4, 6])
@pytest.mark.parametrize("decay", [0.1, 0.5])
def test_equal_compute_is_equal(count, decay):
    plan = Plan(total=2000, count=count, decay=decay, equal=EQUAL[1])
    for way in plan.ways:
        assert 2000 - 2 * count <= way.updates <= 2000
        assert len(way.schedules) == count
    assert max(plan.way(COSINE).budgets) <= max(plan.way(WSD).budgets) <= 2000
    warm = [way.schedules[-1].array().argmax() for way in plan.ways]
    assert set(warm) == {20}, "the warmup has as many updates in every way"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Plan(total=10), "total must be at least 40"),
        (lambda: Plan(total=40, count=6), "total must leave each of 6 budgets 2 updates"),
        (lambda: Plan(count=0), "count must be"),
        (lambda: Plan(decay=0.0), "decay must be"),
        (lambda: Plan(spacing="tripling"), "spacing must be one of"),
        (lambda: Plan(peak=float("nan")), "peak must be"),
        (lambda: Plan(count=6, warmup=0.1), "warmup must be at most the first of the budgets"),
        (lambda: Plan(equal="the same money"), "equal must be one of"),
        (lambda: Plan().way("WSDS"), "way must be one of"),
        (lambda: Plan().cosines(0.0), "factor must be greater than 0"),
        (lambda: trials.Contest(Plan(), "gtp"), "the contest's tasks"),
        (lambda: trials.Contest(Plan(), seeds=0), "seeds must be"),
        (lambda: explore.wsds(budgets=3), "wsds"),
        (lambda: explore.wsds(count=7), "count must be"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_is_said_is_the_law_at_the_end_of_each_schedule(fit):
    plan = Plan(total=1200, count=4)
    for way in plan.ways:
        said = predicted(fit, way)
        for k, schedule in enumerate(way.schedules):
            if len(schedule) <= fit.burn_in:
                assert np.isnan(said.loss[k])
                continue
            whole = fit.predict(schedule)
            assert said.loss[k] == pytest.approx(whole.loss[-1], rel=1e-3)
            assert said.low[k] < said.loss[k] < said.high[k]
    assert np.isnan(predicted(fit, plan.way(WSD)).loss[0]) and "empty" in str(explore.wsds(total=1200).table)


def test_the_drawing_has_every_model_and_every_cost():
    plan = Plan(total=1600, count=4)
    svg = tree(plan.ways).svg
    assert svg.count("<circle") == 16 and svg.count("<path") == 4
    for way in plan.ways:
        assert f">{way.updates:,}<" in svg and f"{way.name}: {way.updates:,} updates" in repr(tree(plan.ways))


@pytest.fixture(scope="module")
def outcome():
    plan = Plan(total=200, count=3, peak=60.0, warmup=0.0)
    return trials.outcome(trials.Contest(plan, "bigram", 3, (1.0, 2.0)))


def test_a_model_of_one_run_is_what_its_schedule_gives_alone(outcome):
    contest = outcome.contest
    for name in (WSD, WSDS, CYCLIC):
        for k in (0, 2):
            schedule = contest.plan.way(name).schedules[k]
            run = train.train(contest.trial.task, [schedule], seed=1)[0]
            assert outcome.losses(name)[k, 1] == pytest.approx(run.final_loss, rel=1e-9)


def test_the_tuned_cosine_is_the_best_peak_at_each_budget(outcome):
    every = np.stack([outcome.losses(way.name).mean(axis=1) for way in outcome.contest.cosines])
    np.testing.assert_allclose(outcome.losses(trials.TUNED).mean(axis=1), every.min(axis=0))
    assert outcome.best_peaks() == tuple(60.0 * (1.0, 2.0)[i] for i in every.argmin(axis=0))
    costs = outcome.contest.costs()
    assert costs[trials.TUNED] == 2 * outcome.contest.plan.way(COSINE).updates


def test_gaps_are_paired_by_seed(outcome):
    from scipy.stats import ttest_rel

    gap = outcome.against_cosine(WSD)[2]
    interval = ttest_rel(outcome.losses(WSD)[2], outcome.losses(trials.TUNED)[2]).confidence_interval(0.95)
    assert gap[1:] == pytest.approx((interval.low, interval.high))
    table = outcome.table()
    assert [row["way"] for row in table.rows] == [*WAYS[:3], trials.TUNED] and "±" in str(table)
    assert [row["way"] for row in outcome.gaps().rows] == list(WAYS[:3])
    assert len(trials.figure(outcome).data) == 3


@pytest.fixture(scope="module")
def page():
    return explore.wsds(total=800, count=3)


def test_a_slider_moves_costs_and_losses(page):
    before = page.said[WSDS].loss.copy()
    page.controls["decay"].value = 0.4
    assert page.plan.decay == 0.4 and not np.array_equal(page.said[WSDS].loss, before, equal_nan=True)
    dots = page.budgets.lines[WSDS]
    np.testing.assert_allclose(dots.y, page.said[WSDS].loss[np.isfinite(page.said[WSDS].loss)])
    assert f"{page.plan.way(WSD).updates:,}" in page.figure.summary and "<svg" in page.cost.value
    page.controls["equal"].value = EQUAL[1]
    assert max(page.plan.way(COSINE).budgets) < 800


def test_what_cannot_be_is_said_and_the_last_picture_stays(page):
    page.controls["spacing"].value = "doubling"
    page.controls["count"].value = 6
    page.controls["warmup"].value = 0.1
    assert "warmup must be at most" in page.problem.value
    kept = page.figure.lines.keys()
    page.controls["warmup"].value = 0.01
    assert not page.problem.value and page.figure.lines.keys() >= {WSD + " dots"} and kept


def test_random_moves_are_all_answered(page):
    rng = np.random.default_rng(2)
    for _ in range(30):
        each = page.controls[str(rng.choice(list(page.controls)))]
        if hasattr(each, "options"):
            options = [o[1] if isinstance(o, tuple) else o for o in each.options]
            each.value = options[rng.integers(len(options))]
        else:
            each.value = rng.uniform(each.min, each.max)
        for figure in (page.figure, page.budgets):
            assert all(np.all(np.isfinite(line.y)) for line in figure.lines.values())
            assert all(panel["yRange"][0] < panel["yRange"][1] for panel in figure._panels)
    assert len(page.table.rows) == 4


def test_the_readers_figure_shows_every_way(fit):
    plan = Plan(total=1600, count=3)
    said = {way.name: predicted(fit, way) for way in plan.ways}
    made = drawing.figure(plan, said, "law")
    assert [each.name for each in made.data] == list(WAYS)


def test_exercises_are_computed_and_right():
    tree_of_five, rates, longest = (one.answer() for one in exercises.get("wsds"))
    assert tree_of_five == 3200 + sum(n // 10 - 1 for n in (200, 400, 800, 1600))
    # A linear cooldown of n updates has the mean 1 - 0.9 (n - 1) / (2 n) of the peak.
    lost = sum(0.45 * (n - 1) for n in (50, 50, 100, 200))
    assert rates == pytest.approx(100 * (1 - lost / 4000))
    assert longest == max(Plan(equal=EQUAL[1]).way(WSD).budgets)
    assert exercises.get("wsds")[0].check("3,500").startswith("Right"), "counted by hand it is right, too"
    for one in exercises.get("wsds"):
        assert one.check(one.answer()).startswith("Right") and not one.check(1.0).startswith("Right")


def test_gaps_are_the_laws_differences(fit):
    plan = Plan(total=1600, count=3)
    found = gaps(fit, plan)
    assert set(found) == set(WAYS) - {COSINE}
    for name, gap in found.items():
        for k, one in enumerate(plan.way(name).schedules):
            alone = fit.difference(one, plan.way(COSINE).schedules[k])
            assert (gap.loss[k], gap.low[k], gap.high[k]) == (alone.mean, alone.low, alone.high)
            both = predicted(fit, plan.way(name)).loss[k] - predicted(fit, plan.way(COSINE)).loss[k]
            assert gap.loss[k] == pytest.approx(both, abs=2e-3)
    assert "of 9 gaps" in told(found)
    assert "says nothing" in told(gaps(fit, Plan(total=100, count=2)))
