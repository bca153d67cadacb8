"""The law's answer while a training goes on is the posterior that it claims to be, and says what it lacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import workbench as wb
from workbench import defaults
from workbench.curve import Curve, Run
from workbench.fitted.difference import Z
from workbench.live.asking import ask
from workbench.live.kinship import COMMON, Lane, Sites
from workbench.live.posterior import Belief, condition, surprise, unlikely, widening

S = wb.schedules
FIT = defaults.load("gpt/0.1M")
PEAK = 5e-3
WSD, LONG, COSINE = (
    S.wsd(total=1000, peak=PEAK, warmup=0.05, decay=0.2),
    S.wsd(total=1000, peak=PEAK, warmup=0.05, decay=0.5),
    S.cosine(total=1000, peak=PEAK, warmup=0.05),
)


def run(schedule: wb.Schedule, share: float = 1.0, times: float = 1.0, **more: Any) -> Run:
    """What the fit itself expects of a schedule, some `times` of it, as far as it has come in."""
    step = np.unique(np.linspace(0, share * len(schedule) - 1, 100).astype(int))
    draw = np.random.default_rng(0)
    noise = np.exp(1e-3 * draw.normal(size=len(step)))
    facts = {"seed": 0, "status": "stopped", **more}
    return Run(schedule, Curve(step, times * FIT.predict(schedule, step).loss * noise), {}, facts)


def half(curve: Curve) -> float:
    assert curve.high is not None and curve.low is not None
    return float(np.log(curve.high[-1] / curve.low[-1])) / 2


def test_before_anything_is_measured_it_is_the_fits_own_prediction() -> None:
    for runs in ([], [run(WSD, 0.1)]):
        answer = ask(FIT, runs, [WSD, COSINE])
        for curve, schedule in zip(answer.curves, (WSD, COSINE), strict=True):
            wanted = FIT.predict(schedule, curve.step)
            assert curve == wanted and curve.step[-1] == len(schedule) - 1
        assert answer.points == 0 and answer.fit is FIT
    assert "Nothing was measured from update 200 on yet" in answer.sentence


def gaussian(n: int, m: int, p: int, seed: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)

    def square(size: int) -> np.ndarray:
        root = draw.normal(size=(size, size + 2))
        return root @ root.T / size

    return {
        "slopes": draw.normal(size=(n + m, p)),
        "covariance": square(p),
        "errors": square(n + m),
        "noise": draw.uniform(0.1, 1, n),
        "z": draw.normal(size=p),
        "y": draw.normal(size=n),
    }


@pytest.mark.parametrize(("p", "rank"), [(3, 3), (3, 2), (0, 0)])
@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_the_posterior_of_a_linear_law_is_that_of_one_joint_normal(p: int, rank: int, scale: float) -> None:
    n, m = 7, 4
    g = gaussian(n, m, p, seed=p + rank)
    if rank < p:
        values, vectors = np.linalg.eigh(g["covariance"])
        values[0] = 0.0
        g["covariance"] = vectors * values @ vectors.T
    slopes, errors = g["slopes"], g["errors"]
    joint = scale**2 * (slopes @ g["covariance"] @ slopes.T + errors)
    seen = joint[:n, :n] + np.diag(g["noise"])
    mean = slopes @ g["z"]
    gain = joint[n:, :n] @ np.linalg.inv(seen)
    wanted = mean[n:] + gain @ (g["y"] - mean[:n])
    rest = np.diag(joint[n:, n:] - gain @ joint[:n, n:])

    def residuals(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return g["y"] - slopes[:n] @ z, slopes[:n]

    belief, far = Belief(g["z"], g["covariance"]), np.full(p, 1e9)
    after = condition(residuals, belief, errors[:n, :n], g["noise"], scale, -far, far)
    off, variance = after.at(slopes[n:], errors[n:, :n], np.diag(errors)[n:])
    np.testing.assert_allclose(slopes[n:] @ after.z + off, wanted, atol=1e-8)
    np.testing.assert_allclose(variance, rest, rtol=1e-8)
    assert np.all(variance <= np.diag(joint)[n:] + 1e-9)


def test_surprise_has_the_distribution_that_it_is_judged_by() -> None:
    g = gaussian(20, 0, 3, seed=5)
    expected = g["slopes"] @ g["covariance"] @ g["slopes"].T + g["errors"]
    root, draw = np.linalg.cholesky(expected), np.random.default_rng(1)
    belief = Belief(g["z"], g["covariance"])
    found = [surprise(root @ draw.normal(size=20), g["slopes"], belief, g["errors"]) for _ in range(2000)]
    squares, count = np.array([square for square, _ in found]), found[0][1]
    assert squares.mean() == pytest.approx(count, rel=0.06) and squares.var() == pytest.approx(
        2 * count, rel=0.15
    )
    assert np.mean([unlikely(square, count) for square in squares]) == pytest.approx(0.01, abs=0.008)
    assert widening(count, count) == 1.0 < widening(10 * count, count) < widening(100 * count, count)


def test_errors_are_as_alike_as_the_way_between_them_is_short() -> None:
    lanes = [Lane(each.array(), 0, 50) for each in (WSD, LONG, COSINE)] + [Lane(WSD.array(), 1, 50)]
    lane, step = np.repeat(np.arange(4), 6), np.tile([60, 200, 500, 700, 900, 999], 4)
    sites = Sites(lanes, lane, step)
    alike = sites.alike(sites)
    np.testing.assert_allclose(alike, alike.T)
    np.testing.assert_allclose(np.diag(alike), 1)
    assert np.linalg.eigvalsh(alike).min() > -1e-9 and alike.min() >= COMMON
    same = (lane[:, None] == lane) & (step[:, None] != step)
    for row in (0, 6, 12):
        assert np.all(np.diff(alike[row, row : row + 6]) < 0) and np.all(alike[same] < 1)
    # The two WSDs are one up to 500, and part more and more.
    assert alike[2, 8] == 1 > alike[3, 9] > alike[4, 10] > alike[5, 11]
    np.testing.assert_allclose(alike[:6, 6:9][:3], alike[:6, :3][:3])
    # Another seed has the common part alone, up to what is forgotten from the start on.
    assert np.all(alike[3:6, 21:] < COMMON + 0.1 * (1 - COMMON))


def test_bands_shrink_as_points_come_in_and_hold_the_law_that_made_them() -> None:
    schedules = [WSD, LONG, COSINE]
    widths, truth = [], [FIT.predict(each).loss[-1] for each in schedules]
    for share in (0.0, 0.3, 0.6, 0.8, 0.95):
        runs = [run(each, share) for each in schedules] if share else []
        answer = ask(FIT, runs, schedules)
        widths.append([half(curve) for curve in answer.curves])
        assert not answer.contradicts
        for end, loss in zip(answer.ends, truth, strict=True):
            assert end.low < loss < end.high and end.loss == pytest.approx(loss, rel=5e-3)
    assert np.all(np.diff(widths, axis=0) < 0)
    assert "the 90 % band of a final loss" in answer.sentence and "contradicts" not in answer.sentence


def test_the_band_holds_what_it_promises_where_the_world_is_as_it_assumes() -> None:
    draw, root = np.random.default_rng(3), np.linalg.cholesky(np.array(FIT.covariance) + 1e-12 * np.eye(5))
    # A narrower fit: linear about its parameters, as the posterior takes it.
    tight = replace(FIT, covariance=tuple(map(tuple, (0.04 * np.array(FIT.covariance)).tolist())))
    step = np.unique(np.linspace(200, 999, 60).astype(int))
    lanes = [Lane(each.array(), 0, 200) for each in (WSD, COSINE)]
    sites = Sites(lanes, np.repeat([0, 1], len(step)), np.tile(step, 2))
    noise = 0.2 * FIT.spread
    own = (FIT.spread**2 - noise**2) * sites.alike(sites)
    errors = np.linalg.cholesky(own + 1e-12 * np.eye(len(own)))
    held = []
    for _ in range(100):
        z = 0.2 * root @ draw.normal(size=5)
        params = dict(FIT.params)
        for name, move in zip(FIT.free, z, strict=True):
            params[name] = params[name] * np.exp(move) if name != "L0" else params[name] + move
        made = replace(FIT, params=params)
        off = np.split(errors @ draw.normal(size=len(errors)) + noise * draw.normal(size=len(errors)), 2)
        whole = [
            Run(schedule, Curve(step, made.predict(schedule, step).loss * np.exp(part)), {}, {"seed": 0})
            for schedule, part in zip((WSD, COSINE), off, strict=True)
        ]
        upto = step < 700
        runs = [replace(each, curve=Curve(step[upto], each.curve.loss[upto])) for each in whole]
        for end, each in zip(ask(tight, runs, [WSD, COSINE]).ends, whole, strict=True):
            held.append(end.low <= each.final_loss <= end.high)
    assert 0.82 <= np.mean(held) <= 0.98


def test_a_trunk_counts_once_however_many_lanes_come_from_it() -> None:
    one, several = [run(WSD, 0.45)], [replace(run(WSD, 0.45), schedule=each) for each in (WSD, LONG)]
    first, second = (ask(FIT, runs, [WSD, LONG]) for runs in (one, several))
    assert first.points == second.points > 20
    for a, b in zip(first.ends, second.ends, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)
    seeds = [several[0], replace(several[1], facts={"seed": 1})]
    assert ask(FIT, seeds, [WSD]).points == 2 * first.points


def test_the_order_of_runs_and_schedules_does_not_matter() -> None:
    runs = [run(WSD, 0.9, 1.01), run(COSINE, 0.7, 0.99)]
    one, two = ask(FIT, runs, [WSD, COSINE, LONG]), ask(FIT, runs[::-1], [LONG, COSINE, WSD])
    np.testing.assert_allclose(one.ends, two.ends[::-1], rtol=1e-6)


def test_what_is_trained_is_known_better_than_what_is_not_and_a_run_is_itself() -> None:
    seeds = [run(WSD, 0.99, times, seed=seed) for seed, times in ((0, 1.01), (1, 0.99))]
    answer = ask(FIT, seeds, [*seeds, WSD, COSINE])
    one, two, schedule, other = answer.ends
    assert one.loss > 1.005 * two.loss and schedule == one
    assert half(answer.curves[3]) > 1.5 * half(answer.curves[0])
    # Where it was measured it is what was measured.
    near = np.searchsorted(answer.curves[0].step, 900)
    there = np.interp(answer.curves[0].step[near], seeds[0].curve.step, seeds[0].curve.loss)
    assert answer.curves[0].loss[near] == pytest.approx(there, rel=3e-3)


@pytest.mark.parametrize("times", [1.4, 0.7])
def test_what_contradicts_the_fit_widens_it_and_is_said(times: float) -> None:
    answer = ask(FIT, [run(WSD, 0.6, times)], [WSD])
    plain = ask(FIT, [run(WSD, 0.6)], [WSD])
    assert "contradicts the fit" in answer.sentence and not plain.contradicts and answer.contradicts
    assert ("above" if times > 1 else "below") in answer.sentence
    assert half(answer.curves[0]) > 1.2 * half(plain.curves[0])
    level = np.log(answer.ends[0].loss / plain.ends[0].loss) / np.log(times)
    assert 0.6 < level < 1.3


def test_the_answers_fit_is_a_fit_that_can_be_kept() -> None:
    fit = ask(FIT, [run(WSD, 0.9, 1.01)], [WSD]).fit
    assert fit is not None and wb.Fit.from_dict(fit.to_dict()) == fit
    assert np.trace(np.array(fit.covariance)) < np.trace(np.array(FIT.covariance))
    assert set(fit.intervals) == set(fit.free) and Z > 0


def test_without_a_fit_it_says_what_is_missing_until_it_can_fit() -> None:
    nothing, trunk = ask(None, [], [WSD]), [run(each, 0.45) for each in (WSD, COSINE)]
    assert nothing.curves == () and nothing.fit is None and "too little" in nothing.sentence
    steady = [run(S.constant(total=total, peak=PEAK), 0.9) for total in (900, 1000)]
    assert "no run has been measured after its rate had halved" in ask(None, steady, [WSD]).sentence
    assert ask(None, trunk, [WSD]).curves == ()
    answer = ask(None, [run(WSD), run(COSINE), run(LONG, 0.9)], [WSD, S.linear(total=1000, peak=PEAK)])
    assert answer.fit is not None and "Without a fit" in answer.sentence
    truth = FIT.predict(WSD).loss[-1]
    assert answer.ends[0].low < truth < answer.ends[0].high and answer.ends[0].loss == pytest.approx(
        truth, rel=0.02
    )


def test_a_diverged_run_is_left_out_and_named() -> None:
    lost = replace(run(COSINE, 0.5, 3.0), facts={"name": "hot one", "status": "diverged"})
    answer, plain = ask(FIT, [run(WSD, 0.6), lost], [WSD]), ask(FIT, [run(WSD, 0.6)], [WSD])
    assert "hot one has diverged and is left out" in answer.sentence
    np.testing.assert_allclose(answer.ends, plain.ends)


@pytest.mark.parametrize("loss", [np.nan, np.inf, -1.0, 0.0])
def test_a_lane_about_to_diverge_does_not_silence_the_others(loss: float) -> None:
    odd = Run(COSINE, Curve([300, 400], [2.0, loss]), {}, {"seed": 0, "name": "odd one"})
    answer, plain = ask(FIT, [odd, run(WSD, 0.6)], [WSD]), ask(FIT, [run(WSD, 0.6)], [WSD])
    assert "odd one has a loss that is not finite and positive and is left out" in answer.sentence
    np.testing.assert_allclose(answer.ends, plain.ends)


def test_what_lies_beyond_the_fit_is_said() -> None:
    hot = S.wsd(total=1000, peak=2 * PEAK, warmup=0.05)
    assert "Peak outside the fitted runs'" in ask(FIT, [], [hot]).sentence
    assert ask(FIT, [run(WSD, 0.5)], []).curves == ()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"prior": "gpt/0.1M"}, "prior must be a Fit or None; got str"),
        ({"runs": run(WSD)}, "runs must be a list; got Run"),
        ({"runs": [WSD]}, "runs must be a list of Runs; got Schedule"),
        ({"runs": [Run(WSD, Curve([300.5, 400], [2.0, 1.0]))]}, "whole numbers"),
        (
            {"runs": [Run(WSD, Curve([300, 1400], [2.0, 1.9]))]},
            "run 0 must have no point beyond its schedule",
        ),
        ({"schedules": WSD}, "schedules must be a list; got Schedule"),
        ({"schedules": ["wsd"]}, "schedules must be Schedules or Runs; got str"),
        ({"schedules": [wb.hold(10, 0.0)]}, "rate above 0"),
    ],
)
def test_bad_input_is_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ask(**{"prior": FIT, "runs": [run(WSD, 0.5)], "schedules": [WSD], **change})
