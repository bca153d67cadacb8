"""Notebooks run briefly by papermill with sets of parameters, to what they leave."""

from __future__ import annotations

from pathlib import Path

import papermill
import pytest

import workbench as wb

FOLDER = Path(__file__).parents[1] / "notebooks"
TRAIN = [
    ("river_valley", {}),
    ("river_valley", {"schedule": "cosine", "peak": 0.01, "seed": 3}),
    ("small_gpt", {}),
    ("small_gpt", {"peak": 2e-3, "seeds": 1}),
    ("cooldown", {}),
    ("cooldown", {"decay": 0.4, "seeds": 3}),
    ("wsds", {}),
    ("wsds", {"count": 2, "decay": 0.1}),
    ("peak_and_batch", {"mup": True, "seeds": 1}),
    ("peak_and_batch", {"batch": 16, "width": 128}),
    ("edge", {"momentum": 0.5, "schedule": "wsd"}),
    ("edge", {"schedule": "linear", "peak": 0.08}),
]
# Their first set is run, to its numbers, beside the tests of their pages.
OTHERS = [
    ("schedules", {"schedule": "one_cycle", "setting": "gpt", "total": 700}),
    ("runs", {}),
    ("design", {"law": "gpt", "floor": 1e-4}),
    ("convex", {"total": 400, "decay": 0.1}),
    ("predict", {"law": "annealing"}),
    ("predict", {"data": "multipower/100M", "law": "power", "schedule": "cosine"}),
    ("chinchilla", {"compute": 1e22, "dropped": 0}),
    ("batch", {"n_params": 1e8, "overhead": 0.1}),
    ("planner", {"law": "hoffmann", "gpu": "A100", "mfu": 0.3}),
]


def run(folder: Path, name: str, **given: object) -> None:
    papermill.execute_notebook(
        FOLDER / f"{name}.ipynb",
        folder / "out.ipynb",
        given,
        cwd=folder,
        progress_bar=False,
        kernel_name="python3",
    )


@pytest.mark.parametrize(("name", "given"), TRAIN, ids=lambda each: each if isinstance(each, str) else "")
def test_runs_to_its_end_and_leaves_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, given: dict[str, object]
) -> None:
    monkeypatch.setenv("WORKBENCH_RUNS", str(tmp_path / "runs"))
    run(tmp_path, name, quick=True, **given)
    left = tmp_path / "takeaway" / name
    assert "plotly" in (left / "index.html").read_text("utf-8")
    schedules = [
        wb.Schedule.from_json(path.read_text("utf-8")) for path in (left / "schedules").glob("*.json")
    ]
    assert schedules, "it leaves the schedules that it spoke of"


@pytest.mark.parametrize(("name", "given"), OTHERS, ids=lambda each: each if isinstance(each, str) else "")
def test_another_set_of_parameters_runs_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_folder: Path, name: str, given: dict[str, object]
) -> None:
    monkeypatch.setenv("WORKBENCH_RUNS", str(tmp_path / "runs"))
    run(tmp_path, name, quick=True, **given)
    assert (tmp_path / "takeaway" / name / "index.html").exists(), "the last cell has left a page"


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("river_valley", {"shedule": "wsd"}, "unknown parameter 'shedule'"),
        ("small_gpt", {"seeds": "two"}, "seeds must be int"),
        ("cooldown", {"decay": 2.0}, "decay must be"),
        ("wsds", {"seeds": 0}, "seeds must be"),
        ("peak_and_batch", {"bench": "cnn"}, "bench must be one of"),
        ("edge", {"momentum": 1.0}, "momentum must be"),
    ],
)
def test_what_is_no_parameter_is_refused_before_anything_runs(
    tmp_path: Path, name: str, given: dict[str, object], said: str
) -> None:
    with pytest.raises(papermill.PapermillExecutionError, match=said):
        run(tmp_path, name, **given)
    assert not (tmp_path / "takeaway").exists()
