"""The steps of CONTRIBUTING.md add a schedule that is found everywhere: gone in a copy of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

NAME = "cubic"
FOUND = """
import workbench as wb
from workbench import export
from workbench.explore.panel import Panel
from workbench.explore.figure import LiveFigure
from workbench.explore.settings import SETTINGS

assert "cubic" in wb.schedules.names()
assert "cubic" in dict(Panel(LiveFigure([]), "gpt", "wsd", SETTINGS).chooser.options).values()
assert any(cell.name == "cubic" and cell.family == "decay" for cell in wb.explore.sheet().cells)
schedule = wb.schedules.cubic(total=100)
for to in ("torch", "csv", "python"):
    assert export.code(schedule, to=to)
"""


@pytest.fixture(scope="module")
def copy(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with the four steps done."""
    there = tmp_path_factory.mktemp("newcomer") / "repo"
    ignored = shutil.ignore_patterns("__pycache__", ".venv", ".git", "runs", ".*_cache", ".hypothesis")
    shutil.copytree(repo, there, ignore=ignored)
    section = (repo / "CONTRIBUTING.md").read_text().split("## Adding a schedule")[1].split("\n## ")[0]
    file, line, row = (dedent(block) for block in re.findall(r"```python\n(.*?) *```", section, re.DOTALL))

    (there / "workbench" / "schedules" / f"{NAME}.py").write_text(file)
    names = there / "workbench" / "schedules" / "__init__.py"
    text = names.read_text()
    assert "__all__ = [" in text
    text = text.replace("\n\n__all__ = [", f"\n{line}\n__all__ = [\n    {NAME!r},", 1)
    names.write_text(text)
    cases = there / "tests" / "cases.py"
    text = cases.read_text()
    head = "_BASICS: dict[str, Case] = {\n"
    assert head in text
    cases.write_text(text.replace(head, head + row))
    table = _python(there, "-m", "workbench.cli", "schedules", "--markdown")
    assert table.returncode == 0, table.stderr
    readme = there / "README.md"
    block = r"(<!-- schedules: .*? -->\n).*?(\n<!-- end of schedules -->)"
    new = re.sub(block, lambda m: m[1] + table.stdout.strip() + m[2], readme.read_text(), flags=re.DOTALL)
    readme.write_text(new)
    return there


def _python(there: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(there)}
    return subprocess.run(
        [sys.executable, *args], cwd=there, env=environment, capture_output=True, text=True, timeout=240
    )


def test_it_is_in_chooser_gallery_and_exporters(copy: Path) -> None:
    done = _python(copy, "-c", FOUND)
    assert done.returncode == 0, done.stderr


def test_it_is_on_the_command_line(copy: Path) -> None:
    for command in (("schedules",), ("show", NAME), ("export", NAME, "--total", "500", "--to", "torch")):
        done = _python(copy, "-m", "workbench.cli", *command)
        assert done.returncode == 0 and NAME in done.stdout, done.stderr


def test_it_passes_every_property_by_its_row(copy: Path) -> None:
    chosen = f"{NAME} or readme_shows or has_a_row"
    files = ("tests/test_builders.py", "tests/test_cli.py", "tests/test_house.py")
    done = _python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k", chosen)
    assert done.returncode == 0, done.stdout[-3000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed[1]) >= 10
