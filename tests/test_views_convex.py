"""The convex bound against its double sum, its closed forms, and the published table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workbench as wb
from workbench import views

POSITIVE = st.lists(st.floats(1e-3, 10), min_size=1, max_size=30).map(np.array)


def slow(rates: np.ndarray, D: float = 1.0, G: Any = 1.0) -> tuple[float, float, float]:
    """The three terms as they are written, with 1-based sums."""
    n, G = len(rates), np.broadcast_to(G, len(rates))

    def S(a: int, b: int) -> float:
        return math.fsum(rates[t - 1] for t in range(a, b + 1))

    def Q(a: int, b: int) -> float:
        return math.fsum((rates[t - 1] * G[t - 1]) ** 2 for t in range(a, b + 1))

    t3 = 0.5 * sum(rates[k - 1] / S(k + 1, n) * Q(k, n) / S(k, n) for k in range(1, n))
    return D**2 / (2 * S(1, n)), Q(1, n) / (2 * S(1, n)), t3


def harmonic(n: int) -> float:
    return math.fsum(1 / k for k in range(1, n + 1))


@given(POSITIVE, st.floats(0.1, 10), st.data())
def test_terms_are_the_double_sum(rates: np.ndarray, D: float, data: st.DataObject) -> None:
    one = data.draw(st.floats(0.1, 10))
    each = np.array(data.draw(st.lists(st.floats(0.1, 10), min_size=len(rates), max_size=len(rates))))
    for G in (one, each):
        bound = views.convex_bound(rates, D, G)
        np.testing.assert_allclose((bound.t1, bound.t2, bound.t3), slow(rates, D, G), rtol=1e-11)


@given(POSITIVE, st.floats(1e-2, 1e2))
def test_gamma_is_the_best_factor(rates: np.ndarray, gamma: float) -> None:
    bound = views.convex_bound(rates)
    assert bound.at(1) == pytest.approx(bound.value, rel=1e-14)
    assert bound.at(bound.gamma) == pytest.approx(bound.best, rel=1e-12)
    assert bound.at(gamma) >= bound.best * (1 - 1e-12)
    scaled = views.convex_bound(gamma * rates)
    assert scaled.value == pytest.approx(bound.at(gamma), rel=1e-11)
    assert scaled.best == pytest.approx(bound.best, rel=1e-11)
    assert scaled.gamma * gamma == pytest.approx(bound.gamma, rel=1e-11)
    assert bound.averaged == bound.t1 + bound.t2 <= bound.value


@pytest.mark.parametrize("T", [1, 2, 10, 1_000])
@pytest.mark.parametrize(("D", "G"), [(1.0, 1.0), (3.0, 0.2)])
def test_constant_has_the_closed_form(T: int, D: float, G: float) -> None:
    bound, h = views.convex_bound(np.ones(T), D, G), harmonic(T - 1)
    assert bound.t1 == pytest.approx(D**2 / (2 * T), rel=1e-12)
    assert bound.t2 == pytest.approx(G**2 / 2, rel=1e-12)
    assert bound.t3 == pytest.approx(G**2 * h / 2, rel=1e-10, abs=1e-300)
    assert bound.gamma == pytest.approx(D / (G * math.sqrt(T * (1 + h))), rel=1e-10)
    assert bound.best == pytest.approx(D * G * math.sqrt((1 + h) / T), rel=1e-10)


def test_linear_decay_tends_to_its_limit() -> None:
    gaps = []
    for T in (100, 10_000, 1_000_000):
        bound = views.convex_bound(wb.schedules.linear(T, 1.0, warmup=0, floor=0), D=2, G=3)
        gaps.append((bound.best * math.sqrt(T) / 12 - 1, 1 - bound.gamma * 3 * math.sqrt(T) / 2))
    for wide, narrow in zip(gaps, gaps[1:], strict=False):
        assert 0 < narrow[0] < 0.2 * wide[0] and 0 < narrow[1] < 0.2 * wide[1]
    assert max(gaps[-1]) < 1e-4


@pytest.mark.parametrize(("T", "T0"), [(20, 10), (100, 80), (400, 100), (4_000, 3_200), (4_000, 3_990)])
def test_constant_then_linear_stays_below_its_bound(T: int, T0: int) -> None:
    h = np.concatenate([np.ones(T0), 1 - np.arange(1, T - T0 + 1) / (T + 1 - T0)])
    inside = (
        2 / 3
        + (T + 2 * T0) / (3 * (T + T0))
        + harmonic(T + T0 - 2)
        - harmonic(T - T0 + 1)
        - (T - T0) * (T0 - 1) / (3 * (T - T0 + 2) * (T + T0))
        + 1 / (T - T0) ** 2
        + harmonic(T - T0 - 1) / (T - T0 + 1)
    )
    limit = math.sqrt(4 / (T + T0) * inside)
    assert views.convex_bound(h).best <= limit <= 1.5 * views.convex_bound(h).best


TABLE = {
    "constant": {100: (0.040234, 0.248543), 400: (0.018176, 0.137545), 4_000: (0.005033, 0.049677)},
    "wsd linear": {100: (0.049544, 0.223028), 400: (0.025374, 0.109323), 4_000: (0.008118, 0.034212)},
    "wsd sqrt": {100: (0.052427, 0.218713), 400: (0.026846, 0.107288), 4_000: (0.008569, 0.033658)},
    "linear": {100: (0.097255, 0.203608), 400: (0.049563, 0.100630), 4_000: (0.015793, 0.031652)},
    "sqrt": {100: (0.144316, 0.204682), 400: (0.073797, 0.101243), 4_000: (0.023525, 0.031868)},
    "cosine": {100: (0.094695, 0.209114), 400: (0.048242, 0.103386), 4_000: (0.015340, 0.032586)},
    "1/sqrt(t)": {100: (0.238750, 0.225314), 400: (0.212086, 0.122264), 4_000: (0.183668, 0.043543)},
}
"""gamma* and Omega* for D = G = 1, to the six digits that were given."""


def wsd(T: int, decay: float, shape: str) -> wb.Schedule:
    return wb.schedules.wsd(T, 1.0, warmup=0, decay=decay, shape=shape)


MADE = {
    "constant": lambda T: wb.hold(T, 1.0),
    "wsd linear": lambda T: wsd(T, 0.2, "linear"),
    "wsd sqrt": lambda T: wsd(T, 0.2, "sqrt"),
    "linear": lambda T: wb.schedules.linear(T, 1.0, warmup=0, floor=0),
    "sqrt": lambda T: wsd(T, 1.0, "sqrt"),
    "cosine": lambda T: wb.schedules.cosine(T, 1.0, warmup=0, floor=0),
    "1/sqrt(t)": lambda T: 1 / np.sqrt(np.arange(1, T + 1)),
}


@pytest.mark.parametrize("T", [100, 400, 4_000])
@pytest.mark.parametrize("name", TABLE)
def test_the_table_of_known_values(name: str, T: int) -> None:
    bound = views.convex_bound(MADE[name](T))
    assert (bound.gamma, bound.best) == pytest.approx(TABLE[name][T], abs=1.01e-6)


@pytest.mark.parametrize(
    ("shape", "known"),
    [
        (
            "linear",
            {0.8: 0.1835, 0.5: 0.4217, 0.4: 0.4985, 0.3: 0.5779, 0.2: 0.6652, 0.1: 0.7748, 0.05: 0.8569},
        ),
        (
            "sqrt",
            {0.8: 0.3413, 0.5: 0.6993, 0.4: 0.8020, 0.3: 0.9034, 0.2: 1.0098, 0.1: 1.1368, 0.05: 1.2274},
        ),
    ],
)
def test_the_best_rate_moves_with_the_cooldown_as_published(shape: str, known: dict[float, float]) -> None:
    T = 6_400
    full = views.convex_bound(wsd(T, 1.0, shape)).gamma
    for decay, moved in known.items():
        best = views.convex_bound(wsd(T, decay, shape)).gamma
        assert math.log(full / best) == pytest.approx(moved, abs=1e-4), decay


@given(POSITIVE, st.integers(1, 5), st.floats(0, 1e-17))
def test_zeros_at_the_end_count_for_nothing(rates: np.ndarray, zeros: int, rounded: float) -> None:
    bound = views.convex_bound(rates)
    longer = np.concatenate([rates, np.full(zeros, rounded * rates.max())])
    assert views.convex_bound(longer) == bound and bound.updates == len(rates)
    # Norms there count for nothing either.
    norms = np.concatenate([np.ones(len(rates)), np.ones(zeros)])
    assert views.convex_bound(longer, G=norms).t3 == pytest.approx(bound.t3, rel=1e-12, abs=1e-300)


def test_zeros_elsewhere_only_wait() -> None:
    rates = np.array([0.5, 0.2, 0.1])
    for waiting in ([0, 0, 0.5, 0.2, 0.1], [0.5, 0, 0.2, 0, 0, 0.1]):
        bound, plain = views.convex_bound(waiting), views.convex_bound(rates)
        assert (bound.t1, bound.t2, bound.t3) == pytest.approx((plain.t1, plain.t2, plain.t3), rel=1e-12)
        assert bound.updates == len(waiting)


@pytest.mark.parametrize("rate", [1e-40, 1e12])
@pytest.mark.parametrize("size", [1e-50, 1e50])
def test_extreme_sizes_stay_finite(rate: float, size: float) -> None:
    for D, G in ((size, 1), (1, size), (size, size)):
        bound = views.convex_bound([rate, rate / 7, rate / 1e14], D, G)
        for value in (bound.value, bound.gamma, bound.best, bound.at(1e-50), bound.at(1e50)):
            assert math.isfinite(value) and value > 0


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: views.convex_bound([0, 0]), "needs a rate of at least 1e-50; the highest is 0"),
        (lambda: views.convex_bound([1], D=0), "D must be at least 1e-50"),
        (lambda: views.convex_bound([1], G=-1), "G must be at least 1e-50"),
        (lambda: views.convex_bound([1], G="2"), "G must be a number or one number for each update"),
        (lambda: views.convex_bound([1, 2], G=[1, 2, 3]), r"each of the 2 updates; got the shape \(3,\)"),
        (lambda: views.convex_bound([1, 2], G=[1, math.nan]), "every entry of G must be at least 1e-50"),
        (lambda: views.convex_bound([1]).at(0), "gamma must be at least 1e-50"),
    ],
)
def test_bad_input_gets_a_sentence(call: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call()
