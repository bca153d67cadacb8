"""Areas, AdamW's averages and shares of a schedule, against slow loops, closed forms and a real AdamW."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import workbench as wb
from workbench import plots, views

RATES = st.lists(st.floats(0, 1), min_size=1, max_size=40).map(np.array)
MOMENTUM = st.floats(0, 0.9999)
ALL = {name: wb.schedules.build({"name": name, "total": 500}) for name in ("wsd", "cosine", "one_cycle")}


def slow_s2(rates: np.ndarray, momentum: float) -> list[float]:
    """The double sum of the definition."""
    fall = [0.0, *(rates[k - 1] - rates[k] for k in range(1, len(rates)))]
    return [
        sum(fall[k] * momentum ** (i - k) for i in range(s + 1) for k in range(i + 1))
        for s in range(len(rates))
    ]


def slow_weights(rates: np.ndarray, decay: float) -> tuple[float, list[float]]:
    alpha, n = rates * decay, len(rates)
    each = [alpha[i] * math.prod(1 - alpha[j] for j in range(i + 1, n)) for i in range(n)]
    return math.prod(1 - a for a in alpha), each


@given(RATES)
def test_area_is_the_running_sum(rates: np.ndarray) -> None:
    expected = [math.fsum(rates[: t + 1]) for t in range(len(rates))]
    np.testing.assert_allclose(views.area(rates), expected, rtol=1e-13, atol=0)


@pytest.mark.parametrize("name", ALL)
def test_a_schedule_is_seen_as_its_array(name: str) -> None:
    s = ALL[name]
    for view in (views.area, views.annealing_area, lambda x: views.update_weights(x, 0.1).updates):
        np.testing.assert_array_equal(view(s), view(s.array()))
    assert views.convex_bound(s) == views.convex_bound(s.array())


@given(st.lists(st.floats(0, 1), min_size=1, max_size=25).map(np.array), MOMENTUM)
def test_annealing_area_is_the_double_sum(rates: np.ndarray, momentum: float) -> None:
    np.testing.assert_allclose(
        views.annealing_area(rates, momentum, ignore_warmup=False),
        slow_s2(rates, momentum),
        rtol=1e-10,
        atol=1e-12,
    )


@given(st.integers(1, 300), st.floats(0, 100), MOMENTUM)
def test_a_constant_has_no_annealing_area(n: int, rate: float, momentum: float) -> None:
    assert not views.annealing_area(np.full(n, rate), momentum).any()


@pytest.mark.parametrize("momentum", [0.9, 0.99, 0.999, 0.9997])
def test_one_drop_has_the_closed_form(momentum: float) -> None:
    k, n, drop = 40, 3_000, 0.7e-3
    s2 = views.annealing_area(wb.hold(k, 1e-3).then(wb.hold(n - k, 0.3e-3)), momentum)
    t = np.arange(k, n)
    np.testing.assert_allclose(s2[k:], drop * (1 - momentum ** (t - k + 1)) / (1 - momentum), rtol=1e-10)
    assert not s2[:k].any()


def test_rises_before_the_first_fall_can_be_ignored() -> None:
    s = wb.schedules.wsd(2_000, 1e-3, warmup=0.1)
    from_the_peak = views.annealing_area(s.after(200))
    ignored = views.annealing_area(s, ignore_warmup=True)
    np.testing.assert_allclose(ignored[200:], from_the_peak, rtol=1e-12, atol=1e-18)
    assert not ignored[:200].any() and ignored[-1] > 0 > views.annealing_area(s, ignore_warmup=False)[-1]
    # A later rise is no warmup: it counts as it always does.
    rise, rest = wb.ramp(100, 0, 1e-3), wb.hold(100, 0)
    for ignore in (False, True):
        risen, stayed = (views.annealing_area(s.then(end), ignore_warmup=ignore)[-1] for end in (rise, rest))
        alone = views.annealing_area(np.concatenate([[0.0], rise.array()]), ignore_warmup=False)[-1]
        assert risen - stayed == pytest.approx(alone, rel=1e-9)


@given(RATES, st.floats(0, 1))
def test_update_weights_are_the_products(rates: np.ndarray, decay: float) -> None:
    initial, updates = slow_weights(rates, decay)
    got = views.update_weights(rates, decay)
    np.testing.assert_allclose(got.updates, updates, rtol=1e-12, atol=1e-300)
    assert got.initial == pytest.approx(initial, rel=1e-12, abs=1e-300)
    assert got.initial + got.updates.sum() == pytest.approx(1, abs=1e-13)


@given(RATES, st.floats(0, 1), st.data())
def test_weights_after_fewer_updates_are_those_of_the_beginning(
    rates: np.ndarray, decay: float, data: st.DataObject
) -> None:
    at = data.draw(st.integers(1, len(rates)))
    part, whole = views.update_weights(rates, decay, at), views.update_weights(rates[:at], decay)
    assert part.initial == whole.initial
    np.testing.assert_array_equal(part.updates, whole.updates)
    assert views.update_weights(rates, decay, 0).initial == 1


@pytest.mark.parametrize("name", ALL)
def test_update_weights_give_the_parameters_of_torch_adamw(name: str) -> None:
    s, decay = ALL[name].until(120) * 100, 2.0
    torch.manual_seed(0)
    start = torch.randn(7, dtype=torch.float64)
    gradients = torch.randn(len(s), 7, dtype=torch.float64)

    def trained(rates: np.ndarray, decay: float) -> list[torch.Tensor]:
        theta = start.clone().requires_grad_()
        optimizer, path = torch.optim.AdamW([theta], weight_decay=decay), [start]
        for rate, gradient in zip(rates, gradients, strict=True):
            optimizer.param_groups[0]["lr"], theta.grad = float(rate), gradient.clone()
            optimizer.step()
            path.append(theta.detach().clone())
        return path

    # With fixed gradients Adam's direction is the same whatever the rate; rate 1 shows it.
    free = trained(np.ones(len(s)), 0.0)
    directions = torch.stack([before - after for before, after in zip(free, free[1:], strict=False)]).numpy()
    weights = views.update_weights(s, decay)
    averaged = weights.initial * start.numpy() - weights.updates @ directions / decay
    np.testing.assert_allclose(averaged, trained(s.array(), decay)[-1].numpy(), rtol=1e-10, atol=1e-12)


def test_weights_of_a_million_updates_add_up_to_one() -> None:
    for s in (wb.schedules.wsd(1_000_000, 3e-4), wb.hold(1_000_000, 0.5)):
        weights = views.update_weights(s, 0.1)
        assert weights.initial + math.fsum(weights.updates) == pytest.approx(1, abs=1e-11)
        assert np.all((weights.updates >= 0) & (weights.updates <= 1))


def test_a_step_to_zero_forgets_all_before_it() -> None:
    weights = views.update_weights([0.5, 1.0, 0.25], 1.0)
    assert weights.initial == 0 and weights.updates.tolist() == [0, 0.75, 0.25]
    with pytest.raises(ValueError, match=r"at most 1 at every update.*got 1\.1 at step 1"):
        views.update_weights([0.5, 1.1], 1.0)


@given(st.floats(1e-4, 1), st.floats(1e-3, 0.9))
def test_timescale_of_a_constant_is_that_of_its_weights(rate: float, decay: float) -> None:
    (tau,) = views.timescale([rate], decay)
    assert tau == pytest.approx(1 / (rate * decay), rel=1e-14)
    weights = views.update_weights(np.full(50, rate), decay).updates
    assert weights[-2] / weights[-1] == pytest.approx(1 - 1 / tau, rel=1e-12)
    assert views.timescale([0, rate], decay).tolist() == [math.inf, tau]


@pytest.mark.parametrize("alpha", [0.3, 0.01, 1e-4])
def test_window_of_a_constant_has_the_closed_form(alpha: float) -> None:
    window = views.averaging_window(np.full(int(40 / alpha), 10 * alpha), 0.1)
    assert window.effective == pytest.approx(2 / alpha - 1, rel=1e-9)
    assert window.last == {q: math.ceil(math.log(1 - q) / math.log1p(-alpha)) for q in (0.5, 0.9)}


@given(RATES.filter(lambda rates: rates.max() > 1e-3), st.floats(1e-6, 1), st.floats(0.01, 1))
def test_window_is_the_participation_and_the_share_of_the_last(
    rates: np.ndarray, decay: float, share: float
) -> None:
    p = np.array(slow_weights(rates, decay)[1])
    p /= p.sum()
    window = views.averaging_window(rates, decay, shares=(share,))
    assert window.effective == pytest.approx(1 / np.sum(p**2), rel=1e-9)
    assert 1 - 1e-12 <= window.effective <= len(rates) * (1 + 1e-12)
    n = window.last[share]
    assert p[len(p) - n :].sum() >= share * (1 - 1e-9) and p[len(p) - n + 1 :].sum() < share * (1 + 1e-9)


def test_window_without_weight_decay_counts_rates() -> None:
    window = views.averaging_window(np.full(100, 0.3), 0.0, shares=(0.5, 1))
    assert window.effective == pytest.approx(100, rel=1e-12) and window.last == {0.5: 50, 1: 100}
    tiny = views.averaging_window(ALL["wsd"], 1e-9).effective
    assert views.averaging_window(ALL["wsd"], 0.0).effective == pytest.approx(tiny, rel=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_shares_add_up_to_one(name: str) -> None:
    s = ALL[name]
    by_name = views.shares(s)
    assert set(by_name) == {phase.name for phase in s.phases}
    assert math.fsum(share.steps for share in by_name.values()) == pytest.approx(1, abs=1e-12)
    assert math.fsum(share.area for share in by_name.values()) == pytest.approx(1, abs=1e-12)


def test_shares_count_phases_of_one_name_together() -> None:
    s = wb.ramp(4, 0, 1, name="up").then(wb.hold(2, 1.0, name="flat")).then(wb.ramp(4, 0, 1, name="up"))
    assert views.shares(s) == {"up": (0.8, 3 / 5), "flat": (0.2, 2 / 5)}
    assert views.shares(wb.hold(3, 0.0)) == {"hold": (1.0, 0.0)}


@pytest.mark.parametrize("name", ALL)
def test_summary_holds_what_the_views_say(name: str) -> None:
    s = ALL[name]
    got = views.summary(s, momentum=0.99, ignore_warmup=True, weight_decay=0.3)
    window, bound = views.averaging_window(s, 0.3), views.convex_bound(s)
    assert (got.steps, got.peak, got.end) == (len(s), s.peak, s.array()[-1])
    assert got.area == views.area(s)[-1]
    assert got.annealing_area == views.annealing_area(s, 0.99, ignore_warmup=True)[-1]
    assert got.timescale == pytest.approx(1 / (s.peak * 0.3), rel=1e-12)
    assert (got.averaged, got.half, got.gamma, got.bound) == (
        window.effective,
        window.last[0.5],
        bound.gamma,
        bound.best,
    )
    assert got.shares == views.shares(s) and got.to_dict()["shares"].keys() == got.shares.keys()
    for text in (str(got), got._repr_html_()):
        assert "momentum 0.99, warmup ignored" in text and "weight decay 0.3" in text
        assert f"{got.area:.4g}" in text


def test_summary_says_what_there_is_not() -> None:
    still, wild = views.summary([0.0, 0.0]), views.summary([20.0])
    assert (still.averaged, still.bound, still.timescale, still.initial) == (None, None, None, 1)
    assert (wild.averaged, wild.initial, wild.timescale) == (None, None, None) and wild.bound is not None
    assert str(still).count("none") == 5


BAD: list[tuple[Any, str]] = [
    ("123", "s must be a Schedule or an array of rates; got '123'"),
    (["1"], "s must be a Schedule or an array of rates"),
    ([True], "s must be a Schedule or an array of rates"),
    ([10**400], "s must be a Schedule or an array of rates"),
    (None, "s must be a Schedule or an array of rates; got None"),
    ([], "1 to 100000000 rates; got the shape"),
    ([[0.1]], "1 to 100000000 rates; got the shape"),
    ([0.1, -0.1], "at least 0 .*got -0.1 at step 1"),
    ([0.1, math.nan], "got nan at step 1"),
    ([math.inf], "got inf at step 0"),
]


@pytest.mark.parametrize(("bad", "sentence"), BAD)
def test_bad_rates_get_a_sentence(bad: Any, sentence: str) -> None:
    for view in (
        views.area,
        views.annealing_area,
        views.convex_bound,
        views.summary,
        lambda s: views.update_weights(s, 0.1),
        lambda s: views.averaging_window(s, 0.1),
        lambda s: views.timescale(s, 0.1),
    ):
        with pytest.raises(ValueError, match=sentence):
            view(bad)
    with pytest.raises(ValueError, match="s must be a Schedule, which has phases"):
        views.shares(bad)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda s: views.annealing_area(s, 1), "momentum must be at least 0 and below 1; got 1"),
        (lambda s: views.annealing_area(s, -0.1), "momentum must be"),
        (lambda s: views.annealing_area(s, "0.9"), "momentum must be a number"),
        (lambda s: views.annealing_area(s, ignore_warmup=2), "ignore_warmup must be true or false; got 2"),
        (lambda s: views.update_weights(s, -1), "weight_decay must be"),
        (lambda s: views.update_weights(s, math.nan), "weight_decay must be"),
        (lambda s: views.update_weights(s, 0.1, at=4), "at must be at least 0 and at most 3; got 4"),
        (lambda s: views.update_weights(s, 0.1, at=1.5), "at must be a whole number"),
        (lambda s: views.averaging_window(s, 0.1, at=0), "an update with a rate above 0; got none"),
        (lambda s: views.averaging_window(s, 0.1, shares=(0,)), "each of shares must be greater than 0"),
        (lambda s: views.averaging_window(s, 0.1, shares=0.5), "shares must be a list of numbers; got 0.5"),
        (lambda s: views.summary(s, momentum=2), "momentum must be"),
    ],
)
def test_bad_settings_get_a_sentence(call: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call([0.1, 0.2, 0.3])


def test_figures_hold_the_views() -> None:
    rate, s1, s2 = ([t for t in plots.areas(ALL, 0.99).data if t.yaxis == axis] for axis in ("y", "y2", "y3"))
    weights = [t for t in plots.update_weights(ALL, 0.5).data if t.yaxis == "y2"]
    for i, s in enumerate(ALL.values()):
        np.testing.assert_array_equal(rate[i].y, s(np.asarray(rate[i].x)))
        assert s1[i].y[-1] == views.area(s)[-1] and s2[i].y[-1] == views.annealing_area(s, 0.99)[-1]
        at = np.asarray(weights[i].x)
        np.testing.assert_array_equal(weights[i].y, views.update_weights(s, 0.5).updates[at])
    with pytest.raises(ValueError, match="rows must be 1 to 8 schedules; got 0"):
        plots.areas({})
