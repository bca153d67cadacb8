"""Decays, steps and free schedules: anchors of their papers, their limits, and oracles that are none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import oracles_decay as by
import pytest
import pytorch_optimizer
import torch
from oracles import factors

import workbench as wb

s = wb.schedules


def test_power_law_has_the_papers_values() -> None:
    assert round(float(s.power_rate(1e13, 1024)), 4) == 0.0011
    np.testing.assert_allclose(
        s.power_rate([1e9, 2e9], 1, a=1, b=-0.5), [1e-9**0.5, 2e-9**0.5 / 2], rtol=1e-12
    )
    schedule = s.power(total=100_000, decay=0, warmup=0)
    capped = np.flatnonzero(schedule.array() < 0.02)[0] * 1024 * 4096
    assert capped == pytest.approx(2.596e10, rel=5e-4)
    assert schedule(80_000) / schedule(40_000) == pytest.approx(2**-0.51, rel=1e-12)


def test_power_does_not_know_its_length_before_the_decay() -> None:
    short = s.power(total=20_000, warmup=0.1, decay=0.1)
    long = s.power(total=80_000, warmup=0.025, decay=0.1)
    np.testing.assert_allclose(long.array()[:18_000], short.array()[:18_000], rtol=1e-12)
    assert s.power(total=20_000, batch=512, sequence=8192).array() == pytest.approx(
        s.power(total=20_000).array()
    )


@pytest.mark.parametrize("tokens", [0, -1, float("nan"), "x", None, [1, 0], [[1], [1, 2]]])
def test_power_law_refuses_what_is_no_number_of_tokens(tokens: Any) -> None:
    with pytest.raises(ValueError, match="tokens"):
        s.power_rate(tokens, 1024)


def test_power_law_names_its_other_arguments() -> None:
    for argument in ("batch", "a", "b"):
        for value in (0.5j, None, float("nan"), 1e300):
            with pytest.raises(ValueError, match=rf"^{argument} "):
                s.power_rate(**{"tokens": 1e9, "batch": 1, argument: value})


def test_rex_is_above_the_line_and_concave() -> None:
    rates, line = s.rex(total=99, peak=1.0).array(), s.linear(total=99, peak=1.0, warmup=0).array()
    assert np.all(rates[1:] > line[1:]) and np.all(np.diff(rates, 2) < 0)
    np.testing.assert_allclose(s.rex(total=99, peak=1.0, d=0).array(), line, rtol=1e-14)


def test_rex_of_pytorch_optimizer_starts_at_its_lowest_rate() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = pytorch_optimizer.REXScheduler(optimizer, total_steps=10, max_lr=1.0)
    assert optimizer.param_groups[0]["lr"] == 0.0
    ours = s.rex(total=10, peak=1.0).array()
    np.testing.assert_allclose([scheduler.step() for _ in range(9)], ours[1:], rtol=1e-12)
    assert scheduler.step() == 0.0


def test_rex_with_nine_tenths_is_another_curve() -> None:
    """IvanVassi/REX_LR: ``z / (1 - 0.9 + 0.9 z)`` of the epochs that are left."""
    z = np.array([(50 - epoch) / 50 for epoch in range(50)])
    theirs = z / (1 - 0.9 + 0.9 * z)
    np.testing.assert_allclose(s.rex(total=50, peak=1.0, d=0.9).array(), theirs, rtol=1e-12)
    assert np.max(theirs - s.rex(total=50, peak=1.0).array()) > 0.2


def test_poly_of_pytorch_optimizer_grows() -> None:
    theirs = by.poly_theirs(peak=0.1, total=20, power=2.0)
    np.testing.assert_allclose(theirs[1:], 0.1 * np.arange(1, 20.0) ** 2, rtol=1e-12)
    assert np.all(np.diff(s.polynomial(total=20, peak=0.1, power=2.0).array()) < 0)


def test_dolomites_power_is_the_law_alone() -> None:
    """Its a is the paper's times the batch, and of the decay it is told it does nothing."""
    args = {"total": 100, "peak": 0.01, "warmup": 0.1, "batch": 1024, "sequence": 4096, "a": 4.0, "b": -0.51}
    theirs = by.power_dolomite(args)
    ours = s.power(**args, decay=0.2).array()
    np.testing.assert_allclose(theirs[:81], ours[:81], rtol=1e-12)
    assert np.all(ours[81:] < theirs[81:])


UBA = {
    0.5: (1, 0.97429, 0.88342, 0.67861, 0.29691, 0),
    1.0: (1, 0.94986, 0.79118, 0.51355, 0.17434, 0),
    5.0: (1, 0.79118, 0.43110, 0.17434, 0.04052, 0),
}


