"""The best schedule under a law: it is the best of its family, keeps every limit, and cannot game the law."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.design.limits import LEAST
from workbench.design.spline import Spline
from workbench.views import convex_bound

PUBLISHED = {
    "25M": (3.04045406, 0.52468604, 0.50786857, 363.78751622, 2.06560812, 0.58279013, 0.64142257),
    "100M": (2.6514477, 0.60115152, 0.45295811, 437.9464276, 2.13245612, 0.59785199, 0.65523644),
    "400M": (2.37474466, 0.65421216, 0.42878731, 523.42464371, 2.02462735, 0.59350493, 0.63472457),
}
NAMES = ("L0", "A", "alpha", "B", "C", "beta", "gamma")
PEAK, TOTAL, WARMUP = 3e-4, 24_000, 0.09


def published(size: str) -> wb.Fit:
    """The shipped fit with the parameters that the authors published."""
    fit = wb.defaults.load("multipower/100M")
    return dataclasses.replace(fit, params=dict(zip(NAMES, PUBLISHED[size], strict=True)))


def exact(rates: np.ndarray, size: str = "100M") -> float:
    """Loss after the last update, by the published sum over every update."""
    L0, A, alpha, B, C, beta, gamma = PUBLISHED[size]
    c = np.cumsum(rates)
    left = c[-1] - c + rates
    gain = 1 - (1 + C * np.maximum(rates, 1e-16) ** -gamma * left) ** -beta
    return float(L0 + A * c[-1] ** -alpha + B * np.sum(np.diff(rates) * gain[1:]))


@pytest.fixture(scope="module")
def fit() -> wb.Fit:
    return published("100M")


@pytest.fixture(scope="module")
def best(fit: wb.Fit) -> wb.design.Design:
    return wb.optimise(fit, TOTAL, peak=PEAK, warmup=WARMUP)


def test_published_optimum_is_met(best: wb.design.Design) -> None:
    """The official code stays at 3e-4 to about step 18,900 after the warmup, then falls as here."""
    after = 2160 + np.array([18_900, 20_000, 21_000, 21_800])
    assert best(after) == pytest.approx([3e-4, 1.90e-4, 5.04e-5, 2.1e-6], rel=0.03)


def official(updates: int) -> np.ndarray:
    """Free drops of every update by Adam, as the authors' code has it, with every update in the sum."""
    L0, A, alpha, B, C, beta, gamma = PUBLISHED["100M"]
    rising = PEAK * np.arange(2160) / 2160
    drops = np.zeros(TOTAL - 2160 - 1)
    mean, square = np.zeros_like(drops), np.zeros_like(drops)
    for k in range(1, updates + 1):
        free = PEAK - np.concatenate([[0], np.cumsum(drops)])
        eta = np.maximum(free, 1e-10)
        left = np.cumsum(eta[::-1])[::-1]
        e, area, s = eta[1:], left[1:], left[0] + rising.sum()
        reach = C * e**-gamma * area
        unpaid = (1 + reach) ** -beta
        by_log = B * np.diff(eta) * beta * unpaid * reach / (1 + reach)
        slope = np.full(len(eta), -alpha * A * s ** (-alpha - 1))
        slope[1:] += -gamma * by_log / e + np.cumsum(by_log / area) + B * (1 - unpaid)
        slope[:-1] -= B * (1 - unpaid)
        slope *= free > 1e-10
        g = -np.cumsum(slope[::-1])[::-1][1:]
        mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
        step = (mean / (1 - 0.9**k)) / (np.sqrt(square / (1 - 0.999**k)) + 1e-8)
        drops = np.maximum(drops - 5e-9 * step, 0)
    return np.concatenate([rising, np.maximum(PEAK - np.concatenate([[0], np.cumsum(drops)]), 1e-10)])


def test_within_1e_4_of_the_official_optimiser(best: wb.design.Design) -> None:
    # After 2,000 of its 10,000 updates the official code gains 1e-5 in 1,000 more.
    assert abs(exact(best.array()) - exact(official(2000))) < 5e-5


