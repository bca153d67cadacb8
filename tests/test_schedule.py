"""The schedule algebra: laws that hold for every schedule, and the shapes of phases."""

from __future__ import annotations

import copy
import math
import pickle
import xml.etree.ElementTree as ET
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import workbench as wb
from workbench.shapes import SHAPES

# Nothing near the smallest float, where doubling a sum and summing doubles differ in a bit.
RATES = st.just(0.0) | st.floats(1e-100, 100)
ARGS: dict[str, st.SearchStrategy[dict[str, float]]] = {
    "power": st.fixed_dictionaries({"p": st.floats(0.1, 10)}),
    "exp": st.fixed_dictionaries({"ratio": st.floats(1e-6, 1e6)}),
    "inverse_power": st.fixed_dictionaries({"alpha": st.floats(1e-6, 1e6), "p": st.floats(0.1, 4)}),
    "rex": st.fixed_dictionaries({"d": st.floats(0, 0.999)}),
    "uba": st.fixed_dictionaries({"phi": st.floats(1e-3, 1e3)}),
    "cosine_power": st.fixed_dictionaries({"p": st.floats(1, 1e6)}),
    "damped_cosine": st.fixed_dictionaries({"waves": st.integers(0, 5), "damping": st.floats(0, 10)}),
    # Beyond these the curves leave the range from 0 to 1, which they may.
    "exp_rise": st.fixed_dictionaries({"ratio": st.floats(0.4, 10)}),
    "exp_fall": st.fixed_dictionaries({"ratio": st.floats(0.1, 2.5)}),
}
TEXTS = ("peak * (1 - x)", "peak if x < 0.3 else peak * exp(-3 * x)", "max(sin(9 * x), t / total)", "0.1")


@st.composite
def shaped(draw: st.DrawFn) -> wb.Phase:
    name = draw(st.sampled_from(sorted(SHAPES)))
    steps = draw(st.integers(1, 40))
    first = draw(st.just(0.0) | st.floats(0, steps))
    span = draw(st.none() | st.floats(steps + first, 3 * (steps + first)))
    args = draw(ARGS.get(name, st.just({})))
    title = draw(st.text(min_size=1, max_size=8))
    return wb.Phase(title, steps, draw(RATES), draw(RATES), name, span, args, first)


@st.composite
def typed(draw: st.DrawFn) -> wb.Phase:
    args = {"text": draw(st.sampled_from(TEXTS)), "total": draw(st.integers(1, 50)), "peak": draw(RATES)}
    return wb.Phase("typed", draw(st.integers(1, 40)), 0, 0, "expression", args=args)


@st.composite
def paired(draw: st.DrawFn) -> wb.Phase:
    left = draw(shaped() | drawn() | typed())
    right = replace(draw(drawn() | typed()), steps=left.steps, span=None)
    shape, args = draw(st.sampled_from(("product", "sum"))), {"left": left, "right": right}
    return wb.Phase("paired", draw(st.integers(1, left.steps)), 0, 0, shape, left.steps, args)


@st.composite
def drawn(draw: st.DrawFn) -> wb.Phase:
    inner = draw(st.lists(st.floats(0.01, 0.99), unique=True, max_size=5))
    u = [0.0, *sorted(inner), 1.0]
    rate = draw(st.lists(RATES, min_size=len(u), max_size=len(u)))
    args = {"u": u, "rate": rate}
    return wb.Phase("drawn", draw(st.integers(1, 40)), rate[0], rate[-1], "points", args=args)


SCHEDULES = st.lists(shaped() | drawn() | typed() | paired(), min_size=1, max_size=4).map(
    lambda phases: wb.Schedule(tuple(phases))
)


def same(a: wb.Schedule, b: wb.Schedule) -> bool:
    return a == b and bool(np.array_equal(a.array(), b.array()))


@given(SCHEDULES, SCHEDULES, SCHEDULES)
def test_then_is_associative_and_adds_lengths(a: wb.Schedule, b: wb.Schedule, c: wb.Schedule) -> None:
    assert same(a.then(b).then(c), a.then(b.then(c)))
    assert len(a.then(b)) == len(a) + len(b)
    np.testing.assert_array_equal(a.then(b).array(), np.concatenate([a.array(), b.array()]))


