"""Which law carries over to a peak rate that it has not seen: 83 public runs at three peaks."""

from __future__ import annotations

import csv
from collections import defaultdict

import numpy as np
import pytest

import workbench as wb
from workbench.laws.quadrature import inputs

BURN_IN = 3_000
PEAKS = (1e-4, 5e-4, 1e-3)


def rates(kind: str, peak: float, total: int, share: float) -> np.ndarray:
    """What the trainer used: a warmup of 300 updates from a hundredth of the peak, then the schedule."""
    t = np.arange(total)
    if kind.startswith("cos"):
        end = 0 if kind == "cos0" else peak / 10
        up = peak / 100 + 0.99 * peak * (1 - np.cos(np.pi * t / 299)) / 2
        return np.where(t < 299, up, end + (peak - end) * (1 + np.cos(np.pi * (t - 299) / (total - 300))) / 2)
    up = peak * np.minimum(0.01 + 0.99 * t / 300, 1)
    fall = np.clip((t - (1 - share) * total) / (share * total), 0, 1) if share else 0 * t
    return up * (1 - np.sqrt(fall) if "sqrt" in kind else 1 - fall)


@pytest.fixture(scope="module")
def runs(data_folder) -> dict[float, list[tuple[str, wb.Run]]]:
    """Runs by peak; of those that share their beginning with the constant run, the cooldown alone."""
    points = defaultdict(dict)
    with (data_folder / "schaipp" / "suite124m_history.csv").open() as file:
        for row in csv.DictReader(file):
            # Every second validation: neighbours tell the same.
            if row["val_loss"] and int(row["iter"]) > BURN_IN and int(row["iter"]) % 400 == 0:
                points[row["run"]][int(row["iter"])] = float(row["val_loss"])
    out = defaultdict(list)
    with (data_folder / "schaipp" / "suite124m_runs.csv").open() as file:
        for row in csv.DictReader(file):
            total, peak, kind = int(row["T"]), float(row["peak_lr"]), row["schedule"]
            share = float(row["cooldown_frac"] or 0)
            seen = sorted(points[row["run"]].items())
            if kind.startswith("wsd"):
                seen = [(step, loss) for step, loss in seen if step > (1 - share) * total]
            schedule = wb.from_array(rates(kind, peak, total, share))
            curve = wb.Curve([step - 1 for step, _ in seen], [loss for _, loss in seen])
            out[peak].append((kind, wb.Run(schedule, curve, facts={"name": row["run"]})))
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


def test_no_published_law_comes_near(runs):
    for law in (wb.laws.multipower, wb.laws.annealing, wb.laws.bound, wb.laws.power):
        fit = fitted(law, runs, PEAKS[:2], estimator="raw")
        assert missed(law, fit, runs[PEAKS[2]]).mean() > 0.05


def test_the_weight_decay_of_the_trainer_is_found_in_the_curves(runs):
    fit = fitted(wb.laws.effective_rate, runs, [5e-4], free=("decay",))
    assert 0.07 < fit.params["decay"] < 0.16  # the trainer had 0.1
