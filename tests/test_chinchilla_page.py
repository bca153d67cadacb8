"""The notebook on why published laws disagree, headless, and its switches without a browser."""

from __future__ import annotations

from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest

import workbench as wb
from workbench import scaling
from workbench.explore import replication
from workbench.scaling import corrections

FOLDER = Path(__file__).parents[1] / "notebooks"


@pytest.fixture(scope="module")
def runs(data_folder):
    return scaling.load("chinchilla")


def test_switches_go_from_kaplans_exponent_to_chinchillas(data_folder):
    page = wb.explore.exponent()
    seen = [page.frontier.exponent_n]
    for name in ("last_layer", "warmup", "cosine"):
        page.switches[name].value = True
        seen.append(page.frontier.exponent_n)
    assert seen == sorted(seen, reverse=True) and seen[0] > 0.8 and seen[-1] < 0.6
    assert set(page.figure.lines) == {"fit", "best", "kaplan", "chinchilla"}
    line = page.figure.lines["kaplan"]
    assert np.polyfit(line.x, line.y, 1)[0] == pytest.approx(corrections.KAPLAN)
    assert f"{seen[-1]:.3f}" in page.words.value and f"{seen[-1]:.3f}" in page.figure.summary


def test_a_combination_without_runs_is_said_and_leaves_the_last(data_folder):
    page = wb.explore.exponent(last_layer=True, warmup=True, cosine=True)
    before = page.frontier
    page.switches["tuned"].value = True
    assert "Nobody has trained exactly this" in page.problem.value and page.frontier is before
    page.switches["cosine"].value = False
    assert page.problem.value == "" and page.frontier.exponent_n == pytest.approx(0.497, abs=0.005)
    page.data.value = "owt2"
    assert page.frontier.exponent_n == pytest.approx(0.518, abs=0.005)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"decay": True}, "no argument 'decay'"),
        ({"data": "c4"}, "data must be one of rw, owt2"),
        ({"warmup": True}, "no runs have exactly these corrections"),
    ],
)
def test_bad_first_values_are_refused(given, message, data_folder):
    with pytest.raises(ValueError, match=message):
        wb.explore.exponent(**given)


def test_without_the_table_the_page_says_how_to_get_it(monkeypatch):
    monkeypatch.delenv("WORKBENCH_DATA_DIR")
    page = wb.explore.exponent()
    assert "WORKBENCH_DATA_DIR" in page.problem.value and not page.figure.lines
    page.switches["warmup"].value = True
    with pytest.raises(ValueError, match="cannot be fetched"):
        _ = page.frontier
    rows = corrections.story().rows
    assert [row["published"] for row in rows] == [0.8353, 0.7065, 0.6020, 0.5715, 0.4969]
    assert all("exponent of size" not in row for row in rows)


def test_a_mean_stops_where_a_sum_arrives(runs):
    fit = scaling.fit("chinchilla", runs)
    end, objective = replication.stopped(runs, False, quick=True)
    assert objective == pytest.approx(fit.objective, rel=1e-6)
    assert end["beta"] == pytest.approx(fit.params["beta"], rel=1e-3)
    early, higher = replication.stopped(runs, True, quick=True)
    assert higher > 1.05 * fit.objective
    assert early["beta"] != pytest.approx(fit.params["beta"], rel=0.05)


def test_figures_hold_what_they_say(runs):
    fit = scaling.fit("chinchilla", runs)
    shown = {trace.name: np.asarray(trace.y) for trace in replication.residuals(fit).data}
    assert np.abs(shown["our optimum"]).max() < 0.6
    printed = shown["Hoffmann et al. 2022 (Chinchilla), as printed"]
    assert printed.min() > 1.15 and printed.max() < 2.35
    assert len({trace.name for trace in replication.story().data}) == 5
    rows = replication.dropping(scaling.load("chinchilla/all"), (0, 5)).rows
    assert rows[0]["beta"] > 0.44 and rows[1]["beta"] == pytest.approx(0.36717, abs=1e-5)


@pytest.mark.parametrize("parameters", [{"quick": True}])
def test_the_notebook_runs(tmp_path, parameters, data_folder):
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        FOLDER / "chinchilla.ipynb", out, parameters, cwd=tmp_path, progress_bar=False, kernel_name="python3"
    )
    cells = nbformat.read(out, 4).cells
    printed = "".join(o.text for c in cells if c.cell_type == "code" for o in c.outputs if "text" in o)
    assert "objective 1.018274e-03, converged: True" in printed
    assert "the 90 % interval leaves out the printed constants: True" in printed