@given(SCHEDULES, SCHEDULES)
def test_until_undoes_then(a: wb.Schedule, b: wb.Schedule) -> None:
    assert same(a.then(b).until(len(a)), a)


@given(SCHEDULES, st.data())
def test_until_keeps_earlier_rates_to_the_bit(s: wb.Schedule, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(s)))
    cut = s.until(k)
    assert len(cut) == k
    np.testing.assert_array_equal(cut.array(), s.array()[:k])
    j = data.draw(st.integers(1, k))
    assert same(cut.until(j), s.until(j))


@given(SCHEDULES, st.data())
def test_call_is_array_and_the_last_rate_holds(s: wb.Schedule, data: st.DataObject) -> None:
    rates = s.array()
    assert rates.shape == (len(s),) and rates.dtype == np.float64
    np.testing.assert_array_equal(s(np.arange(len(s))), rates)
    t = data.draw(st.integers(0, len(s) - 1))
    assert isinstance(s(t), float)
    assert s(t) == pytest.approx(rates[t], rel=4e-16, abs=1e-14)
    np.testing.assert_array_equal(s([[t, len(s) + 5]]), [[rates[t], rates[-1]]])
    assert s(len(s) + data.draw(st.integers(0, 10**9))) == s(len(s) - 1)


@given(SCHEDULES, SCHEDULES, st.floats(1e-3, 1e3))
def test_a_factor_multiplies_every_rate(a: wb.Schedule, b: wb.Schedule, c: float) -> None:
    np.testing.assert_array_equal((2 * a).array(), 2 * a.array())
    np.testing.assert_allclose((c * a).array(), c * a.array(), rtol=1e-12, atol=1e-13 * c * a.peak)
    assert same(a * c, c * a)
    assert same(2 * a.then(b), (2 * a).then(2 * b))
    assert same(0.5 * (2 * a), a)
    assert (c * a).spans() == a.spans()


@given(SCHEDULES)
def test_dict_json_and_yaml_give_it_back(s: wb.Schedule) -> None:
    for back in (
        wb.Schedule.from_dict(s.to_dict()),
        wb.Schedule.from_json(s.to_json()),
        wb.Schedule.from_yaml(s.to_yaml()),
        pickle.loads(pickle.dumps(s)),
        copy.copy(s),
        copy.deepcopy(s),
    ):
        assert same(back, s)
        assert hash(back) == hash(s)


@given(SCHEDULES, st.data())
def test_equality_is_by_value(s: wb.Schedule, data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(s.phases) - 1))
    phase = s.phases[i]
    assume(phase.shape not in ("product", "sum"))  # their two sides have their steps
    changed = replace(phase, steps=phase.steps + 1, span=phase.span + 1)
    assert wb.Schedule((*s.phases[:i], changed, *s.phases[i + 1 :])) != s
    assert wb.Schedule(tuple(replace(p) for p in s.phases)) == s
    assert s != s.phases


@given(SCHEDULES)
def test_spans_partition_the_run(s: wb.Schedule) -> None:
    spans = s.spans()
    assert [span.name for span in spans] == [phase.name for phase in s.phases]
    assert spans[0].start == 0 and spans[-1].stop == len(s)
    assert all(a.stop == b.start for a, b in zip(spans, spans[1:], strict=False))
    assert all(span.stop - span.start == phase.steps for span, phase in zip(spans, s.phases, strict=True))


@given(SCHEDULES)
def test_reprs_are_short_and_the_rich_one_draws(s: wb.Schedule) -> None:
    assert len(repr(s)) < 400 and str(len(s)) in repr(s)
    html = s._repr_html_()
    assert html.startswith("<svg") and len(html) < 12_000
    if all(phase.name.isprintable() for phase in s.phases):
        tree = ET.fromstring(f"<div>{html}</div>")
        (line,) = tree.iter("{http://www.w3.org/2000/svg}polyline")
        points = np.array([pair.split(",") for pair in line.attrib["points"].split()], dtype=float)
        assert np.all(np.isfinite(points)) and points.min() >= 0


