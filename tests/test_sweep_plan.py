"""Plans: grids, zips, lists, samples and the identity of tasks."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import qmc
from sweep_cases import notebook

from workbench import sweep
from workbench.sweep import axes, sampling

CELL = """
peak = 1e-3  # Param(0, 1, open_low=True, log=True, slider=(1e-4, 1e-2))
schedule = "wsd"  # Choice("wsd", "cosine", "linear")
total = 100  # Param(1, 1000)
seed = 0
shares = [0.5]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return notebook(tmp_path / "a.ipynb", CELL, "print(peak)")


def given(plan: sweep.Plan) -> list[dict[str, Any]]:
    return [dict(task.parameters) for task in plan.tasks]


def test_a_grid_is_the_product_and_zipped_values_go_together(path: Path) -> None:
    grid = {"peak": [1e-3, 3e-3], "schedule": ["wsd", "cosine"]}
    zipped = {"seed": range(3), "total": [10, 20, 30]}
    plan = sweep.plan(path, grid=grid, zipped=zipped)
    together = list(zip(zipped["seed"], zipped["total"], strict=True))
    expected = [
        {"peak": p, "schedule": s, "seed": a, "total": b}
        for p, s, (a, b) in itertools.product(grid["peak"], grid["schedule"], together)
    ]
    assert given(plan) == expected and len(plan) == 12
    assert set(plan.varied) == {"peak", "schedule", "seed", "total"}


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("seed", "0:5", [0, 1, 2, 3, 4]),
        ("seed", "0:10:4", [0, 4, 8]),
        ("seed", "3", [3]),
        ("peak", "1e-3,3e-3", [1e-3, 3e-3]),
        ("peak", "lin:0.1:0.5:3", [0.1, 0.3, 0.5]),
        ("peak", "log:1e-4:1e-2:3", [1e-4, 1e-3, 1e-2]),
        ("schedule", "wsd,cosine", ["wsd", "cosine"]),
        ("shares", "[0.5]; [0.25, 1]", [[0.5], [0.25, 1.0]]),
    ],
)
def test_values_of_the_command_line(path: Path, name: str, text: str, values: list[Any]) -> None:
    parameter = sweep.plan(path).maker.parameter(name)
    found = axes.values(parameter, text)
    assert found == (pytest.approx(values) if name == "peak" else values)


@pytest.mark.parametrize("text", ["5:0", "0:5:0", "a:b", "0:1e12", "lin:1:2", "log:0:1:3", "lin:0:1:1", ""])
def test_bad_ranges_are_one_sentence(path: Path, text: str) -> None:
    plan = sweep.plan(path)
    with pytest.raises(ValueError, match="(seed|peak)"):
        axes.values(plan.maker.parameter("peak" if text.startswith("l") else "seed"), text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"grid": {"peak": []}}, "list of values that is not empty"),
        ({"grid": {"schedule": "wsd"}}, "list of values"),
        ({"grid": {"peak": [0.1]}, "fixed": {"peak": 0.2}, "zipped": {"peak": [1]}}, "given twice"),
        ({"zipped": {"seed": [1, 2], "total": [1]}}, "lists of one length"),
        ({"grid": {"seed": range(2000), "total": range(1, 1000)}}, "at most 1,000,000 tasks"),
        ({"grid": {"total": [0]}}, "total must be"),
        ({"sample": {"peak": ""}}, "needs count"),
        ({"count": 3}, "sample must name"),
        ({"sample": {"peak": ""}, "count": 3, "search": 3, "metric": "a"}, "exclude each other"),
        ({"sample": {"peak": ""}, "search": 3}, "needs metric"),
        ({"sample": {"peak": ""}, "count": 3, "grid": {"peak": [0.1]}}, "given twice"),
        ({"sample": {"peak": "1e-2:1e-4:log"}, "count": 3}, "low below high"),
        ({"sample": {"peak": "0.1:7"}, "count": 3}, "peak must be"),
        ({"sample": {"seed": ""}, "count": 3}, "no range to sample from"),
        ({"sample": {"peek": ""}, "count": 3}, "unknown parameter"),
        ({"sample": {"peak": ""}, "count": 3, "method": "halton"}, "method must be one of"),
        ({"sample": {"peak": ""}, "count": 1.5}, "count must be a whole number"),
        ({"sample": {"peak": ""}, "count": 2, "seed": -1}, "seed must be"),
        ({"fixed": {"peak": 0.1}, "grid": {"peak": [0.1, 0.2]}}, "peak is given twice"),
        ({"grid": ["peak"]}, "grid must be a mapping"),
        ({"rows": [1]}, "rows must be"),
        ({"rows": 1}, "rows must be"),
        ({"sample": {"peak": 1}, "count": 2}, "a range of peak must be text"),
        ({"code": 5}, "code must be text"),
    ],
)
def test_what_does_not_fit_together_is_refused(path: Path, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sweep.plan(path, **arguments)


def test_lists_from_csv_and_yaml_give_the_same_tasks(path: Path, tmp_path: Path) -> None:
    csv, yaml = tmp_path / "a.csv", tmp_path / "a.yaml"
    csv.write_text("peak,schedule,seed\n1e-3,wsd,0\n0.01,cosine,\n")
    yaml.write_text("- {peak: 1e-3, schedule: wsd, seed: 0}\n- {peak: 0.01, schedule: cosine}\n")
    rows = [{"peak": 1e-3, "schedule": "wsd", "seed": 0}, {"peak": 0.01, "schedule": "cosine"}]
    assert given(sweep.plan(path, rows=csv)) == given(sweep.plan(path, rows=yaml)) == rows
    assert given(sweep.plan(path, rows=rows, grid={"total": [5, 6]})) == [
        {**row, "total": total} for row in rows for total in (5, 6)
    ]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "peak\n7\n", "row 1 of .* peak must be"),
        ("a.csv", "peek\n7\n", "row 1 of .* unknown parameter"),
        ("a.csv", "peak,seed\n0.1\n", "must have 2 cells"),
        ("a.csv", "peak,peak\n0.1,0.2\n", "each column once"),
        ("a.csv", "", "at least one row"),
        ("a.yaml", "peak: 1", "YAML list of mappings"),
        ("a.yaml", "- !!python/object/apply:os.system [ls]", "not YAML"),
        ("a.yaml", "- {peak: [1]}", "row 1 of .* peak must be"),
        ("absent.csv", None, "cannot be read"),
    ],
)
def test_bad_lists_name_their_row(
    path: Path, tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=words):
        sweep.plan(path, rows=tmp_path / name)


