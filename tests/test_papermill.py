"""The notebooks that train: each run briefly by papermill with two sets of parameters, to what it leaves."""

from __future__ import annotations

from pathlib import Path

import papermill
import pytest

import workbench as wb

FOLDER = Path(__file__).parents[1] / "notebooks"
RUNS = [
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


def run(folder: Path, name: str, **given: object) -> None:
    papermill.execute_notebook(
        FOLDER / f"{name}.ipynb",
        folder / "out.ipynb",
        given,
        cwd=folder,
        progress_bar=False,
        kernel_name="python3",
    )


@pytest.mark.parametrize(("name", "given"), RUNS, ids=lambda each: each if isinstance(each, str) else "")
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
