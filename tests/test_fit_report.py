"""What a fit says of itself: intervals, the report on held-out runs, differences, warnings, saved form."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench import laws
from workbench.fitted import Report
from workbench.fitted.difference import Pair, distance, error, ratio, relevant

TRAIN = ("cosine_24000", "constant_24000", "wsdcon_9")
SIZES = ("25M", "100M")
PEAK = 3e-4
# These need more than rates: the size of each model, the step at which other data begin.
LAWS = [name for name in laws.names() if name not in ("annealing_size", "continual")]


def split(size: str) -> tuple[list[wb.Run], list[wb.Run]]:
    runs = {run.facts["name"]: run for run in wb.datasets.load(f"multipower/{size}")}
    train = [runs.pop(name) for name in TRAIN]
    return train, list(runs.values())


@pytest.fixture(scope="module")
def fits(data_folder):
    return {size: wb.fit("multipower", split(size)[0]) for size in SIZES}


@pytest.fixture(scope="module")
def fitted(fits):
    return fits["100M"]


@pytest.fixture(scope="module")
def report(fitted):
    return fitted.report(split("100M")[1])


def test_report_is_what_its_names_say(fitted, report):
    run = split("100M")[1][0]
    row = report[run.facts["name"]]
    late = run.curve.step >= 2_159
    curve = fitted.predict(run.schedule, run.curve.step[late])
    loss = run.curve.loss[late]
    off = curve.loss - loss
    assert row["mae"] == pytest.approx(np.abs(off).mean())
    assert row["rmse"] == pytest.approx(np.sqrt((off**2).mean()))
    assert row["r2"] == pytest.approx(1 - (off**2).sum() / ((loss - loss.mean()) ** 2).sum())
    assert row["final"] == pytest.approx(off[-1])
    assert row["mean_relative"] == pytest.approx(np.mean(np.abs(off) / loss))
    assert row["worst_relative"] == pytest.approx(np.max(np.abs(off) / loss))
    assert row["coverage"] == pytest.approx(np.mean((curve.low <= loss) & (loss <= curve.high)))
    assert report["mean"]["mae"] == pytest.approx(np.mean([report[n]["mae"] for n in report if n != "mean"]))


def test_after_the_fork_means_where_no_fitted_run_went(fitted, report):
    run = next(run for run in split("100M")[1] if run.facts["name"] == "wsd_20000_24000")
    # Like the constant run up to its decay at 20,000: about 3,900 steps of a row per 128 are its own.
    late = run.curve.step >= 20_000
    off = fitted.predict(run.schedule, run.curve.step[late]).loss - run.curve.loss[late]
    assert report.after_fork["wsd_20000_24000"]["mae"] == pytest.approx(np.abs(off).mean())


def test_unshared_rows_are_those_that_no_fitted_run_has(fitted, report):
    train, held = split("100M")
    seen = {(s, y) for run in train for s, y in zip(run.curve.step, run.curve.loss, strict=True)}
    for run in held:
        own = [(s, y) not in seen for s, y in zip(run.curve.step, run.curve.loss, strict=True)]
        own = np.array(own) & (run.curve.step >= 2_159)
        off = fitted.predict(run.schedule, run.curve.step[own]).loss - run.curve.loss[own]
        assert report.unshared[run.facts["name"]]["mae"] == pytest.approx(np.abs(off).mean())


def test_a_fitted_run_is_all_shared_and_has_no_fork(fitted):
    table = fitted.report(split("100M")[0][:1])
    assert len(table) == 2 and not table.after_fork and not table.unshared


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.inside = [], False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "tr"

    def handle_data(self, data):
        if self.inside and data.strip():
            self.rows[-1].append(data.strip())


def test_report_as_text_html_and_cells_to_copy_say_the_same(report):
    text, html = str(report), report._repr_html_()
    cells = Cells()
    cells.feed(html)
    table = {row[0]: row[1:] for row in cells.rows if row[0] == "mean"}
    lines = [line.split() for line in text.splitlines() if line.startswith("mean")]
    assert len(lines) == 3 and lines[-1][1:] == table["mean"]
    head, *rows = (line.split("\t") for line in report.tsv.splitlines())
    assert all(len(row) == len(head) for row in rows)
    copied = {(row[0], row[1]): dict(zip(head[2:], map(float, row[2:]), strict=True)) for row in rows}
    assert copied["after_fork", "mean"]["mae"] == report.after_fork["mean"]["mae"]
    assert "72000: longer than any fitted run" in text and "Past differences" in text


def test_a_report_is_a_table_to_pandas_and_json(report):
    table = pd.DataFrame(report).T
    assert table.loc["mean", "mae"] == report["mean"]["mae"]
    assert json.loads(json.dumps(report)) == report


def test_report_takes_the_colours_of_either_theme_and_no_markup_from_names():
    row = dict.fromkeys(("r2", "mae", "rmse", "mean_relative", "worst_relative", "final", "coverage"), 0.5)
    html = Report({"<b>x</b>": row, "mean": row}, title="<i>", notes=("<u>",))._repr_html_()
    assert not re.search("<b>|<i>|<u>", html) and "&lt;b&gt;x" in html
    # currentColor and inherit only: a colour of its own would be unreadable in one of the themes.
    assert not re.search(r"#[0-9a-f]{3,6}\b|rgb\(|color:(?!inherit)", html)


def test_interval_is_around_the_prediction_at_every_step(fitted):
    schedule = wb.schedules.wsd(24_000, PEAK, 0.09, 0.2)
    curve = fitted.predict(schedule)
    assert len(curve) == 24_000 and np.all(np.isfinite(curve.loss))
    assert np.all(curve.low < curve.loss) and np.all(curve.loss < curve.high)
    some = fitted.predict(schedule, [5_000, 23_999])
    assert np.allclose(some.loss, curve.loss[[5_000, 23_999]], atol=1e-4)
    assert np.allclose(some.high, curve.high[[5_000, 23_999]], atol=3e-4)


def width(fit: wb.Fit, schedule: wb.Schedule) -> float:
    curve = fit.predict(schedule, [len(schedule) - 1])
    return float(np.log(curve.high[-1] / curve.low[-1]))


def test_interval_widens_beyond_the_fitted_peaks(fitted):
    wide, more, same = (width(fitted, wb.schedules.wsd(24_000, k * PEAK, 0.09, 0.2)) for k in (2, 4 / 3, 1))
    assert wide > more > same
    # 90 % of a relative error of .06 per unit of log peak, joined in squares to what there was
    assert wide >= 2 * 1.6449 * 0.06 * np.log(2)


def test_interval_widens_beyond_the_longest_run(fitted):
    assert fitted.horizon > 0
    same, longer, far = (width(fitted, wb.schedules.constant(n, PEAK)) for n in (24_000, 72_000, 240_000))
    assert far > longer > same
    assert far >= 2 * 1.6449 * fitted.horizon * np.log(10)


@pytest.mark.parametrize("law", LAWS)
def test_90_percent_intervals_hold_what_they_promise_on_held_out_curves(law, fits, capsys):
    """Over all held-out curves of both sizes; each by a fit of three curves to a third of their length."""
    inside, after = [], []
    for size in SIZES:
        train, held = split(size)
        table = (fits[size] if law == "multipower" else wb.fit(law, train)).report(held)
        inside += [row["coverage"] for name, row in table.items() if name != "mean"]
        after += [row["coverage"] for name, row in table.after_fork.items() if name != "mean"]
    with capsys.disabled():
        print(f"\n{law}: 90 % intervals hold {np.mean(inside):.1%}, after the fork {np.mean(after):.1%}")
    assert 0.8 <= np.mean(inside) <= 1.0


def test_intervals_hold_85_to_97_percent_over_all_laws(data_folder):
    inside = []
    for law in LAWS:
        for size in SIZES:
            train, held = split(size)
            table = wb.fit(law, train, starts=4).report(held)
            inside += [row["coverage"] for name, row in table.items() if name != "mean"]
    assert 0.85 <= np.mean(inside) <= 0.97


def test_a_difference_is_that_of_the_predictions(fitted):
    a, b = wb.schedules.wsd(24_000, PEAK, 0.09, 0.2), wb.schedules.cosine(24_000, PEAK, 0.09)
    found = fitted.difference(a, b)
    ends = [fitted.predict(s, [23_999]).loss[0] for s in (a, b)]
    assert found.mean == pytest.approx(ends[0] - ends[1])
    assert found.low < found.mean < found.high
    back = fitted.difference(b, a)
    assert (back.mean, back.low, back.high) == pytest.approx((-found.mean, -found.high, -found.low))
    assert "past pairs" in str(found)


def test_schedules_that_differ_little_are_told_apart_better_than_each_is_known():
    fit = wb.defaults.load("multipower/100M")
    a, b = (wb.schedules.wsd(24_000, PEAK, 0.09, share) for share in (0.2, 0.22))
    found = fit.difference(a, b)
    ends = [fit.predict(s, [23_999]) for s in (a, b)]
    assert found.high - found.low < np.hypot(*(end.high[0] - end.low[0] for end in ends))


@pytest.mark.parametrize("size", SIZES)
def test_the_measured_gain_of_wsd_over_cosine_is_inside_the_interval_of_the_overstated_one(fits, size):
    train, held = split(size)
    runs = {run.facts["name"]: run for run in [*train, *held]}
    wsd, cosine = runs["wsd_20000_24000"], runs["cosine_24000"]
    measured = wsd.curve.loss[-5:].mean() - cosine.curve.loss[-5:].mean()
    found = fits[size].difference(wsd.schedule, cosine.schedule)
    assert found.mean < 1.2 * measured < 0
    assert found.low < measured < found.high and found.sure


def test_a_schedule_differs_from_itself_by_nothing(fitted):
    schedule = wb.schedules.cosine(24_000, PEAK)
    found = fitted.difference(schedule, schedule)
    assert found.mean == 0 and not found.sure


def test_past_differences_are_those_measured(fits):
    runs = {run.facts["name"]: run for run in split("25M")[0]}
    pairs = {(pair.a, pair.b): pair for pair in fits["25M"].past}
    pair = pairs["cosine_24000", "constant_24000"]
    last = [np.log(runs[name].curve.loss[-10:]).mean() for name in (pair.a, pair.b)]
    assert pair.measured == pytest.approx(last[0] - last[1], abs=1.5e-3)
    # The peak against a tenth of it.
    assert pair.apart == pytest.approx(np.log(10), rel=0.01)


def test_ratio_and_error_of_past_differences():
    past = [Pair("a", "b", 2.0, 1.0, 0.0), Pair("a", "c", -3.0, -2.0, 2.0)]
    assert ratio(past) == pytest.approx(5 / 3) and error(past) == pytest.approx(1.0)
    assert np.isnan(ratio([])) and np.isnan(error([]))
    assert relevant(past, 0.1) == past[:1] and relevant(past, 3.0) == past[1:]
    assert relevant(past[:1], 3.0) == past[:1]
    assert distance(1.0, 0.1) == pytest.approx(np.log(10)) and distance(0.0, 0.0) == 0


@pytest.mark.parametrize("pair", [("a", None), (3, "b")])
def test_what_is_no_schedule_has_no_difference(fitted, pair):
    with pytest.raises(ValueError, match="must be a Schedule"):
        fitted.difference(*pair)


def test_warns_of_what_lies_beyond_the_fitted_runs(fitted):
    assert fitted.warnings(wb.schedules.cosine(24_000, PEAK)) == []
    assert "longer" in fitted.warnings(wb.schedules.cosine(60_000, PEAK))[0]
    assert "no interval has been tested" in fitted.warnings(wb.schedules.cosine(240_000, PEAK))[0]
    assert "peak" in fitted.warnings(wb.schedules.cosine(24_000, 1e-3))[0]


def test_warns_of_what_a_fit_lacks(fitted):
    alone = wb.fit("multipower", split("100M")[0][:1], starts=2)
    assert any(
        "no run could be left out" in text for text in alone.warnings(wb.schedules.cosine(24_000, PEAK))
    )
    weak = wb.Fit(**{**vars(fitted), "converged": False, "at_bound": ("C",)})
    text = " ".join(weak.warnings(wb.schedules.cosine(24_000, PEAK)))
    assert "not converged" in text and "not determined by the data: C" in text


def test_warns_where_the_law_drifts_away_from_a_run():
    steps, shape = np.arange(400, 6_000, 40), {"gamma": 0.65, "beta": 0.6, "C": 2.0}
    runs = []
    for name, decay in (("a", 0.1), ("b", 0.5), ("c", 0.9), ("d", 0.3)):
        schedule = wb.schedules.wsd(6_000, PEAK, 0.05, decay, "linear")
        x = wb.laws.inputs(schedule.array(), steps)
        loss = wb.laws.multipower(x, L0=2.6, A=0.6, alpha=0.45, B=440.0, **shape)
        # The loss of one run rises again at its end: no law of a schedule has that.
        rise = np.where((name == "a") & (steps > 4_500), (steps - 4_500) / 30_000, 0.0)
        runs.append(wb.Run(schedule, wb.Curve(steps, loss + rise), facts={"name": name}))
    fit = wb.fit("multipower", runs, fixed=shape, starts=2)
    assert any("end of a the law drifts" in text for text in fit.warnings(runs[0].schedule))
    sound = wb.fit("multipower", runs[1:], fixed=shape, starts=2)
    assert not any("drifts" in text for text in sound.warnings(runs[0].schedule))


def test_survives_json(fitted):
    again = wb.Fit.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert again == fitted
    schedule = wb.schedules.cosine(5_000, PEAK)
    assert again.predict(schedule) == fitted.predict(schedule)
    held = split("100M")[1]
    assert again.report(held) == fitted.report(held)


def test_the_first_saved_form_stays_readable():
    fit = wb.Fit.from_dict(json.loads((Path(__file__).parent / "data" / "fit_v1.json").read_text()))
    assert fit.law == "multipower" and fit.estimator == "raw" and fit.horizon == 0 and fit.past == ()
    assert fit.intervals["A"][0] < fit.params["A"] < fit.intervals["A"][1]
    curve = fit.predict(wb.schedules.cosine(24_000, PEAK, 0.09), [23_999])
    assert 2.9 < curve.low[0] < curve.loss[0] < curve.high[0] < 3.1
    assert fit.difference(wb.schedules.constant(24_000), wb.schedules.cosine(24_000)).pairs == 0


def test_a_report_needs_runs(fitted):
    for heldout in ([], None, "runs"):
        with pytest.raises(ValueError, match="held"):
            fitted.report(heldout)
