"""Exports: the list of them, PyTorch with a restart, pure Python, and plain files."""

from __future__ import annotations

import builtins
import csv
import io
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from export_cases import SHORT, formula, millions, phase, some_steps

import workbench as wb
from workbench import Schedule, export
from workbench.export import plain
from workbench.plan import Plan

RUNS = ["cosine", "wsd", "points", "product", "formula", "the rest of a cosine"]


def optimizer(*rates: float, kind: Any = torch.optim.SGD, **options: Any) -> torch.optim.Optimizer:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates or (0.1,)]
    return kind(groups, **{"lr": 0.1, **options})


def rates(opt: torch.optim.Optimizer, scheduler: Any, steps: int) -> list[list[float]]:
    """The rate of every group at each of the next updates."""
    out = []
    for _ in range(steps):
        out.append([float(group["lr"]) for group in opt.param_groups])
        opt.step()
        scheduler.step()
    return out


def through_a_file(state: Any) -> Any:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


# The list


def test_every_target_says_what_it_is_and_writes_text() -> None:
    schedule = wb.schedules.linear(total=50)
    for name in export.names():
        target = export.get(name)
        assert target.name == name and target.title and target.extension.startswith(".")
        assert export.code(schedule, to=name) == target.code(schedule) != ""


@pytest.mark.parametrize("name", ["", "Torch", None, 3, [], "tensorflow"])
def test_a_target_that_there_is_not_is_refused(name: Any) -> None:
    for call in (lambda: export.get(name), lambda: export.code(wb.schedules.linear(total=50), to=name)):
        with pytest.raises(ValueError, match="export must be to one of torch, optax.*got "):
            call()


@pytest.mark.parametrize("junk", [None, "linear", [1e-3], {"name": "linear"}])
def test_only_schedules_and_plans_are_exported(junk: Any) -> None:
    for name in export.names():
        with pytest.raises(ValueError, match="needs a Schedule or a Plan; got"):
            export.code(junk, to=name)
    for call in (export.optax, export.keras, export.transformers_trainer):
        with pytest.raises(ValueError, match="schedule must be a Schedule; got"):
            call(junk)
    for call in (export.torch, export.lightning):
        with pytest.raises(ValueError, match="schedule must be a Schedule or a Plan; got"):
            call(optimizer(), junk)


@pytest.mark.parametrize("name", SHORT)
def test_the_expression_makes_the_schedule_again(name: str) -> None:
    assert eval(export.expression(SHORT[name]), {"wb": wb}) == SHORT[name]


def test_a_recipe_that_is_not_true_is_not_exported() -> None:
    schedule = wb.schedules.linear(total=50)
    for recipe in (
        {"name": "cosine", "total": 50},
        {"name": "names"},
        {"name": "absent"},
        {"name": "linear"},
    ):
        other = Schedule(schedule.phases, recipe=recipe)
        text = export.expression(other)
        assert text.startswith("wb.Schedule.from_dict(") and eval(text, {"wb": wb}) == schedule


def test_a_name_of_a_phase_cannot_become_code() -> None:
    schedule = Schedule((wb.Phase("x\nraise SystemExit #", 5, 1e-3, 0.0),)).then(wb.hold(3, 5e-4))
    for name in ("torch", "optax", "keras", "lightning", "transformers", "python"):
        lines = export.code(schedule, to=name).splitlines()
        assert not [line for line in lines if line.startswith("raise")], name


