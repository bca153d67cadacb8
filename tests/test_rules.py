"""Rules for rate, batch and decay: anchors, shapes that theory gives, and what bad input says."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench import registry
from workbench.scaling import rules
from workbench.scaling.rules.advice import Advice

positive, rates = st.floats(1e-1, 1e4), st.floats(1e-5, 1e-1)
FACTS = {
    "n_params": 3e8,
    "tokens": 6e9,
    "new_tokens": 2e10,
    "compute": 1e19,
    "batch_tokens": 5e5,
    "new_batch_tokens": 1e6,
    "rate": 1e-3,
    "new_rate": 2e-3,
    "weight_decay": 0.1,
    "loss": 3.0,
    "batch": 64.0,
    "new_batch": 256.0,
    "noise": 512.0,
    "width": 1024,
    "new_width": 2048,
    "base_width": 256,
    "depth": 24,
    "base_depth": 6,
}


def table(name: str) -> bool:
    return not {"table", "betas"}.isdisjoint(rules.get(name).gives)


@pytest.mark.parametrize("name", [name for name in rules.names() if not table(name)])
def test_every_rule_gives_what_it_says(name: str) -> None:
    entry, said = rules.get(name), rules.advise(name, **FACTS)
    given_values = {key for key in ("rate", "batch_tokens", "weight_decay", "eps") if getattr(said, key)}
    assert given_values == set(entry.gives)
    assert all(math.isfinite(v) and v > 0 for key in given_values for v in [getattr(said, key)])
    for key, (low, high) in said.intervals.items():
        assert low < getattr(said, key) < high
    assert entry.confidence in registry.CONFIDENCES and entry.paper and entry.summary and entry.use
    assert ("confidence" in entry.use) == (entry.confidence == "low") or name == "kaplan_rate"
    assert entry.paper in entry.function.__doc__


@pytest.mark.parametrize("name", rules.names())
def test_every_argument_is_checked_and_named(name: str) -> None:
    entry = rules.get(name)
    facts = {field.name: FACTS[field.name] for field in entry.fields if field.required}
    for field in entry.fields:
        for bad in (float("nan"), -1.0, "much", None, True):
            with pytest.raises(ValueError, match=rf"^{field.name} must be .*got "):
                entry.function(**{**facts, field.name: bad})
    with pytest.raises(ValueError, match=f"{name} needs the argument"):
        entry.function()
    with pytest.raises(ValueError, match="no argument 'tempo'"):
        entry.function(**facts, tempo=3)


def test_anchors_of_the_papers() -> None:
    deepseek, steplaw = rules.deepseek(1e20), rules.steplaw(1e9, 1e11)
    assert deepseek.rate == pytest.approx(9.86e-4, rel=1e-3)
    assert deepseek.batch_tokens == pytest.approx(1.017e6, rel=1e-3)
    assert steplaw.rate == pytest.approx(1.632e-3, rel=1e-3)
    assert steplaw.batch_tokens == pytest.approx(1.108e6, rel=1e-3)
    # 2408.13359 prints 0.0011 for 1e13 tokens at 1,024 sequences of 4,096 tokens.
    assert rules.power_scheduler(1e13, 1024 * 4096).rate == pytest.approx(1.1e-3, abs=5e-5)
    assert rules.critical_batch(3.02e8).batch_tokens == pytest.approx(512 * 1351.4, rel=1e-4)
    assert rules.best_timescale(1.0, 20.0) == pytest.approx(0.22, abs=0.015)
    assert rules.kaplan_rate(1.5e9).rate == pytest.approx(0.003239 - 0.0001395 * math.log(1.5e9))


def test_two_laws_of_the_critical_batch_agree_along_chinchilla() -> None:
    for n in np.geomspace(8.5e7, 1.3e9, 7):
        of_size, of_data = rules.critical_batch(n), rules.critical_batch_data(20 * n)
        assert of_data.batch_tokens == pytest.approx(of_size.batch_tokens, rel=0.03)


@settings(max_examples=100)
@given(rates, positive, positive, positive)
def test_rules_of_the_batch_are_consistent(rate: float, batch: float, new: float, noise: float) -> None:
    """Going there and back changes nothing, nor does staying; limits are the simple rules."""
    for name, more in (
        ("linear", {}),
        ("square_root", {}),
        ("noise_scale", {"noise": noise}),
        ("surge", {"noise": noise}),
    ):
        call = rules.get(name).function
        there = call(rate=rate, batch=batch, new_batch=new, **more).rate
        assert call(rate=there, batch=new, new_batch=batch, **more).rate == pytest.approx(rate)
        assert call(rate=rate, batch=batch, new_batch=batch, **more).rate == pytest.approx(rate)
    far = 1e9 * max(batch, new)
    assert rules.noise_scale(rate, batch, new, far).rate == pytest.approx(rules.linear(rate, batch, new).rate)
    half = rules.noise_scale(rate, batch, new, far, alpha=0.5).rate
    root = rules.square_root(rate, batch, new).rate
    assert half == pytest.approx(root) and rules.surge(rate, batch, new, far).rate == pytest.approx(root)


@settings(max_examples=50)
@given(positive, st.floats(1.1, 1e4))
def test_the_surge_is_symmetric_about_its_peak(noise: float, factor: float) -> None:
    top = rules.surge(1.0, noise, noise, noise).rate
    above, below = (rules.surge(1.0, noise, at, noise).rate for at in (noise * factor, noise / factor))
    assert above == pytest.approx(below) and above < top == 1.0


def test_the_surge_peaks_where_the_sign_of_a_noisy_gradient_says() -> None:
    """Best rate of sign descent on a quadratic of many directions, from its expected loss after one step."""
    # E[sign] = erf(sqrt(B / 2) g / s); with small g / s it is b = g / s sqrt(2 B / pi), and the expected
    # loss is -rate sum(g b) + rate^2 / 2 (sum H_ii + sum_{i != j} H_ij b_i b_j).
    noise, shared = 400.0, 1.0
    batch = np.geomspace(1, 1e5, 201)
    mean = np.sqrt(batch / noise)
    best = mean / (shared + mean**2)
    said = np.array([rules.surge(1.0, noise, b, noise).rate for b in batch])
    np.testing.assert_allclose(best / best.max(), said, atol=2e-3)


def test_betas_keep_their_memory_in_samples() -> None:
    b1, b2 = rules.sde_betas(128, 512, beta1=0.9, beta2=0.95)
    assert (1 - b1, 1 - b2) == pytest.approx((0.4, 0.2))
    with pytest.raises(ValueError, match="new_batch must be at most 1280"):
        rules.sde_betas(128, 4096)


@settings(max_examples=50)
@given(st.floats(1e-5, 1e-1), st.floats(1e3, 1e7), st.floats(1e8, 1e12), st.floats(0.1, 10))
def test_decay_keeps_or_reaches_its_timescale(
    rate: float, batch: float, tokens: float, factor: float
) -> None:
    kept = rules.keep_timescale(0.1, rate, batch, tokens, rate * factor, batch / factor, tokens * 2)
    before = rules.timescale(rate, 0.1, batch, tokens)
    assert rules.timescale(rate * factor, kept.weight_decay, batch / factor, tokens * 2) == pytest.approx(
        before
    )
    said = rules.power_lines(1e8, tokens, batch, rate).weight_decay
    assert rules.timescale(rate, said, batch, tokens) == pytest.approx(rules.best_timescale(1e8, tokens))
    assert rules.power_lines(1e8, tokens, 2 * batch, rate).weight_decay == pytest.approx(2 * said)


def test_timescales_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="weight_decay must be greater than 0"):
        rules.timescale(1e-3, 0.0, 1e6, 1e10)
    with pytest.raises(ValueError, match="n_params must be greater than 0"):
        rules.best_timescale(-1.0, 1e10)


def test_layerwise_decay_keeps_singular_values() -> None:
    """Of its abstract: they go as sqrt(rate / decay) width^0.75, the rate as 1 / width."""

    def value(width: int, decay: float) -> float:
        return math.sqrt(1 / width / decay) * width**0.75

    decay = rules.layerwise_decay(0.1, 256, 4096).weight_decay
    assert value(4096, decay) == pytest.approx(value(256, 0.1))


def test_time_transfer_has_three_regimes() -> None:
    grow = rules.time_transfer(1e-3, 1e5, 1e9, 4e9)
    stay = rules.time_transfer(1e-3, 1e5, 1e9, 4e9, regime="batch stays")
    assert (grow.rate, grow.batch_tokens) == (pytest.approx(2e-3), pytest.approx(4e5))
    assert (stay.rate, stay.batch_tokens) == (pytest.approx(5e-4), 1e5)
    # The square-root rule of Adam joins both: four times the batch at a rate that doubled twice.
    assert rules.square_root(stay.rate, stay.batch_tokens, 4e5).rate == pytest.approx(grow.rate / 2)


def test_decay_follows_the_rate_in_adamc() -> None:
    s = wb.schedules.wsd(1000, 3e-4)
    decay = rules.adamc(s, 0.1)
    np.testing.assert_allclose(decay.array(), 0.1 * s.array() / s.peak, rtol=1e-12)
    assert wb.Plan(s, weight_decay=decay).weight_decay is not None
    with pytest.raises(ValueError, match="learning_rate must be a Schedule"):
        rules.adamc(3e-4, 0.1)
    with pytest.raises(ValueError, match="above 0 somewhere"):
        rules.adamc(wb.hold(10, 0.0), 0.1)


def test_all_rules_can_be_asked_at_once() -> None:
    said = rules.compare("rate", n_params=1e9, tokens=2e10, compute=1.2e20)
    assert {"steplaw", "deepseek", "porian", "kaplan_rate"} == set(said)
    assert "kaplan_rate" not in rules.compare("rate", n_params=1e11, tokens=2e12)
    assert set(rules.compare("weight_decay", n_params=1e9, tokens=2e10, batch_tokens=1e6, rate=1e-3)) == {
        "power_lines"
    }
    for name, message in (
        ("mup", "mup gives table"),
        ("sde_betas", "gives betas"),
        ("stepplan", "rule must be one of"),
    ):
        with pytest.raises(ValueError, match=message):
            rules.advise(name, **FACTS)
    with pytest.raises(ValueError, match="tokens must be at least 1 .*got -5"):
        rules.compare("rate", n_params=1e9, tokens=-5)
    listed = rules.table()
    assert [row["rule"] for row in listed.rows] == rules.names()
    assert {row["known by"] for row in listed.rows} == set(registry.CONFIDENCES)
    with pytest.raises(ValueError, match="gives must be one of"):
        rules.compare("speed")


def test_what_lies_beyond_the_data_is_said() -> None:
    assert rules.steplaw(5e8, 1e10).notes == ()
    far = rules.steplaw(7e10, 1.4e12)
    assert any("n_params 7e+10 is outside of" in note for note in far.notes) and "outside" in str(far)


def test_the_step_law_has_the_intervals_of_its_bootstrap(data_folder) -> None:
    path = data_folder / "steplaw" / "1004_fitted_lr_bs_scaling_model_parameters.csv"
    with path.open() as file:
        next(rows := csv.reader(file))
        draws = np.array([[float(x) for x in row] for row in rows])
    for n, d in ((2e8, 4e9), (1e9, 1e11), (1e10, 1e12)):
        said = rules.steplaw(n, d)
        rate = np.exp(draws[:, :3] @ [1, np.log(n), np.log(d)])
        batch = np.exp(draws[:, 3:] @ [1, np.log(d)])
        for name, of in (("rate", rate), ("batch_tokens", batch)):
            low, high = np.log(np.array(said.intervals[name]))
            a, b = np.log(np.quantile(of, (0.05, 0.95)))
            assert high - low == pytest.approx(b - a, rel=0.15)
            assert np.quantile(of, 0.02) < getattr(said, name) < np.quantile(of, 0.98)


def test_advice_reads_as_a_sentence() -> None:
    text = str(Advice(rate=1e-3, batch_tokens=5e5, intervals={"rate": (9e-4, 1.1e-3)}))
    assert text == "rate 0.001 (0.0009 to 0.0011); batch_tokens 500,000"
