"""Which model, on how much data: against closed forms and brute force."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scaling_cases import CHINCHILLA, made
from scipy.optimize import minimize_scalar

from workbench import scaling
from workbench.scaling import gpus


@pytest.fixture(scope="module")
def fit():
    return scaling.fit("chinchilla", made("chinchilla", 0.003, seed=1))


def loss(p: dict, n: float, tokens: float) -> float:
    return p["E"] + p["A"] / n ** p["alpha"] + p["B"] / tokens ** p["beta"]


def test_a_budget_is_spent_on_its_optimum(fit):
    plan = scaling.plan(fit, flops=1e21)
    brute = minimize_scalar(
        lambda x: loss(fit.params, np.exp(x), 1e21 / 6 / np.exp(x)), bounds=(15, 28), method="bounded"
    )
    assert plan.loss == pytest.approx(brute.fun, abs=1e-9)
    assert plan.n_params == pytest.approx(np.exp(brute.x), rel=1e-3)
    assert plan.training_flops == pytest.approx(1e21) and plan.convention == "6ND"


def test_hours_and_euros_are_flops(fit):
    by_flops = scaling.plan(fit, flops=1000 * 3600 * 989.4e12 * 0.5)
    by_hours = scaling.plan(fit, gpu_hours=1000, gpu="h100", mfu=0.5)
    by_euros = scaling.plan(fit, euros=2000, euros_per_hour=2, gpu="H100", mfu=0.5)
    for plan in (by_hours, by_euros):
        assert plan.n_params == pytest.approx(by_flops.n_params, rel=1e-9)
        assert plan.hours("H100", 0.5) == pytest.approx(1000)
    assert by_euros.asked["euros"] == 2000


def test_peaks_are_dense_and_sourced():
    assert gpus.gpu("A100").peak == 312e12 and gpus.gpu("H100").peak == pytest.approx(1979e12 / 2, rel=1e-3)
    assert all(gpu.source and 5e13 < gpu.peak < 5e15 for gpu in gpus.GPUS.values())


def test_a_target_is_the_other_side_of_a_budget(fit):
    plan = scaling.plan(fit, target_loss=2.3)
    back = scaling.plan(fit, flops=plan.flops)
    assert back.loss == pytest.approx(2.3, abs=1e-6)
    assert back.n_params == pytest.approx(plan.n_params, rel=0.02)


def test_many_served_tokens_make_a_smaller_model_best(fit):
    bare = scaling.plan(fit, target_loss=2.3)
    plans = [scaling.plan(fit, target_loss=2.3, served_tokens=t) for t in (1e10, 1e12, 1e14)]
    sizes = [bare.n_params, *(plan.n_params for plan in plans)]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] < 0.5 * sizes[0]
    p = fit.params

    n = np.exp(np.linspace(15, 27, 200_001))
    left = 2.3 - p["E"] - p["A"] / n ** p["alpha"]
    n, left = n[left > 0], left[left > 0]
    brute = np.log(n * (6 * (p["B"] / left) ** (1 / p["beta"]) + 2e12)).min()
    assert np.log(plans[1].flops) == pytest.approx(brute, abs=1e-6)
    under = scaling.plan(fit, flops=1e21, served_tokens=1e11)
    spent = 6 * under.n_params * under.tokens + 2 * under.n_params * 1e11
    assert spent == pytest.approx(1e21) and under.n_params < scaling.plan(fit, flops=1e21).n_params


def test_half_and_twice_the_size_cost_what_the_law_says(fit):
    plan = scaling.plan(fit, flops=1e21)
    for factor in (0.5, 2.0):
        other = plan.other_size(factor)
        n = factor * plan.n_params
        assert other["loss"] == pytest.approx(loss(fit.params, n, 1e21 / 6 / n), rel=1e-12)
        assert other["loss_more"] > 0 and other["compute_more"] > 0
        tokens = (1 + other["compute_more"]) * 1e21 / 6 / n
        assert loss(fit.params, n, tokens) == pytest.approx(plan.loss, abs=1e-8)
    tiny = plan.other_size(0.001)
    assert tiny["compute_more"] == np.inf


def test_the_basin_ends_where_the_loss_is_so_much_worse(fit):
    plan = scaling.plan(fit, flops=1e21)
    low, high = plan.basin(0.01)
    for end in (low, high):
        assert float(plan.loss_at(end)) == pytest.approx(plan.loss + 0.01, abs=3e-4)
    narrow = plan.basin(0.001)
    assert low < narrow[0] < plan.n_params < narrow[1] < high


def test_the_region_holds_the_known_optimum_and_lies_on_the_budget(fit):
    plan = scaling.plan(fit, flops=1e21)
    region = plan.region()
    known = scaling.plan(scaling.fit("chinchilla", made("chinchilla")), flops=1e21).n_params
    assert region["n_params"][0] < known < region["n_params"][1]
    np.testing.assert_allclose(6 * plan.draws.prod(axis=1), 1e21, rtol=1e-9)
    wide = plan.region(0.99)["n_params"]
    assert wide[0] < region["n_params"][0] and wide[1] > region["n_params"][1]
    target = scaling.plan(fit, target_loss=2.3)
    assert np.ptp(np.log(target.draws.prod(axis=1))) > 0.01, "on the plane, not on a line"


def test_others_are_no_better_by_this_law_and_the_rules_answer(fit):
    plan = scaling.plan(fit, flops=1e21)
    rows = {row["law"]: row for row in plan.others().rows}
    assert len(rows) >= 6 and all(row["loss more by this law"] > -1e-9 for row in rows.values())
    hoffmann, kaplan = (row for name, row in rows.items() if name.startswith(("Kaplan", "Hoffmann")))
    assert {kaplan["size"] > plan.n_params, hoffmann["size"] < plan.n_params} == {True}
    said = plan.settings()
    steplaw = scaling.rules.steplaw(n_params=plan.n_params, tokens=plan.tokens)
    assert said["rate"]["steplaw"].rate == steplaw.rate
    assert said["batch_tokens"]["steplaw"].batch_tokens == steplaw.batch_tokens
    assert "power_lines" in plan.settings(batch_tokens=1e6, rate=1e-3)["weight_decay"]


def test_a_plan_beyond_the_runs_says_so_and_is_plain_values(fit):
    plan = scaling.plan(fit, flops=1e25)
    assert any("compute is" in note for note in plan.notes) and "compute is" in str(plan)
    assert scaling.plan(fit, flops=1e20).notes == ()
    assert json.loads(json.dumps(plan.to_dict()))["convention"] == "6ND"


def test_published_laws_plan_without_a_region():
    plan = scaling.plan("hoffmann", flops=5.76e23)
    assert plan.tokens_per_param == pytest.approx(92.7, rel=2e-3)
    assert plan.region() == {} and plan.loss_interval is None and len(plan.sentences) == 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "give one of flops, gpu_hours, euros, target_loss; got none"),
        ({"flops": 1e21, "euros": 3}, "got flops and euros"),
        ({"flops": -1}, "flops must be"),
        ({"flops": "much"}, "flops must be a number"),
        ({"gpu_hours": 5}, "gpu_hours need a gpu"),
        ({"gpu_hours": 5, "gpu": "H900"}, "gpu must be one of"),
        ({"gpu_hours": 5, "gpu": "H100", "mfu": 1.5}, "mfu must be"),
        ({"euros": 5, "gpu": "H100"}, "euros need euros_per_hour"),
        ({"target_loss": 1.5}, "target_loss must be above what the law reaches"),
        ({"target_loss": float("nan")}, "target_loss must be"),
        ({"flops": 1e21, "served_tokens": -1}, "served_tokens must be"),
        ({"flops": 1e20, "served_tokens": 1e19}, "served_tokens must leave compute to train with"),
        ({"flops": 1e20, "gpu": "H900"}, "gpu must be one of"),
        ({"flops": 1e20, "mfu": 7}, "mfu must be"),
        ({"flops": 1e21, "law": "kaplan"}, "is a frontier and says nothing of losses"),
        ({"flops": 1e21, "law": "chinchila"}, "name must be one of"),
        ({"flops": 1e21, "law": 3}, "law must be a ScalingFit or a name"),
    ],
)
def test_bad_requests_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        scaling.plan(**{"law": "besiroglu", **given})


def test_a_law_of_one_column_has_no_plan():
    size = scaling.fit("kaplan_size", made("kaplan_size", 0.01))
    with pytest.raises(ValueError, match="law must be of size and data"):
        scaling.plan(size, flops=1e21)


def test_known_constants_are_those_of_the_cases():
    assert set(CHINCHILLA) == set(scaling.constants.get("besiroglu").params)