def test_sobol_points_are_those_of_scipy_on_the_ranges(path: Path) -> None:
    plan = sweep.plan(path, sample={"peak": "1e-4:1e-2:log", "total": "1:8"}, count=8, seed=3)
    shares = qmc.Sobol(2, scramble=True, rng=np.random.default_rng(3)).random(8)
    peaks = [task.parameters["peak"] for task in plan.tasks]
    np.testing.assert_allclose(peaks, 10 ** (-4 + 2 * shares[:, 0]), rtol=1e-12)
    # A power of 2 of points is even: each eighth has one.
    assert sorted(task.parameters["total"] for task in plan.tasks) == list(range(1, 9))


@pytest.mark.parametrize("method", sampling.METHODS)
def test_samples_lie_in_their_ranges_and_more_only_adds(path: Path, method: str) -> None:
    sample = {"peak": "", "schedule": "", "total": "5:9"}
    few, many = (given(sweep.plan(path, sample=sample, count=n, method=method, seed=1)) for n in (5, 50))
    assert many[:5] == few
    assert all(1e-4 <= one["peak"] <= 1e-2 and 5 <= one["total"] <= 9 for one in many)
    assert {one["schedule"] for one in many} == {"wsd", "cosine", "linear"}
    # On a logarithmic scale half of them lie below the geometric mean.
    assert 12 <= sum(one["peak"] < 1e-3 for one in many) <= 38


def test_the_identity_is_code_parameters_and_version(path: Path, tmp_path: Path) -> None:
    keys = [task.key for task in sweep.plan(path, grid={"seed": [0, 1]}).tasks]
    assert len(set(keys)) == 2
    # The default given, in another notation, or in another file: the same task.
    assert sweep.plan(path).tasks[0].key == keys[0]
    assert sweep.plan(path, fixed={"peak": np.float64(1e-3), "total": 100.0}).tasks[0].key == keys[0]
    copy = notebook(tmp_path / "copy.ipynb", CELL, "print(peak)", title="# Other prose?")
    assert sweep.plan(copy).tasks[0].key == keys[0]
    changed = notebook(tmp_path / "changed.ipynb", CELL, "print(peak )")
    assert sweep.plan(changed).tasks[0].key != keys[0]
    assert sweep.plan(path, code="v2").tasks[0].key != keys[0]


def test_a_generator_is_as_good_as_a_list(path: Path) -> None:
    plan = sweep.plan(path, grid={"seed": (n for n in (1, 2))}, zipped={"total": (n for n in (10, 20))})
    assert given(plan) == [{"seed": a, "total": b} for a in (1, 2) for b in (10, 20)]


def test_a_module_beside_the_notebook_is_part_of_the_code(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "x = 1", "import helper")
    module = tmp_path / "helper.py"
    module.write_text("a = 1")
    before = sweep.plan(path).tasks[0].key
    assert sweep.plan(path).tasks[0].key == before
    module.write_text("a = 2")
    assert sweep.plan(path).tasks[0].key != before


def test_the_same_task_twice_is_one(path: Path) -> None:
    assert len(sweep.plan(path, grid={"seed": [0, 0, 1]}).tasks) == 2


def test_a_plan_is_frozen(path: Path) -> None:
    plan = sweep.plan(path)
    with pytest.raises(AttributeError):
        plan.tasks = ()  # type: ignore[misc]
