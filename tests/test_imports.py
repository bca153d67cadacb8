"""Rates to phases: what our builders made comes back as it was made, exact, rounded, float32 and sparse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import CASES
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.imports import Reduced, reduce

NAMES = wb.schedules.names()
SHAPES = ("linear", "cosine", "mirror_cosine", "square", "sqrt", "exp", "inverse_linear", "power")
FREE = ("points", "expression", "product", "sum")


def built(name: str, total: int = 1000, **args: Any) -> wb.Schedule:
    return wb.schedules.build({"name": name, "total": total, **args})


def free(schedule: wb.Schedule) -> bool:
    return any(phase.shape in FREE for phase in schedule.phases)


def deviation(found: Reduced, rates: Any, steps: Any = None) -> float:
    """Largest difference, worked out again, as a share of the peak."""
    steps = np.arange(len(rates)) if steps is None else steps
    return float(np.max(np.abs(found.schedule(steps) - rates)) / np.max(rates))


def six_digits(rates: Any) -> Any:
    return np.array([float(f"{rate:.6g}") for rate in rates])


def edges(schedule: wb.Schedule) -> list[tuple[int, int]]:
    return [(span.start, span.stop) for span in schedule.spans()]


@pytest.mark.parametrize("name", NAMES)
def test_every_builder_comes_back_in_no_more_phases_than_it_has(name: str) -> None:
    made = built(name)
    found = reduce(made.array())
    assert len(found.schedule) == len(made)
    assert deviation(found, made.array()) < 1e-9
    if not free(made):
        assert found.recognised
        assert len(found.schedule.phases) <= len(made.phases)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=2)
@given(data=st.data())
def test_any_arguments_and_short_runs_come_back_to_rounding(name: str, data: st.DataObject) -> None:
    rates = wb.schedules.build({"name": name, **data.draw(CASES[name].args)}).array()
    found = reduce(rates)
    assert len(found.schedule) == len(rates)
    if rates.max() > 0:
        assert deviation(found, rates) < 1e-9


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["exact", "six digits", "float32", "every tenth", "every tenth, six digits"])
def test_wsd_keeps_its_phases_whatever_the_log_loses(shape: str, kind: str) -> None:
    made = built("wsd", 800, warmup=0.1, decay=0.25, shape=shape, floor=0.1)
    steps = np.arange(0, 800, 10) if "tenth" in kind else np.arange(800)
    rates = made(steps)
    if "digits" in kind:
        rates = six_digits(rates)
    if kind == "float32":
        rates = rates.astype(np.float32)
    found = reduce(rates, steps)
    assert [phase.name for phase in found.schedule.phases] == ["warmup", "stable", "decay"]
    assert edges(found.schedule)[:2] == [(0, 80), (80, 600)]
    inside = np.arange(int(steps[-1]) + 1)
    assert np.max(np.abs(found.schedule(inside) - made(inside))) < 3e-6 * made.peak
    assert found.deviation < 2e-6


def test_shapes_and_arguments_are_those_that_were_given() -> None:
    for shape, expected in {"power": ("power", {"p": 1.5}), "exp": ("exp", {"ratio": 0.1})}.items():
        last = reduce(built("wsd", shape=shape, floor=0.1).array()).schedule.phases[-1]
        assert (last.shape, dict(last.args)) == expected
    assert reduce(built("inverse_sqrt").array()).schedule.phases[-1].args == {"alpha": 9.0, "p": 0.5}
    assert reduce(built("linear").array()).schedule.phases[0].start == 0
    assert reduce(built("cosine", peak=3e-4).array()).schedule.phases[-1].start == 3e-4


@pytest.mark.parametrize("shape", ["cosine", "mirror_cosine", "sqrt", "square", "power", "uba"])
@pytest.mark.parametrize(("first", "steps"), [(0, 600), (300, 400), (250, 750)])
def test_cut_shapes_are_one_phase(shape: str, first: int, steps: int) -> None:
    args = {"power": {"p": 2.5}, "uba": {"phi": 0.5}}.get(shape, {})
    whole = wb.Phase("decay", 1000, 1.0, 0.1, shape, args=args)
    rates = whole.at(np.arange(first, first + steps, dtype=float))
    found = reduce(rates)
    assert len(found.schedule.phases) == 1
    assert found.recognised
    assert deviation(found, rates) < 1e-9


def test_kinks_one_step_off_and_phases_of_one_step_are_kept() -> None:
    phases = [
        wb.Phase("a", 37, 0.0, 1.0),
        wb.Phase("b", 1, 1.0, 1.0),
        wb.Phase("c", 1, 0.3, 0.3),
        wb.Phase("d", 100, 0.9, 0.1, "cosine"),
        wb.Phase("e", 50, 1.0, 1.0),
    ]
    made = wb.Schedule(tuple(phases))
    found = reduce(made.array())
    assert deviation(found, made.array()) < 1e-12
    assert len(found.schedule.phases) <= 5
    assert edges(found.schedule)[-2:] == [(39, 139), (139, 189)]


def test_a_million_steps_keep_their_phases() -> None:
    made = built("wsd", 1_000_000, shape="sqrt")
    found = reduce(made.array())
    assert edges(found.schedule) == edges(made)
    assert deviation(found, made.array()) < 1e-12


def test_many_restarts_are_as_many_phases() -> None:
    rates = np.tile(wb.ramp(100, 1.0, 0.0, "cosine").array(), 40)
    found = reduce(rates)
    assert len(found.schedule.phases) == 40
    assert {phase.shape for phase in found.schedule.phases} == {"cosine"}


def test_rounded_steps_are_levels_and_not_noise() -> None:
    rates = np.repeat([1e-3, 5e-4, 3e-4, 7e-4, 2e-4, 9e-4], 7)
    found = reduce(rates)
    assert len(found.schedule.phases) == 6
    assert found.deviation == 0
    assert found.words.startswith("6 phases: stable 7 constant")


def test_noise_becomes_points_within_the_tolerance_that_was_asked_for() -> None:
    noisy = 1 + 0.1 * np.random.default_rng(0).uniform(-1, 1, 300)
    found = reduce(noisy)
    assert not found.recognised
    assert deviation(found, noisy) < 1e-9
    assert len(found.schedule.phases) < 10
    loose = reduce(noisy, tolerance=0.2)
    assert [phase.start for phase in loose.schedule.phases] == [loose.schedule.phases[0].end]
    assert deviation(loose, noisy) <= 0.2


def test_an_unknown_smooth_curve_becomes_one_phase_of_points() -> None:
    x = np.linspace(0, 1, 500)
    rates = 1 + np.sin(9 * x) * np.exp(-x * x) * np.cos(5 * x * x)
    found = reduce(rates)
    assert deviation(found, rates) < 1e-9
    assert len(found.schedule.phases) < 6


def test_the_deviation_and_its_step_are_the_true_ones() -> None:
    rates = built("cosine").array().copy()
    rates[500] *= 1 + 1e-4
    found = reduce(rates, tolerance=1e-3)
    off = np.abs(found.schedule.array() - rates)
    assert found.at == int(np.argmax(off)) == 500
    assert found.deviation == pytest.approx(off.max() / rates.max())
    assert found.absolute == pytest.approx(off.max())
    assert "at step 500" in found.words


def test_a_log_that_stops_early_is_followed_to_the_total() -> None:
    made = built("cosine", 1000)
    found = reduce(made.array()[:900], total=1000)
    np.testing.assert_allclose(found.schedule.array(), made.array(), rtol=0, atol=1e-9 * made.peak)


@pytest.mark.parametrize("begin", [100, 150])
def test_a_log_without_its_warmup_keeps_its_shape_and_holds_what_came_before(begin: int) -> None:
    made = built("cosine", 1000, warmup=0.1)
    steps = np.arange(begin, 1000, 10)
    found = reduce(made(steps), steps)
    assert edges(found.schedule) == [(0, 100), (100, 991)]
    np.testing.assert_allclose(found.schedule(np.arange(100, 991)), made(np.arange(100, 991)), rtol=1e-9)
    assert found.schedule(0) == pytest.approx(made.peak)


def test_rates_of_zero_and_single_rates_are_schedules() -> None:
    assert reduce([0.0, 0.0, 0.0]).schedule.array().tolist() == [0, 0, 0]
    assert reduce([0.5]).schedule.array().tolist() == [0.5]
    assert reduce([0.0, 1.0]).schedule.array() == pytest.approx([0, 1])


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=30))
@settings(max_examples=12)
def test_any_rates_come_back(rates: list[float]) -> None:
    found = reduce(rates)
    np.testing.assert_allclose(found.schedule.array(), rates, rtol=0, atol=1e-5 * max(rates))


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"rates": []}, "rates must be one row"),
        ({"rates": [[1.0]]}, "rates must be one row"),
        ({"rates": ["a"]}, "rates must be a list of numbers"),
        ({"rates": [1.0, float("nan")]}, "at place 1"),
        ({"rates": [1.0, -1.0]}, "at place 1"),
        ({"rates": [1.0, float("inf")]}, "at place 1"),
        ({"rates": [1.0, 2.0], "steps": [0]}, "steps must be as many as rates"),
        ({"rates": [1.0, 2.0], "steps": [1, 1]}, "increasing"),
        ({"rates": [1.0, 2.0], "steps": [0, 0.5]}, "whole numbers"),
        ({"rates": [1.0, 2.0], "steps": [0, 1e12]}, "whole numbers"),
        ({"rates": [1.0], "tolerance": 0}, "tolerance must be"),
        ({"rates": [1.0, 1.0], "total": 1}, "total must be"),
    ],
)
def test_bad_input_is_named(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reduce(**given_)


@pytest.mark.parametrize("every", [3, 10, 30])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_warmup_with_one_logged_rate_still_passes_through_it(every: int, first: int) -> None:
    s = wb.schedules.wsd(total=1000, peak=1e-3, warmup=0.01)
    t = np.arange((0, every // 2, every - 1)[first], 1000, every)
    found = reduce(s.array()[t], t)
    np.testing.assert_allclose(found.schedule(t), s.array()[t], rtol=0, atol=1e-12 * s.peak)
