"""The planner's and the batch page's widgets without a browser, and their notebooks headless."""

from __future__ import annotations

from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest

import workbench as wb
from workbench.explore import planning, tradeoffs
from workbench.scaling import rules

FOLDER = Path(__file__).parents[1] / "notebooks"


@pytest.fixture
def page():
    return wb.explore.plan("besiroglu", flops=1e20)


def test_the_sliders_are_the_budget(page) -> None:
    page.controls.amount.value = 1e21
    said = wb.scaling.plan("besiroglu", flops=1e21)
    assert (page.sizing.n_params, page.sizing.tokens) == (said.n_params, said.tokens)
    page.controls.law.value = "hoffmann"
    assert page.sizing.n_params == wb.scaling.plan("hoffmann", flops=1e21).n_params
    page.controls.kind.value = "euros"
    page.controls.gpu.value, page.controls.price.value = "A100", 1.0
    asked = {"euros": page.controls.amount.value, "gpu": "A100", "euros_per_hour": 1.0}
    assert page.sizing.n_params == wb.scaling.plan("hoffmann", **asked).n_params
    page.controls.kind.value = "flops"
    assert page.sizing.flops == 1e21, "a budget that was set is kept while another is looked at"


def test_the_run_is_the_recipe_of_the_size(page) -> None:
    page.controls.builder.value, page.controls.batch.value = "cosine", "deepseek"
    page.controls.rate.value, page.controls.context.value = "deepseek", 4096
    s = page.sizing
    asked = {"schedule": "cosine", "batch": "deepseek", "rate": "deepseek", "context": 4096}
    said = wb.scaling.recipe(s.n_params, s.tokens, loss=s.loss, **asked)
    assert page.recipe.to_dict() == said.to_dict()
    assert len(page.plan) == said.steps and page.schedule.recipe["name"] == "cosine"
    np.testing.assert_allclose(page.rates.lines["rate"].y.max(), said.rate, rtol=1e-6)


def test_the_basin_is_drawn_and_lowest_at_the_plan(page) -> None:
    lines = page.figure.lines
    assert {"basin", "flat", "half", "best", "twice"} == set(lines)
    best = 10 ** lines["basin"].x[np.argmin(lines["basin"].y)]
    assert best == pytest.approx(page.sizing.n_params, rel=0.03)
    assert lines["best"].y[0] == pytest.approx(page.sizing.loss) and lines["half"].y[0] > lines["best"].y[0]
    assert lines["basin"].low is None, "published constants have no interval"
    assert any("half the size" in sentence for sentence in page.sizing.sentences)


def test_a_fit_comes_with_its_interval(data_folder) -> None:
    page = wb.explore.plan("fit", flops=1e20)
    band = page.figure.lines["basin"]
    assert np.all(band.low <= band.y) and np.all(band.y <= band.high)
    figure = planning.plane(page.sizing, "caption")
    names = [trace.name for trace in figure.data]
    assert {"this compute", "best", "best under resampled data"} <= set(names)
    (cloud,) = (trace for trace in figure.data if trace.name == "best under resampled data")
    low, high = page.sizing.region()["n_params"]
    inside = np.mean((np.array(cloud.x) >= low) & (np.array(cloud.x) <= high))
    assert inside == pytest.approx(0.9, abs=0.01)


def test_a_refused_value_leaves_the_last_plan(page) -> None:
    before = page.recipe
    page.controls.batch.value = "power_lines_critical"
    page.controls.kind.value = "target_loss"
    page.controls.amount.min = 1.0
    page.controls.amount.value = 1.5
    assert "target_loss must be above what the law reaches" in page.problem.value
    kept = page.recipe
    page.controls.kind.value = "flops"
    assert page.problem.value == "" and page.recipe.n_params == before.n_params
    assert kept.batch_tokens != before.batch_tokens


def test_exports_the_plan_or_says_why_not(page) -> None:
    page.target.value = "yaml"
    again = wb.Plan.from_yaml(page.export())
    assert set(again.quantities) == {"learning_rate", "weight_decay", "batch_size"}
    np.testing.assert_allclose(again.learning_rate.array(), page.schedule.array(), rtol=1e-12)
    page.target.value = "optax"
    assert page.export() == "" and "cannot express a plan" in page.said.value
    page.what.value = page.what.options[1]
    assert "optax" in page.export() and page.said.value == ""
    assert page.table.rows[0]["value"] == page.recipe.n_params