@pytest.mark.parametrize("name", wb.schedules.names())
def test_operations_drop_the_recipe_and_copies_keep_it(name: str) -> None:
    s = wb.schedules.build({"name": name, "total": 100})
    assert s.recipe is not None and wb.schedules.build(s.recipe) == s
    for kept in (s.until(100), 1 * s, pickle.loads(pickle.dumps(s)), wb.Schedule.from_yaml(s.to_yaml())):
        assert kept.recipe == s.recipe
    for changed in (s.until(50), 2 * s, s.then(s)):
        assert changed.recipe is None
    assert wb.Schedule(s.phases) == s


def test_hand_values_of_ramp_and_hold() -> None:
    s = wb.ramp(4, 0, 1, name="warmup").then(wb.hold(2, 1)).then(wb.ramp(4, 1, 0, "cosine", name="decay"))
    want = [0, 0.25, 0.5, 0.75, 1, 1, 1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2]
    np.testing.assert_allclose(s.array(), want, rtol=1e-15, atol=1e-16)
    assert s.spans() == (("warmup", 0, 4), ("hold", 4, 6), ("decay", 6, 10))
    assert s.peak == 1
    cut = wb.ramp(50, 1, 0, "cosine", span=100)
    np.testing.assert_array_equal(cut.array(), wb.ramp(100, 1, 0, "cosine").array()[:50])
    free = wb.Schedule(
        (wb.Phase("drawn", 4, 1.0, 0.0, "points", args={"u": (0, 0.5, 1), "rate": (1, 0.4, 0)}),)
    )
    np.testing.assert_allclose(free.array(), [1, 0.7, 0.4, 0.2], rtol=1e-15)


def test_values_cannot_be_changed() -> None:
    s = wb.hold(3, 1.0)
    with pytest.raises(FrozenInstanceError):
        s.phases = ()  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        s.phases[0].steps = 5  # type: ignore[misc]
    s.array()[:] = 9
    assert s.array().tolist() == [1, 1, 1]


U = np.linspace(0, 1, 1001)


@pytest.mark.parametrize("name", sorted(SHAPES))
@given(data=st.data())
def test_shapes_rise_from_0_to_1(name: str, data: st.DataObject) -> None:
    args = data.draw(ARGS.get(name, st.just({})))
    g = SHAPES[name](U, **args)
    assert g[0] == 0 and g[-1] == 1
    assert g.min() >= 0 and g.max() <= 1
    assert name == "damped_cosine" or np.all(np.diff(g) >= -1e-15)


def test_areas_and_order_of_the_cooldown_shapes() -> None:
    n = 200_000
    u = (np.arange(n) + 0.5) / n
    fall = {name: 1 - SHAPES[name](u) for name in ("linear", "cosine", "mirror_cosine", "square", "sqrt")}
    areas = {"linear": 1 / 2, "cosine": 1 / 2, "mirror_cosine": 1 / 2, "square": 2 / 3, "sqrt": 1 / 3}
    for name, area in areas.items():
        assert fall[name].mean() == pytest.approx(area, abs=1e-6)
    assert np.all(fall["square"] > fall["linear"]) and np.all(fall["linear"] > fall["sqrt"])
    early = u < 0.5
    assert np.all((fall["cosine"] > fall["linear"]) == early)
    assert np.all((fall["mirror_cosine"] < fall["linear"]) == early)
    np.testing.assert_allclose(fall["mirror_cosine"] + fall["cosine"], 2 * fall["linear"], atol=1e-15)


def test_shapes_with_arguments_have_their_closed_forms() -> None:
    exp = 1 + (0.1 - 1) * SHAPES["exp"](U, ratio=0.1)
    np.testing.assert_allclose(exp, 0.1**U, rtol=1e-14)
    inverse = 1 + (0.1 - 1) * SHAPES["inverse_power"](U, alpha=9.0, p=1.0)
    np.testing.assert_allclose(1 / inverse, 1 / 0.1 * U + (1 - U), rtol=1e-13)
    np.testing.assert_allclose(1 - SHAPES["power"](U, p=1.5), (1 - U) ** 1.5, atol=1e-15)
    np.testing.assert_array_equal(SHAPES["exp"](U, ratio=1.0), U)


