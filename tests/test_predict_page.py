"""The page of predictions without a browser: data, split, fit, table, a new schedule, and what is refused."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

import workbench as wb
from workbench import explore
from workbench.explore import curves, fitlines
from workbench.explore.background import Background
from workbench.explore.outcome import each_left_out

pytestmark = pytest.mark.usefixtures("data_folder")
TRAIN = ("constant_24000", "cosine_24000", "wsdcon_9")
LAW = "power"
"""A law that is fitted in no time."""


@pytest.fixture(scope="module")
def whole(data_folder):
    return explore.predict(law=LAW)


@pytest.fixture
def page(whole):
    whole.choose(source="multipower/25M", law=LAW, trained=TRAIN)
    assert not whole.error
    return whole


def logged(folder: Path, count: int = 3) -> Path:
    """Logs of trainings of several lengths, in CSV."""
    for k in range(count):
        s = wb.schedules.cosine(1000 + 500 * k, 1e-3)
        step = np.arange(9, len(s), 10)
        loss = 2 + 0.5 * (np.cumsum(s.array())[step]) ** -0.4
        rows = [f"{a},{b:.8f},{c:.8f}" for a, b, c in zip(step, s(step), loss, strict=True)]
        (folder / f"run{k}.csv").write_text("\n".join(["step,lr,loss", *rows]))
    return folder


def test_the_split_that_is_shown_is_the_one_that_was_fitted(page):
    outcome = page.outcome
    assert outcome.trained == TRAIN == tuple(outcome.fit.facts["runs"])
    assert set(outcome.held_out) | set(TRAIN) == set(outcome.curves.names)
    assert set(outcome.report) == {*outcome.held_out, "mean"}
    page.choose(trained=["cosine_24000", "constant_24000"])
    assert page.outcome.trained == ("constant_24000", "cosine_24000")
    assert "wsdcon_9" in page.outcome.report and "wsdcon_9" not in page.fit.facts["runs"]


def test_every_caption_says_data_split_and_law(page):
    for caption in (page.panel.caption.value, page.forecast.caption.value):
        for said in ("multipower/25M", *TRAIN, "held out: constant_72000", "Power of the sum of rates"):
            assert said in caption


def test_residuals_are_predicted_less_measured(page):
    run = page.outcome.curves.get("cosine_72000")
    line = page.panel.figure.lines["cosine_72000 off"]
    measured = np.interp(line.x, run.curve.step, run.curve.loss)
    predicted = page.fit.predict(run.schedule, line.x.astype(int)).loss
    np.testing.assert_allclose(line.y, 100 * (predicted - measured) / measured, atol=1e-9)


def test_only_held_out_curves_have_a_band(page):
    lines = page.panel.figure.lines
    for name in page.outcome.curves.names:
        assert (lines[f"{name} loss"].low is not None) == (name not in TRAIN)
    interval = lines["interval"]
    curve = page.fit.predict(
        page.outcome.curves.get(interval.label.split()[-1]).schedule, interval.x.astype(int)
    )
    np.testing.assert_allclose(interval.high, 100 * (curve.high / curve.loss - 1), rtol=1e-9)


@pytest.mark.parametrize("law", wb.laws.names())
def test_every_law_fits_or_says_a_sentence(page, law):
    page.choose(law=law)
    assert page.panel.message.value.count("<div") == 1
    if law == "annealing_size":
        assert "n_params" in page.error and page._outcome.law == LAW, "the last fit stays"
        with pytest.raises(ValueError, match="n_params"):
            _ = page.outcome
    else:
        assert page.outcome.law == law and np.all(np.isfinite(page.curve.loss))


def test_nothing_checked_is_said_and_the_last_fit_stays(page):
    before = page.panel.figure.lines
    page.choose(trained=[])
    assert "at least one curve" in page.panel.message.value
    assert page.panel.figure.lines == before
    page.choose(trained=TRAIN)
    assert page.outcome.trained == TRAIN


def test_all_checked_holds_nothing_out(page):
    page.choose(trained=page.outcome.curves.names)
    assert page.outcome.report is None and page.outcome.held_out == ()
    assert "No curve is held out" in page.panel.table.value
    assert "no curve held out" in page.panel.caption.value


def test_leaving_one_out_is_a_fit_of_the_others(page):
    page.leave_out()
    runs = {run.facts["name"]: run for run in page.outcome.curves.runs}
    others = [runs[name] for name in TRAIN if name != "cosine_24000"]
    alone = wb.fit(LAW, others).report([runs["cosine_24000"]])
    assert set(page.left_out) == {*TRAIN, "mean"}
    assert page.left_out["cosine_24000"] == alone["cosine_24000"]
    assert "left out in turn" in page.panel.table.value


def test_leaving_out_can_be_stopped_and_says_so(page):
    told = []
    report = each_left_out(page.outcome, told.append, lambda: len(told) == 1)
    assert set(report) == {TRAIN[0], "mean"} and "stopped after 1 of 3" in report.title


def test_the_tables_can_be_copied_with_every_digit(page):
    rows = [line.split("\t") for line in page.text().splitlines()]
    cells = next(row for row in rows if row[:2] == ["all", "cosine_72000"])
    assert float(cells[3]) == page.outcome.report["cosine_72000"]["mae"]
    assert page.panel.tsv.layout.display == ""


def test_a_slider_moves_the_prediction_and_its_difference(page):
    before = page.forecast.figure.lines["now loss"].y.copy()
    control = page.forecast.chooser.sliders.controls["decay"]
    control.value = 0.5
    assert page.schedule.recipe["decay"] == 0.5
    line = page.forecast.figure.lines["now loss"]
    assert not np.array_equal(line.y, before)
    assert line.y[-1] == pytest.approx(page.curve.loss[-1], rel=1e-4)
    against = page.outcome.curves.get(page.forecast.other.value)
    said = str(page.fit.difference(page.schedule, against.schedule))
    assert said in page.forecast.words.value.replace("&#x27;", "'")
    control.value = 0.2


def test_a_longer_schedule_than_any_is_warned_of(page):
    sliders = page.forecast.chooser.sliders.controls
    kept = sliders["total"].value
    sliders["total"].value = next(value for _, value in sliders["total"].options if value > 30_000)
    assert "longer than any fitted run (24,000 steps)" in page.forecast.words.value
    sliders["total"].value = kept
    assert "longer than" not in page.forecast.words.value


def test_another_data_set_brings_its_own_sliders(page):
    page.choose(source="schaipp/124M")
    outcome = page.outcome
    assert {run.schedule.peak for run in outcome.runs(outcome.trained)} == {1e-3}
    assert {run.schedule.peak for run in outcome.runs(outcome.held_out)} == {5e-4}
    assert page.schedule.peak == 1e-3 and page.forecast.other.value in outcome.curves.names
    assert all(key.split(" ")[0] not in TRAIN for key in page.panel.figure.lines)


def test_own_logs_are_read_and_the_longest_is_held_out(tmp_path):
    page = explore.predict(str(logged(tmp_path) / "*.csv"), law=LAW)
    assert page.outcome.held_out == (page.outcome.curves.names[2],)
    assert page.outcome.report["mean"]["mae"] < 0.02
    assert str(tmp_path) in page.panel.caption.value and "<li>" in page.panel.notes.value
    page.panel.window.value = 5
    page.read()
    assert "smoothed over 5 points" in page.panel.caption.value


def test_uploads_of_one_name_are_kept_apart(tmp_path):
    content = (logged(tmp_path, 1) / "run0.csv").read_bytes()
    page = explore.predict("own", law=LAW)
    page.panel.upload.value = [
        {
            "name": name,
            "content": memoryview(content),
            "type": "",
            "size": len(content),
            "last_modified": datetime.now(),
        }
        for name in ("log.csv", "../log.csv")
    ]
    assert len(set(page.outcome.curves.names)) == 2
    places = list(Path(page._uploads.name).rglob("*.csv"))
    assert [place.read_bytes() for place in places] == [content, content]


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "matches no file"), ("", "empty"), ("\x00\x01nonsense" * 50, "cannot be read as a log")],
)
def test_bad_logs_are_a_sentence_and_cost_nothing(page, tmp_path, text, message):
    if text is not None:
        (tmp_path / "bad.csv").write_text(text)
    before = page.panel.figure.lines
    page.panel.path.value = str(tmp_path / "*.csv")
    page.read()
    assert message in page.error and "Traceback" not in page.panel.message.value
    assert "lrw-error" in page.panel.message.value and page.panel.figure.lines == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"law": "nothing"}, "law must be one of"),
        ({"schedule": "nothing"}, "schedule must be one of"),
        ({"peak": -1}, "peak must be"),
        ({"data": 3}, "data must be a name or a path"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        explore.predict(**arguments)


def test_a_split_of_unknown_curves_is_said():
    page = explore.predict(law=LAW, train=["cosine_1"])
    assert "cosine_1" in page.panel.message.value and "cosine_24000" in page.error
    assert page.choose(trained=TRAIN).outcome.trained == TRAIN


def test_axes_hold_what_is_drawn(page):
    lines = fitlines.lines(page.outcome)
    losses, off = fitlines.panels(lines, curves.UNIT)
    low, high = losses["yRange"]
    ends = [line.y[-1] for line in lines if line.panel == 0]
    assert all(low <= end <= high for end in ends)
    assert off["yRange"][0] == -off["yRange"][1]


def test_the_newest_wish_wins_and_wait_hands_over(monkeypatch):
    monkeypatch.setenv("WORKBENCH_HEADLESS", "0")
    got, entered, go = [], threading.Event(), threading.Event()

    def slow(stopped):
        entered.set()
        assert go.wait(20)
        return "old, asked to stop" if stopped() else "old"

    async def press() -> None:
        background = Background()
        background.start(slow, lambda value, error: got.append(value))
        while not entered.is_set():
            await asyncio.sleep(0.001)
        background.start(lambda stopped: "newer", lambda value, error: got.append(value), 60.0)
        background.start(lambda stopped: 1 / 0, lambda value, error: got.append(error), 60.0)
        assert background.busy and got == [], "nothing blocks"
        go.set()
        background.wait()
        assert not background.busy
        await asyncio.sleep(0.01)

    asyncio.run(press())
    assert len(got) == 1 and isinstance(got[0], ZeroDivisionError)
