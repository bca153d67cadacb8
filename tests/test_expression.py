"""Formulas that people type: exactly their values, and one clear sentence for whatever is none."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workbench as wb
from workbench import expression
from workbench.expression import ALLOWED, FUNCTIONS, NAMES

HOSTILE = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "x.__class__",
    "peak.real",
    "(1).numerator",
    "open('/etc/passwd')",
    "eval('1')",
    "exec('1')",
    "print(x)",
    "globals()",
    "sqrt(x)(1)",
    "sqrt.real",
    "sqrt",
    "min",
    "sqrt()",
    "sqrt(x, x)",
    "min(x)",
    "min(x, t, peak)",
    "sqrt(x=1)",
    "sqrt(*x)",
    "min(**x)",
    "[x for x in (1,)]",
    "(y for y in x)",
    "{x: 1}",
    "{x}",
    "[x]",
    "x[0]",
    "x,",
    "(x, t)",
    "lambda: x",
    "(lambda: 1)()",
    "x := 3",
    "(x := 3)",
    "x = 3",
    "x; t",
    "import os",
    "yield x",
    "await x",
    "x if t else peak",
    "x if t < 3 < 4 else peak",
    "x if (t < 3) * 1 else peak",
    "x < 0.5",
    "(x < 0.5) - (x < 0.3)",
    "x == 1",
    "1 if x == 1 else 2",
    "1 if x in t else 2",
    "1 if x is t else 2",
    "x and t",
    "not x",
    "~1",
    "1 << 9999999",
    "1 | 2",
    "x @ t",
    "None",
    "True",
    "...",
    "1j",
    "'x' * 99",
    "b'x'",
    "f'{x}'",
    "nan",
    "inf",
    "1e999",
    "9" * 400,
    "0x" + "f" * 400,
    "n_params",
    "X",
    "_",
    "__builtins__",
    "",
    " ",
    "\n",
    "x +",
    "(x",
    "x)",
    "((((",
    "1 2",
    "x # and more",
    "x\x00",
    "x\n+ 1",
    "x \\\n+ 1",
    "\ud800",
    "\N{GREEK SMALL LETTER PI}",
    "\N{FULLWIDTH LATIN SMALL LETTER X}",
    "\N{MATHEMATICAL BOLD SMALL X}",
    "x\N{SUPERSCRIPT TWO}",
    "x \N{MULTIPLICATION SIGN} 2",
    "x\u200b",
    "\N{NO-BREAK SPACE}x",
    "(" * 240 + "x" + ")" * 240,
    "-" * 400 + "x",
    "x**" * 150 + "x",
    "x" + "+x" * 100,
    "sqrt(" * 60 + "x" + ")" * 60,
    "x+" * 10_000_000 + "x",
    "(" * 3_000_000,
]
WILD = {
    "x - 1": "-1 at step 0",
    "1 / x": "inf at step 0",
    "log(x)": "-inf at step 0",
    "log(-x)": "-inf at step 0",
    "(x - 2) ** 0.5": "nan at step 0",
    "0 / x": "nan at step 0",
    "t % 0": "nan at step 0",
    "t // 0": "at step 0",
    "1 if x < 0.5 else 0 - peak": "-0.001 at step 50",
    "9 ** 9 ** 9": "inf at step 0",
    "10 ** 10 ** 10 ** 10": "inf at step 0",
    "exp(exp(t))": "at step 4",
    "1e13": "1e\\+13 at step 0",
    "1e300 * 1e300 * 0": "nan at step 0",
    "sqrt(0 - 1) if x < 0.02 else 1": "nan at step 0",
}


def _sentence(error: pytest.ExceptionInfo[ValueError]) -> str:
    text = str(error.value)
    assert "\n" not in text and len(text) < 400
    return text


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:30]))
def test_what_is_no_formula_is_refused_in_a_sentence(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="^formula ") as error:
            wb.schedules.expression(total=100, formula=text)
    _sentence(error)


@pytest.mark.parametrize("value", [None, 3, b"x", ["x"], object(), {"x": 1}])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="formula must be text"):
        expression.check(value)


@pytest.mark.parametrize("text", WILD)
def test_rates_that_are_none_are_refused_with_their_step(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(
            ValueError, match=f"formula .* must give rates at least 0.*; got .*{WILD[text]}"
        ) as error:
            wb.schedules.expression(total=100, peak=1e-3, formula=text)
    _sentence(error)


def test_hostile_text_in_a_saved_schedule_is_refused_too() -> None:
    saved = wb.schedules.expression(total=10).to_dict()
    saved["phases"][0]["args"]["text"] = "__import__('os').getcwd()"
    with pytest.raises(ValueError, match="phase 0: formula must be"):
        wb.Schedule.from_dict(saved)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("t", lambda t: t),
        ("total - t", lambda t: 90 - t),
        ("floor(t / 29)", lambda t: t // 29),
        ("t // 29", lambda t: t // 29),
        ("t % 7", lambda t: t % 7),
        ("x * total", lambda t: t),
        ("2 ** -x", lambda t: 2 ** (-t / 90)),
        ("1if t<3else 2", lambda t: 1 if t < 3 else 2),
        ("1 if t <= 3 else 2 if t >= 50 else 3", lambda t: 1 if t <= 3 else 2 if t >= 50 else 3),
        ("1 if 3 > t else 0", lambda t: 1 if t < 3 else 0),
        ("1 / x if t > 0 else 0", lambda t: 90 / t if t else 0),
        ("\n  max(sin(pi * x),\n\t0)\n", lambda t: math.sin(math.pi * t / 90)),
        ("e ** log(1 + t)", lambda t: 1 + t),
        ("--t + +1", lambda t: t + 1),
        (".5 + 1e-3 + 1_000 + 0x10", lambda t: 1016.501),
    ],
)
def test_a_formula_has_exactly_its_values(text: str, value: object) -> None:
    rates = wb.schedules.expression(total=90, peak=0.5, formula=text).array()
    expected = [value(t) for t in range(90)]  # type: ignore[operator]
    tolerance = 0 if set(text).isdisjoint("sg") else 1e-13
    np.testing.assert_allclose(rates, expected, rtol=max(tolerance, 1e-15), atol=tolerance)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_those_of_their_names(name: str) -> None:
    count = FUNCTIONS[name][0]
    theirs = {"abs": abs, "min": min, "max": max}.get(name) or getattr(math, name)
    for x in (0.25, 0.5, 1.75):
        values = (x, 1.0)[:count]
        text = f"9 + {name}({', '.join(map(str, values))})"
        assert wb.schedules.expression(total=1, formula=text)(0) == pytest.approx(
            9 + theirs(*values), rel=1e-15
        )


@given(st.integers(1, 2000), st.integers(1, 5), st.data())
def test_whole_steps_stay_whole_when_cut_and_stretched(total: int, factor: int, data: st.DataObject) -> None:
    made = wb.schedules.expression(total=total, formula="t")
    np.testing.assert_array_equal(made.array(), np.arange(total))
    k = data.draw(st.integers(0, total - 1))
    np.testing.assert_array_equal(made.after(k).array(), np.arange(k, total))
    np.testing.assert_array_equal(made.stretch(total * factor).array()[::factor], np.arange(total))


def test_a_long_run_has_the_values_of_its_parts() -> None:
    made = wb.schedules.expression(total=100_000, formula="peak * (t % 1000) / 1000 + x")
    at = np.array([0, 999, 32_767, 32_768, 32_769, 65_536, 99_999])
    np.testing.assert_array_equal(made.array()[at], made(at))


def test_peak_is_a_name_and_no_limit() -> None:
    made = wb.schedules.expression(total=10, peak=2.0, formula="3 * peak * (1 - x)")
    assert made.peak == 6
    np.testing.assert_allclose((0.5 * made).array(), 3 * (1 - np.arange(10) / 10), rtol=1e-15)


def test_the_refusal_says_what_may_be_typed() -> None:
    assert all(word in ALLOWED for word in (*NAMES, *FUNCTIONS))
    with pytest.raises(ValueError, match="got 'nope'"):
        expression.check("x + nope")
    with pytest.raises(ValueError, match=r"got the character '\^' in 'x\^2'"):
        expression.check("x^2")
    with pytest.raises(ValueError, match="nested 40 deep"):
        expression.check("-" * 60 + "x")


@given(st.text(alphabet="xt()+-*/%.<> 0123456789ifelsminpeak,_=[]'\"\n", max_size=30))
def test_any_text_is_a_formula_or_a_sentence(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            made = wb.schedules.expression(total=5, formula=text)
        except ValueError as error:
            assert str(error).startswith("formula ") and len(str(error)) < 400
            return
    rates = made.array()
    assert np.all(np.isfinite(rates)) and rates.min() >= 0
    assert wb.Schedule.from_json(made.to_json()) == made
