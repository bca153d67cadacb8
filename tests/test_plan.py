"""A plan bundles schedules of one length: algebra, ranges, saved forms and figures."""

from __future__ import annotations

import pickle
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import workbench as wb
from workbench import plots
from workbench.plan import QUANTITIES, Plan

TOP = {"learning_rate": 100.0, "momentum": 0.99, "weight_decay": 10.0, "batch_size": 512.0, "beta2": 0.999}
MOMENTUM = wb.ramp(299, 0.95, 0.85, "cosine").then(wb.ramp(700, 0.85, 0.95, "cosine")).then(wb.hold(1, 0.95))
ONE_CYCLE = Plan(wb.schedules.one_cycle(1_000, 0.1), momentum=MOMENTUM)
"""The rate with momentum cycled the other way round."""


@st.composite
def plans(draw: st.DrawFn, names: tuple[str, ...] | None = None) -> Plan:
    n = draw(st.integers(2, 40))
    others = [name for name in QUANTITIES if name != "learning_rate"]
    chosen = names or ("learning_rate", *draw(st.lists(st.sampled_from(others), unique=True)))
    made = {}
    for name in chosen:
        start, end = (TOP[name] * draw(st.floats(0.01, 1)) for _ in range(2))
        cut = draw(st.integers(1, n - 1))
        made[name] = wb.ramp(cut, start, end, "cosine").then(wb.hold(n - cut, end))
    return Plan(**made)


@given(plans(), st.data())
def test_a_plan_is_its_schedules(plan: Plan, data: st.DataObject) -> None:
    t = data.draw(st.integers(0, len(plan) + 5))
    assert plan(t) == {name: s(t) for name, s in plan.quantities.items()}
    for name, values in plan.array().items():
        assert values.shape == (len(plan),)
        np.testing.assert_array_equal(values, plan[name].array())
        np.testing.assert_array_equal(plan([0, t])[name], plan[name]([0, t]))
        assert plan[name] is getattr(plan, name)


@given(plans(), st.data())
def test_operations_act_on_every_quantity(plan: Plan, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(plan) - 1))
    total = data.draw(st.integers(2, 100))
    for name, s in plan.quantities.items():
        assert plan.until(k)[name] == s.until(k) and plan.after(k)[name] == s.after(k)
        assert plan.stretch(total)[name] == s.stretch(total)
        assert plan.then(plan)[name] == s.then(s)
    back = plan.until(k).then(plan.after(k))
    assert len(back) == len(plan) and len(plan.stretch(total)) == total
    for name, values in back.array().items():
        np.testing.assert_array_equal(values, plan.array()[name])


@given(plans())
def test_dict_json_yaml_and_pickle_give_it_back(plan: Plan) -> None:
    for back in (
        Plan.from_dict(plan.to_dict()),
        Plan.from_json(plan.to_json()),
        Plan.from_yaml(plan.to_yaml()),
        pickle.loads(pickle.dumps(plan)),
    ):
        assert back == plan and hash(back) == hash(plan)
        assert back.array().keys() == plan.array().keys()
    assert replace(plan, learning_rate=2 * plan.learning_rate) != plan


def test_recipes_are_saved_with_their_quantity() -> None:
    saved = ONE_CYCLE.to_dict()
    assert list(saved) == ["format", "learning_rate", "momentum"] and "format" not in saved["learning_rate"]
    assert Plan.from_json(ONE_CYCLE.to_json()).learning_rate.recipe == ONE_CYCLE.learning_rate.recipe


def test_one_cycle_with_its_momentum_is_torchs() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=1_000)
    got = ONE_CYCLE.array()
    for t in range(1_000):
        group = optimizer.param_groups[0]
        assert got["learning_rate"][t] == pytest.approx(group["lr"], rel=1e-12)
        assert got["momentum"][t] == pytest.approx(group["momentum"], rel=1e-12)
        optimizer.step()
        if t < 999:
            theirs.step()


def test_lengths_that_differ_are_named() -> None:
    with pytest.raises(ValueError, match="learning_rate has 10 steps and beta2 11"):
        Plan(wb.hold(10, 1.0), momentum=wb.hold(10, 0.9), beta2=wb.hold(11, 0.9))


