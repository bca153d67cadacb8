"""Every law against its sum over single steps, finite differences, and what its terms have to do."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import slow_laws
from hypothesis import given, settings
from hypothesis import strategies as st
from test_law import CURVES, OTHERS, PEAK, PUBLISHED, WARMUP

import workbench as wb
from workbench import registry
from workbench.laws.grid import every_step
from workbench.laws.past import past
from workbench.laws.quadrature import inputs, stack

JOIN = 9_000
# Values near those that the public curves give.
TYPICAL = {
    "power": (2.6, 0.5, 0.5),
    "annealing": (2.67, 0.58, 0.47, 1.3, 360.0),
    "annealing_s1": (2.67, 0.58, 0.47, 1.3, 360.0),
    "annealing_peak": (2.67, 0.58, 0.47, 0.4, 1500.0),
    "annealing_size": (2.0, 0.58, 0.47, 0.4, 0.3, 1.3, 0.1, 360.0),
    "bound": (2.9, 6.0, 7.0),
    "continual": (2.67, 0.58, 0.47, 1.3, 0.9, 360.0, 0.2, 3.0, 0.4),
    "effective_rate": (2.6, 2.5, 0.4, 1.7, 0.03, 0.1, 0.5),
    "functional": (2.6, 0.58, 0.47, 200.0, 1.0, 5.0, 0.6),
    "multipower": PUBLISHED["100M"],
    "multipower_later": PUBLISHED["100M"],
}
SCHEDULES = {**CURVES, **OTHERS}
EXTRA = {"annealing_size": {"n_params": 3e8}, "continual": {"join": JOIN}}


def value(name, rates, steps, params=None, **extra):
    x = inputs(rates, steps, **{**EXTRA.get(name, {}), **extra})
    return registry.get("law", name).function(x, *(params or TYPICAL[name]))


def some_steps(schedule):
    last = len(schedule) - 1
    around = [span.start + d for span in schedule.spans() for d in (0, 1, 2, 7, 40, 300)]
    before = [last - d for d in (0, 1, 3, 20, 150, 900)]
    joined = [JOIN + d for d in (-1, 0, 1, 30, 800)]
    spread = np.geomspace(5, last, 30).astype(int)
    return np.array(sorted({int(s) for s in (*around, *before, *joined, *spread) if 2 <= s <= last}))


def test_every_law_is_tested_here():
    assert set(TYPICAL) == set(wb.laws.names())


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", TYPICAL)
def test_quadrature_is_within_1e_4_of_the_sum_over_steps(name, schedule):
    s = SCHEDULES[schedule]
    rates, steps = s.array(), some_steps(s)
    slow = getattr(slow_laws, name)
    join = {"join": min(JOIN, len(rates))} if name == "continual" else {}
    truth = slow(rates, steps, *TYPICAL[name], **join)
    assert np.max(np.abs(value(name, rates, steps, **join) - truth)) < 1e-4


@pytest.mark.parametrize("schedule", ["cosine_24000", "jumps down and up", "wsd to zero"])
@pytest.mark.parametrize("name", TYPICAL)
def test_derivatives_agree_with_finite_differences(name, schedule):
    rates = SCHEDULES[schedule].array()
    x = inputs(rates, np.arange(2_500, len(rates), 611), **EXTRA.get(name, {}))
    entry, theta = registry.get("law", name), np.array(TYPICAL[name])
    loss, jacobian = entry.jacobian(x, *theta)
    assert np.allclose(loss, entry.function(x, *theta), rtol=1e-13)
    for i, field in enumerate(entry.fields):
        h = 1e-4 * theta[i]
        step = np.zeros_like(theta)
        step[i] = h
        f = [entry.function(x, *(theta + j * step)) for j in (-2, -1, 1, 2)]
        slope = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)
        assert np.allclose(jacobian[:, i], slope, rtol=1e-6, atol=1e-7 * np.abs(slope).max()), field.name


@pytest.mark.parametrize("name", TYPICAL)
def test_every_step_through_few_is_within_1e_4(name):
    for schedule in ("cosine_72000", "wsd", "jumps down and up", "linear to zero"):
        s = SCHEDULES[schedule]
        rates = s.array()
        # A second stage is a phase of its own.
        join = {"join": s.spans()[-1].start} if name == "continual" else {}
        (through,) = every_step(s, lambda at, r=rates, j=join: value(name, r, at, **j)[:, None])
        some = np.arange(3_000, len(rates), 97)
        assert np.max(np.abs(through[some] - value(name, rates, some, **join))) < 1e-4, schedule


@pytest.mark.parametrize("name", TYPICAL)
def test_stacked_inputs_are_the_inputs_side_by_side(name):
    steps, entry = np.arange(2_500, 24_000, 1_500), registry.get("law", name)
    parts = [inputs(CURVES[key].array(), steps, **EXTRA.get(name, {})) for key in ("cosine_24000", "wsd")]
    apart = np.concatenate([entry.function(x, *TYPICAL[name]) for x in parts])
    assert np.array_equal(entry.function(stack(parts), *TYPICAL[name]), apart)
    fresh = [inputs(CURVES[key].array(), steps, **EXTRA.get(name, {})) for key in ("cosine_24000", "wsd")]
    assert np.array_equal(entry.function(stack(fresh), *TYPICAL[name]), apart)


@settings(max_examples=20)
@given(
    total=st.integers(20, 2_000),
    warmup=st.floats(0, 0.4),
    decay=st.floats(0, 0.6),
    shape=st.sampled_from(["linear", "cosine", "sqrt", "square"]),
    floor=st.floats(0, 1),
    peak=st.sampled_from([1e-5, 1e-3, 0.1]),
)
def test_every_law_is_finite_from_the_first_step_on(total, warmup, decay, shape, floor, peak):
    rates = wb.schedules.wsd(total, peak, warmup, decay, shape, floor).array()
    for name in TYPICAL:
        entry = registry.get("law", name)
        x = inputs(rates, np.arange(total + 3), **EXTRA.get(name, {}))
        loss, jacobian = entry.jacobian(x, *TYPICAL[name])
        assert np.all(np.isfinite(loss)) and np.all(np.isfinite(jacobian)), name


def test_a_single_drop_has_the_closed_form_of_its_annealing_area():
    rates = np.concatenate([np.full(500, 1e-3), np.full(500, 4e-4)])
    steps = np.array([499, 500, 501, 700, 999])
    _, _, _, C, memory = TYPICAL["annealing"]
    lam = 1 - 1 / memory
    area = np.where(steps >= 500, 6e-4 * (1 - lam ** (steps - 499)) / (1 - lam), 0.0)
    gained = value("power", rates, steps, TYPICAL["annealing"][:3]) - value("annealing", rates, steps)
    assert np.allclose(gained, C * area, rtol=1e-9, atol=1e-14)


def test_conventions_differ_by_the_warmup_alone():
    rates, steps = CURVES["wsdld"].array(), np.arange(2_500, 24_000, 500)
    without = rates[2_159:]
    params = TYPICAL["annealing"]
    for first, second in (("annealing", "annealing_s1"), ("annealing_s1", "annealing_peak")):
        assert not np.allclose(value(first, rates, steps, params), value(second, rates, steps, params))
        both = (value(name, without, steps - 2_159, params) for name in (first, second))
        assert np.allclose(*both, rtol=1e-12)
    power = value("power", without, steps - 2_159, params[:3])
    s1 = value("annealing_s1", rates, steps, params) - value("power", rates, steps, params[:3])
    assert np.allclose(s1, value("annealing", without, steps - 2_159, params) - power, atol=2e-5)
    later = value("multipower_later", rates, steps) - value("power", rates, steps, PUBLISHED["100M"][:3])
    alone = value("multipower", without, steps - 2_159)
    assert np.allclose(
        later, alone - value("power", without, steps - 2_159, PUBLISHED["100M"][:3]), atol=5e-6
    )


def test_without_a_join_continual_pretraining_is_annealing():
    rates, steps = CURVES["wsd"].array(), np.arange(2_500, 24_000, 500)
    L0, A, alpha, C1, _, memory, *_ = TYPICAL["continual"]
    alone = value("continual", rates, steps, join=None)
    assert np.allclose(alone, value("annealing", rates, steps, (L0, A, alpha, C1, memory)), rtol=1e-13)
    before = steps < JOIN
    assert np.allclose(value("continual", rates, steps)[before], alone[before], rtol=1e-13)


def test_the_shift_of_data_grows_from_nothing_to_its_size():
    rates, steps = np.full(400_000, 1e-2), np.arange(JOIN - 1, 400_000, 20_000)
    params = list(TYPICAL["continual"])
    moved = value("continual", rates, steps, tuple(params))
    params[6] = 0.0
    shift = moved - value("continual", rates, steps, tuple(params))
    assert shift[0] == 0 and np.all(np.diff(shift) > 0) and 0.19 < shift[-1] < 0.2


def test_sizes_must_be_given_where_a_law_needs_them():
    with pytest.raises(ValueError, match="n_params"):
        value("annealing_size", CURVES["wsd"].array(), [5_000], n_params=None)


def test_effective_rate_turns_as_its_norm_says():
    # With a constant rate and no decay of weights q grows by rate^2: the angle is a difference of roots.
    L0, A, alpha, _, norm, _, share = TYPICAL["effective_rate"]
    rate, steps = 1e-3, np.array([10, 300, 20_000])
    loss = value("effective_rate", np.full(20_001, rate), steps, (L0, A, alpha, 1e-12, norm, 1e-9, share))
    angle = 2 / rate * (np.sqrt(norm**2 + rate**2 * (steps + 1)) - norm)
    assert np.allclose(loss - L0, A * angle**-alpha, rtol=2e-3)


def test_effective_rate_settles_where_decay_balances_the_updates():
    # q tends to rate / (2 decay), whatever it was, and the loss depends on the norm no more.
    rates, steps = np.full(60_000, 3e-3), np.array([59_999])
    L0, A, alpha, B, _, decay, share = TYPICAL["effective_rate"]
    noise = [
        value("effective_rate", rates, steps, (L0, 1e-6, alpha, B, norm, decay, share))[0] - L0
        for norm in (0.003, 0.03)
    ]
    assert noise[0] == pytest.approx(noise[1], rel=0.02)
    settled = np.sqrt(2 * decay * 3e-3)
    assert noise[1] == pytest.approx(B * settled * (1 + np.log(60_000) + 0.5772), rel=0.05)


def test_no_jump_makes_noise():
    # The bound's own kernel rises when the rate falls at once; that of effective rates only falls.
    rates = WARMUP.then(wb.hold(5_000, PEAK)).then(wb.hold(2_000, PEAK / 100)).array()
    steps = np.arange(7_150, 7_400)
    assert np.all(np.diff(value("effective_rate", rates, steps)) < 0)
    assert np.any(np.diff(value("bound", rates, steps)) > 0)


@pytest.mark.parametrize("name", TYPICAL)
def test_parameters_are_those_of_the_signature_and_typical_values_are_on_offer(name):
    entry = registry.get("law", name)
    assert [field.name for field in entry.fields] == list(inspect.signature(entry.function).parameters)[1:]
    assert entry.summary and entry.formula and entry.use
    for field, typical in zip(entry.fields, TYPICAL[name], strict=True):
        assert field.check(typical) == typical
        if field.param.log:
            low, high = field.param.slider
            assert low / 3 <= typical <= 3 * high, field.name


@pytest.mark.parametrize("decay", [1e-6, 0.1, 10.0])
def test_the_norm_is_that_of_the_recursion_for_any_decay(decay):
    # Rates and a decay so large that the exponents pass what a float holds are summed in stretches.
    rates = np.random.default_rng(0).uniform(0.01, 1.0, 3_000)
    steps = np.array([0, 1, 50, 700, 2_999])
    factor, added, *_ = past(rates, steps).balance(decay)
    q, truth = 0.25, []
    for rate in rates.tolist():
        q = q * np.exp(-2 * decay * rate) + rate**2
        truth.append(q)
    assert np.allclose(0.25 * factor[:, -1] + added[:, -1], np.array(truth)[steps], rtol=1e-9)
