"""Sweeps as lanes of one training: the runs are those of the engine, what lanes cannot hold is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sweep_cases import notebook

import workbench as wb
from workbench import cli, sweep, train

CELL = """
task = "quadratic"
modes = 5
schedule = "wsd"  # Choice("wsd", "cosine", "linear")
peak = 0.1  # Param(0, 1, open_low=True)
total = 50
seed = 0
store = ""
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return notebook(tmp_path / "a.ipynb", CELL, "raise SystemExit('the notebook is not run')")


def test_lanes_are_the_runs_of_the_engine(path: Path, tmp_path: Path) -> None:
    out, said = tmp_path / "out", []
    grid = {"schedule": ["wsd", "cosine"], "peak": [0.05, 0.1]}
    plan = sweep.plan(path, grid=grid, zipped={"seed": [0, 1]})
    made = sweep.lanes(plan, out, say=said.append)
    assert (made.trained, made.trainings) == (8, 2) and len(said) == 2
    store = wb.Store(out / "runs")
    runs = {store.load(id).facts["sweep_task"]: store.load(id) for id in store.ids()}
    assert set(runs) == {task.key for task in plan.tasks} and len(store) == 8
    for task in plan.tasks:
        given: dict[str, Any] = dict(task.parameters)
        schedule = wb.schedules.build({"name": given["schedule"], "total": 50, "peak": given["peak"]})
        (alone,) = train.train(train.tasks.quadratic(modes=5), [schedule], seed=given["seed"])
        np.testing.assert_allclose(runs[task.key].curve.loss, alone.curve.loss, rtol=1e-5)
    assert sweep.lanes(plan, out).words == "nothing was left to train"
    # The tasks are those of a sweep: nothing is left for the notebook, and the report shows them.
    assert len(sweep.sweep(plan, out).finished) == 8
    assert "final_loss" in Path(sweep.report(out)).read_text()


@pytest.mark.parametrize(
    ("change", "arguments", "words"),
    [
        ("colour = 1", {"grid": {"colour": [1, 2]}}, "'colour' is none of these"),
        ("", {"fixed": {"store": "x"}}, "'store' is none of these"),
    ],
)
def test_what_lanes_cannot_hold_is_refused(
    tmp_path: Path, change: str, arguments: dict[str, Any], words: str
) -> None:
    plan = sweep.plan(notebook(tmp_path / "a.ipynb", CELL + change), **arguments)
    with pytest.raises(ValueError, match=words):
        sweep.lanes(plan, tmp_path / "out")
    bare = sweep.plan(notebook(tmp_path / "b.ipynb", "x = 1"))
    with pytest.raises(ValueError, match="lanes need a notebook with a parameter 'schedule'"):
        sweep.lanes(bare, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_says_how_much_it_saves(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", str(path), "-g", "peak=0.05,0.1", "--out", str(tmp_path / "out"), "--lanes"]
    assert cli.main(words) == 0
    assert cli.main([*words, "--time-limit", "9"]) == 2
    said, refused = capsys.readouterr()
    assert "--time-limit means nothing" in refused
    assert "2 tasks as 1 lane trainings in" in said and "run one task as a notebook" in said