@pytest.mark.parametrize(
    ("law", "asked", "message"),
    [
        ("chinchila", {}, "law must be one of fit, hoffmann"),
        ("besiroglu", {"flops": 1e20, "euros": 5}, "give one of .*; got flops and euros"),
        ("besiroglu", {"flop": 1e20}, "plan has no argument 'flop'"),
        ("besiroglu", {"flops": -1}, "flops must be"),
        ("besiroglu", {"gpu_hours": 10, "gpu": "H1000"}, "gpu must be one of"),
        ("besiroglu", {"flops": 1e20, "batch": "steplow"}, "rule must be one of"),
        ("besiroglu", {"flops": 1e20, "schedule": "wsdd"}, "schedule must be one of"),
        ("besiroglu", {"target_loss": 1.0}, "target_loss must be above"),
    ],
)
def test_bad_arguments_are_named(law, asked, message) -> None:
    with pytest.raises(ValueError, match=message):
        wb.explore.plan(law, **asked)


def test_the_batch_page_follows_its_sliders() -> None:
    page = wb.explore.batch(tokens=1e11)
    critical = rules.critical_batch_data(1e11).batch_tokens
    assert page.affordable == pytest.approx(critical)
    page.controls["overhead"].value = 0.4
    assert page.affordable == pytest.approx(2 * critical, rel=0.02)
    data, updates = (page.figure.lines[name] for name in ("data", "updates"))
    at = np.interp(np.log10(page.affordable), data.x, data.y)
    assert at == pytest.approx(1 + page.values()["overhead"], rel=0.01)
    product = (updates.y - 1) * (data.y - 1)
    np.testing.assert_allclose(product, 1, rtol=1e-9)
    before = page.affordable
    page.controls["n_params"].value = page.controls["n_params"].options[-1][1]
    assert page.affordable == before, "size changes nothing"
    rows = {row["rule"]: row for row in page.table.rows}
    assert rows["your overhead"]["data more"] == page.values()["overhead"]
    assert rows["Step Law"]["updates"] == pytest.approx(1e11 / rows["Step Law"]["batch (tokens)"])


@pytest.mark.parametrize(
    ("first", "message"), [({"token": 1}, "no argument 'token'"), ({"tokens": 1}, "tokens must")]
)
def test_the_batch_page_refuses(first, message) -> None:
    with pytest.raises(ValueError, match=message):
        wb.explore.batch(**first)


def test_rates_go_through_what_was_tuned() -> None:
    lines = wb.explore.batch(batch_tokens=1e6).figure.lines
    for name in ("linear", "square_root", "noise_scale", "surge"):
        assert np.interp(6.0, lines[name].x, lines[name].y) == pytest.approx(1, rel=1e-2)


def test_public_tradeoffs_are_shown_or_missed(data_folder, monkeypatch, tmp_path) -> None:
    table = tradeoffs.tradeoffs()
    assert [row["model"] for row in table.rows] == ["85M", "151M", "302M", "604M", "1.2B"]
    assert all(row["low"] < row["affordable"] < row["high"] for row in table.rows)
    figure = tradeoffs.figure()
    assert len(figure.data) == 10 and "2410.21676" in figure.layout.annotations[0].text
    basins = tradeoffs.basins()
    assert len(basins) == 17 and all(row["from"] <= row["best batch"] <= row["to"] for row in basins.rows)
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path))
    assert tradeoffs.figure() is None and "set WORKBENCH_DATA_DIR" in tradeoffs.tradeoffs().notes[0]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("batch", {"quick": True, "tokens": 1e11, "overhead": 0.3}),
        ("planner", {"quick": True, "law": "besiroglu", "flops": 1e20, "schedule": "cosine"}),
    ],
)
def test_notebooks_run_without_a_person(tmp_path, data_folder, name, parameters) -> None:
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        FOLDER / f"{name}.ipynb", out, parameters, cwd=tmp_path, progress_bar=False, kernel_name="python3"
    )
    cells = nbformat.read(out, 4).cells
    assert all(cell.execution_count for cell in cells if cell.cell_type == "code" and cell.source)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("planner", {"law": "openai"}, "law must be one of"),
        ("batch", {"tokens": "1e9"}, "tokens must be"),
    ],
)
def test_notebooks_refuse_bad_parameters(tmp_path, data_folder, name, parameters, message) -> None:
    with pytest.raises(papermill.PapermillExecutionError, match=message):
        papermill.execute_notebook(
            FOLDER / f"{name}.ipynb", tmp_path / "out.ipynb", parameters, cwd=tmp_path, progress_bar=False,
            kernel_name="python3",
        )  # fmt: skip