@pytest.mark.parametrize("size", PUBLISHED)
def test_no_random_member_of_the_family_ends_lower(size: str) -> None:
    fit, rng = published(size), np.random.default_rng(7)
    found = wb.optimise(fit, TOTAL, peak=PEAK, warmup=WARMUP)
    least = exact(found.array(), size)
    family = Spline(TOTAL - 2160, PEAK, 0.0, found.limits.fall, 64)
    matrix = family.matrix(np.arange(TOTAL - 2160))
    rising = PEAK * np.arange(2160) / 2160
    x = family.centres
    for _ in range(60):
        share, power, noise = rng.uniform(0.02, 1), rng.uniform(0.4, 4), rng.uniform(0, 1)
        start = np.clip((x - 1 + share) / share, 0, 1)
        z = family.nearest(PEAK * (1 - start) ** power) * np.exp(-noise * rng.exponential(size=63))
        rates = np.concatenate([rising, matrix @ family.coefficients(np.clip(z, 0, 1))])
        assert exact(rates, size) > least - 1e-6
    # And next to the optimum, where it would be found out first.
    own = found(2160 + x * (TOTAL - 2160))
    for _ in range(60):
        z = np.clip(family.nearest(own) * np.exp(rng.normal(0, rng.choice([0.003, 0.03, 0.3]), 63)), 0, 1)
        rates = np.concatenate([rising, matrix @ family.coefficients(z)])
        assert exact(rates, size) > least - 2e-6


@settings(max_examples=25, deadline=None)
@given(
    total=st.integers(LEAST + 2, 6_000),
    warmup=st.sampled_from([0.0, 0.05, 0.1]),
    floor=st.sampled_from([0.0, 0.1, 0.6, 1.0]),
    slope=st.sampled_from([None, 0.5, 1.3, 5.0, 100.0]),
    phases=st.sampled_from([None, None, 1, 2, 3]),
    knots=st.integers(3, 80),
    bare=st.booleans(),
)
def test_limits_are_kept_at_every_step(
    total: int, warmup: float, floor: float, slope: float | None, phases: int | None, knots: int, bare: bool
) -> None:
    fit = None if bare else published("100M")
    found = wb.optimise(
        fit, total, peak=PEAK, warmup=warmup, floor=floor, slope=slope, phases=phases, knots=knots
    )
    rates, rising = found.array(), int(warmup * total + 0.5)
    assert len(found) == total
    assert rates[:rising] == pytest.approx(PEAK * np.arange(rising) / max(rising, 1), rel=1e-12)
    rates = rates[rising:]
    assert rates[0] == PEAK and np.all(np.diff(rates) <= 1e-15)
    assert rates.min() >= floor * PEAK * (1 - 1e-12)
    if slope is not None:
        assert -np.diff(rates).min() <= slope * PEAK / total * (1 + 1e-9)
    if phases is not None:
        assert len([span for span in found.spans() if span.name != "warmup"]) <= phases


def test_finer_knots_do_not_game_the_law(fit: wb.Fit) -> None:
    """Stairs cut out of the optimum gain a millinat; a thousand knots must not find them."""
    for total in (1_000, 3_000, TOTAL):
        few, many = (wb.optimise(fit, total, warmup=WARMUP, knots=knots) for knots in (64, 1024))
        assert exact(few.array()) - exact(many.array()) < 2.5e-4
        assert -np.diff(many.array()).min() <= 0.0101 * PEAK
    levels = PEAK * np.geomspace(1, 0.004, 10)
    rates = few.array()
    falling = np.flatnonzero(rates < PEAK * (1 - 1e-9))
    falling = falling[falling > 2160]
    nearest = np.argmin(np.abs(np.log(rates[falling, None] / levels)), axis=1)
    stairs = rates.copy()
    stairs[falling] = levels[nearest]
    assert exact(rates) - exact(stairs) > 1e-3


def test_more_phases_end_no_higher_and_come_near_the_spline(fit: wb.Fit, best: wb.design.Design) -> None:
    finals = [wb.optimise(fit, TOTAL, warmup=WARMUP, phases=phases).final for phases in (1, 2, 3)]
    assert finals[0] > finals[1] >= finals[2] - 1e-6
    assert 0 <= finals[2] - best.final < 5e-5


def test_plain_phases_are_a_recipe_and_their_cost_is_true(best: wb.design.Design) -> None:
    plain = best.plain
    again = wb.schedules.build(dict(plain.schedule.recipe or {}))
    assert again == plain.schedule and -1e-5 < plain.cost < 1e-3
    assert exact(again.array()) - exact(best.array()) == pytest.approx(plain.cost, abs=5e-5)
    assert eval(f"wb.schedules.{plain.words}", {"wb": wb})(20_000) == pytest.approx(again(20_000), rel=1e-4)