@pytest.mark.parametrize("phi", UBA)
def test_uba_has_the_table_of_its_formula(phi: float) -> None:
    curve = s.uba(total=5, peak=1.0, phi=phi)
    rates = [*curve.array(), curve.phases[-1].landing]
    np.testing.assert_allclose(rates, UBA[phi], atol=5e-6)


def test_more_phi_falls_earlier_and_little_phi_hardly_at_all() -> None:
    curves = [s.uba(total=50, peak=1.0, phi=phi).array() for phi in (1e-6, 0.25, 0.5, 1, 2, 5, 10)]
    for later, earlier in zip(curves, curves[1:], strict=False):
        assert np.all(earlier[1:] < later[1:])
    assert curves[0][:-1].min() > 0.999


@pytest.mark.parametrize("p", [1.0, 2.0, 10.0, 200.0])
def test_cosine_power_is_sharpdarts_but_for_its_first_epoch(p: float) -> None:
    """Their epochs are 1 to E, and the values are moved to 1 at the first and 0 at the last of them."""
    epochs = np.arange(1, 31)
    q = (1 + np.cos(np.pi * epochs / 30)) / 2
    q = q if p == 1 else p ** (q + 1)
    theirs = (q - q.min()) / (q - q.min()).max()
    ours = s.cosine_power(total=30, peak=1.0, p=p).array()
    np.testing.assert_allclose(ours[1:] / ours[1], theirs[:-1], rtol=1e-12)


def test_higher_orders_lie_lower() -> None:
    low, high = (s.cosine_power(total=40, p=p).array() for p in (100.0, 2.0))
    assert np.all(low[1:] < high[1:])


@pytest.mark.parametrize("waves", [0, 1, 3, 7])
def test_a_damped_cosine_rises_as_often_as_it_says(waves: int) -> None:
    signs = np.sign(np.diff(s.damped_cosine(total=5000, waves=waves, damping=1.0).array()))
    assert np.count_nonzero(np.diff(signs[signs != 0]) > 0) == waves


@pytest.mark.parametrize("floor", [0.0, 0.1, 0.6])
def test_modernberts_curves_meet_at_equal_slope(floor: float) -> None:
    schedule = s.cosine_inverse_sqrt(total=100_000, peak=1.0, warmup=0.1, cosine=0.3, cooldown=0, floor=floor)
    rates, join = schedule.array(), schedule.spans()[2].start
    assert rates[join] == pytest.approx((1 + floor) / 2, rel=1e-12)
    before, after = rates[join] - rates[join - 1], rates[join + 1] - rates[join]
    assert after == pytest.approx(before, rel=1e-3) and before < 0


def test_modernberts_floor_may_not_lie_above_the_cooldown() -> None:
    with pytest.raises(ValueError, match=r"floor must be at most 0\.\d+, .* got 0.5"):
        s.cosine_inverse_sqrt(total=1000, floor=0.5, cosine=0.05, cooldown=0.2)


def test_noam_has_the_papers_rates() -> None:
    schedule = s.noam(total=100_000, d_model=512, warmup=0.04)
    assert (round(schedule(3999), 6), round(schedule(15_999), 6)) == (6.99e-4, 3.49e-4)
    assert schedule(15_999) == pytest.approx(schedule.peak / 2, rel=1e-12)
    assert schedule(0) == pytest.approx(schedule.peak / 4000, rel=1e-12)


def test_an_inverse_root_never_changes_its_past() -> None:
    short = s.inverse_sqrt(total=100, warmup=0.2, timescale=2.0, p=0.7, floor=0.6).array()
    long = s.inverse_sqrt(total=1000, warmup=0.02, timescale=2.0, p=0.7, floor=0.6).array()
    np.testing.assert_allclose(long[:100], short, rtol=1e-12)
    assert long.min() == long[0] == 0 and long[20:].min() == pytest.approx(0.6e-3, rel=1e-15)


def test_an_inverse_roots_default_is_transformers() -> None:
    import transformers

    args = {"total": 50, "peak": 1e-3, "warmup": 0.1}
    theirs = factors(args, transformers.get_inverse_sqrt_schedule, num_warmup_steps=5)
    np.testing.assert_allclose(s.inverse_sqrt(**args).array(), theirs, rtol=1e-12)


@pytest.mark.parametrize("dropless", [{"kept": 1.0}, {"layers": 0.0}, {"grow": 0.0}])
@pytest.mark.parametrize("shape", ["linear", "cosine"])
def test_without_dropping_layer_tokens_are_steps(dropless: dict[str, float], shape: str) -> None:
    args = {"total": 77, "peak": 1.0, "warmup": 0.1, "floor": 0.2}
    assert s.layer_token(**args, shape=shape, **dropless) == getattr(s, shape)(**args)


