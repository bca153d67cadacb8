"""No value becomes code, whichever way it comes in: the command line, a CSV, a YAML, or Python."""

from __future__ import annotations

import ast
import csv
import json
from collections import OrderedDict, UserDict, UserList
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from sweep_cases import notebook

from workbench import cli, sweep
from workbench.sweep import command
from workbench.sweep.injection import inject
from workbench.sweep.literals import plain

CODE = "__import__('os').system('touch trap')"
BREAKS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
"""Everything that some reader of text takes for the end of a line."""

TEXTS = [
    *(f"a{end}{CODE}" for end in BREAKS),
    *(f"{quote}{end}{CODE}{end}{quote}" for quote in ('"', "'", '"""', "'''") for end in ("", "\n", "; ")),
    *(f'{chr(92) * n}"; {CODE} #' for n in range(1, 5)),
    f"{{{CODE}}}",
    f"f'{{{CODE}}}'",
    f"{{{{{CODE}}}}}",
    f"%({CODE})s",
    f"!{CODE}",
    f"%system {CODE}",
    f"%%bash{BREAKS[0]}touch trap",
    f"?{CODE}",
    f"{CODE}?",
    f"{CODE}??",
    f",{CODE}",
    f"/{CODE}",
    f"x = !{CODE}",
    f"# -*- coding: utf-7 -*-\n+AF8AXw-{CODE}",
    "\ufeff" + CODE,
    "\u202e" + CODE,
    "\x00" + CODE,
    "\x1a" + CODE,
    "lambda: " + CODE,
    f"[{CODE} for _ in [1]]",
    f"{{'a': {CODE}}}",
    "!!python/object/apply:os.system ['touch trap']",
    "=cmd|'/c touch trap'!A1",
    "{% " + CODE + " %}",
    "nan",
    "None",
    "\\N{LATIN SMALL LETTER A}\\x41\\u0041\\101",
]
CELL = "text = ''\nanything = None\nlisted = []\nmapped = {}"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return notebook(tmp_path / "a.ipynb", CELL)


def arrived(plan: sweep.Plan) -> list[dict[str, Any]]:
    """What each task's kernel would have: its cell as IPython rewrites it, run without a single function."""
    found = []
    for task in plan.tasks:
        cells = inject(plan.source.node(), task.parameters).cells
        (cell,) = [one for one in cells if "injected-parameters" in one.metadata.get("tags", ())]
        source = TransformerManager().transform_cell(cell.source)
        allowed = (ast.Module, ast.Assign, ast.Name, ast.Store, ast.Constant, ast.List, ast.Dict, ast.Load)
        signs = (ast.UnaryOp, ast.USub)
        assert all(isinstance(node, allowed + signs) for node in ast.walk(ast.parse(source))), source
        names: dict[str, Any] = {"__builtins__": {}}
        exec(source, names)  # noqa: S102, whether that does anything is the question.
        del names["__builtins__"]
        found.append(names)
    assert not Path("trap").exists()
    return found


def test_text_from_python_arrives_to_the_last_character(path: Path) -> None:
    nested = [[text, {text: [{"a": text}]}] for text in TEXTS]
    plan = sweep.plan(path, fixed={"listed": TEXTS, "mapped": {t: t for t in TEXTS}, "anything": nested})
    assert arrived(plan) == [{"listed": TEXTS, "mapped": {t: t for t in TEXTS}, "anything": nested}]
    plan = sweep.plan(path, grid={"text": TEXTS})
    assert [one["text"] for one in arrived(plan)] == TEXTS


def planned(words: list[str]) -> sweep.Plan:
    given = cli._parser().parse_args(["sweep", "a.ipynb", "--out", "o", *words])
    return command._plan(given)


def test_text_of_the_command_line_arrives_to_the_last_character(path: Path) -> None:
    for text in TEXTS:
        assert arrived(planned(["-p", f"text={text}"])) == [{"text": text}]
        # In a grid commas separate values, and spaces around them say nothing.
        parts = list(dict.fromkeys(part.strip() for part in text.split(",")))
        assert [one["text"] for one in arrived(planned(["-g", f"text={text}"]))] == parts
        # Where no type is declared, a literal is read as one; all else is text.
        assert arrived(planned(["-p", f"anything={text}"])) == [{"anything": literal(text)}]


def literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def test_text_of_a_csv_and_of_a_yaml_arrives_to_the_last_character(path: Path) -> None:
    texts = [text for text in TEXTS if "\x00" not in text]
    with open("a.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["text"], *([text] for text in texts)])
    # A CSV has no way to say where spaces matter: those at the ends are not kept.
    assert [one["text"] for one in arrived(sweep.plan(path, rows="a.csv"))] == [t.strip() for t in texts]
    Path("a.yaml").write_text(json.dumps([{"text": t, "mapped": {t: [t]}} for t in TEXTS]))
    assert arrived(sweep.plan(path, rows="a.yaml")) == [{"text": t, "mapped": {t: [t]}} for t in TEXTS]


@pytest.mark.parametrize(
    "row",
    [
        "{text: !!python/object/apply:os.system ['touch trap']}",
        "{anything: !!python/name:os.system ''}",
        "{anything: !!binary aGVsbG8=}",
        "{anything: !!set {a, b}}",
        "{anything: 2026-01-01}",
        "{anything: {1: a}}",
        "{anything: {null: a}}",
        "{anything: {[a]: b}}",
        "{anything: .nan}",
        "{anything: [[.inf]]}",
        "{anything: &a [*a]}",
        '{anything: "\\ud800"}',
        "{'text; import os': a}",
        "{? [text] : a}",
        "{1: a}",
        "{anything: " + "[" * 30 + "]" * 30 + "}",
        "{anything: " + "[" * 5000 + "]" * 5000 + "}",
        "{anything: " + "9" * 5000 + "}",
    ],
)
def test_what_yaml_can_hold_beyond_plain_values_is_a_sentence(path: Path, row: str) -> None:
    Path("a.yaml").write_text(f"- {row}\n")
    with pytest.raises(ValueError, match="a.yaml") as error:
        sweep.plan(path, rows="a.yaml")
    assert "\n" not in str(error.value) and not Path("trap").exists()


class Words(str):
    """Text that says of itself what it likes."""

    def __repr__(self) -> str:
        return CODE

    __str__ = __format__ = __repr__  # type: ignore[assignment]


class Pairs(dict[str, Any]):
    def items(self) -> Any:
        return [("a", Words("b"))]


class Many(list[Any]):
    def __iter__(self) -> Any:
        return iter([Words("b")])


class Number(np.float64):
    def item(self, *_: Any) -> Any:
        return Words("1")


class Odd:
    def __repr__(self) -> str:
        return CODE

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    "value",
    [
        Words("a"),
        Pairs(a=1),
        Many([1]),
        Number(1),
        Odd(),
        OrderedDict(a=1),
        UserDict(a=1),
        UserList([1]),
        {Words("a"): 1},
        {b"a": 1},
        {("a",): 1},
        {None: 1},
        {1.5: 1},
        {True: 1},
        b"bytes",
        bytearray(b"a"),
        memoryview(b"a"),
        1j,
        float("nan"),
        float("inf"),
        np.float32("-inf"),
        np.datetime64("2026-01-01"),
        np.array([1]),
        np.bytes_(b"a"),
        np.void(b"a"),
        ...,
        range(3),
        {1, 2},
        frozenset(),
        "\ud800",
        "a\udfff",
        {"\ud800": 1},
        int,
        len,
        10**301,
        iter([1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_plain_value_is_refused_wherever_it_stands(path: Path, value: Any) -> None:
    for placed in (value, [value], {"a": value}, [[{"a": [value]}]]):
        with pytest.raises(ValueError, match="anything") as error:
            sweep.plan(path, fixed={"anything": placed})
        assert "\n" not in str(error.value)


def test_what_holds_itself_or_is_too_deep_is_refused() -> None:
    round_and_round: list[Any] = []
    round_and_round.append(round_and_round)
    deep: Any = {}
    for _ in range(100_000):
        deep = [deep]
    for value in (round_and_round, {"a": round_and_round}, deep):
        with pytest.raises(ValueError, match="nested at most 20 deep"):
            plain("x", value)


@pytest.mark.parametrize("text", ["[" * 5000, "-" * 5000 + "1", "(" * 300, "9" * 5000])
def test_text_that_python_cannot_read_is_text_or_a_sentence(path: Path, text: str) -> None:
    assert arrived(planned(["-p", f"text={text}"])) == [{"text": text}]
    try:
        found = arrived(planned(["-p", f"anything={text}"]))
    except ValueError as error:
        assert str(error).startswith("anything") and "\n" not in str(error)
    else:
        assert found == [{"anything": text}]
    with pytest.raises(ValueError, match="listed must be a list"):
        planned(["-p", f"listed={text}"])


def test_bytes_that_are_no_text_are_refused_on_the_command_line(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Python hands bytes of the command line that are not UTF-8 on as halves of surrogates.
    assert cli.main(["sweep", str(path), "--out", "o", "-p", "text=\udcff"]) == 2
    assert "text must be text that UTF-8 can hold" in capsys.readouterr().err
