"""Cooldowns, peaks, moved deadlines and several budgets, against closed forms and brute force."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from test_design import PEAK, TOTAL, WARMUP, exact, published
from test_design_laws import LAWS

import workbench as wb
from workbench.views import convex_bound


@pytest.fixture(scope="module")
def fit() -> wb.Fit:
    return published("100M")


def rows(table: wb.design.Table, **wanted: object) -> list[dict]:
    return [dict(row) for row in table.rows if all(row[key] == value for key, value in wanted.items())]


def test_cooldown_rows_are_the_losses_of_those_schedules(fit: wb.Fit) -> None:
    found = wb.design.cooldown(fit, TOTAL, warmup=WARMUP, shares=(0.1, 0.4), shapes=("linear", "sqrt"))
    assert len(found.table) == 6
    for row in rows(found.table):
        s = wb.schedules.wsd(TOTAL, PEAK, WARMUP, row["share"], shape=row["shape"])
        assert row["loss"] == pytest.approx(exact(s.array()), abs=5e-5)
        assert row["low"] <= row["behind the best"] <= row["high"]
    assert min(row["behind the best"] for row in rows(found.table)) == 0
    best = min(rows(found.table), key=lambda row: row["loss"])
    assert found.best == wb.schedules.wsd(TOTAL, PEAK, WARMUP, best["share"], shape=best["shape"])
    assert best["shape"] in found.words and "<table>" in found._repr_html_()


def test_tuned_share_is_the_best_of_all_shares(fit: wb.Fit) -> None:
    found = wb.design.cooldown(fit, TOTAL, warmup=WARMUP, shares=(0.1,), shapes=("linear",))
    (own,) = rows(found.table, tuned=True)
    brute = [
        exact(wb.schedules.wsd(TOTAL, PEAK, WARMUP, share, shape="linear").array())
        for share in np.linspace(0.02, 0.9, 60)
    ]
    assert own["loss"] < min(brute) + 3e-5


def test_convex_theory_alone_wants_the_longest_linear_cooldown() -> None:
    found = wb.design.cooldown(None, 4_000, warmup=0, shapes=("linear",), shares=(0.2, 0.5))
    assert [row["share"] for row in rows(found.table)][-1] == 1.0
    # formulas of arXiv 2501.18965 for T = 4,000, exact to the digits given.
    assert rows(found.table, share=0.2)[0]["bound"] == pytest.approx(0.034211524, abs=2e-6)
    assert rows(found.table, share=1.0)[0]["bound"] == pytest.approx(0.031651893, abs=2e-6)


@pytest.mark.parametrize(
    ("share", "shape", "log_ratio"),
    [(0.8, "linear", 0.1835), (0.5, "linear", 0.4217), (0.2, "linear", 0.6652), (0.05, "linear", 0.8569),
     (0.5, "sqrt", 0.6993), (0.2, "sqrt", 1.0098)],
)  # fmt: skip
def test_peak_moves_as_the_paper_tabulates(share: float, shape: str, log_ratio: float) -> None:
    """ln gamma*(1) - ln gamma*(c) between a cooldown over all and over a share c of 6,400 updates."""

    def build(peak: float, share: float = share) -> wb.Schedule:
        # Their cooldown is one step down at its first update.
        n = int(6_400 * share)
        x = np.arange(1, n + 1) / (n + 1) if share < 1 else np.arange(n) / n
        fall = 1 - x if shape == "linear" else 1 - np.sqrt(x)
        return wb.from_array(peak * np.concatenate([np.ones(6_400 - n), fall]))

    found = wb.design.best_peak(None, build, tuned=build(1e-3, 1.0))
    assert math.log(1e-3 / found.best.peak) == pytest.approx(log_ratio, abs=2e-3)
    assert f"{found.best.peak:.3g}" in found.words


def test_transferred_peak_is_where_the_bound_is_smallest() -> None:
    tuned = wb.schedules.linear(1_000, convex_bound(wb.schedules.linear(1_000, 1.0, 0)).gamma, 0)
    found = wb.design.best_peak(None, lambda peak: wb.schedules.wsd(1_000, peak), tuned=tuned)
    values = [convex_bound(wb.schedules.wsd(1_000, found.best.peak * k)).value for k in (0.97, 1, 1.03)]
    assert values[1] < min(values[0], values[2])


def test_a_law_that_does_not_carry_over_is_refused(fit: wb.Fit) -> None:
    with pytest.raises(ValueError, match="cannot tell one peak from another"):
        wb.design.best_peak(fit, lambda peak: wb.schedules.wsd(TOTAL, peak))
    with pytest.raises(ValueError, match="tuned must be a Schedule"):
        wb.design.best_peak(None, lambda peak: wb.schedules.wsd(TOTAL, peak))
    with pytest.raises(ValueError, match="build must be a function"):
        wb.design.best_peak(None, wb.schedules.wsd(TOTAL), tuned=wb.schedules.wsd(TOTAL))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="build must give a Schedule"):
        wb.design.best_peak(None, lambda peak: peak, tuned=wb.schedules.wsd(TOTAL))  # type: ignore[arg-type,return-value]


def test_a_law_that_carries_over_is_searched_for_its_lowest_loss() -> None:
    fit = wb.Fit("effective_rate", LAWS["effective_rate"], 0.0, True, facts={"peaks": [1e-4, 1e-3]})

    def build(peak: float) -> wb.Schedule:
        return wb.schedules.wsd(6_000, peak, WARMUP)

    def loss(peak: float) -> float:
        return float(fit.predict(build(peak), [5_999]).loss[0])

    found = wb.design.best_peak(fit, build, peaks=(1e-5, 1e-1))
    brute = min((float(peak) for peak in np.geomspace(1e-5, 1e-1, 120)), key=loss)
    assert found.best.peak == pytest.approx(brute, rel=0.1)
    assert loss(found.best.peak) < loss(brute) + 1e-5
    own = wb.design.best_peak(fit, build)
    assert [min(row["peak"] for row in rows(own.table)), max(row["peak"] for row in rows(own.table))] == [
        pytest.approx(1e-4),
        pytest.approx(1e-3),
    ]
    assert any("at an end of the range" in note for note in own.table.notes) == (own.best.peak >= 9.99e-4)
    with pytest.raises(ValueError, match="peaks must be 2 to 2 increasing"):
        wb.design.best_peak(fit, build, peaks=(1e-2, 1e-3))
    one = dataclasses.replace(fit, facts={"peaks": [1e-3]})
    with pytest.raises(ValueError, match="peaks must be given"):
        wb.design.best_peak(one, build)
    # A design is a schedule too: the best shape at the best peak.
    both = wb.design.best_peak(fit, lambda peak: wb.optimise(fit, 6_000, peak=peak, warmup=WARMUP))
    assert min(row["loss"] for row in rows(both.table)) <= loss(own.best.peak) + 1e-6


@pytest.mark.parametrize("total", [16_000, 40_000])
def test_moved_deadline_starts_the_cooldown_where_brute_force_does(fit: wb.Fit, total: int) -> None:
    running = wb.schedules.wsd(TOTAL, PEAK, WARMUP, 0.2)
    found = wb.design.deadline(fit, running, 10_000, total)
    trunk = running.until(10_000).then(wb.hold(total - 10_000, PEAK))
    for shape in ("linear", "sqrt"):
        (row,) = rows(found.table, way=shape)
        brute = [
            exact(trunk.branch(k, total - k, shape).array())
            for k in np.linspace(10_000, total - 200, 50).astype(int)
        ]
        assert row["loss"] < min(brute) + 5e-5
        assert row["loss"] == pytest.approx(
            exact(trunk.branch(row["starts at"], total - row["starts at"], shape).array()), abs=5e-5
        )
    assert len(found.best) == total
    assert np.array_equal(found.best.array()[:10_000], running.array()[:10_000])
    assert "as planned" in str(found)


def test_deadline_keeps_its_limits(fit: wb.Fit) -> None:
    running = wb.schedules.cosine(TOTAL, PEAK, WARMUP)
    for bare in (fit, None):
        found = wb.design.deadline(bare, running, 8_000, 14_000, floor=0.05, slope=3)
        rates = found.best.array()[8_000:]
        assert np.all(np.diff(rates) <= 1e-15) and rates.min() >= 0.05 * PEAK * (1 - 1e-12)
        assert -np.diff(rates).min() <= 3 * PEAK / 14_000 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"running": 3}, "running must be a Schedule"),
        ({"done": 0}, "done must be at least 1"),
        ({"done": 30_000}, "done must be at least 1 and at most 24000"),
        ({"new_total": 10_001}, "new_total must be at least 10008"),
        ({"floor": 1.0}, "done must be where the rate is above the floor"),
        ({"slope": -1}, "slope must be greater than 0"),
    ],
)
def test_bad_deadlines_are_named(fit: wb.Fit, change: dict, message: str) -> None:
    call = {"running": wb.schedules.wsd(TOTAL, PEAK), "done": 10_000, "new_total": 20_000, **change}
    with pytest.raises(ValueError, match=message):
        wb.design.deadline(fit, **call)


def test_budgets_cost_and_lose_what_their_schedules_do(fit: wb.Fit) -> None:
    table = wb.design.budgets(fit, TOTAL, (0.25, 0.5, 1.0), warmup=0.02, decay=0.1)
    cost = {row["way"]: row["updates of all"] for row in table.rows}
    assert cost == {
        "WSD-S, one run": TOTAL,
        "WSD, branches": TOTAL + 600 + 1_200,
        "cosine, a run each": TOTAL + 6_000 + 12_000,
    }
    branches = wb.schedules.wsd_branches(TOTAL, PEAK, 0.02, (0.25, 0.5, 1.0), 0.1, shape="sqrt", floor=0.0)
    one = wb.schedules.wsd_s(TOTAL, PEAK, 0.02, (0.25, 0.5, 1.0), 0.1, shape="sqrt", floor=0.0)
    for branch in branches:
        (row,) = rows(table, way="WSD, branches", budget=len(branch))
        assert row["loss"] == pytest.approx(exact(branch.array()), abs=1e-4)
        assert row["from"] < row["below cosine"] < row["to"] and row["low"] < row["loss"] < row["high"]
        (single,) = rows(table, way="WSD-S, one run", budget=len(branch))
        assert single["loss"] == pytest.approx(exact(one.until(len(branch)).array()), abs=1e-4)
    # The first cooldown is the same; those after a jump back up have learnt less at the peak.
    (first, second, third) = ([rows(table, budget=len(b))[i]["loss"] for i in (0, 1)] for b in branches)
    assert first[0] == first[1] and second[0] > second[1] and third[0] > third[1]


def test_budgets_without_data_compare_bounds() -> None:
    table = wb.design.budgets(None, 4_000, (0.5, 1.0), warmup=0.01)
    for row in rows(table, way="cosine, a run each"):
        s = wb.schedules.cosine(row["budget"], 1.0, 40 / row["budget"], floor=0.0)
        assert row["bound"] == pytest.approx(convex_bound(s).best, rel=1e-9)
    with pytest.raises(ValueError, match="shares must be"):
        wb.design.budgets(None, 4_000, (0.5, 0.9))
    with pytest.raises(ValueError, match="warmup must be at most the first of the budgets"):
        wb.design.budgets(None, 4_000, (0.1, 1.0), warmup=0.3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shapes": "linear"}, "shapes must be a list"),
        ({"shapes": ["stairs"]}, "shapes must be one of linear"),
        ({"shapes": ["sqrt"], "slope": 2}, "shapes must have one with a limited slope"),
        ({"shares": [0.0]}, "shares"),
        ({"total": "many"}, "total must be a whole number"),
    ],
)
def test_bad_cooldowns_are_named(fit: wb.Fit, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wb.design.cooldown(fit, **{"total": TOTAL, **change})


def test_paired_interval_is_narrower_than_two_of_their_own(fit: wb.Fit) -> None:
    measure = wb.optimise(fit, 500).measure
    a, b = wb.schedules.wsd(TOTAL, PEAK, WARMUP), wb.schedules.cosine(TOTAL, PEAK, WARMUP)
    gain = measure.gain(a, b, "cosine")
    ends = [fit.predict(s, [TOTAL - 1]) for s in (a, b)]
    apart = sum(float(curve.high[0] - curve.loss[0]) for curve in ends)  # type: ignore[index]
    assert gain.mean == pytest.approx(float(ends[1].loss[0] - ends[0].loss[0]), abs=1e-9)
    assert 0 < gain.high - gain.mean < apart


def test_table_holds_plain_values_and_escapes_html() -> None:
    table = wb.design.Table("a < b", ({"x": 1, "y": float("nan"), "z": "<b>"},), ("mind",))
    assert table.columns == ("x", "y", "z") and len(table) == 1
    assert "a &lt; b" in table._repr_html_() and "&lt;b&gt;" in table._repr_html_()
    assert str(table).splitlines()[0] == "a < b" and str(table).endswith("- mind")
    assert dataclasses.replace(table, rows=()).columns == ()