def test_dropping_slows_the_clock_of_the_decay() -> None:
    dropped = s.layer_token(total=200, peak=1.0, warmup=0, kept=0.1).array()
    line = s.linear(total=200, peak=1.0, warmup=0).array()
    assert np.all(dropped[1:] > line[1:]) and np.all(np.diff(dropped) < 0)
    slopes = np.diff(dropped)
    assert np.all(np.diff(slopes) <= 1e-15) and slopes[-1] < 3 * slopes[0]


def test_layer_tokens_are_counted_as_deepspeed_counts_them() -> None:
    """Lengths in tokens, in whole increments of 16; 22 of 24 layers drop."""
    total, low, high, increment, growing = 100, 128, 256, 16, 64
    lengths = [
        min(high, int(t / growing * (high - low) + low) // increment * increment) for t in range(total)
    ]
    spent = [length * 22 + high * (24 - 22) for length in lengths]
    z = np.concatenate([[0], np.cumsum(spent)])[:-1] / sum(spent)
    ours = s.layer_token(
        total=total, peak=1.0, warmup=0, kept=0.5, layers=22 / 24, grow=0.64, stages=8, shape="linear"
    )
    np.testing.assert_allclose(ours.array(), 1 - z, rtol=1e-12, atol=1e-15)


def test_json_stays_short_at_the_most_parts() -> None:
    long = 1 / 3 + 1e-16
    many = tuple((k + long) / 13 for k in range(12))
    for schedule in (
        s.step(total=98_765_432, peak=long, warmup=long, drops=20, gamma=0.9 + long / 10),
        s.multi_step(
            total=98_765_432, peak=long, warmup=1.0, milestones=many, factors=[0.9 + long / 10] * 12
        ),
        s.layer_token(
            total=98_765_431, peak=long, warmup=long, shape="cosine", stages=12, floor=long, kept=long
        ),
        s.expression(total=98_765, peak=long, formula="peak +" + " " * 490 + "x"),
    ):
        assert len(schedule.to_json()) < 4000


def test_arguments_that_do_not_fit_together_are_refused_by_name() -> None:
    for words, call in (
        (
            "factors must be at most as many as milestones, 2; got 3",
            lambda: s.multi_step(9, factors=(1, 1, 1)),
        ),
        ("u and rate must be equally many; got 2 and 3", lambda: s.points(9, u=(0, 1), rate=(1, 2, 3))),
        ("total must be at least 2", lambda: s.refined(total=1)),
        ("floor must be at most", lambda: s.power(total=100_000, floor=0.9)),
        ("warmup . decay must be at most 1", lambda: s.power(total=100, warmup=0.6, decay=0.5)),
        ("norms must not differ", lambda: s.refined(total=2, norms=(1e9, 1e-300), smoothing=0)),
    ):
        with pytest.raises(ValueError, match=words):
            call()


def test_drops_of_a_list_come_before_those_of_gamma() -> None:
    listed = s.multi_step(total=100, peak=1.0, milestones=(0.8, 0.9), factors=[math.sqrt(0.1)] * 2)
    np.testing.assert_allclose(
        listed.array(), s.eight_one_one(total=100, peak=1.0, warmup=0).array(), rtol=1e-15
    )
    mixed = s.multi_step(total=10, peak=1.0, milestones=(0.2, 0.4, 0.6), factors=(0.5,), gamma=0.1)
    np.testing.assert_allclose(mixed([0, 2, 4, 6]), [1, 0.5, 0.05, 0.005], rtol=1e-15)


def test_a_functions_values_are_a_schedule() -> None:
    t = np.arange(40)
    made = wb.from_function(lambda t: 1e-3 / (1 + t / 10), 40)
    np.testing.assert_allclose(made.array(), 1e-3 / (1 + t / 10), rtol=1e-12)
    assert wb.Schedule.from_json(made.to_json()) == made
    assert wb.from_function(lambda t: 0.5, 7) == wb.from_function(lambda t: np.full(7, 0.5), 7)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (3, "function must be a function"),
        (lambda t: t - 1, "rates must be at least 0"),
        (lambda t: t / 0.0 if len(t) else t, "rates must be at least 0"),
        (lambda t: None, "rates must be"),
        (lambda t: "x", "rates must be numbers"),
        (lambda t: t[1:], "function must give 5 rates"),
    ],
)
def test_a_function_that_gives_no_rates_is_refused(function: Any, words: str) -> None:
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=words):
        wb.from_function(function, 5)
