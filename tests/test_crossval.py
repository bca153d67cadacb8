"""The default estimator: chosen by curves left out, and better on held-out curves than the official code."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import workbench as wb
from workbench import laws, registry
from workbench.fitting import crossval, leave_one_out
from workbench.fitting.estimators import FREE, RAW, Known, candidates, standing
from workbench.fitting.sample import Sample
from workbench.judge import forks_at

# The two others need more than rates: the size of each model, the step at which other data begin.
LAWS = [name for name in laws.names() if name not in ("annealing_size", "continual")]
TRAIN = ("cosine_24000", "constant_24000", "wsdcon_9")
# README of MultiPowerLaw 8da9f19, reproduced: mean R2, MAE on the six held-out curves, MAE after the fork.
OFFICIAL = {"25M": (0.9988, 0.00376, 0.0055), "100M": (0.9983, 0.00435, 0.0077)}


def split(size: str) -> tuple[list[wb.Run], list[wb.Run]]:
    runs = {run.facts["name"]: run for run in wb.datasets.load(f"multipower/{size}")}
    train = [runs.pop(name) for name in TRAIN]
    return train, list(runs.values())


@pytest.fixture(scope="module")
def fits(data_folder):
    return {size: wb.fit("multipower", split(size)[0]) for size in OFFICIAL}


@pytest.mark.parametrize("size", OFFICIAL)
def test_the_default_predicts_held_out_curves_better_than_the_official_code(fits, size):
    report = fits[size].report(split(size)[1])
    r2, mae, after = OFFICIAL[size]
    assert report["mean"]["r2"] >= r2
    assert report["mean"]["mae"] <= mae
    assert report.after_fork["mean"]["mae"] < after


@pytest.mark.parametrize("size", OFFICIAL)
def test_the_default_predicts_held_out_curves_better_than_the_raw_optimum(fits, size):
    train, held = split(size)
    raw = wb.fit("multipower", train, estimator="raw").report(held)
    ours = fits[size].report(held)
    assert ours["mean"]["mae"] < raw["mean"]["mae"]
    assert ours.after_fork["mean"]["mae"] < raw.after_fork["mean"]["mae"]


@pytest.mark.parametrize("law", LAWS)
def test_the_standing_estimator_won_on_the_training_curves(law, data_folder):
    """Mean error on left-out curves of both sizes together; the six test curves take no part."""
    entry = registry.get("law", law)
    fits = {size: wb.fit(law, split(size)[0]) for size in OFFICIAL}
    table = {
        e.name: [fit.facts["left_out_errors"][e.name] for fit in fits.values()] for e in candidates(entry)
    }
    mean = {name: float(np.mean(rows)) for name, rows in table.items()}
    assert min(mean, key=mean.__getitem__) == standing(entry).name, mean


@pytest.mark.parametrize("size", OFFICIAL)
def test_left_out_errors_are_those_of_a_fit_without_the_curve(fits, size):
    train, _ = split(size)
    errors = fits[size].facts["left_out_errors"]
    for i, run in enumerate(train):
        others = [other for other in train if other is not run]
        fit = wb.fit("multipower", others, estimator=fits[size].estimator)
        rates = run.schedule.array()
        fork = max(forks_at(rates, other.schedule.array()) for other in others)
        late = run.curve.step >= fork
        error = np.log(fit.predict(run.schedule, run.curve.step[late]).loss / run.curve.loss[late])
        # Folds see every third point and start from the fit of all: the same to a few ten-thousandths.
        assert errors[fit.estimator][i] == pytest.approx(float(np.mean(np.abs(error))), abs=6e-4), run.facts


def test_each_curve_is_judged_by_a_fit_of_the_others():
    train = split("100M")[0]
    table = leave_one_out("power", train, starts=2)
    assert set(table) == {*TRAIN, "mean"}
    one = wb.fit("power", train[1:], starts=2).report(train[:1])
    assert table[TRAIN[0]] == one[TRAIN[0]]
    assert table.after_fork[TRAIN[0]] == one.after_fork[TRAIN[0]]
    assert "each curve left out in turn" in str(table)
    twice = leave_one_out("power", [train[0], train[0], train[1]], starts=2)
    assert len(twice) == 4
    with pytest.raises(ValueError, match="two or more"):
        leave_one_out("power", train[:1])


def test_a_law_that_is_true_is_left_as_it_is_by_the_choice():
    names = [e.name for e in candidates(registry.get("law", "multipower"))]
    noise = np.random.default_rng(0).normal(size=(2, 6)) * 1e-5
    equal = {name: 1e-3 + noise[i % 2] for i, name in enumerate(names)}
    assert crossval.choose(equal, "soft 1 %") == "soft 1 %"


def test_the_choice_goes_to_what_is_clearly_better():
    scores = {
        "free": np.array([1.0, 1.1, 0.9]),
        "raw": np.array([3.0, 3.2, 2.9]),
        "held": np.array([2, 2.2, 2]),
    }
    assert crossval.choose(scores, "raw") == "free"
    assert crossval.choose({name: row[:2] for name, row in scores.items()}, "raw") == "raw"
    assert crossval.choose({}, "raw") == "raw"


def test_only_runs_that_were_measured_at_a_common_step_are_compared(data_folder):
    """Two runs, and the second half of a third: as long as the first, and too late for the second."""
    runs = {run.facts["name"]: run for run in wb.datasets.load("multipower/25M")}
    first, short, third = (runs[name] for name in ("constant_24000", "wsdcon_9", "cosine_24000"))
    late = third.curve.step > 17_000
    third = dataclasses.replace(third, curve=wb.Curve(third.curve.step[late], third.curve.loss[late]))
    fit = wb.fit("annealing", [first, short, third], starts=2, estimator="raw")
    assert {frozenset((pair.a, pair.b)) for pair in fit.past} == {
        frozenset(("constant_24000", "wsdcon_9")),
        frozenset(("constant_24000", "cosine_24000")),
    }
    assert np.all(np.isfinite([(pair.predicted, pair.measured, pair.apart) for pair in fit.past]))


def test_many_runs_are_left_out_in_groups_each_once():
    for count in (2, 3, 10, 11, 83):
        groups = crossval.folds(count)
        assert sorted(sum(groups, ())) == list(range(count)) and len(groups) == min(count, 10)
    assert crossval.folds(1) == []


def test_the_fork_is_the_first_step_that_no_kept_run_shares():
    hold, low = wb.hold(100, 1.0), wb.hold(50, 0.5)
    a, b, c = hold.then(low).array(), hold.until(40).then(low).array(), hold.array()
    assert forks_at(a, c) == 100 and forks_at(a, b) == 40 and forks_at(a, a) == 150 and forks_at(c, a) == 100


def test_the_error_beyond_the_horizon_is_that_of_short_parts(data_folder):
    train, _ = split("25M")
    entry = registry.get("law", "multipower")
    sample = Sample(entry, train, 0)
    near = wb.fit("multipower", train, estimator="raw", starts=2).params
    known = Known({}, {})
    wide = crossval.growth(sample, FREE, known, near, 3, 0.0)
    assert wide > 0
    # What left-out curves are off anyway is not counted twice.
    assert crossval.growth(sample, FREE, known, near, 3, 5e-3) < wide
    assert crossval.growth(sample, RAW, known, near, 3, 1.0) == 0
