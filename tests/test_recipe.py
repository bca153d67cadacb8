"""A whole run from a size and tokens: what rules say, what limits change, and what goes to a trainer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.scaling import rules
from workbench.scaling.count import convention, parameters
from workbench.scaling.recipe import recipe


@settings(max_examples=60)
@given(
    st.floats(5e7, 1e11),
    st.floats(5, 500),
    st.sampled_from(("steplaw", "deepseek", "critical_batch_data", "power_lines_batch")),
    st.sampled_from(("steplaw", "deepseek", "porian")),
    st.sampled_from(("wsd", "cosine", "linear", "rex")),
)
def test_a_recipe_is_consistent(n_params: float, ratio: float, batch: str, rate: str, schedule: str) -> None:
    found = recipe(n_params, ratio * n_params, batch=batch, rate=rate, schedule=schedule)
    assert found.n_params == parameters(found.architecture).total == pytest.approx(n_params, rel=0.2)
    assert found.steps == math.ceil(found.tokens / found.batch_tokens) == len(found.plan)
    assert found.schedule.peak == pytest.approx(found.rate, rel=0.02)
    assert found.schedule.recipe is not None and found.schedule.recipe["name"] == schedule
    tau = rules.timescale(found.rate, found.weight_decay, found.batch_tokens, found.tokens)
    assert tau == pytest.approx(rules.best_timescale(found.n_params, found.tokens), rel=1e-6)
    assert set(found.sources) == {"batch", "rate", "weight decay"}


def test_rules_get_what_they_count() -> None:
    found = recipe(8e8, 2e10)
    n = convention("kaplan").n_params(found.architecture)
    said = rules.steplaw(n, 2e10)
    assert found.rate == pytest.approx(said.rate)
    assert found.batch_tokens == pytest.approx(said.batch_tokens, abs=1024)
    assert found.intervals["rate"] == pytest.approx(said.intervals["rate"])
    compute = convention("deepseek").compute(found.architecture, 2e10)
    other = recipe(8e8, 2e10, batch="deepseek", rate="deepseek")
    assert other.rate == pytest.approx(rules.deepseek(compute).rate)


def test_a_smaller_batch_lowers_the_rate_by_the_square_root() -> None:
    free = recipe(8e8, 2e10)
    held = recipe(8e8, 2e10, most_batch_tokens=free.batch_tokens / 4)
    assert held.batch_tokens <= free.batch_tokens / 4
    advised = rules.steplaw(convention("kaplan").n_params(free.architecture), 2e10)
    assert held.rate == pytest.approx(free.rate * math.sqrt(held.batch_tokens / advised.batch_tokens))
    assert any("batch held at" in note for note in held.notes)
    assert any("square-root rule" in note for note in held.notes)
    assert recipe(8e8, 2e10, most_batch_tokens=1e9).batch_tokens == free.batch_tokens


def test_values_of_ones_own_stand() -> None:
    found = recipe(2e8, 4e9, batch=2**18, rate=7e-4, weight_decay=0.05, schedule="cosine", floor=0.1)
    assert (found.batch_tokens, found.rate, found.weight_decay) == (2**18, 7e-4, 0.05)
    assert set(found.sources.values()) == {"yours"} and found.notes == ()
    assert found.schedule.array()[-1] == pytest.approx(7e-5, rel=1e-3)


def test_warnings_say_what_to_mind() -> None:
    large = recipe(8e8, 2e10, batch=8e6)
    assert any("20 % more data" in note for note in large.notes)
    assert not any("20 % more data" in note for note in recipe(8e8, 2e10, batch="critical_batch_data").notes)
    assert any("muP" in note for note in recipe(8e8, 2e10, loss=2.6, batch="minicpm", rate="minicpm").notes)
    assert any("low confidence" in note for note in recipe(8e8, 2e10, batch="power_lines_batch").notes)
    assert any("outside of" in note for note in recipe(7e10, 1.4e12).notes)


def test_the_plan_goes_to_trainers_and_back() -> None:
    found = recipe(2e8, 4e9)
    again = wb.Plan.from_yaml(wb.export.code(found.plan, "yaml"))
    np.testing.assert_allclose(again.learning_rate.array(), found.schedule.array(), rtol=1e-12)
    assert again(0)["batch_size"] == found.sequences and again(5)["weight_decay"] == found.weight_decay
    assert "weight_decay" in wb.export.code(found.plan, "torch")
    assert wb.Plan.from_dict(found.to_dict()["plan"])(3)["batch_size"] == found.sequences
    rows = {row["what"]: row for row in found.table.rows}
    assert rows["updates"]["value"] == found.steps and rows["batch"]["by"].startswith("Step Law")
    assert rows["peak rate"]["low"] < found.rate < rows["peak rate"]["high"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_params": -1}, "n_params must be at least 100000"),
        ({"tokens": float("nan")}, "tokens must be at least 100000"),
        ({"rate": "kaplan_batch"}, "rate must be a number or a rule that gives it: deepseek"),
        ({"rate": "steplow"}, "rule must be one of"),
        ({"batch": "minicpm"}, "minicpm needs the argument 'loss'"),
        ({"batch": 4e9}, "tokens must make 20 to 100,000,000 updates of 4,000,000,000 tokens"),
        ({"weight_decay": -0.1}, "weight_decay must be greater than 0"),
        ({"schedule": "cosinus"}, "schedule must be one of"),
        ({"floor": 7}, "floor must be"),
        ({"most_batch_tokens": 10}, "most_batch_tokens must be at least 2048"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recipe(**{"n_params": 8e8, "tokens": 2e10, **change})