def test_listing_and_writing_loads_no_framework(repo: Path) -> None:
    code = """
import sys
import workbench as wb
for name in wb.export.names():
    if name not in ("yaml", "olmo"):
        wb.export.code(wb.schedules.wsd(total=100), to=name)
heavy = {"torch", "jax", "optax", "keras", "transformers", "lightning", "pandas", "yaml"}
print(*sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


# PyTorch


@pytest.mark.parametrize("name", SHORT)
def test_torch_has_the_very_rates(name: str) -> None:
    schedule = SHORT[name]
    opt = optimizer(0.3, 0.7)
    scheduler = export.torch(opt, schedule)
    steps = min(len(schedule), 60)
    # One by one: an array of powers may differ from its elements in their last bit.
    assert rates(opt, scheduler, steps) == [[schedule(t)] * 2 for t in range(steps)]


@pytest.mark.parametrize("name", RUNS)
def test_torch_code_runs_on_any_optimizer(name: str) -> None:
    space = {"optimizer": optimizer(123.0, 4.0, kind=torch.optim.AdamW)}
    exec(export.code(SHORT[name]), space)
    found = np.array(rates(space["optimizer"], space["scheduler"], 40))[:, 0]
    assert np.array_equal(found, SHORT[name](np.arange(40)))


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("name", RUNS)
def test_torch_goes_on_to_the_last_bit(name: str, relative: bool) -> None:
    def train(parts: tuple[int, ...]) -> list[torch.Tensor]:
        torch.manual_seed(0)
        model, states, out = torch.nn.Linear(3, 1), None, []
        for steps in parts:
            pairs = zip(model.parameters(), (0.1, 0.3), strict=True)
            opt = torch.optim.AdamW([{"params": [p], "lr": lr} for p, lr in pairs])
            scheduler = export.torch(opt, SHORT[name], relative)
            if states is not None:
                opt.load_state_dict(states[0])
                scheduler.load_state_dict(states[1])
            for _ in range(steps):
                opt.zero_grad()
                model(torch.ones(2, 3)).square().mean().backward()
                opt.step()
                scheduler.step()
                out += [p.detach().clone() for p in model.parameters()]
            states = through_a_file((opt.state_dict(), scheduler.state_dict()))
        return out

    whole, parts = train((30,)), train((11, 19))
    assert len(whole) == 60 and all(torch.equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_relative_keeps_the_ratios_between_groups() -> None:
    schedule = SHORT["wsd"]
    opt = optimizer(0.02, 0.08, 0.04)
    found = np.array(rates(opt, export.torch(opt, schedule, relative=True), 50))
    expected = schedule(np.arange(50))[:, None] * np.array([0.25, 1, 0.5])
    np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_relative_on_an_optimizer_in_the_middle_of_a_run_keeps_them_too() -> None:
    opt = optimizer(0.02, 0.08)
    rates(opt, export.torch(opt, wb.ramp(10, 1e-3, 0), relative=True), 12)
    again = optimizer(0.02, 0.08)
    again.load_state_dict(opt.state_dict())
    found = rates(again, export.torch(again, wb.hold(5, 1e-3), relative=True), 5)
    assert found == [[2.5e-4, 1e-3]] * 5


def test_relative_needs_a_rate() -> None:
    with pytest.raises(ValueError, match="relative needs a param group whose lr is greater than 0"):
        export.torch(optimizer(0.0, 0.0), SHORT["wsd"], relative=True)


def test_a_rate_in_a_tensor_stays_where_it_lies() -> None:
    rate = torch.tensor(0.5)
    opt = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    lies_at = opt.param_groups[0]["lr"]
    scheduler = export.torch(opt, SHORT["linear"])
    found = np.array(rates(opt, scheduler, 200))[:, 0]
    assert opt.param_groups[0]["lr"] is lies_at
    assert np.array_equal(found, SHORT["linear"](np.arange(200)).astype(np.float32))


# Plans


def plan(**more: Schedule) -> Plan:
    down = wb.ramp(30, 1e-2, 1e-3, "cosine")
    return Plan(down, weight_decay=wb.ramp(30, 0.1, 0.0), **more)


def test_a_plan_sets_everything_in_sgd() -> None:
    bundle = plan(momentum=wb.ramp(30, 0.85, 0.95), batch_size=wb.hold(15, 32).then(wb.hold(15, 64)))
    opt = optimizer(0.1, 0.2)
    scheduler = export.torch(opt, bundle, relative=True)
    for t in range(33):
        expected = bundle(t)
        assert scheduler.values == expected
        for group, share in zip(opt.param_groups, (0.5, 1.0), strict=True):
            assert group["lr"] == share * expected["learning_rate"]
            assert group["momentum"] == expected["momentum"]
            assert group["weight_decay"] == expected["weight_decay"]
        opt.step()
        scheduler.step()


def test_a_plan_sets_the_betas_of_adam() -> None:
    bundle = plan(momentum=wb.ramp(30, 0.85, 0.95), beta2=wb.ramp(30, 0.95, 0.99))
    opt = optimizer(kind=torch.optim.AdamW)
    scheduler = export.torch(opt, bundle)
    for t in range(30):
        assert opt.param_groups[0]["betas"] == (bundle["momentum"](t), bundle["beta2"](t))
        opt.step()
        scheduler.step()


def test_groups_left_out_of_weight_decay_stay_out() -> None:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "weight_decay": decay} for decay in (0.1, 0.0)]
    scheduler = export.torch(opt := torch.optim.AdamW(groups, lr=0.1), plan())
    scheduler.step()
    assert [group["weight_decay"] for group in opt.param_groups] == [plan()["weight_decay"](1), 0.0]


def test_a_plan_goes_on_to_the_last_bit() -> None:
    bundle = plan(momentum=wb.ramp(30, 0.85, 0.95))
    first, second = optimizer(0.1, 0.2), optimizer(5.0, 6.0)
    scheduler = export.torch(first, bundle, relative=True)
    for _ in range(13):
        first.step()
        scheduler.step()
    states = through_a_file((first.state_dict(), scheduler.state_dict()))
    again = export.torch(second, bundle, relative=True)
    second.load_state_dict(states[0])
    again.load_state_dict(states[1])
    for _ in range(10):
        for a, b in zip(first.param_groups, second.param_groups, strict=True):
            assert {k: v for k, v in a.items() if k != "params"} == {
                k: v for k, v in b.items() if k != "params"
            }
        scheduler.step()
        again.step()


def test_a_plan_that_an_optimizer_has_no_place_for_is_refused() -> None:
    bundle = plan(beta2=wb.hold(30, 0.95))
    with pytest.raises(
        ValueError, match="beta2 has no place in this optimizer, whose param groups have no betas"
    ):
        export.torch(optimizer(), bundle)
    state = export.torch(optimizer(0.1, 0.2), plan()).state_dict()
    with pytest.raises(ValueError, match="the state must be of 1 param groups; got 2"):
        export.torch(optimizer(), plan()).load_state_dict(state)


def test_plan_texts_hold_the_plan() -> None:
    bundle = plan(momentum=wb.ramp(30, 0.85, 0.95), batch_size=wb.hold(30, 32))
    space = {"optimizer": optimizer()}
    exec(export.code(bundle), space)
    assert space["plan"] == bundle and space["scheduler"].values == bundle(0)
    assert Plan.from_yaml(export.code(bundle, to="yaml")) == bundle
    assert Plan.from_json(export.code(bundle, to="json")) == bundle
    rows = list(csv.DictReader(io.StringIO(export.code(bundle, to="csv"))))
    assert list(rows[0]) == ["step", *bundle.quantities]
    for name, values in bundle.array().items():
        assert [float(row[name]) for row in rows] == values.tolist()


def test_targets_without_room_for_a_plan_say_so() -> None:
    refused = [name for name in export.names() if name not in ("torch", "yaml", "json", "csv")]
    for name in refused:
        with pytest.raises(
            export.CannotExport, match=f"{name} cannot express a plan of learning_rate, weight_decay"
        ):
            export.code(plan(), to=name)


# Plain files


@pytest.mark.parametrize("name", SHORT)
def test_files_hold_the_schedule(name: str) -> None:
    schedule = SHORT[name]
    assert Schedule.from_json(export.code(schedule, to="json")) == schedule
    assert Schedule.from_yaml(export.code(schedule, to="yaml")) == schedule
    rows = list(csv.reader(io.StringIO(export.code(schedule, to="csv"))))
    assert rows[0] == ["step", "rate"]
    assert [int(row[0]) for row in rows[1:]] == list(range(len(schedule)))
    assert np.array_equal([float(row[1]) for row in rows[1:]], schedule.array())


# Pure Python


def snippet(schedule: Schedule) -> Any:
    """The function `rate` of the text, run where there is no builtin and nothing to import with."""
    space: dict[str, Any] = {"__builtins__": {}}
    exec(export.code(schedule, to="python"), space)
    return space["rate"]


def holds(schedule: Schedule, steps: np.ndarray) -> None:
    rate = snippet(schedule)
    expected = schedule(steps)
    found = [rate(step) for step in steps.tolist()]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * expected.max())


@pytest.mark.parametrize("name", SHORT)
def test_python_has_the_rates(name: str) -> None:
    holds(SHORT[name], some_steps(SHORT[name]))


def test_python_has_the_rates_of_a_million_steps() -> None:
    for schedule in millions().values():
        holds(schedule, some_steps(schedule)[::3])


def test_python_imports_nothing_and_holds_before_and_after() -> None:
    text = export.code(SHORT["cosine"], to="python")
    assert "import" not in text
    rate = snippet(SHORT["cosine"])
    assert rate(-5) == rate(0) and rate(10**9) == rate(len(SHORT["cosine"]) - 1)
    assert rate(10.5) == pytest.approx(SHORT["cosine"](10.5), rel=1e-15)


def test_python_refuses_points_beyond_number() -> None:
    many = wb.from_array(np.random.default_rng(0).random(100_002))
    with pytest.raises(export.CannotExport, match="'points'.*100003 points.*export to csv"):
        export.code(many, to="python")


def test_python_knows_what_arrays_know_of_infinity() -> None:
    texts = [
        "min(1 / x, 5) * peak",
        "max(log(x), -7) + 7",
        "min(x**-2, 3)",
        "min(exp(800 * x), 2)",
        "min((1 + x)**9999, 2)",
        "x % 0.3 + (-x) % 0.4 + (x - 1) // 0.7 + 2",
        "1 if x < 0.5 else sqrt(x - 0.5)",
        "(0 - 2)**(t % 2) + 2",
        "exp(-900 * x)",
    ]
    for text in texts:
        schedule = formula(text, 50)
        np.testing.assert_allclose([snippet(schedule)(t) for t in range(50)], schedule.array(), rtol=1e-12)


@pytest.mark.parametrize("name", ["sin", "cos", "exp", "expm1", "log1p", "log", "tanh", "sqrt"])
def test_plain_functions_are_those_of_the_c_library(name: str) -> None:
    small = np.geomspace(1e-18, 1, 300)
    near = {
        "sin": 40,
        "cos": 160,
        "exp": 690,
        "expm1": 690,
        "log1p": 1e12,
        "log": 1e300,
        "tanh": 30,
        "sqrt": 1e9,
    }
    wide = np.concatenate([small, np.linspace(0.01, near[name], 700)])
    signed = [*(-wide).tolist(), *wide.tolist()] if name not in ("log", "log1p", "sqrt") else wide.tolist()
    shrunk = [*signed, *(-small[small < 0.9]).tolist()] if name == "log1p" else signed
    found = [getattr(plain, f"_{name}")(x) for x in shrunk]
    expected = [getattr(math, name)(x) for x in shrunk]
    # Beside a zero of sine and cosine the last place is that of 1.
    least = 4e-16 if name in ("sin", "cos") else 0
    np.testing.assert_allclose(found, expected, rtol=1e-14 if name in ("exp", "expm1") else 2e-15, atol=least)


def test_the_cosine_is_as_sharp_where_a_schedule_lands() -> None:
    angles = math.pi * (1 - np.geomspace(1e-9, 0.5, 2000))
    found = np.array([1 + plain._cos(x) for x in angles.tolist()])
    assert np.max(np.abs(found - (1 + np.cos(angles)))) <= 2.3e-16


def test_the_test_itself_would_see_a_builtin() -> None:
    space: dict[str, Any] = {"__builtins__": {}}
    exec("def rate(step): return float(step)", space)
    assert hasattr(builtins, "float")
    with pytest.raises(NameError):
        space["rate"](1)


def test_a_phase_of_one_shape_is_one_line() -> None:
    text = export.code(phase("linear"), to="python")
    assert text.count("return") == 1 and "_" not in text.replace("__", "")
