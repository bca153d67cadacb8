"""Parameters of notebooks: types and ranges read and not executed, values refused before it runs."""

from __future__ import annotations

import ast
import builtins
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweep_cases import notebook

import workbench as wb
from workbench import sweep
from workbench.sweep import cell, notebook_source
from workbench.sweep.injection import inject
from workbench.sweep.literals import plain

ROOT = Path(__file__).parents[1]

DECLARED = """
peak = 1e-3  # Param(0, 1, open_low=True, log=True): highest rate
warmup: "float, Param(0, 1)" = 0.1
total: int = 1000
schedule: 'Choice("wsd", "cosine")' = "wsd"
batch = 8  # Choice(8, 16)
name: str | None = None
shares: list[float] = [0.5, 1.0]
budgets = [0.25, 1.0]  # Numbers(Param(0, 1), increasing=True)
quick = False  # seconds, for tests
note = "x=1"
table = {"a": 1}
anything = None
"""


@pytest.fixture
def declared(tmp_path: Path) -> dict[str, sweep.Parameter]:
    return cell.parameters(notebook_source.read(notebook(tmp_path / "a.ipynb", DECLARED)))


def test_types_and_ranges_come_from_annotations_comments_and_defaults(declared: dict[str, Any]) -> None:
    types = {name: one.type for name, one in declared.items()}
    assert types == {
        "peak": "float",
        "warmup": "float",
        "total": "int",
        "schedule": "str",
        "batch": "int",
        "name": "str",
        "shares": "list",
        "budgets": "list",
        "quick": "bool",
        "note": "str",
        "table": "dict",
        "anything": "any",
    }
    assert declared["peak"].rule == wb.Param(0, 1, open_low=True, log=True)
    assert declared["peak"].help == "highest rate" and declared["name"].optional
    assert declared["batch"].options == (8, 16)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("peak", "1e-2", 0.01),
        ("peak", "1", 1.0),
        ("total", "1e3", 1000),
        ("schedule", "cosine", "cosine"),
        ("batch", "16", 16),
        ("name", "none", None),
        ("name", "1e-3", "1e-3"),
        ("shares", "[1, 2]", [1.0, 2.0]),
        ("budgets", "0.5 1", [0.5, 1.0]),
        ("quick", "true", True),
        ("note", "__import__('os')", "__import__('os')"),
        ("table", "{'b': [1, None]}", {"b": [1, None]}),
        ("anything", "3", 3),
    ],
)
def test_text_of_the_command_line_becomes_the_type_of_the_parameter(
    declared: dict[str, Any], name: str, text: str, value: Any
) -> None:
    read = declared[name].read(text)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("peak", 0, "peak must be greater than 0 and at most 1"),
        ("peak", 1.5, "peak must be greater than 0"),
        ("peak", "1e-3", "peak must be a number"),
        ("peak", float("nan"), "peak must be a finite number"),
        ("peak", True, "peak must be a number"),
        ("total", 10.5, "total must be a whole number"),
        ("total", None, "total must be a whole number"),
        ("schedule", "cosinus", "schedule must be one of wsd, cosine"),
        ("batch", 9, "batch must be one of 8, 16"),
        ("batch", True, "batch must be one of 8, 16"),
        ("name", 3, "name must be text"),
        ("shares", [0.5, "a"], r"shares\[1\] must be a number"),
        ("shares", 0.5, "shares must be a list"),
        ("budgets", [1.0, 0.5], "budgets must be .* increasing"),
        ("quick", "yes", "quick must be true or false"),
        ("quick", 1, "quick must be true or false"),
        ("table", [1], "table must be a mapping"),
        ("anything", object(), "anything must be a number, text"),
        ("anything", print, "anything must be a number, text"),
        ("anything", {1: 2}, "names in anything must be text"),
        ("anything", "\ud800", "UTF-8"),
        ("anything", 10**400, "300 digits"),
    ],
)
def test_bad_values_are_refused_with_what_is_allowed(
    declared: dict[str, Any], name: str, value: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        declared[name].check(value)


def test_an_unknown_name_is_refused_with_all_that_there_are(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", DECLARED)
    with pytest.raises(ValueError, match=r"unknown parameter 'peek'.*peak: a number.*quick: true or false"):
        sweep.plan(path, grid={"peek": [1]})


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = 1 + open('f').read()", "no plain default"),
        ("x = [].append(1)", "no plain default"),
        ("import os", "must set one name"),
        ("x = y = 1", "must set one name"),
        ("x, y = 1, 2", "must set one name"),
        ("x += 1", "must set one name"),
        ("for i in range(3): x = i", "must set one name"),
        ("x = 1  # Param(0,", "not a whole rule"),
        ("x = 1  # Param(0, y)", "not a literal"),
        ("x = 1  # Param(2, 1)", "low must be at most high"),
        ("x = 1  # Param(0, 1, colour=3)", "cannot be used"),
        ("x = 1  # Param(*open('f'))", "not a literal"),
        ("x = 5  # Param(0, 1)", "outside its own rule"),
        ("x: 'Choice(' = 1", "not an expression"),
        ("x = 1\n  y = 2", "not Python"),
    ],
)
def test_a_parameters_cell_that_is_more_than_literals_is_refused(
    tmp_path: Path, source: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        sweep.plan(notebook(tmp_path / "a.ipynb", source))


def test_reading_a_notebook_executes_nothing(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    line = f"__import__('pathlib').Path({str(trap)!r}).touch()"
    path = notebook(tmp_path / "a.ipynb", f"x: {line} = 1  # not a rule\nz = 2", line, f"check(x={line})")
    assert set(cell.parameters(notebook_source.read(path))) == {"x", "z"}
    assert not trap.exists()


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_notebook_of_ours_can_be_swept(path: Path) -> None:
    plan = sweep.plan(path, grid={"quick": [True]})
    assert plan.source.question.endswith("?") and len(plan.tasks) == 1


def test_the_notebooks_own_check_is_used_before_it_runs() -> None:
    with pytest.raises(ValueError, match="schedule must be one of constant"):
        sweep.plan(ROOT / "notebooks" / "start.ipynb", grid={"schedule": ["cosinus"]})
    with pytest.raises(ValueError, match="total must be at least 50"):
        sweep.plan(ROOT / "notebooks" / "convex.ipynb", grid={"total": [10]})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "not a notebook"),
        ("not json", "not a notebook"),
        ('{"cells": 3, "nbformat": 4}', "not a notebook"),
    ],
)
def test_a_broken_notebook_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        sweep.plan(path)
    with pytest.raises(ValueError, match="cannot be read"):
        sweep.plan(tmp_path / "absent.ipynb")


