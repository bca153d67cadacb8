"""Which law carries over to a peak rate that it has not seen: 83 public runs at three peaks."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

import workbench as wb
from workbench.laws.quadrature import inputs

BURN_IN = 3_000
PEAKS = (1e-4, 5e-4, 1e-3)
# A fit on cooldowns alone has pairs of runs that were never measured at one step.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


@pytest.fixture(scope="module")
def runs(data_folder) -> dict[float, list[tuple[str, wb.Run]]]:
    """Runs by peak; of those that share their beginning with the constant run, the cooldown alone."""
    out = defaultdict(list)
    for run in wb.datasets.load("schaipp/suite"):
        kind, step, loss = run.facts["kind"], run.curve.step, run.curve.loss
        # Every second validation: neighbours tell the same.
        kept = (step >= BURN_IN) & ((step + 1) % 400 == 0)
        if kind.startswith("wsd"):
            kept &= step >= run.schedule.spans()[-1].start
        curve = wb.Curve(step[kept], loss[kept])
        out[round(run.schedule.peak, 12)].append((kind, wb.Run(run.schedule, curve, facts=run.facts)))
    return out


def missed(law, fit: wb.Fit, runs) -> np.ndarray:
    """Mean absolute error of every curve that decays."""
    errors = []
    for kind, run in runs:
        if not kind.startswith("const"):
            x = inputs(run.schedule.array(), run.curve.step.astype(int))
            errors.append(np.abs(law(x, **fit.params) - run.curve.loss))
    return np.array([error.mean() for error in errors])


def fitted(law, runs, peaks, **arguments) -> wb.Fit:
    train = [run for peak in peaks for _, run in runs[peak]]
    return wb.fit(law, train, burn_in=BURN_IN, starts=2, **{"estimator": "free", **arguments})


def test_there_are_83_runs(runs):
    assert [len(runs[peak]) for peak in PEAKS] == [19, 31, 33]


@pytest.mark.parametrize("unseen", PEAKS)
def test_effective_rates_predict_every_curve_of_a_third_peak(runs, unseen):
    others = [peak for peak in PEAKS if peak != unseen]
    fit = fitted(wb.laws.effective_rate, runs, others)
    errors = missed(wb.laws.effective_rate, fit, runs[unseen])
    assert errors.mean() < 0.015 and errors.max() < 0.03


@pytest.mark.parametrize(("seen", "unseen"), [(5e-4, 1e-3), (1e-3, 5e-4), (1e-3, 1e-4)])
def test_effective_rates_carry_over_from_one_peak(runs, seen, unseen):
    fit = fitted(wb.laws.effective_rate, runs, [seen])
    assert missed(wb.laws.effective_rate, fit, runs[unseen]).mean() < 0.025


@pytest.mark.parametrize("seen", PEAKS)
def test_what_is_known_of_norm_and_exponent_carries_further_than_one_peak_does(runs, seen):
    """Held at values that no run here had a part in: see the notes of the law."""
    fit = fitted(wb.laws.effective_rate, runs, [seen], fixed={"norm": 0.03, "alpha": 0.366})
    for unseen in PEAKS:
        if unseen != seen:
            error = missed(wb.laws.effective_rate, fit, runs[unseen]).mean()
            assert error < (0.04 if (seen, unseen) == (1e-4, 1e-3) else 0.025)


def test_no_published_law_comes_near(runs):
    for law in (wb.laws.multipower, wb.laws.annealing, wb.laws.bound, wb.laws.power):
        fit = fitted(law, runs, PEAKS[:2], estimator="raw")
        assert missed(law, fit, runs[PEAKS[2]]).mean() > 0.05


def test_the_weight_decay_of_the_trainer_is_found_in_the_curves(runs):
    fit = fitted(wb.laws.effective_rate, runs, [5e-4], free=("decay",))
    assert 0.07 < fit.params["decay"] < 0.16  # the trainer had 0.1
