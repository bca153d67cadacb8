"""The house around the package: its dependencies in three files, its README, its Makefile, its marks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from bare import python as bare_python
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import workbench as wb
from benchmarks import __main__ as table
from benchmarks.rows import Row, at_least, at_most
from workbench import cli

CONDA = {"torch": "pytorch", "playwright": "playwright-python", "pytorch-optimizer": "pytorch_optimizer"}
"""Names that conda-forge spells in its own way."""

CONDA_ONLY = {"python", "pip"}


@pytest.fixture(scope="module")
def project(repo: Path) -> dict:
    return tomllib.loads((repo / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def requirements(project: dict) -> dict[str, Requirement]:
    """Every dependency and extra of the project, itself left out."""
    texts = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    found = [Requirement(text) for text in texts]
    return {canonicalize_name(r.name): r for r in found if r.name != project["name"]}


@pytest.fixture(scope="module")
def pins(repo: Path) -> dict[str, Requirement]:
    lines = (repo / "constraints.txt").read_text().splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in found}


def test_every_dependency_has_a_pin_that_satisfies_it(
    requirements: dict[str, Requirement], pins: dict[str, Requirement]
) -> None:
    for name, requirement in requirements.items():
        assert name in pins, name
        (pin,) = pins[name].specifier
        assert requirement.specifier.contains(pin.version), f"{requirement} against {pins[name]}"


def test_pins_are_exact_and_fit_any_machine(pins: dict[str, Requirement]) -> None:
    for name, pin in pins.items():
        assert [s.operator for s in pin.specifier] == ["=="] and pin.url is None, name
        # A local version such as +cpu names a build that is on one index only.
        assert all(Version(s.version).local is None for s in pin.specifier), name


def test_conda_users_get_the_same_dependencies(repo: Path, requirements: dict[str, Requirement]) -> None:
    environment = yaml.safe_load((repo / "environment.yml").read_text())
    conda = {r.name: r for r in map(Requirement, environment["dependencies"])}
    expected = {CONDA.get(name, name): requirement for name, requirement in requirements.items()}
    assert set(conda) == set(expected) | CONDA_ONLY
    for name, requirement in expected.items():
        assert conda[name].specifier == requirement.specifier, name


def test_python_is_asked_for_alike(repo: Path, project: dict) -> None:
    environment = yaml.safe_load((repo / "environment.yml").read_text())
    assert f"python {project['requires-python']}" in environment["dependencies"]


def test_the_core_depends_on_numpy_and_scipy_only(project: dict) -> None:
    assert {Requirement(text).name for text in project["dependencies"]} == {"numpy", "scipy"}


def test_the_test_extra_holds_every_other(project: dict) -> None:
    extras = project["optional-dependencies"]
    (all_others,) = (r for text in extras["test"] if (r := Requirement(text)).name == project["name"])
    assert all_others.extras == set(extras) - {"test"}


def test_version_is_stated_once_alike(project: dict) -> None:
    assert project["version"] == wb.__version__


def test_readme_shows_every_schedule(repo: Path) -> None:
    readme = (repo / "README.md").read_text()
    block = re.search(r"<!-- schedules: .*? -->\n(.*?)\n<!-- end of schedules -->", readme, re.DOTALL)
    assert block and block[1] == cli.table(markdown=True), "run: workbench schedules --markdown"


def test_readme_names_every_exporter_and_notebook(repo: Path) -> None:
    readme = (repo / "README.md").read_text()
    (targets,) = re.findall(r"It goes to (.*?);", readme, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", targets)) == set(wb.export.names())
    for notebook in (repo / "notebooks").glob("*.ipynb"):
        assert f"notebooks/{notebook.name}" in readme


def example(repo: Path) -> str:
    return re.findall(r"```python\n(.*?)```", (repo / "README.md").read_text(), re.DOTALL)[0]


def test_readme_example_works_when_pasted(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = example(repo)
    assert len([line for line in code.splitlines() if line]) <= 5
    exec(compile(code, "README.md", "exec"), {})
    assert re.search(r"predicted final loss \d\.\d{3}\n$", capsys.readouterr().out)


def test_readme_says_what_its_training_shares(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (repo / "README.md").read_text()
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[1]
    planned, _, rest = code.partition("runs = ")
    exec(compile("import workbench as wb\n" + planned, "README.md", "exec"), {})
    said = re.search(r"print\(.*?\) +# (.*?) \.\.\.", planned)
    assert said and capsys.readouterr().out.startswith(said[1])
    compile(rest, "README.md", "exec")
    from workbench.train import tasks

    described = text.partition("Tasks: ")[2].partition("Optimizers: ")[0]
    assert set(re.findall(r"`(\w+)`", described)) == set(tasks.names())


def test_readme_names_files_that_exist(repo: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (repo / "README.md").read_text())
    assert links and not [link for link in links if not (repo / link).exists()]


def test_make_is_clear_where_python_is_not_there(repo: Path, tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(repo / name, tmp_path)
    done = subprocess.run(
        ["make", "install", "PYTHON=no-such-python"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0 and "'no-such-python' is not a Python of 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_make_passes_port_and_browser_on(repo: Path) -> None:
    command = [
        "make",
        "-n",
        "-o",
        ".venv/.installed-lab",
        "-o",
        ".venv/.installed-test",
        "lab",
        "PORT=8890",
        "NO_BROWSER=1",
    ]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, timeout=60)
    assert 'workbench.cli lab --port "8890" --no-browser' in done.stdout


def test_ci_is_executable(repo: Path) -> None:
    assert os.access(repo / ".ci" / "run", os.X_OK)


MARKED = """
import pytest

