"""Exercises: their form, what is said of answers, and that every notebook asks what its module answers."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
from bare import python as bare_python
from hypothesis import given
from hypothesis import strategies as st

from workbench import exercises
from workbench.exercises import Exercise, Sheet
from workbench.exercises.exercise import RIGHT

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
ASKING = [path.stem for path in NOTEBOOKS if path.stem != "index"]
EACH = [(name, number) for name in exercises.names() for number in range(1, len(exercises.get(name)) + 1)]
WORDS = {"question": "Which?", "hint": "Look.", "explanation": "So it is."}


@cache
def answer(name: str, number: int) -> float | str:
    """Computed once for all tests."""
    return exercises.get(name)[number - 1].answer()


def known(name: str, number: int) -> Exercise:
    """The exercise with its answer at hand."""
    return dataclasses.replace(exercises.get(name)[number - 1], answer=lambda: answer(name, number))


def asks(value: float | str, **more: object) -> Exercise:
    return Exercise(answer=lambda: value, **{**WORDS, **more})  # type: ignore[arg-type]


def cells(name: str) -> list[nbformat.NotebookNode]:
    (path,) = (path for path in NOTEBOOKS if path.stem == name)
    return nbformat.read(path, 4).cells


def test_every_notebook_has_exercises_and_every_module_a_notebook() -> None:
    assert exercises.names() == ASKING


@pytest.mark.parametrize("name", ASKING)
def test_a_notebook_asks_what_its_module_answers(name: str) -> None:
    (asked,) = (cell for cell in cells(name) if "## Exercises" in cell.source)
    numbered = re.findall(r"^(\d+)\. (.*)$", asked.source.split("## Exercises")[1], re.MULTILINE)
    assert [int(number) for number, _ in numbered] == [1, 2, 3]
    assert [question for _, question in numbered] == [one.question for one in exercises.get(name)]


@pytest.mark.parametrize("name", ASKING)
def test_a_notebook_ends_with_exercises_and_what_to_take_along(name: str) -> None:
    found = cells(name)
    (shown,) = (i for i, cell in enumerate(found) if "exercises.show(" in cell.source)
    assert found[shown].source == f'wb.exercises.show("{name}")' and "## Exercises" in found[shown - 1].source
    (taken,) = (i for i, cell in enumerate(found) if "takeaway.write(" in cell.source)
    assert taken == len(found) - 1 > shown and re.search(
        rf'takeaway\.write\(\s*"{name}"', found[taken].source
    )
    assert any(cell.source.startswith("## Take it with you") for cell in found[shown:taken])


@pytest.mark.parametrize("name", ASKING)
def test_nothing_of_an_answer_is_in_a_notebook(name: str) -> None:
    text = "\n".join(cell.source for cell in cells(name))
    for one in exercises.get(name):
        assert one.hint not in text and one.explanation not in text


@pytest.mark.parametrize(("name", "number"), EACH)
def test_what_is_told_is_right_and_what_lies_beside_it_is_not(name: str, number: int) -> None:
    one, value = known(name, number), answer(name, number)
    assert one.check(one.told()) == RIGHT and one.check(value) == RIGHT
    if isinstance(value, str):
        assert one.check(value + "x") == "Not that one." and one.check("12").startswith("That is a number")
        return
    assert math.isfinite(value)
    beside = one.tolerance * 1.5 + abs(value) * 1e-6
    assert one.check(value + beside) == "Too high." and one.check(value - beside) == "Too low."
    assert one.check("a few").endswith("is not a number; write it as 0.25, 5e-3 or 24,000.")


@pytest.mark.parametrize(("name", "number"), EACH)
def test_a_guess_is_rarely_right(name: str, number: int) -> None:
    one, value = known(name, number), answer(name, number)
    assert isinstance(value, str) or one.tolerance <= 0.3 * abs(value)


@given(st.floats(-1e9, 1e9), st.floats(0, 1e6), st.floats(-1e9, 1e9))
def test_a_number_is_right_within_the_tolerance(value: float, tolerance: float, said: float) -> None:
    sentence = asks(value, tolerance=tolerance).check(said)
    if abs(abs(said - value) - tolerance) > 1e-6 * (1 + abs(value)):
        assert (sentence == RIGHT) == (abs(said - value) < tolerance)
        assert sentence in (RIGHT, "Too low." if said < value else "Too high.")


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        *(("24,000", "", 24_000), ("5e-3", "", 0.005), (" 0.2 ", "", 0.2), ("20 %", "", 0.2)),
        *(
            ("20 %", "%", 20),
            ("20", "%", 20),
            ("650 Updates", "updates", 650),
            ("1,234,567.5", "", 1234567.5),
        ),
        *(("-1.5", "nats", -1.5), ("+3", "", 3), ("1_000", "", 1000)),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, unit: str, value: float) -> None:
    assert asks(value, unit=unit).check(text) == RIGHT


@pytest.mark.parametrize("text", ["", "  ", "nan", "inf", "1,5", "12 apples", "0x10", "1e999", "24,00", "%"])
def test_what_is_no_number_is_said_to_be_none(text: str) -> None:
    said = asks(1.5, tolerance=10.0).check(text)
    assert ("is not a number" in said) if text.strip() else (said == "Write an answer first.")


def test_words_are_compared_without_case_and_marks() -> None:
    one = asks("effective_rate")
    assert one.check("Effective rate") == one.check(" effective-rate ") == RIGHT
    assert one.check("effective") == "Not that one."
    assert one.told() == "effective_rate"


def test_the_answer_is_computed_whenever_it_is_asked_for() -> None:
    calls = []
    one = Exercise(answer=lambda: calls.append(1) or float(len(calls)), **WORDS)
    assert one.told() == "1" and one.told() == "2" and one.check(3) == RIGHT
    assert one.check("") == "Write an answer first." and len(calls) == 3, "nothing was asked"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"question": " "}, "question must be a text"),
        ({"hint": None}, "hint must be a text"),
        ({"explanation": ""}, "explanation must be a text"),
        ({"unit": 3}, "unit must be a text"),
        ({"answer": 3.0}, "answer must be a function"),
        ({"tolerance": -1.0}, "tolerance must be finite and at least 0"),
        ({"tolerance": math.nan}, "tolerance must be finite and at least 0"),
        ({"tolerance": True}, "tolerance must be finite and at least 0"),
    ],
)
def test_a_bad_exercise_is_refused(bad: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Exercise(**{"answer": lambda: 1.0, **WORDS, **bad})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("nothing", 1, 1), "name must be one of .*convex.*; got 'nothing'"),
        ((None, 1, 1), "name must be one of"),
        (("exercise", 1, 1), "name must be one of"),
        (("convex", 0, 1), "number must be a whole number from 1 to 3"),
        (("convex", 4, 1), "number must be a whole number from 1 to 3"),
        (("convex", True, 1), "number must be a whole number from 1 to 3"),
        (("convex", 1.0, 1), "number must be a whole number from 1 to 3"),
        (("convex", 1, None), "value must be a finite number or a text"),
        (("convex", 1, math.nan), "value must be a finite number or a text"),
        (("convex", 1, True), "value must be a finite number or a text"),
        (("convex", 1, [1]), "value must be a finite number or a text"),
    ],
)
def test_bad_input_names_the_argument(given: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        exercises.check(*given)


def test_headless_the_questions_are_text_and_html(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HEADLESS", "1")
    sheet = exercises.show("convex")
    assert isinstance(sheet, Sheet)
    html = sheet._repr_html_()
    assert html.count("<li>") == 3 and "<code>wb.views.convex_bound</code>" in html
    for number, one in enumerate(exercises.get("convex"), start=1):
        assert f"{number}. {one.question}" in repr(sheet)
        assert one.hint not in html and one.explanation not in html
    with pytest.raises(ValueError, match="name must be one of"):
        exercises.show("nothing")


def test_questions_cannot_smuggle_html() -> None:
    sheet = Sheet("x", (asks(1.0, question="Is a < b, or <script>alert(1)</script> *so* `a*b*c`?"),))
    html = sheet._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "<em>so</em> <code>a*b*c</code>" in html


@pytest.fixture
def quiz(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKBENCH_HEADLESS", "0")
    return exercises.show("convex")


def test_the_widget_judges_hints_and_tells(quiz) -> None:
    row, one = quiz.rows[0], exercises.get("convex")[0]
    for text, said in (("", "Write an answer first."), ("t9", "Not that one."), ("3", "a word is asked for")):
        row.answer.value = text
        row.button["Check"].click()
        assert said in row.said.value and "Right" not in row.said.value
    row.button["Hint"].click()
    assert "Hint: " in row.said.value and one.hint.split("`")[1] in row.said.value
    row.button["Show the answer"].click()
    assert one.explanation[:40] in row.said.value and "<b style" in row.said.value
    row.answer.value = one.told().upper()
    row.answer._handle_custom_msg({"event": "submit"}, [])
    assert "<b" in row.said.value and RIGHT in row.said.value and one.explanation[:40] in row.said.value


def test_the_widget_sends_no_answer_before_it_is_asked_for(quiz) -> None:
    import ipywidgets

    def states(box: ipywidgets.Widget) -> list[dict]:
        below = [state for child in getattr(box, "children", ()) for state in states(child)]
        return [box.get_state(), *below]

    sent = json.dumps(states(quiz.box), default=str)
    for number, one in enumerate(exercises.get("convex"), start=1):
        assert one.hint[:30] not in sent and one.explanation[:30] not in sent
        assert f"answer to exercise {number}" in sent and f"Check, exercise {number}" in sent


def test_the_widget_says_why_an_answer_cannot_be_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.explore.quiz import Quiz

    def fails() -> float:
        raise OSError("no data <here>")

    (row,) = Quiz("x", [Exercise(answer=fails, **WORDS)]).rows
    row.answer.value = "1"
    row.check()
    assert "could not be worked out: no data &lt;here&gt;" in row.said.value


def test_exercises_load_no_widgets(tmp_path: Path) -> None:
    code = "from workbench import exercises; print(exercises.check('batch', 2, '10.5'), exercises.names())"
    done = bare_python(tmp_path, "-c", code)
    assert done.returncode == 0 and done.stdout.startswith("Right."), done.stderr
