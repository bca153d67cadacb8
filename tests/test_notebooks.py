"""Every notebook: its form, two papermill runs, and parameters that are refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import papermill
import pytest

import workbench as wb

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))


def execute(tmp_path, name="start.ipynb", **parameters):
    out = tmp_path / "out.ipynb"
    given = {"store": str(tmp_path / "runs"), **parameters}
    papermill.execute_notebook(
        FOLDER / name, out, given, cwd=tmp_path, progress_bar=False, kernel_name="python3"
    )
    return nbformat.read(out, 4)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_form(name):
    notebook = nbformat.read(FOLDER / name, 4)
    cells = notebook.cells
    assert cells[0].source.startswith("# ") and cells[0].source.splitlines()[0].endswith("?")
    assert "parameters" in cells[1].metadata.tags
    assert notebook.metadata.kernelspec.name == "python3" and "widgets" not in notebook.metadata
    for cell in cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 12 and "class " not in cell.source


@pytest.mark.parametrize(
    "parameters",
    [
        {"schedule": "cosine", "peak": 1e-3, "quick": True},
        {"schedule": "one_cycle", "seed": 3, "quick": True},
    ],
)
def test_papermill_trains_and_saves(tmp_path, parameters):
    execute(tmp_path, **parameters)
    table = wb.Store(tmp_path / "runs").table()
    assert list(table["schedule"]) == [parameters["schedule"]]
    (run,) = [wb.Store(tmp_path / "runs").load(key) for key in table["id"]]
    assert run.facts["status"] == "finished" and run.facts["seed"] == parameters.get("seed", 0)
    assert run.schedule.peak == pytest.approx(parameters.get("peak", 5e-3), rel=0.05)
    assert run.curve.loss[-1] < run.curve.loss[0]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"shedule": "cosine"}, "unknown parameter 'shedule'"),
        ({"schedule": "cosinus"}, "schedule must be one of"),
        ({"peak": "1e-3"}, "peak must be float"),
        ({"quick": "yes"}, "quick must be bool"),
        ({"total": 100.5}, "total must be int"),
        ({"seed": None}, "seed must be int"),
    ],
)
def test_bad_parameters_are_refused_before_anything_runs(tmp_path, parameters, message):
    with pytest.raises(papermill.PapermillExecutionError, match=message):
        execute(tmp_path, **parameters)
    cells = nbformat.read(tmp_path / "out.ipynb", 4).cells
    ran = [cell for cell in cells if cell.cell_type == "code" and cell.execution_count]
    assert len(ran) <= 3, "only the parameters, what was injected, and the check"
    assert not (tmp_path / "runs").exists()


def test_the_headless_rule(monkeypatch):
    for name in ("JPY_SESSION_NAME", "VSCODE_PID", "COLAB_RELEASE_TAG", "WORKBENCH_HEADLESS"):
        monkeypatch.delenv(name, raising=False)
    assert wb.notebook.headless()
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/start.ipynb")
    assert not wb.notebook.headless()
    monkeypatch.setenv("WORKBENCH_HEADLESS", "1")
    assert wb.notebook.headless()
    monkeypatch.setenv("WORKBENCH_HEADLESS", "maybe")
    with pytest.raises(ValueError, match="WORKBENCH_HEADLESS must be 0 or 1"):
        wb.notebook.headless()


def test_parameters_may_name_a_range():
    wb.notebook.check({"peak": 1e-3}, peak=wb.Param(0, 1))
    with pytest.raises(ValueError, match="peak must be at least 0 and at most 1"):
        wb.notebook.check({"peak": 2.0}, peak=wb.Param(0, 1))
    with pytest.raises(ValueError, match="'peak' is missing"):
        wb.notebook.check({}, peak=float)


@pytest.mark.parametrize(("asked", "quick"), [("1", True), ("0", False), ("", False)])
def test_the_environment_may_ask_for_the_quick_run(monkeypatch, asked, quick):
    monkeypatch.setenv("WORKBENCH_QUICK", asked)
    namespace = {"peak": 1e-3, "quick": False}
    wb.notebook.check(namespace, peak=float, quick=bool)
    assert namespace == {"peak": 1e-3, "quick": quick}