def test_gains_are_differences_of_predictions_with_paired_intervals(best: wb.design.Design) -> None:
    others = {
        "WSD (20% 1-sqrt)": wb.schedules.wsd(TOTAL, PEAK, WARMUP, 0.2),
        "cosine": wb.schedules.cosine(TOTAL, PEAK, WARMUP, floor=0.0),
        "linear (D2Z)": wb.schedules.linear(TOTAL, PEAK, WARMUP),
    }
    assert [gain.over for gain in best.gains] == list(others)
    for gain in best.gains:
        assert gain.mean == pytest.approx(exact(others[gain.over].array()) - exact(best.array()), abs=1e-4)
        assert gain.low < gain.mean < gain.high


def test_warnings_say_how_laws_did_before(fit: wb.Fit, best: wb.design.Design) -> None:
    assert any("overstate the gain of decay" in text for text in best.warnings)
    longer = wb.optimise(fit, 200_000, warmup=0.01)
    assert any("longer than any fitted run" in text for text in longer.warnings)


def test_a_design_is_used_as_a_schedule(fit: wb.Fit, best: wb.design.Design) -> None:
    assert isinstance(best, wb.Schedule) and best.schedule == wb.Schedule(best.phases)
    assert fit.predict(best, [TOTAL - 1]).loss[0] == best.final
    assert wb.Schedule.from_json(best.to_json()) == best.schedule
    assert len(best.phases[-1].args["u"]) <= 64
    for text in (str(best), best._repr_html_()):
        assert "cosine" in text and "plain phases" in text


def test_same_call_gives_the_same_schedule(fit: wb.Fit, best: wb.design.Design) -> None:
    assert wb.optimise(fit, TOTAL, peak=PEAK, warmup=WARMUP).phases == best.phases


def test_a_law_without_a_known_gradient_is_optimised_too(
    fit: wb.Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = wb.optimise(fit, 3_000, warmup=0.1, knots=12)
    monkeypatch.setattr("workbench.design.measure.FINALS", {})
    assert wb.optimise(fit, 3_000, warmup=0.1).final < few.final + 3e-4


@pytest.mark.parametrize(("total", "free"), [(100, 0.20011436), (400, 0.10018730), (1000, 0.06332194)])
def test_best_bound_without_data(total: int, free: float) -> None:
    value, rates = wb.design.best_bound(total)
    assert value == pytest.approx(free, abs=1e-8) == convex_bound(rates).best
    found = wb.optimise(None, total, warmup=0)
    # Rates that never rise cannot have the last one raised, which is what the difference is.
    lowered = rates.copy()
    lowered[-1] = rates[-2]
    assert free < found.final <= convex_bound(lowered).best
    assert found.final < convex_bound(wb.schedules.linear(total, 1.0, 0)).best
    assert found.final == pytest.approx(free, rel=0.6 / total)
    assert convex_bound(found).gamma == pytest.approx(1, abs=1e-9)


def test_without_data_a_given_peak_only_scales() -> None:
    own, scaled = wb.optimise(None, 2_000), wb.optimise(None, 2_000, peak=3e-4)
    assert scaled.peak == 3e-4 and scaled.final == pytest.approx(own.final, rel=1e-9)
    assert scaled.array() == pytest.approx(own.array() * 3e-4 / own.peak, rel=1e-6)
    assert all(math.isnan(gain.low) and gain.mean > 0 for gain in scaled.gains)


BAD = [
    ({"total": 5}, "total must be at least 8"),
    ({"total": 100.5}, "total must be a whole number"),
    ({"peak": 0}, "peak must be greater than 0"),
    ({"peak": float("nan")}, "peak must be"),
    ({"warmup": 1}, "warmup must leave at least 8"),
    ({"warmup": -0.1}, "warmup must be at least 0"),
    ({"floor": 2}, "floor must be at least 0 and at most 1"),
    ({"slope": 0}, "slope must be greater than 0"),
    ({"phases": 0}, "phases must be at least 1"),
    ({"knots": 2}, "knots must be at least 3"),
    ({"fit": "multipower"}, "fit must be a Fit, or None"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_input_is_named(fit: wb.Fit, change: dict, message: str) -> None:
    call = {"fit": fit, "total": 1_000, "peak": PEAK, **change}
    with pytest.raises(ValueError, match=message):
        wb.optimise(call.pop("fit"), call.pop("total"), **call)


def test_a_peak_is_asked_for_where_runs_had_several(fit: wb.Fit) -> None:
    several = dataclasses.replace(fit, facts={**fit.facts, "peaks": [1e-4, 3e-4]})
    with pytest.raises(ValueError, match="peak must be given"):
        wb.optimise(several, 1_000)
