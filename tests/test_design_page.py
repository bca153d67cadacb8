"""The designer without a browser, what it shows of convex theory and data, and the two notebooks headless."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest

import workbench as wb
from workbench.design import Table
from workbench.explore import convexity
from workbench.explore.designing import choices, curve_of
from workbench.explore.sensitivity import sensitivity
from workbench.explore.sheets import TableView, as_text
from workbench.laws.convex import bound_curve, transfer
from workbench.making import hold, ramp

FOLDER = Path(__file__).parents[1] / "notebooks"


@pytest.fixture(scope="module")
def designer():
    return wb.explore.design("gpt", total=600)


@pytest.fixture(scope="module")
def runs(data_folder):
    return wb.datasets.load("schaipp/suite")


def test_the_sliders_are_the_limits(designer) -> None:
    limits = {"total": 500, "peak": 4e-3, "warmup": 0.05, "floor": 0.2, "slope": 5.0, "phases": 2}
    for name, value in limits.items():
        designer.controls[name].value = value
    assert designer.values() == limits
    found, asked = designer.design, wb.optimise(designer.choice.fit, **limits)
    assert len(found) == 500 and found.peak == pytest.approx(4e-3)
    np.testing.assert_allclose(found.array(), asked.array())
    after = found.array()[25:]
    assert after.min() >= 0.2 * 4e-3 * (1 - 1e-9)
    assert -np.diff(after).min() <= 5 * 4e-3 / 500 * (1 + 1e-6)


def test_every_compared_schedule_is_drawn_and_none_ends_lower(designer) -> None:
    assert len(designer.design) == designer.values()["total"]
    keys = ("best", "WSD", "cosine", "linear", "plain")
    assert set(designer.figure.lines) == {f"{key} {what}" for key in keys for what in ("rate", "loss")}
    ends = {key: designer.figure.lines[f"{key} loss"].y[-1] for key in keys}
    assert ends["best"] <= min(ends.values()) + 1e-4


def test_a_refused_value_leaves_the_last_design(designer) -> None:
    before = designer.design
    designer.controls["total"].options = [*designer.controls["total"].options, ("9", 9)]
    warmup = designer.controls["warmup"].value
    designer.controls["warmup"].value = 0.2
    kept = designer.design
    designer.controls["total"].value = 9
    assert "must leave at least 8" in designer.problem.value
    assert designer.design is kept
    designer.controls["total"].value, designer.controls["warmup"].value = len(before), warmup
    assert designer.problem.value == ""


@pytest.mark.parametrize(
    ("law", "limits", "message"),
    [
        ("gtp", {}, "law must be one of gpt, llama, convex, or a Fit"),
        (3, {}, "law must be one of"),
        ("gpt", {"peek": 1}, "peek"),
        ("gpt", {"floor": 2}, "floor must be"),
        ("gpt", {"total": 5}, "total must be"),
        ("gpt", {"phases": 9}, "phases must be"),
    ],
)
def test_bad_arguments_are_named(law, limits, message) -> None:
    with pytest.raises(ValueError, match=message):
        wb.explore.design(law, **limits)


def test_convex_theory_needs_no_peak_and_draws_the_bound() -> None:
    page = wb.explore.design("convex", total=300)
    assert "peak" not in page.controls
    assert page.figure.lines["best loss"].y[-1] == pytest.approx(page.design.final)
    assert page.gains.sheet["columns"] == ["over", "gain"], "a bound has no interval"
    assert all(row["gain"] >= 0 for row in page.table.rows)


def test_a_fit_of_ones_own_comes_first() -> None:
    fit = wb.defaults.load("gpt/0.1M")
    page = wb.explore.design(fit, total=400)
    assert page.law.value == "given" and page.choice.fit is fit and len(page.design) == 400


def test_changing_the_law_keeps_the_limits_but_not_the_scale() -> None:
    page = wb.explore.design("gpt", floor=0.1, phases=2)
    page.law.value = "convex"
    assert page.design.fit is None and page.values()["floor"] == pytest.approx(0.1)
    assert page.values()["phases"] == 2
    page.law.value = "llama"
    assert page.design.peak == pytest.approx(3e-4) and len(page.design) == 24_000


def test_exports_or_says_why_not(designer) -> None:
    designer.target.value, designer.what.value = "torch", "the best schedule"
    space: dict = {}
    assert "wb.export.torch(optimizer, schedule)" in designer.export() and designer.code.layout.display == ""
    designer.target.value = "yaml"
    again = wb.Schedule.from_yaml(designer.export())
    np.testing.assert_allclose(again.array(), designer.schedule.array(), rtol=1e-12)
    designer.target.value = "olmo"
    assert designer.export() == "" and "cannot express" in designer.said.value
    designer.target.value, designer.what.value = "python", "its plain phases"
    exec(designer.export(), space)
    assert space


def test_loosening_a_limit_never_hurts() -> None:
    fit = wb.defaults.load("gpt/0.1M")
    changes = {"floor": (0.0, 0.4), "slope": (3.0, None)}
    table = sensitivity(fit, 400, peak=5e-3, floor=0.2, slope=6.0, changes=changes)
    higher = {(row["limit"], row["value"]): row["higher by"] for row in table.rows}
    assert higher[("as asked", "")] == 0
    assert higher[("floor", "0")] <= 1e-4 <= higher[("floor", "0.4")]
    assert higher[("slope", "free")] <= 1e-4 and higher[("slope", "3")] >= -1e-4
    assert all(row["low"] <= row["higher by"] <= row["high"] for row in table.rows)
    with pytest.raises(ValueError, match="knots"):
        sensitivity(fit, 400, peak=5e-3, changes={"knots": (8,)})


def test_a_copied_table_keeps_all_digits() -> None:
    table = Table("t", ({"a": "x\ty", "b": 1 / 3, "c": None}, {"a": "z", "b": float("nan"), "c": 12_000}))
    read = list(csv.reader(io.StringIO(as_text(table)), delimiter="\t"))
    assert read[0] == ["a", "b", "c"] and float(read[1][1]) == 1 / 3
    assert read[1][0] == "x y" and read[2][1] == "" and read[2][2] == "12000"
    view = TableView()
    view.show(table)
    assert view.text == as_text(table) and view.sheet["rows"][1][2] == "12,000"
    view.show(None)
    assert view.sheet == {} and view.text == ""


def test_the_suite_has_the_rates_that_were_logged(runs, data_folder) -> None:
    assert len(runs) == 83
    named = {run.facts["name"]: run for run in runs}
    with (data_folder / "schaipp" / "suite124m_history.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if "wsd" in row["run"] and row["lr"]]
    assert len({row["run"] for row in rows}) == 66
    for name in {row["run"] for row in rows}:
        run = named[name]
        step, rate = np.array(
            [
                (int(row["iter"]), float(row["lr"]))
                for row in rows
                if row["run"] == name and row["iter"] != "0"
            ]
        ).T
        inside = step < len(run.schedule)
        np.testing.assert_allclose(run.schedule(step[inside]), rate[inside], atol=1e-3 * run.schedule.peak)


def test_the_suite_continues_the_runs_as_published(runs) -> None:
    named, checked = {run.facts["name"]: run for run in runs}, 0
    for run in wb.datasets.load("schaipp/124M"):
        if run.facts["name"] in named:
            other = named[run.facts["name"]]
            np.testing.assert_array_equal(run.schedule.array(), other.schedule.array())
            np.testing.assert_allclose(run.curve.loss, other.curve.loss, atol=1e-6)
            checked += 1
    assert checked == 12


def test_tables_that_cannot_be_fetched_say_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path))
    with pytest.raises(ValueError, match="cannot be fetched: set WORKBENCH_DATA_DIR"):
        wb.datasets.load("schaipp/suite")


def test_best_rates_find_the_minimum_of_a_parabola() -> None:
    runs = []
    for kind, share, best in (("wsd0.2", 0.2, 6e-4), ("wsd0.6", 0.6, 8e-4)):
        for peak in (1e-4, 5e-4, 1e-3):
            s = wb.schedules.wsd(5000, peak, warmup=0.0, decay=share, shape="linear")
            facts = {
                "name": f"lr{peak:g}_{kind}_5k",
                "final_val_loss_fullset": 3 + 0.1 * np.log(peak / best) ** 2,
            }
            runs.append(wb.Run(s, wb.Curve(np.array([1.0]), np.array([3.0])), {}, facts))
    first, second = convexity.best_rates(runs, 5000).rows
    assert first["measured"] == pytest.approx(6e-4) and second["measured"] == pytest.approx(8e-4)
    assert first["theory"] == first["measured"]
    assert second["theory ratio"] == pytest.approx(transfer(runs[0].schedule, runs[3].schedule))
    assert len(convexity.best_rates(runs[:1], 5000)) == 0


def test_crossings_are_found_where_they_are() -> None:
    step = np.arange(0, 1000, 10.0)
    for share in (0.3, 0.75):
        assert convexity._from(step, share * 1000 - 1 - step, 1000) == pytest.approx(share, abs=0.011)
    assert np.isnan(convexity._from(step, step, 1000))
    assert convexity._from(step, -step - 1, 1000) <= 0.12


def test_what_data_says_of_the_theory(runs) -> None:
    """The sentences of the notebook, as inequalities on the public runs."""
    rows = {row["schedule"]: row for row in convexity.best_rates(runs, 50_000).rows}
    longer = [rows[f"WSD, {share} linear"]["measured ratio"] for share in ("10%", "20%", "40%", "60%")]
    assert longer == sorted(longer), "longer cooldowns want higher rates"
    assert rows["WSD, 90% linear"]["measured ratio"] < 0.8 * rows["WSD, 90% linear"]["theory ratio"]
    assert rows["cosine to 10 %"]["theory ratio"] > 1.4 > 1.05 > rows["cosine to 10 %"]["measured ratio"]
    near = convexity.overtaking(runs, 50_000, 1e-3, rows["WSD, 20% linear"]["measured"])
    seen, said = (
        np.array([row[f"cosine to 10 %: {by}"] for row in near.rows]) for by in ("measured", "theory")
    )
    np.testing.assert_array_equal(np.isnan(seen), np.isnan(said))
    assert np.nanmax(np.abs(seen - said)) < 0.045


def test_a_run_stands_for_a_longer_one() -> None:
    """The bound on 5,000 updates crosses where that of 20,000 does."""
    wsd = wb.schedules.wsd(20_000, 1.0, warmup=0.0, decay=0.4, shape="linear")
    cosine = wb.schedules.cosine(20_000, 1.0, warmup=0.0, floor=0.1)
    scale = wb.views.convex_bound(wsd).gamma * 1.1
    full = convexity._from(
        np.arange(1, 20_001), bound_curve(wsd * scale) - bound_curve(cosine * scale), 20_000
    )
    few = [convexity.bound_at(s, 1 / 1.1, wsd) for s in (wsd, cosine)]
    assert convexity._from(np.arange(1, 5001), few[0] - few[1], 5000) == pytest.approx(full, abs=0.01)


def test_the_curve_of_a_choice_is_that_of_its_law() -> None:
    options, s = choices("gpt"), wb.schedules.wsd(400, 1e-2)
    assert set(options) == {"gpt", "llama", "convex"}
    curve = curve_of(options["convex"], s, 100)
    np.testing.assert_allclose(curve.loss, bound_curve(s)[curve.step.astype(int)])
    predicted = wb.defaults.load("gpt/0.1M").predict(s)
    assert curve_of(options["gpt"], s, 100).loss[-1] == pytest.approx(predicted.loss[-1])


def test_rates_are_held_and_fall_as_named() -> None:
    s = hold(10, 1.0).then(ramp(10, 1.0, 0.0))
    assert convexity.bound_at(s, 1.0, s).shape == (5000,)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("design", {"law": "convex", "total": 300, "peak": 0.01}),
        ("convex", {"decay": 0.4}),
    ],
)
def test_notebooks_run_without_a_person(tmp_path, data_folder, name, parameters) -> None:
    out = tmp_path / "out.ipynb"
    given = {"quick": True, **parameters}
    papermill.execute_notebook(
        FOLDER / f"{name}.ipynb", out, given, cwd=tmp_path, progress_bar=False, kernel_name="python3"
    )
    said = "".join(
        output.get("text", "")
        for cell in nbformat.read(out, 4).cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    assert {"design": "gain +0.06", "convex": "cooldown of  20%: 0.514"}[name] in said


@pytest.mark.parametrize("name", ["design", "convex"])
def test_notebooks_ask_and_read(name) -> None:
    cells = nbformat.read(FOLDER / f"{name}.ipynb", 4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code" and "takeaway" not in cell.source]
    figures = [source for source in code if "figure(" in source or "rates_and_losses(" in source]
    assert figures and all(
        "caption=" in source and "Law" in source or "no law" in source for source in figures
    )
    (text,) = [cell.source for cell in cells if "## Exercises" in cell.source]
    exercises = text.split("## Exercises")[1]
    assert [line[0] for line in exercises.strip().split("\n")] == ["1", "2", "3"]
    with pytest.raises(papermill.PapermillExecutionError, match="unknown parameter 'totle'"):
        papermill.execute_notebook(
            FOLDER / f"{name}.ipynb", None, {"totle": 3}, progress_bar=False, kernel_name="python3"
        )