@pytest.mark.browser
def test_one(): pass

@pytest.mark.browser
def test_two(): pass

@pytest.mark.gpu
def test_gpu(monkeypatch): pass
"""


@pytest.mark.parametrize(("required", "code", "outcome"), [("", 0, "3 skipped"), ("required", 1, "2 errors")])
def test_absent_browser_and_gpu(repo: Path, tmp_path: Path, required: str, code: int, outcome: str) -> None:
    (tmp_path / "test_marked.py").write_text(MARKED)
    variables = {"PATH": "", "WORKBENCH_BROWSER": required, "CUDA_VISIBLE_DEVICES": ""}
    variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    paths = os.pathsep.join((str(repo), str(repo / "tests")))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-rs",
            "-p",
            "markers",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(tmp_path),
        ],
        cwd=tmp_path,
        env={**os.environ, **variables, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code and outcome in done.stdout
    reasons = [line for line in done.stdout.splitlines() if "apt-get install chromium" in line]
    assert len(reasons) == (2 if required else 1)


def test_readme_example_needs_the_core_only(repo: Path, tmp_path: Path) -> None:
    done = bare_python(tmp_path, "-c", example(repo))
    assert done.returncode == 0 and "predicted final loss" in done.stdout, done.stderr
    absent = bare_python(tmp_path, "-c", "import pandas")
    assert "No module named 'pandas'" in absent.stderr


def test_benchmarks_report_a_missed_target(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Module:
        rows = staticmethod(
            lambda: [at_most("a", 2, 1, "s"), at_least("b", 2, 1, "times"), Row("c", 1, "ms")]
        )

    monkeypatch.setattr(table.importlib, "import_module", lambda name: Module)
    assert table.main(["import"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[1:4]] == ["MISSED", "ok", "ms"]
    assert lines[-1] == "1 targets missed"


def test_benchmarks_refuse_a_name_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert table.main(["nothing"]) == 2
    assert "no 'nothing'" in capsys.readouterr().err


def test_notebook_cells_are_counted_only_where_their_output_is_kept(repo: Path) -> None:
    notebooks = sorted((repo / "notebooks").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "code":
                tags = cell["metadata"].get("tags", [])
                kept = "keep_output" in tags
                # nbval asks for the count of a cell that has output, also where it does not compare it.
                assert bool(cell["outputs"]) == (cell["execution_count"] is not None) == kept, cell["id"]
                assert kept or "nbval-check-output" not in tags, cell["id"]