@pytest.mark.parametrize(
    ("quantity", "rate", "allowed"),
    [
        ("momentum", 1.0, "momentum must be at least 0 and below 1; got 1 at step 3"),
        ("beta2", 1.5, "beta2 must be at least 0 and below 1; got 1.5 at step 3"),
        ("batch_size", 0.0, "batch_size must be greater than 0; got 0 at step 3"),
    ],
)
def test_values_out_of_range_are_named(quantity: str, rate: float, allowed: str) -> None:
    s = wb.hold(3, 0.5).then(wb.hold(2, rate))
    with pytest.raises(ValueError, match=allowed):
        Plan(wb.hold(5, 0.1), **{quantity: s})
    # The end of a ramp, which no update uses, does no harm.
    end = min(rate, 1.0)
    assert len(Plan(wb.hold(5, 0.1), **{quantity: wb.ramp(5, 0.5, end)})) == 5


def test_zero_is_a_momentum_and_a_weight_decay() -> None:
    zero = wb.hold(2, 0.0)
    assert Plan(zero, momentum=zero, weight_decay=zero, beta2=zero)(1)["momentum"] == 0


SAVED: dict[str, Any] = ONE_CYCLE.to_dict()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Plan(None), "learning_rate must be a Schedule; got None"),  # type: ignore[arg-type]
        (lambda: Plan(wb.hold(1, 1.0), momentum=0.9), "momentum must be a Schedule; got 0.9"),  # type: ignore[arg-type]
        (lambda: ONE_CYCLE["beta2"], "this plan has learning_rate, momentum; got 'beta2'"),
        (lambda: ONE_CYCLE[0], "this plan has learning_rate, momentum; got 0"),  # type: ignore[index]
        (lambda: ONE_CYCLE.then(wb.hold(1, 1.0)), "then needs a Plan"),  # type: ignore[arg-type]
        (
            lambda: ONE_CYCLE.then(Plan(wb.hold(1, 1.0))),
            "the same quantities; got learning_rate, momentum and",
        ),
        (lambda: ONE_CYCLE.until(0), "step of until must be at least 1"),
        (lambda: ONE_CYCLE(-1), "step must be finite and at least 0; got -1"),
        (lambda: Plan.from_dict([]), "a plan must be a mapping"),  # type: ignore[arg-type]
        (lambda: Plan.from_dict({}), "a plan needs 'learning_rate'"),
        (lambda: Plan.from_dict({**SAVED, "dropout": {}}), "a plan may not have 'dropout'"),
        (lambda: Plan.from_dict({**SAVED, "format": 99}), "format must be 1"),
        (lambda: Plan.from_dict({**SAVED, "momentum": {"phases": []}}), "momentum: phases must be a list"),
        (lambda: Plan.from_dict({**SAVED, "momentum": None}), "momentum: a schedule must be a mapping"),
        (lambda: Plan.from_json("{"), "this is not JSON"),
        (lambda: Plan.from_yaml("a: [1"), "this is not YAML"),
        (lambda: plots.plan(wb.hold(1, 1.0)), "plan must be a Plan"),  # type: ignore[arg-type]
    ],
)
def test_bad_input_gets_a_sentence(call: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call()


def test_every_quantity_is_sketched_in_the_colour_of_the_text() -> None:
    page = ET.fromstring(f"<body>{ONE_CYCLE._repr_html_()}</body>")
    sketches = [each for each in page.iter() if each.tag.endswith("svg")]
    assert len(sketches) == 2 and all(each.get("stroke") == "currentColor" for each in sketches)
    titles = [each.text for each in page.iter() if each.tag.endswith("title")]
    assert titles == ["learning rate: 4e-07 to 0.1", "momentum: 0.85 to 0.95"]
    rise, dip = (
        [float(pair.split(",")[1]) for pair in line.get("points", "").split()]
        for line in page.iter()
        if line.tag.endswith("polyline")
    )
    # Down on the page is a greater y: momentum falls while the rate rises, and by as much of the sketch.
    assert np.argmin(rise) == pytest.approx(np.argmax(dip), abs=1)
    assert max(dip) - min(dip) == pytest.approx(max(rise) - min(rise), rel=0.1)
    assert repr(ONE_CYCLE) == "<Plan: 1000 steps of learning_rate, momentum>"


def test_the_figure_holds_every_quantity() -> None:
    jump = wb.hold(500, 32.0).then(wb.hold(500, 64.0))
    plan = replace(ONE_CYCLE, batch_size=jump)
    figure = plots.plan(plan)
    for trace, (name, s) in zip(figure.data, plan.quantities.items(), strict=True):
        np.testing.assert_array_equal(trace.y, s(np.asarray(trace.x)))
        assert trace.name == QUANTITIES[name].label
    # The jump is upright: both its sides are points.
    assert {499, 500} <= set(figure.data[2].x)
    assert figure.layout.yaxis2.title.text == "momentum" and figure.layout.yaxis2.rangemode is None
