"""The multi-power law against the published anchors, the exact sum, and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench import registry
from workbench.laws.grid import every_step
from workbench.laws.quadrature import inputs, stack

NAMES = ("L0", "A", "alpha", "B", "C", "beta", "gamma")
PUBLISHED = {
    "25M": (3.04045406, 0.52468604, 0.50786857, 363.78751622, 2.06560812, 0.58279013, 0.64142257),
    "100M": (2.6514477, 0.60115152, 0.45295811, 437.9464276, 2.13245612, 0.59785199, 0.65523644),
    "400M": (2.37474466, 0.65421216, 0.42878731, 523.42464371, 2.02462735, 0.59350493, 0.63472457),
}
PEAK, FLOOR = 3e-4, 3e-5
# The authors' warmup is linspace(0, peak, 2160): its last entry is the peak already.
WARMUP = wb.ramp(2159, 0, PEAK).then(wb.hold(1, PEAK))
CURVES = {
    "cosine_24000": WARMUP.then(wb.ramp(21_840, PEAK, FLOOR, "cosine")),
    "constant_24000": WARMUP.then(wb.hold(21_840, PEAK)),
    "wsd": WARMUP.then(wb.hold(17_840, PEAK)).then(wb.ramp(4_000, PEAK, FLOOR, "exp", ratio=0.1)),
    "wsdld": WARMUP.then(wb.hold(17_840, PEAK)).then(wb.ramp(4_000, PEAK, FLOOR)),
    "cosine_72000": WARMUP.then(wb.ramp(69_840, PEAK, FLOOR, "cosine")),
}
# formulas of arXiv 2503.12811 with the published parameters: loss after the last step
ANCHORS = {
    "25M": (3.315187, 3.345845, 3.266260, 3.265385, 3.201825),
    "100M": (2.990025, 3.033051, 2.935197, 2.934122, 2.861737),
    "400M": (2.757069, 2.816840, 2.699813, 2.699350, 2.618461),
}
AT_10000 = {"25M": (3.453471, 3.466383), "100M": (3.148748, 3.166282), "400M": (2.935979, 2.958682)}
OTHERS = {
    "wsd to zero": wb.schedules.wsd(24_000, PEAK, 0.09, 0.2, "sqrt"),
    "linear to zero": wb.schedules.linear(24_000, PEAK),
    "cosine to zero, three times": wb.schedules.cosine(6_000, PEAK, 0.0, 0.0)
    .then(wb.schedules.cosine(6_000, PEAK, 0.0, 0.0))
    .then(wb.schedules.cosine(12_000, PEAK, 0.0, 0.0)),
    "zero, then almost nothing": wb.schedules.wsd(20_000, PEAK, shape="linear").then(wb.hold(4_000, 1e-9)),
    "jumps down and up": WARMUP.then(wb.hold(5_000, PEAK))
    .then(wb.hold(5_000, FLOOR))
    .then(wb.hold(9_000, PEAK)),
    "one cycle": wb.schedules.one_cycle(24_000, PEAK),
    "inverse sqrt": wb.schedules.inverse_sqrt(24_000, PEAK),
    "short": wb.schedules.wsd(400, PEAK, 0.05, 0.2),
}


def exact(rates: np.ndarray, step: int, L0, A, alpha, B, C, beta, gamma) -> float:
    """The published sum over every single step."""
    c = np.cumsum(rates)
    k = np.arange(1, step + 1)
    eta = np.maximum(rates[k], 1e-12 * rates.max())
    pay = 1 - (1 + C * eta**-gamma * (c[step] - c[k - 1])) ** -beta
    return L0 + A * c[step] ** -alpha + B * np.sum((rates[k] - rates[k - 1]) * pay)


def law(rates: np.ndarray, steps, size: str = "100M") -> np.ndarray:
    return wb.laws.multipower(inputs(rates, steps), *PUBLISHED[size])


@pytest.mark.parametrize("size", PUBLISHED)
def test_matches_the_published_anchors(size):
    ends = [law(s.array(), [len(s) - 1], size)[0] for s in CURVES.values()]
    assert np.allclose(ends, ANCHORS[size], atol=5e-5, rtol=0)
    middle = [law(CURVES[name].array(), [10_000], size)[0] for name in ("cosine_24000", "constant_24000")]
    assert np.allclose(middle, AT_10000[size], atol=5e-5, rtol=0)
    sums = [exact(s.array(), len(s) - 1, *PUBLISHED[size]) for s in CURVES.values()]
    assert np.allclose(sums, ANCHORS[size], atol=1.1e-6, rtol=0)


@pytest.mark.parametrize("name", [*CURVES, *OTHERS])
def test_quadrature_is_within_1e_4_of_the_exact_sum(name):
    schedule = {**CURVES, **OTHERS}[name]
    rates = schedule.array()
    last = len(rates) - 1
    around = [span.start + d for span in schedule.spans() for d in (0, 1, 2, 7, 40, 300)]
    before = [last - d for d in (0, 1, 3, 20, 150, 900)]
    spread = np.geomspace(5, last, 30).astype(int)
    steps = np.array(sorted({int(s) for s in (*around, *before, *spread) if 2 <= s <= last}))
    truth = np.array([exact(rates, s, *PUBLISHED["100M"]) for s in steps])
    assert np.max(np.abs(law(rates, steps) - truth)) < 1e-4


def test_a_jump_is_exact():
    rates = WARMUP.then(wb.hold(3_000, PEAK)).then(wb.hold(3_000, FLOOR)).array()
    steps = np.array([5_159, 5_160, 5_161, 5_200, 6_000, 8_159])
    gained = law(rates, steps) - law(np.full_like(rates, PEAK), steps)
    no_warmup = np.concatenate([np.full(5_160, PEAK), np.full(3_000, FLOOR)])
    truth = [exact(no_warmup, s, *PUBLISHED["100M"]) for s in steps]
    assert np.allclose(law(no_warmup, steps), truth, atol=1e-12)
    assert np.all(np.isfinite(gained))


def test_constant_rate_gains_nothing_from_decay():
    x = inputs(np.full(5_000, PEAK), np.arange(0, 5_000, 100))
    assert len(x.change) == 0
    L0, A, alpha = PUBLISHED["100M"][:3]
    assert np.allclose(wb.laws.multipower(x, *PUBLISHED["100M"]), L0 + A * x.s1**-alpha, rtol=1e-14)


@given(
    decay=st.floats(0.05, 0.9),
    floor=st.floats(0, 1),
    shape=st.sampled_from(["linear", "cosine", "sqrt", "square"]),
)
def test_decay_gains_between_nothing_and_b_times_the_drop(decay, floor, shape):
    schedule = wb.schedules.wsd(3_000, PEAK, 0.0, decay, shape, floor)
    x = inputs(schedule.array(), np.arange(10, 3_000, 37))
    L0, A, alpha, B = PUBLISHED["100M"][:4]
    gain = L0 + A * x.s1**-alpha - wb.laws.multipower(x, *PUBLISHED["100M"])
    assert np.all(gain >= -1e-12)
    assert np.all(gain <= B * (PEAK - schedule.array()[-1]) + 1e-12)


@pytest.mark.parametrize("name", ["cosine_24000", "wsdld"])
def test_derivatives_agree_with_finite_differences(name):
    x = inputs(CURVES[name].array(), np.arange(2_500, 24_000, 700))
    entry = registry.get("law", "multipower")
    theta = np.array(PUBLISHED["100M"])
    value, jacobian = entry.jacobian(x, *theta)
    assert np.array_equal(value, wb.laws.multipower(x, *theta))
    for i, name_ in enumerate(NAMES):
        h = 1e-5 * theta[i]
        up, down = theta.copy(), theta.copy()
        up[i], down[i] = theta[i] + h, theta[i] - h
        slope = (wb.laws.multipower(x, *up) - wb.laws.multipower(x, *down)) / (2 * h)
        assert np.allclose(jacobian[:, i], slope, rtol=1e-6, atol=1e-9 * np.abs(slope).max()), name_


def test_stacked_inputs_are_the_inputs_side_by_side():
    steps = np.arange(2_500, 24_000, 900)
    parts = [inputs(CURVES[name].array(), steps) for name in ("cosine_24000", "wsd", "constant_24000")]
    together = wb.laws.multipower(stack(parts), *PUBLISHED["100M"])
    apart = np.concatenate([wb.laws.multipower(x, *PUBLISHED["100M"]) for x in parts])
    assert np.array_equal(together, apart)


def test_beyond_the_end_the_last_rate_holds():
    short, long = CURVES["wsdld"], CURVES["wsdld"].then(wb.hold(5_000, CURVES["wsdld"].array()[-1]))
    assert np.allclose(law(short.array(), [28_000]), law(long.array(), [28_000]), atol=1e-12)


@settings(max_examples=25)
@given(
    total=st.integers(50, 6_000),
    warmup=st.floats(0, 0.4),
    decay=st.floats(0, 0.6),
    shape=st.sampled_from(["linear", "cosine", "mirror_cosine", "square", "sqrt", "power"]),
    floor=st.floats(0, 1),
)
def test_every_step_through_few_is_within_1e_4(total, warmup, decay, shape, floor):
    schedule = wb.schedules.wsd(total, PEAK, warmup, decay, shape, floor)
    rates = schedule.array()
    (through,) = every_step(schedule, lambda steps: law(rates, steps)[:, None])
    direct = law(rates, np.arange(total))
    grown = np.cumsum(rates) > 0.01 * rates.sum()
    assert np.max(np.abs(through - direct)[grown]) < 1e-4


def test_a_run_at_rate_0_is_refused() -> None:
    nothing = wb.hold(100, 0.0)
    with pytest.raises(ValueError, match="above 0"):
        inputs(nothing.array(), [50])
    with pytest.raises(ValueError, match="schedule must have a rate above 0"):
        wb.defaults.load("multipower/100M").predict(nothing)
