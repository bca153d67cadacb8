"""Every schedule builder: values by hand, other libraries, properties, and bad input."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from cases import CASES
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.params import Choice, Flag, Numbers, Param, Text
from workbench.registry import Field

NAMES = wb.schedules.names()
ORACLES = [(name, oracle) for name, case in CASES.items() for oracle in case.oracles]
OPTAX = [(name, oracle) for name, case in CASES.items() for oracle in case.optax]


def test_every_builder_has_a_row() -> None:
    assert set(CASES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_hand_values(name: str) -> None:
    assert CASES[name].hand
    for args, rates in CASES[name].hand:
        schedule = wb.schedules.build({"name": name, **args})
        for step, rate in rates.items():
            assert schedule(step) == pytest.approx(rate, rel=1e-14, abs=1e-16), (args, step)


@pytest.mark.parametrize(("name", "oracle"), ORACLES)
@given(data=st.data())
def test_matches_the_oracle(name: str, oracle: str, data: st.DataObject) -> None:
    other = CASES[name].oracles[oracle]
    args = other.within(data.draw(CASES[name].args))
    expected = other.rates(args)
    rates = wb.schedules.build({"name": name, **args}).array()
    np.testing.assert_allclose(rates, expected, rtol=0, atol=1e-12 * CASES[name].top(args))


@pytest.mark.parametrize(("name", "oracle"), OPTAX)
@pytest.mark.parametrize(("total", "warmup"), [(100, 0), (100, 10), (400, 100), (1000, 300)])
def test_matches_optax_to_its_float32(name: str, oracle: str, total: int, warmup: int) -> None:
    more = {f.name: f.default for f in wb.schedules.get(name).fields if not f.required}
    other = CASES[name].optax[oracle]
    given = {"total": total, "peak": 3e-3, "warmup": warmup / total}
    args = other.within({**more, **{key: value for key, value in given.items() if key in {"total", *more}}})
    expected = other.rates(args)
    rates = wb.schedules.build({"name": name, **args}).array()
    np.testing.assert_allclose(rates, expected, rtol=0, atol=2e-6 * CASES[name].top(args))


def _value(field: Field, data: st.DataObject) -> Any:
    """Any valid value of an argument, the ends of its slider among them."""
    if isinstance(field.param, Choice):
        return data.draw(st.sampled_from(field.param.options), label=field.name)
    if isinstance(field.param, Flag):
        return data.draw(st.booleans(), label=field.name)
    if isinstance(field.param, Text):
        return field.default
    if isinstance(field.param, Numbers):
        return data.draw(_lists(field.param), label=field.name)
    assert isinstance(field.param, Param)
    low, high = field.param.slider or (field.param.low, field.param.high)
    if field.type is int:
        small = [value for value in (1, 2, 3, 7) if field.param.contains(value)]
        inside = st.integers(int(low), int(min(high, 3000)))
        return data.draw(st.sampled_from(small) | inside if small else inside, label=field.name)
    ends = [value for value in (field.param.low, low, high) if field.param.contains(value)]
    inside = st.floats(
        low, high, allow_subnormal=False, exclude_min=field.param.open_low and low == field.param.low
    )
    return data.draw(st.sampled_from(ends) | inside, label=field.name)


def _lists(param: Numbers) -> st.SearchStrategy[tuple[float, ...]]:
    each = st.floats(
        param.each.low, min(param.each.high, 1e3), exclude_min=param.each.open_low, allow_subnormal=False
    )
    sizes = {"min_size": param.least, "max_size": min(param.most, 40)}
    drawn = st.lists(each, unique=param.increasing, **sizes)
    if param.last is not None:
        drawn = drawn.map(lambda found: [*[x for x in found[1:] if x != param.last], param.last])
    return drawn.map(lambda found: tuple(sorted(found) if param.increasing else found))


def _built(name: str, args: Mapping[str, Any]) -> wb.Schedule | None:
    """The schedule, or None for arguments that are valid one by one and not together."""
    try:
        return wb.schedules.build({"name": name, **args})
    except ValueError as error:
        assert any(re.search(rf"\b{key}\b", str(error)) for key in args), error
        assert len(str(error)) < 500
        return None


def _sound(name: str, args: Mapping[str, Any], schedule: wb.Schedule) -> None:
    rates = schedule.array()
    assert len(schedule) == len(rates) == args["total"]
    assert np.all(np.isfinite(rates))
    assert rates.min() >= 0
    assert rates.max() <= CASES[name].top(args) * (1 + 1e-12)
    assert schedule.recipe == {"name": name, **args}
    assert wb.schedules.build(schedule.recipe) == schedule
    text = schedule.to_json()
    assert wb.Schedule.from_json(text) == schedule
    assert wb.Schedule.from_json(text).recipe == schedule.recipe
    assert len(text) < 4000 or _sampled(schedule)


def _sampled(schedule: wb.Schedule) -> bool:
    return any(phase.shape == "points" for phase in schedule.phases)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=200, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_any_valid_arguments_give_a_sound_schedule(name: str, data: st.DataObject) -> None:
    args = {field.name: _value(field, data) for field in wb.schedules.get(name).fields}
    args = CASES[name].together(args)
    schedule = _built(name, args)
    assume(schedule is not None)
    assert schedule is not None
    _sound(name, args, schedule)
    factor = data.draw(st.integers(2, 4), label="stretch")
    longer = schedule.stretch(factor * len(schedule)).array()
    np.testing.assert_allclose(longer[::factor], schedule.array(), rtol=1e-12, atol=1e-12 * schedule.peak)


@pytest.mark.parametrize("name", NAMES)
def test_sound_at_every_sliders_ends(name: str) -> None:
    fields = wb.schedules.get(name).fields
    defaults = {field.name: 1000 if field.required else field.default for field in fields}
    built = 0
    for field in fields:
        for value in _ends(field):
            args = {**defaults, field.name: value}
            schedule = _built(name, args)
            if schedule is not None:
                _sound(name, args, schedule)
                built += 1
    assert built >= len(fields)


def _ends(field: Field) -> tuple[Any, ...]:
    match field.param:
        case Choice(options=options):
            return options
        case Flag():
            return (True, False)
        case Param(low=low, high=high, slider=slider):
            ends = slider or (low, high)
            return tuple(field.type(end) for end in ends if field.param.contains(end))
    return (field.default,)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_lands_where_promised(name: str, data: st.DataObject) -> None:
    args = data.draw(CASES[name].args)
    schedule = wb.schedules.build({"name": name, **args})
    landing = schedule.phases[-1].landing
    assert landing == pytest.approx(CASES[name].lands(args), rel=1e-12, abs=1e-15 * CASES[name].top(args))


@pytest.mark.parametrize("name", [name for name in NAMES if CASES[name].reaches is not None])
@given(data=st.data())
def test_reaches_its_peak_when_the_warmup_is_over(name: str, data: st.DataObject) -> None:
    args = data.draw(CASES[name].args)
    reaches = CASES[name].reaches
    assert reaches is not None
    at = reaches(args)
    assume(at is not None and at < args["total"])
    assert at is not None
    schedule = wb.schedules.build({"name": name, **args})
    assert schedule(at) == pytest.approx(CASES[name].top(args), rel=1e-12)
    assert np.all(np.diff(schedule.array()[: at + 1]) >= 0)


def test_wsd_contains_its_neighbours() -> None:
    wsd, linear, constant = wb.schedules.wsd, wb.schedules.linear, wb.schedules.constant
    full = wsd(total=50, peak=1.0, warmup=0, decay=1, shape="linear")
    np.testing.assert_array_equal(full.array(), linear(total=50, peak=1.0, warmup=0).array())
    none = wsd(total=50, peak=1.0, warmup=0.1, decay=0)
    np.testing.assert_array_equal(none.array(), constant(total=50, peak=1.0, warmup=0.1).array())
    trunk = wsd(total=50, peak=1.0, warmup=0.1, decay=0.4)
    flat = constant(total=50, peak=1.0, warmup=0.1)
    np.testing.assert_array_equal(trunk.until(30).array(), flat.until(30).array())


JUNK: list[Any] = [
    float("nan"),
    float("inf"),
    -float("inf"),
    -1,
    -1e-9,
    10**400,
    1e308,
    None,
    "",
    "x",
    "0.5",
    b"1",
    [],
    [1],
    {},
    True,
    1j,
    object(),
    np.array([0.5, 0.5]),
    np.nan * np.float32(1),
]
TOO_LOW_OR_HIGH = {"total": (0, 0.5, 1.5, 10**12, 10**8 + 1), "peak": (0, 0.0, 10**12, 2e6)}


def _junk(field: Field) -> list[Any]:
    if isinstance(field.param, Text):
        return [value for value in JUNK if not isinstance(value, str)]
    if isinstance(field.param, Flag):
        return [value for value in JUNK if not isinstance(value, bool)]
    if isinstance(field.param, Numbers):
        lists = ([[None]], [["x"]], [[float("nan")]], [[-1.0]], [[1.0] * 10**5], ["0.5; 1"])
        listed = (list, np.ndarray, str)
        junk = [value for value in JUNK if not isinstance(value, listed)]
        return [*junk, "x", *(value for (value,) in lists)]
    return [*JUNK, *TOO_LOW_OR_HIGH.get(field.name, ())]


@pytest.mark.parametrize(
    ("name", "argument"), [(n, f.name) for n in NAMES for f in wb.schedules.get(n).fields]
)
def test_bad_arguments_are_refused_by_name(name: str, argument: str) -> None:
    entry = wb.schedules.get(name)
    (field,) = (f for f in entry.fields if f.name == argument)
    for value in _junk(field):
        for call in (
            lambda v=value: wb.schedules.build({"name": name, "total": 100, argument: v}),
            lambda v=value: entry.function(**{"total": 100, argument: v}),
        ):
            with pytest.raises(ValueError, match=rf"\b{argument}\b") as caught:
                call()
            assert len(str(caught.value)) < 500


@pytest.mark.parametrize("name", NAMES)
def test_missing_unknown_and_surplus_arguments_are_refused(name: str) -> None:
    builder = wb.schedules.get(name).function
    with pytest.raises(ValueError, match="total"):
        builder()
    with pytest.raises(ValueError, match="pek"):
        builder(total=10, pek=1)
    with pytest.raises(ValueError, match="total"):
        builder(10, total=10)
    with pytest.raises(ValueError, match=name):
        builder(*[0.5] * 40)


@pytest.mark.parametrize(
    "spec", [None, [], 3, "wsd", {}, {"total": 3}, {"name": None}, {"name": "nope"}, {"name": ["wsd"]}]
)
def test_build_refuses_what_is_no_schedule(spec: Any) -> None:
    with pytest.raises(ValueError, match="schedule"):
        wb.schedules.build(spec)


def test_whole_floats_and_numpy_numbers_are_numbers() -> None:
    built = wb.schedules.wsd(total=np.float64(100), peak=np.float32(0.5), warmup=0, decay=1)
    assert len(built) == 100 and built.peak == 0.5


def test_warmup_and_decay_may_not_overlap() -> None:
    with pytest.raises(ValueError, match=r"warmup \+ decay must be at most 1"):
        wb.schedules.wsd(total=100, warmup=0.6, decay=0.5)
    for shape in ("exp", "inverse_linear"):
        with pytest.raises(ValueError, match="floor"):
            wb.schedules.wsd(total=100, shape=shape, floor=0.0)
