"""Schedules as text: what is written comes back, and what is no schedule is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import workbench as wb
from workbench import files

DATA = Path(__file__).parent / "data"
PHASE = {"name": "a", "steps": 2, "start": 0, "end": 1}


def deep(depth: int) -> str:
    return "[" * depth + "]" * depth


BOMB = "a: &a [1]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

TEXTS = [
    "",
    " ",
    "null",
    "3",
    "true",
    "[]",
    "[1, 2]",
    '"wsd"',
    "{}",
    '{"phases": null}',
    '{"phases": []}',
    '{"phases": 3}',
    '{"phases": {}}',
    '{"phases": "abc"}',
    '{"phases": [3]}',
    '{"phases": [[]]}',
    '{"phases": [{}]}',
    '{"phases": [{"name": "a"}]}',
    '{"phases": [{"name": "a", "steps": 2, "start": 0, "end": 1, "shpe": "linear"}]}',
    '{"phases": [{"name": "a", "steps": {"x": [1]}, "start": 0, "end": 1}]}',
    '{"phases": [{"name": "a", "steps": 2, "start": 0, "end": 1, "shape": {"x": 1}}]}',
    '{"phases": [{"name": "a", "steps": 2, "start": 0, "end": 1, "args": [1]}]}',
    '{"phases": [{"name": "a", "steps": 2, "start": "0", "end": 1}]}',
    '{"phases": [{"name": "a", "steps": 2, "start": 0, "end": 1e400}]}',
    '{"phase": []}',
    json.dumps({"phases": [PHASE], "extra": 1}),
    json.dumps({"phases": [PHASE], "recipe": 3}),
    *(json.dumps({"phases": [PHASE], "format": f}) for f in (0, 2, -1, "1", None, True, [], {}, 1.5)),
    deep(900),
    deep(100_000),
    f'{{"phases": {deep(500)}}}',
    "9" * 6000,
]
NOT_JSON = ["{", "nan", '{"phases": [NaN]}', "{'phases': []}", "\x00", "1 2", '{"phases": [Infinity]}']
NOT_YAML = [
    "a: b: c",
    "\t- x",
    "[1, 2",
    "\x00",
    "!!python/object/apply:os.system ['true']",
    "!!python/object:workbench.schedule.Phase {}",
    "!!python/name:os.system",
    "!!bool maybe",
    "!!int ''",
    "!!float ''",
    "!!timestamp soon",
    "!!binary '*'",
    "phases: 2020-99-99",
    "? [a]\n: b",
    "a: *nowhere",
    "--- 1\n--- 2",
    BOMB,
    "a: &a {k: 1}\nphases: [{<<: *a}]",
]


@pytest.mark.parametrize("text", [*TEXTS, *NOT_JSON], ids=lambda text: repr(text[:40]))
def test_json_that_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        wb.Schedule.from_json(text)
    assert 10 < len(str(caught.value)) < 400 and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [*TEXTS, *NOT_YAML], ids=lambda text: repr(text[:40]))
def test_yaml_that_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        wb.Schedule.from_yaml(text)
    assert 10 < len(str(caught.value)) < 400 and "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [None, 3, b"\xff\xfe\xff", object(), ["{}"]])
def test_what_is_not_text_is_refused(value: Any) -> None:
    for read in (wb.Schedule.from_json, wb.Schedule.from_yaml, wb.Schedule.from_dict):
        with pytest.raises(ValueError):
            read(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ("phases", "format", "recipe", "name", "steps", "start", "end", "shape", "span", "args")
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_any_nested_junk_is_a_schedule_or_a_value_error(junk: Any) -> None:
    try:
        assert len(wb.Schedule.from_dict(junk)) >= 1
    except ValueError as error:
        assert str(error)


def test_the_sentence_says_where() -> None:
    bad = {"phases": [PHASE, {**PHASE, "end": -1}]}
    with pytest.raises(ValueError, match=r"phase 1: end must be at least 0.*got -1"):
        wb.Schedule.from_dict(bad)
    with pytest.raises(ValueError, match="newer workbench"):
        wb.Schedule.from_dict({"phases": [PHASE], "format": files.FORMAT + 1})


def test_numbers_survive_other_readers() -> None:
    s = wb.ramp(7, 1e-05, 3e-300).then(wb.hold(1, 0.1 + 0.2))
    read = yaml.safe_load(s.to_yaml())
    assert read == s.to_dict() == json.loads(s.to_json())
    by_hand = (
        "phases:\n"
        "- {name: up, steps: 10, start: 0, end: 1e-3}\n"
        "- {name: flat, steps: 1e1, start: 1E-3, end: .1e-2}\n"
    )
    np.testing.assert_array_equal(
        wb.Schedule.from_yaml(by_hand).array(), wb.ramp(10, 0, 1e-3).then(wb.hold(10, 1e-3)).array()
    )


def test_nothing_is_run_by_a_yaml_tag(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with pytest.raises(ValueError):
        wb.Schedule.from_yaml(f"!!python/object/apply:os.mkdir ['{target}']")
    assert not target.exists()


@pytest.mark.parametrize("version", range(1, files.FORMAT + 1))
def test_saved_schedules_of_every_version_stay_readable(version: int) -> None:
    """The file holds one phase of every shape; the rates are those of the shapes' formulas."""
    s = wb.Schedule.from_json((DATA / f"schedule_v{version}.json").read_text(encoding="utf-8"))
    assert s == wb.Schedule.from_yaml((DATA / f"schedule_v{version}.yaml").read_text(encoding="utf-8"))
    halfway = {span.name: s(span.start + 5) for span in s.spans()}
    assert halfway == pytest.approx(
        {
            "linear": 0.5,
            "cosine": 0.5,
            "mirror_cosine": 0.5,
            "square": 0.25,
            "sqrt": 0.5**0.5,
            "power": 0.75,
            "exp": 0.1,
            "inverse_power": 2 / 11,
            "points": 0.3,
            "cut": 0.25,
        },
        rel=1e-12,
    )
    assert s.recipe == {"name": "wsd", "total": 100}


@pytest.mark.parametrize(
    "name", ["0e0", "1e5", "-.5E-3", "1.e+2", "12", "1.5", "true", "null", "~", "=", "2020-01-01"]
)
def test_yaml_keeps_text_that_looks_like_something_else(name: str) -> None:
    assert files.from_yaml(files.to_yaml({"name": name, "rate": 1e-5})) == {"name": name, "rate": 1e-5}