def test_notebooks_of_other_languages_and_without_parameters_are_refused(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "x = 1")
    node = nbformat.read(path, 4)
    node.cells[1].metadata["tags"] = []
    nbformat.write(node, path)
    with pytest.raises(ValueError, match="one code cell tagged 'parameters'"):
        sweep.plan(path)
    node.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    nbformat.write(node, path)
    with pytest.raises(ValueError, match="must be a Python notebook"):
        sweep.plan(path)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300)
@given(values)
def test_whatever_passes_is_written_into_the_notebook_as_that_value(value: Any) -> None:
    try:
        value = plain("x", value)
    except ValueError:
        # Hypothesis also draws lone surrogates, which UTF-8 cannot hold.
        return
    node = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]})]
    )
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (cell_,) = [c for c in inject(node, {"x": value}).cells if "injected-parameters" in c.metadata.tags]
    (statement,) = ast.parse(cell_.source).body
    assert isinstance(statement, ast.Assign) and ast.literal_eval(statement.value) == value


class Evil(str):
    """Text that writes itself down as code."""

    def __str__(self) -> str:
        return "__import__('os')"

    __repr__ = __str__


class EvilInt(int):
    def __str__(self) -> str:
        return "__import__('os')"

    __repr__ = __str__


@pytest.mark.parametrize(
    "value",
    [
        Evil("a"),
        EvilInt(1),
        [Evil("a")],
        {"a": EvilInt(1)},
        {Evil("a"): 1},
        (EvilInt(1),),
        builtins.print,
        b"x",
        {1},
    ],
)
def test_only_the_plain_types_themselves_pass(value: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        plain("x", value)


@pytest.mark.parametrize("name", ["x=1;import os#", "x\nimport os", "__builtins__", "print", "x.y", ""])
def test_no_name_can_be_code(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="unknown parameter"):
        sweep.plan(notebook(tmp_path / "a.ipynb", "x = 1"), fixed={name: 1})


def test_a_cell_that_does_more_than_assign_is_caught() -> None:
    node = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]})]
    )
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    # Names are checked before; should one come this far, the cell is refused all the same.
    with pytest.raises(ValueError, match="cannot be written"):
        inject(node, {"x = 1; import os; y": 1})
