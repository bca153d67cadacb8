"""Peaks: basins with their intervals, range tests, theory over batch and width, and the page itself."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

import workbench as wb
from workbench.explore import peaks_cells, peaks_figures, peaks_lines, peaks_theory, peaks_worth
from workbench.explore.peaks_basin import basin, basin_of
from workbench.explore.peaks_cells import BENCHES, Cell, cell_of, ladder, sweep
from workbench.explore.peaks_range import RangeTest, Reading, over_seeds, read_range_test, reading, smoothed
from workbench.train.tasks import quadratic

LADDER = np.geomspace(1e-3, 0.1, 9)


def bowl(best: float, bend: float, level: float = 3.0):
    return level + bend * np.log(LADDER / best) ** 2


# Basins


@given(best=st.floats(2e-3, 5e-2), bend=st.floats(0.01, 1.0), level=st.floats(0.1, 10))
@settings(max_examples=40, deadline=None)
def test_a_parabola_is_found_again(best, bend, level) -> None:
    found = basin(LADDER, bowl(best, bend, level), within=1e3, rise=1e3)
    assert found.peak == pytest.approx(best, rel=1e-6) and found.bend == pytest.approx(bend, rel=1e-6)
    assert found.loss == pytest.approx(level, rel=1e-6) and not found.beyond
    assert found.low == pytest.approx(best, rel=1e-3) and found.high == pytest.approx(best, rel=1e-3)
    np.testing.assert_allclose(found(LADDER), bowl(best, bend, level))
    low, high = found.within(0.01)
    assert found([low, high]) == pytest.approx(level + 0.01) and low < best < high


@pytest.mark.parametrize("seeds", [1, 4])
def test_the_interval_holds_the_optimum_as_often_as_it_says(seeds: int) -> None:
    rng, trials, held = np.random.default_rng(0), 1500, 0
    peak, seed = np.tile(LADDER, seeds), np.repeat(np.arange(seeds), len(LADDER))
    for _ in range(trials):
        # The offset of a seed is far above the noise: it must not count as noise.
        offset = rng.standard_normal(seeds)[seed] if seeds > 1 else 0.0
        loss = np.tile(bowl(0.02, 0.1), seeds) + 0.03 * rng.standard_normal(len(peak)) + offset
        found = basin(peak, loss, seed, within=1e3, rise=1e3)
        held += found.low <= 0.02 <= found.high
    assert held / trials == pytest.approx(0.9, abs=3 * np.sqrt(0.09 / trials))


def test_an_interval_is_open_where_nothing_bends() -> None:
    rng = np.random.default_rng(3)
    loss = 3 + 1e-4 * np.log(LADDER / 0.01) ** 2 + 0.05 * rng.standard_normal(9)
    try:
        found = basin(LADDER, loss)
    except ValueError as error:
        assert "no lowest point" in str(error)
    else:
        assert (found.low, found.high) == (0, np.inf)


def test_walls_and_divergence_do_not_move_the_bottom() -> None:
    loss = bowl(0.008, 0.05)
    loss[-2:] = (30.0, np.nan)
    assert basin(LADDER, loss).peak == pytest.approx(0.008, rel=1e-6)
    loss[-1] = np.inf
    assert basin(LADDER, loss).peak == pytest.approx(0.008, rel=1e-6)


def test_a_best_peak_outside_the_sweep_is_said() -> None:
    found = basin(LADDER, bowl(0.3, 0.05), within=1e3, rise=1e3)
    assert found.beyond and found.peak == pytest.approx(0.3, rel=1e-6) and "beyond" in str(found)


@pytest.mark.parametrize(
    ("peak", "loss", "more", "message"),
    [
        ([1, 2, 3], [1, 2, 3], {}, "4 different peaks"),
        ([1, 2, 3, 4, 5], [1, np.nan, 3, np.inf, 2], {}, "4 different peaks that did not diverge; got 3"),
        ([1, 2, 3, 4], [1, 2], {}, "one length"),
        ([-1, 2, 3, 4, 5], [1, 2, 3, 4, 5], {}, "peak must be finite and greater than 0"),
        (["a"] * 5, [1, 2, 3, 4, 5], {}, "arrays of numbers"),
        (LADDER, -bowl(0.01, 0.1), {}, "no lowest point"),
        (LADDER, np.ones(9), {}, "no lowest point"),
        (LADDER, bowl(0.01, 0.1), {"within": 1}, "within must be"),
        (LADDER, bowl(0.01, 0.1), {"rise": 0}, "rise must be"),
    ],
)
def test_bad_sweeps_are_named(peak, loss, more, message) -> None:
    with pytest.raises(ValueError, match=message):
        basin(peak, loss, **more)


def test_the_basin_of_runs_is_where_the_exact_optimum_lies() -> None:
    task, total = quadratic(modes=30, batch=16), 200

    def final(log_peak: float) -> float:
        return float(task.expected(wb.schedules.wsd(total=total, peak=np.exp(log_peak))).loss[-1])

    exact = float(np.exp(minimize_scalar(final, bounds=np.log([0.02, 1.5]), method="bounded").x))
    lanes = [
        wb.schedules.wsd(total=total, peak=p) for p in np.geomspace(exact / 3, 3 * exact, 9).clip(0, 1.9)
    ]
    found = basin_of(wb.train.train(task, lanes, seed=list(range(6))), within=2.0)
    assert found.low <= exact <= found.high and found.high / found.low < 3


# Range tests


@pytest.mark.parametrize("modes", [20, 50, 200])
@pytest.mark.parametrize("total", [100, 200, 400])
def test_without_noise_the_loss_is_lowest_near_the_largest_stable_rate(total: int, modes: int) -> None:
    # The largest curvature is 1: rates below 2 are stable.
    task = quadratic(modes=modes, batch=1_000_000)
    s = wb.schedules.range_test(total=total, peak=20.0, start=1e-4)
    curve = task.expected(s)
    said = reading(s(curve.step), curve)
    assert 2 / 1.5 < said.lowest < 2 * 2 and not said.at_end
    assert said.falls < said.suggested < said.lowest


@pytest.mark.parametrize("batch", [1, 64, 4096])
@pytest.mark.parametrize("modes", [5, 50])
@pytest.mark.parametrize("total", [50, 1000])
def test_what_is_suggested_is_stable(total: int, modes: int, batch: int) -> None:
    task = quadratic(modes=modes, batch=batch)
    s = wb.schedules.range_test(total=total, peak=20.0, start=1e-4)
    curve = task.expected(s)
    suggested = reading(s(curve.step), curve).suggested
    assert suggested < 2
    assert task.expected(wb.hold(4000, suggested)).loss[-1] < curve.loss[0]


def test_noise_and_time_lower_the_suggestion() -> None:
    def suggested(total: int, batch: int) -> float:
        s = wb.schedules.range_test(total=total, peak=20.0, start=1e-4)
        curve = quadratic(modes=50, batch=batch).expected(s)
        return reading(s(curve.step), curve).suggested

    assert suggested(100, 16) > suggested(1000, 16) > suggested(5000, 16)
    assert suggested(300, 4096) > suggested(300, 16) > suggested(300, 1)


def test_seeds_give_an_interval_and_one_seed_none() -> None:
    task = quadratic(modes=20, batch=4)
    s = wb.schedules.range_test(total=200, peak=8.0, start=1e-3)
    many = read_range_test(wb.train.train(task, [s], seed=[0, 1, 2, 3]))
    best, low, high = many.suggested
    assert low < best < high and len(many.readings) == 4
    one = read_range_test(wb.train.train(task, [s], seed=0))
    assert np.isnan(one.suggested[1]) and "no interval" in str(one)
    mean, low, high = over_seeds([1.0, 2.0, 4.0])
    assert mean == pytest.approx(2) and low * high == pytest.approx(4)


@pytest.mark.parametrize(("lowest", "wide"), [((0.1, 0.11), False), ((0.02, 0.5), True), ((0.1,), False)])
def test_an_interval_beyond_the_rates_tested_is_said(lowest, wide) -> None:
    rate = np.geomspace(1e-3, 1, 50)
    test = RangeTest(tuple(Reading(rate, np.ones(50), 1e-3, each, False) for each in lowest))
    assert ("beyond the rates tested" in str(test)) is wide


def test_a_test_that_ends_too_early_is_said() -> None:
    run = wb.train.train(quadratic(modes=5), [wb.schedules.range_test(total=100, peak=0.01)])
    assert "test higher ones" in str(read_range_test(run))


def test_smoothing_shifts_nothing() -> None:
    x = np.arange(50.0)
    np.testing.assert_allclose(smoothed(x, 4), x)
    y = np.random.default_rng(0).standard_normal(50)
    assert smoothed(y, 3)[10] == pytest.approx(y[7:14].mean())
    np.testing.assert_allclose(smoothed(y, 0), y)


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([], "at least one range test"),
        ([3], "runs must be Runs"),
        ([wb.Run(wb.schedules.cosine(total=100), wb.Curve(range(100), np.ones(100)))], "never falls"),
        ([wb.Run(wb.hold(100, 1.0), wb.Curve(range(10), np.ones(10)))], "20 finite losses; got 10"),
        ([wb.Run(wb.hold(30, 1.0), wb.Curve(range(30), np.full(30, np.nan)))], "20 finite losses; got 0"),
    ],
)
def test_bad_range_tests_are_named(runs, message) -> None:
    with pytest.raises(ValueError, match=message):
        read_range_test(runs)


# Theory


def test_rules_go_through_what_is_known_and_have_their_slopes() -> None:
    b = np.array([1.0, 4.0, 64.0, 1024.0])
    for rule in peaks_theory.RULES:
        y = peaks_theory.over_batch(rule, b, at=64, peak=0.01, noise=256)
        assert y[2] == pytest.approx(0.01)
    root = peaks_theory.over_batch("square_root", b, at=64, peak=0.01, noise=256)
    np.testing.assert_allclose(root, 0.01 * np.sqrt(b / 64))
    surge = peaks_theory.over_batch("surge", [16.0, 256.0, 4096.0], at=256, peak=1, noise=256)
    assert surge[0] == pytest.approx(surge[2]) and surge[1] == pytest.approx(1) and surge[0] < 1
    np.testing.assert_allclose(peaks_theory.over_width([32, 64, 128], at=64, peak=0.02, mup=True), 0.02)
    wide = peaks_theory.over_width([32, 64, 128], at=64, peak=0.02, mup=False)
    np.testing.assert_allclose(wide, [0.04, 0.02, 0.01])


def test_the_best_rate_of_sign_descent_is_that_of_a_simulation() -> None:
    rng = np.random.default_rng(0)
    d, b = 6, 8
    root = rng.standard_normal((d, d)) / 3
    h, g, s = root @ root.T + 0.2 * np.eye(d), rng.standard_normal(d), np.exp(rng.standard_normal(d))
    signs = np.sign(g + s / np.sqrt(b) * rng.standard_normal((200_000, d)))
    simulated = (signs @ g).mean() / np.einsum("ni,ij,nj->n", signs, h, signs).mean()
    assert peaks_theory.sign_descent_rate([b], g, s, h)[0] == pytest.approx(simulated, rel=0.01)


def test_the_rate_of_sign_descent_falls_again_only_when_coupled() -> None:
    b = np.geomspace(0.01, 1e6, 300)
    alone, coupled = peaks_theory.surging(b, 0.0), peaks_theory.surging(b, 0.1)
    assert np.all(np.diff(alone) >= 0) and alone[-1] == pytest.approx(0.1)
    top = int(np.argmax(coupled))
    assert 0 < top < 299 and coupled[-1] < 0.7 * coupled[top]
    slope = np.diff(np.log(coupled[:5])) / np.diff(np.log(b[:5]))
    np.testing.assert_allclose(slope, 0.5, atol=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: peaks_theory.over_batch("cube", [1], at=1, peak=1, noise=1), "rule must be one of linear"),
        (lambda: peaks_theory.over_batch("linear", [1], at=1, peak=-1, noise=1), "rate must"),
        (lambda: peaks_theory.over_width([0], at=1, peak=1, mup=True), "width must be"),
        (lambda: peaks_theory.over_width([1], at=1, peak=np.nan, mup=True), "peak must be"),
        (lambda: peaks_theory.sign_descent_rate([1], [1, 2], [1], [[1]]), r"must be \(d,\)"),
        (lambda: peaks_theory.sign_descent_rate([0], [1], [1], [[1]]), "noise and batch above 0"),
        (lambda: peaks_theory.surging([1], 2.0), "coupling must be"),
        (lambda: Cell("mlp", 65, 64, False, 100), "batch must be one of 4, 8"),
        (lambda: Cell("mlp", 64, 63, False, 100), "width must be one of 16"),
        (lambda: Cell("cnn", 64, 64, False, 100), "bench must be one of mlp, gpt"),
        (lambda: Cell("mlp", 64, 64, False, 1), "total must be"),
        (lambda: ladder("mlp", 2), "count must be"),
        (lambda: peaks_worth.worth({}), "at least one batch"),
        (lambda: wb.explore.peaks("cnn"), "bench must be one of"),
        (lambda: wb.explore.peaks(rule="cube"), "rule must be one of"),
        (lambda: wb.explore.peaks(batch=5), "batch must be one of"),
        (lambda: wb.explore.peaks(total=3), "total must be"),
        (lambda: wb.explore.peaks(seeds=0), "seeds must be"),
        (lambda: wb.explore.peaks(noise=float("nan")), "noise must be"),
    ],
)
def test_bad_arguments_are_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_public_sweeps_have_basins_that_rise_with_the_batch_and_level_off(data_folder, monkeypatch) -> None:
    found = peaks_theory.public()
    assert len(found) >= 12
    for basins in found.values():
        assert all(fit.low < fit.peak < fit.high for fit in basins.values())
        if not {2.0**16, 2.0**19, 2.0**22} <= set(basins):
            continue
        small, middle, large = (basins[at].peak for at in (2.0**16, 2.0**19, 2.0**22))
        assert 1.3 < middle / small < 8, "it rises, slower than the batch"
        assert 0.7 < large / middle < middle / small, "and levels off"
    figure = peaks_figures.public()
    assert len(figure.data) == 4 + 3 and "2503.04715" in figure.layout.annotations[0].text
    with pytest.raises(ValueError, match="model must be one"):
        peaks_figures.public("7B")
    monkeypatch.setattr(
        peaks_theory.datasets, "load", lambda name: (_ for _ in ()).throw(ValueError("no network"))
    )
    assert peaks_figures.public() is None


# Cells and the page


@pytest.fixture
def page(tmp_path):
    made = wb.explore.peaks(total=20, lanes=5, seeds=2, folder=tmp_path / "peaks")
    yield made
    made.session.close()


def test_a_lane_says_its_cell() -> None:
    for cell in (Cell("mlp", 8, 256, True, 300), Cell("gpt", 2, 32, False, 50)):
        assert cell_of(cell.lane(0.0123)) == cell and cell_of(f"{cell.lane(1e-3)}, seed 3") == cell
    assert cell_of("wsd 1e-3") is None and cell_of("mlp: batch 7, width 64, 300 updates, peak 1") is None
    assert len(max((Cell("mlp", 1024, 256, True, 99_999).lane(0.000_123), ""), key=len)) <= 60


def test_muP_changes_nothing_at_the_base_and_is_worth_something_beside_it() -> None:
    runs = {mup: sweep(Cell("mlp", 64, 64, mup, 20), [0.01], [0])[0].final_loss for mup in (False, True)}
    assert runs[False] == runs[True]
    task = BENCHES["gpt"].make(8, 128, True)
    assert (task.parametrization, task.width, task.batch) == ("mup", 128, 8)


def test_a_trained_cell_is_drawn_fitted_and_not_trained_again(page) -> None:
    assert page.bar.button["train"].disabled is False
    page.train(wait=True)
    lanes = page.dots[page.cell]
    assert len(lanes) == 10 and all(dot.done == 1 for dot in lanes)
    assert {dot.peak for dot in lanes} == set(ladder("mlp", 5))
    alone = sweep(page.cell, ladder("mlp", 5), [0, 1])
    said = [r.final_loss if r.facts["status"] == "finished" else np.inf for r in alone]
    np.testing.assert_allclose([d.loss for d in lanes], said, rtol=1e-5)
    assert page.bar.button["train"].disabled and len(page.session.branches) == 10
    page.train(wait=True)
    assert len(page.session.branches) == 10
    drawn = page.basins.lines
    for seed in (0, 1):
        line = drawn[f"{page.cell.name} {seed}"]
        kept = [dot.peak for dot in lanes if dot.seed == seed and np.isfinite(dot.loss)]
        np.testing.assert_allclose(10**line.x, sorted(kept))
    page.controls["seeds"].value = 3
    page.train(wait=True)
    assert len(page.session.branches) == 15 and len(page.runs) == 15


def test_the_fit_on_the_page_is_the_basin_of_its_runs(page) -> None:
    page.train(wait=True)
    fit = page.fits[page.cell]
    if fit is None:
        with pytest.raises(ValueError):
            basin_of(page.runs)
        return
    assert fit == basin_of(page.runs)
    (row,) = page.table.rows
    assert row["best peak"] == fit.peak and row["low"] == fit.low
    assert page.basins.lines[f"{page.cell.name} fit"].dash


def test_theory_follows_the_sliders_at_once(page) -> None:
    before = 10 ** page.basins.lines["said"].x[0]
    assert before == pytest.approx(BENCHES["mlp"].peak)
    page.batch.value = 256
    assert 10 ** page.basins.lines["said"].x[0] == pytest.approx(2 * before)
    page.rule.value = "linear"
    assert 10 ** page.basins.lines["said"].x[0] == pytest.approx(4 * before)
    page.width.value = 128
    assert 10 ** page.basins.lines["said"].x[0] == pytest.approx(2 * before)
    page.controls["mup"].value = True
    assert 10 ** page.basins.lines["said"].x[0] == pytest.approx(4 * before)
    page.bench.value = "gpt"
    assert page.cell == Cell("gpt", 32, 64, True, page.cell.total)


def test_what_was_trained_is_found_again(page) -> None:
    page.train(wait=True)
    folder, before = page.session.folder, page.dots
    page.session.close()
    again = wb.explore.peaks(total=20, lanes=5, seeds=2, folder=folder)
    assert again.dots == before and again.bar.button["train"].disabled
    again.session.close()


def test_any_slider_anywhere_is_no_error(page) -> None:
    page.train(wait=True)
    rng = random.Random(0)
    moved = [page.bench, page.batch, page.width, page.rule, *page.controls.values()]
    for _ in range(150):
        each = rng.choice(moved)
        if hasattr(each, "options"):
            each.value = rng.choice([o[1] for o in each.options])
        elif isinstance(each.value, bool):
            each.value = not each.value
        else:
            each.value = rng.uniform(each.min, each.max)
        assert page.words.value and all(np.all(np.isfinite(x.x)) for x in page.best.lines.values())


def test_lanes_under_way_and_lost_are_drawn_but_not_fitted() -> None:
    cell = Cell("mlp", 64, 64, False, 100)
    dots = [peaks_lines.Dot(p, 0, loss, 1.0) for p, loss in zip(LADDER, bowl(0.01, 0.1), strict=True)]
    assert peaks_lines.fit(dots).peak == pytest.approx(0.01)
    half = [peaks_lines.Dot(d.peak, 0, d.loss, 0.5) for d in dots]
    assert peaks_lines.fit(half) is None and peaks_lines.fit([]) is None
    lost = [*dots[:-1], peaks_lines.Dot(LADDER[-1], 0, float("inf"), 1.0)]
    lines = peaks_lines.basins({cell: lost}, {cell: peaks_lines.fit(lost)}, cell, 0.01)
    assert len(lines[0].x) == 8 and all(np.all(np.isfinite(line.y)) for line in lines)
    (panel,) = peaks_lines.basin_panels({}, cell, None)
    assert panel["yRange"] == [0.0, 1.0]


def test_a_larger_batch_needs_fewer_updates_and_more_data() -> None:
    cell = Cell("mlp", 64, 64, False, 40)
    of = {b: sweep(Cell("mlp", b, 64, False, 40), [4e-3, 1.6e-2], [0]) for b in (8, 64, 256)}
    data = peaks_worth.equal_data(cell, (8, 64, 256), [4e-3, 1.6e-2], [0])
    assert set(data) == {8, 64} and len(data[8][0].schedule) == 320
    rows = peaks_worth.worth(of, data).rows
    updates, samples = ([row[key] for row in rows] for key in list(rows[0])[-2:])
    assert updates[0] > updates[1] > updates[2] and samples[2] > samples[1] > samples[0]
    assert rows[0]["loss, equal data"] < rows[0]["loss, equal updates"]
    assert np.isnan(rows[2]["loss, equal data"]) and "no critical batch" in peaks_worth.worth(of).notes[0]


def test_static_figures_show_what_they_are_given() -> None:
    cell = Cell("mlp", 64, 64, False, 20)
    runs = sweep(cell, ladder("mlp", 5), [0])
    made = peaks_figures.basins({"a": runs}, caption="caption")
    assert (
        sorted(made.data[-1].x) == sorted(ladder("mlp", 5)) and made.layout.annotations[0].text == "caption"
    )
    s = wb.schedules.range_test(total=40, peak=1.0)
    test = read_range_test(wb.train.train(cell.task(), [s], seed=[0, 1]))
    assert len(peaks_figures.range_test(test, basin(LADDER, bowl(0.01, 0.1))).data) == 4
    over = peaks_figures.over(
        {"m": {64: basin(LADDER, bowl(0.01, 0.1))}}, {"t": ([1, 2], [1, 2])}, x="b", caption=""
    )
    assert over.data[0].error_y.array[0] >= 0 and over.data[1].line.dash == "dash"
    assert Path(peaks_cells.__file__).exists()
