"""How two schedules differ: numbers against plain loops, and sentences that are true."""

from __future__ import annotations

import math
import re
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workbench as wb
from workbench import views
from workbench.views import words

RATES = st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=1, max_size=20).map(np.array)
WSD, COSINE = wb.schedules.wsd(1_000, 3e-4), wb.schedules.cosine(800, 4e-4)


@given(RATES, RATES)
def test_numbers_are_those_of_a_plain_loop(a: np.ndarray, b: np.ndarray) -> None:
    n = max(len(a), len(b))
    pairs = [(float(a[min(t, len(a) - 1)]), float(b[min(t, len(b) - 1)])) for t in range(n)]
    apart = [t for t, (x, y) in enumerate(pairs) if x != y]
    got = views.compare(a, b)
    assert got.parts_at == (apart[0] if apart else None)
    assert got.equal == (not apart and len(a) == len(b))
    assert got.steps == (len(a), len(b)) and got.peaks == (a.max(), b.max()) and got.ends == (a[-1], b[-1])
    assert got.areas == pytest.approx((math.fsum(a), math.fsum(b)), rel=1e-14)
    assert got.annealing_areas == tuple(views.annealing_area(each)[-1] for each in (a, b))
    if apart:
        assert got.most == pairs[got.most_at or 0]
        assert abs(got.most[0] - got.most[1]) == max(abs(x - y) for x, y in pairs)
    else:
        assert got.most_at is None


@given(RATES, RATES)
def test_the_other_way_round_is_the_mirror(a: np.ndarray, b: np.ndarray) -> None:
    one, other = views.compare(a, b), views.compare(b, a)
    assert (one.parts_at, one.most_at, one.equal) == (other.parts_at, other.most_at, other.equal)
    for name in ("steps", "most", "peaks", "ends", "areas", "annealing_areas"):
        assert getattr(one, name) == getattr(other, name)[::-1]


@given(RATES)
def test_a_schedule_equals_itself_at_every_step(a: np.ndarray) -> None:
    got = views.compare(a, a.copy())
    assert got.equal and got.words[1:] == ("They are equal at every step.",)


def test_a_branch_parts_where_it_was_hung() -> None:
    trunk = wb.schedules.wsd(1_000, 1e-3)
    got = views.compare(trunk, trunk.branch(400, 100, floor=0.5))
    assert got.parts_at == 401, "the branch begins at the rate of the trunk"
    assert got.steps == (1_000, 500)
    assert "They part at step 401." in got.words


@pytest.mark.parametrize(("rtol", "parts"), [(1e-12, 0), (1e-6, None)])
def test_rates_within_the_tolerance_of_the_higher_peak_are_equal(rtol: float, parts: int | None) -> None:
    a = np.array([1e-9, 1.0])
    assert views.compare(a, a + [2e-10, 0], rtol=rtol).parts_at == parts
    assert views.compare(a, a * (1 + 1e-14)).equal


def test_sentences_say_the_numbers() -> None:
    got = views.compare(WSD, COSINE, momentum=0.99, ignore_warmup=True)
    gap, ratio = abs(got.most[0] - got.most[1]), got.areas[1] / got.areas[0]
    assert got.words == (
        "The first (wsd) has 1,000 updates, the second (cosine) 800 updates; "
        "after the end of the second its last rate is taken to hold.",
        "They part at step 1.",
        f"They differ most at step {got.most_at}, by {gap:.4g} "
        f"({100 * gap / 4e-4:.3g} % of the higher peak): "
        f"there the first has the rate {got.most[0]:.4g}, the second {got.most[1]:.4g}.",
        "The peak of the first is 0.0003, that of the second 0.0004, 1.333 times as much.",
        f"The last rate of the first is {got.ends[0]:.4g}, that of the second {got.ends[1]:.4g}, "
        f"{got.ends[1] / got.ends[0]:.4g} times as much.",
        f"The area S1 of the first is {got.areas[0]:.4g}, that of the second {got.areas[1]:.4g}, "
        f"{ratio:.4g} times as much.",
        "The annealing area S2 (momentum 0.99, warmup ignored) of the first is "
        f"{got.annealing_areas[0]:.4g}, that of the second {got.annealing_areas[1]:.4g}, "
        f"{got.annealing_areas[1] / got.annealing_areas[0]:.4g} times as much.",
        "The first spends of its steps 1 % on warmup, 79 % on stable and 20 % on decay.",
        "The second spends of its steps 1 % on warmup and 99 % on decay.",
    )
    assert str(got) == "\n".join(got.words)


def test_equal_rates_in_other_phases_are_equal_and_say_so() -> None:
    got = views.compare(wb.hold(10, 1.0), wb.hold(4, 1.0, name="a").then(wb.hold(6, 1.0, name="b")))
    assert got.equal and got.words == (
        "The first and the second both have 10 updates.",
        "They are equal at every step.",
        "The first spends of its steps 100 % on hold.",
        "The second spends of its steps 40 % on a and 60 % on b.",
    )


def test_a_held_rate_is_equal_at_every_step_but_longer() -> None:
    got = views.compare(wb.hold(1, 2.0), wb.hold(30, 2.0))
    assert not got.equal and got.parts_at is None
    assert got.words[:2] == (
        "The first has 1 update, the second 30 updates; "
        "after the end of the first its last rate is taken to hold.",
        "Their rates are equal at every step.",
    )
    assert "The area S1 of the first is 2, that of the second 60, 30 times as much." in got.words


def test_numbers_that_differ_never_read_alike() -> None:
    got = views.compare(wb.hold(10, 3e-4), wb.hold(10, 3.0000001e-4))
    assert any("the first has the rate 0.0003, the second 0.00030000001" in line for line in got.words)
    assert words.told(1.0, 1.0 + 1e-15) == ("1", "1")


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e9))
def test_figures_keep_four_digits(a: float, b: float) -> None:
    for value in (a, b):
        assert float(words.figure(value).replace(",", "")) == pytest.approx(value, rel=5.1e-4)
    one, other = words.told(a, b)
    assert (one != other) or abs(a - b) <= 1e-11 * max(abs(a), abs(b))


def test_words_are_escaped_and_take_the_colour_around_them() -> None:
    s = wb.hold(5, 1.0, name="<b>&")
    page = views.compare(s, wb.hold(6, 1.0))._repr_html_()
    assert "&lt;b&gt;&amp;" in page and "<b>" not in page
    assert set(re.findall(r"color:([^;\"]+)", page)) == {"inherit"} and "background:none" in page


def test_a_comparison_is_a_value() -> None:
    got = views.compare(WSD, COSINE)
    assert got == views.compare(WSD, COSINE) and got != views.compare(COSINE, WSD)
    with pytest.raises(FrozenInstanceError):
        got.parts_at = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: views.compare("a", [1]), "a must be a Schedule or an array of rates; got 'a'"),
        (lambda: views.compare([1], None), "b must be a Schedule or an array of rates; got None"),
        (lambda: views.compare([1], [-1]), "every rate of b must be at least 0"),
        (lambda: views.compare([1], [1], rtol=-1), "rtol must be at least 0"),
        (lambda: views.compare([1], [1], momentum=1), "momentum must be at least 0 and below 1"),
        (lambda: views.compare([1], [1], ignore_warmup="no"), "ignore_warmup must be true or false"),
    ],
)
def test_bad_input_gets_a_sentence(call: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call()