PHASE: dict[str, Any] = {"name": "a", "steps": 5, "start": 0.0, "end": 1.0}
BOMB: list[Any] = [1] * 9
for _ in range(8):
    BOMB = [BOMB] * 9
JUNK = (float("nan"), float("inf"), -1, 10**400, 10**5000, None, "x", [], {}, True, object(), BOMB)


@pytest.mark.parametrize("argument", ["steps", "start", "end", "span", "first"])
def test_phase_refuses_bad_numbers_by_name(argument: str) -> None:
    for value in (*JUNK, 1e308, 1e13):
        if argument == "span" and value is None:
            continue  # its default: as long as it lasts
        with pytest.raises(ValueError, match=rf"\b{argument}\b") as caught:
            wb.Phase(**{**PHASE, argument: value})
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 1000}, "name"),
        ({"steps": 0}, "steps"),
        ({"steps": 2.5}, "steps"),
        ({"steps": 10**12}, "steps"),
        ({"span": 4}, "span must be at least first"),
        ({"shape": "nope"}, "shape"),
        ({"shape": None}, "shape"),
        ({"shape": ["linear"]}, "shape"),
        ({"shape": BOMB}, "shape"),
        ({"shape": "power"}, "p"),
        ({"shape": "power", "args": {"p": float("nan")}}, "p"),
        ({"shape": "power", "args": {"p": 2, "q": 1}}, "q"),
        ({"shape": "linear", "args": {"p": 2}}, "p"),
        ({"shape": "exp", "args": {"ratio": 0}}, "ratio"),
        ({"args": None}, "args"),
        ({"args": [1]}, "args"),
        ({"args": {BOMB_KEY: 1} if (BOMB_KEY := "k" * 10_000) else {}}, "argument"),
        ({"shape": "points"}, "points"),
        ({"shape": "points", "args": {"u": [0, 1], "rate": [0]}}, "length"),
        ({"shape": "points", "args": {"u": [0, 0.5], "rate": [0, 1]}}, "exactly 1"),
        ({"shape": "points", "args": {"u": [0, 0.5, 0.5, 1], "rate": [0, 1, 1, 1]}}, "increase"),
        ({"shape": "points", "args": {"u": [0, 1], "rate": [0, float("nan")]}}, "rate"),
        ({"shape": "points", "args": {"u": [0, 1], "rate": [0, 10**400]}}, "rate"),
        ({"shape": "points", "args": {"u": [0, 1], "rate": [0, 0.5]}}, "start and end"),
        ({"shape": "points", "args": {"u": None, "rate": 3}}, "lists of numbers"),
    ],
)
def test_phase_refuses_what_is_no_phase(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        wb.Phase(**{**PHASE, **change})
    assert len(str(caught.value)) < 400


def test_operations_refuse_bad_arguments() -> None:
    s = wb.ramp(10, 0, 1.0)
    for value in (*JUNK, 0, 11, 2.5):
        with pytest.raises(ValueError, match="until"):
            s.until(value)
    for value in (*JUNK, 0, -2.0, 1e308):
        with pytest.raises(ValueError, match="factor"):
            value * s if isinstance(value, int | float) else s * value
    for value in (None, 3, "x", s.phases):
        with pytest.raises(ValueError, match="then"):
            s.then(value)
    for value in (float("nan"), -1, "x", None, [1, -2], [10**400], [[1], [1, 2]], object(), 1j):
        with pytest.raises(ValueError, match="step"):
            s(value)
    for value in ((), [], None, 3, ("x",), s, BOMB):
        with pytest.raises(ValueError, match="phases"):
            wb.Schedule(value)
    with pytest.raises(ValueError, match="total"):
        wb.hold(60_000_000, 1.0).then(wb.hold(60_000_000, 1.0))
