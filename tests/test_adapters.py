"""Optimizers of libraries in lanes: equal to the library alone, and to themselves when lanes fork."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import torch
from optimizing import MATRICES, STEPS, WEIGHTS, alone, by_lanes, controls, first, gradient, rounded, told

import workbench as wb
from workbench import train
from workbench.train.layout import Layout, Weight
from workbench.train.optimizers import Library
from workbench.train.optimizers.library import find
from workbench.train.optimizers.value import Kept

LANES = 2
FLAT = (Weight("matrix", (4, 3)), Weight("bias", (3,)))
REFUSED = {"LBFGS": "needs a closure", "SparseAdam": "does not support dense gradients"}
NATIVE = [
    name
    for name, made in vars(torch.optim).items()
    if inspect.isclass(made)
    and issubclass(made, torch.optim.Optimizer)
    and made is not torch.optim.Optimizer
    and name not in REFUSED
]
OTHERS = {
    "Lion": {"betas": (0.95, 0.98)},
    "Adan": {},
    "AdEMAMix": {"t_alpha_beta3": 50.0},
    "Prodigy": {},
    "ADOPT": {},
    "MARS": {},
    "AdaBelief": {},
    "CAME": {},
    "SOAP": {"precondition_frequency": 5},
    "Lamb": {},
    "NovoGrad": {},
    "Tiger": {},
    "Yogi": {},
    "StableAdamW": {},
    "Kate": {},
    "AggMo": {},
    "DAdaptAdam": {},
    "ScheduleFreeAdamW": {},
}
NAMES = [
    *((f"torch.optim.{name}", {}) for name in NATIVE),
    *((f"pytorch_optimizer.{name}", arguments) for name, arguments in OTHERS.items()),
    ("schedulefree.AdamWScheduleFree", {"warmup_steps": 10}),
    ("schedulefree.SGDScheduleFree", {"momentum": 0.95}),
]
each = pytest.mark.parametrize(("library", "arguments"), NAMES, ids=[name for name, _ in NAMES])


def model(library: str, dtype: torch.dtype = torch.float32) -> Layout:
    """Some are for matrices alone."""
    return Layout(MATRICES if library.endswith("Muon") else WEIGHTS, dtype)


@each
def test_a_lane_is_what_the_library_gives_alone(library: str, arguments: dict[str, Any]) -> None:
    layout, plan = model(library), told(LANES)
    rows = first(layout, LANES)
    ours = by_lanes(Library(library, arguments), layout, rows, plan, range(STEPS))
    decays = inspect.signature(find(library).make).parameters.get("weight_decay")
    for i in range(LANES):
        theirs = alone(
            lambda groups: find(library).make(groups, **arguments),
            layout,
            rows[i],
            lambda t, i=i: {"lr": rounded(plan["rate"][i, t], layout.dtype)},
            decay=None if decays is None else lambda t: decays.default,
        )
        assert not torch.equal(theirs, rows[i]) and torch.isfinite(theirs).all()
        torch.testing.assert_close(ours[i], theirs, rtol=1e-6, atol=1e-6)


@each
def test_a_lane_that_forks_is_the_same_to_the_bit(library: str, arguments: dict[str, Any]) -> None:
    layout, plan = model(library), told(LANES, steps=30)
    optimizer = Library(library, arguments)
    whole = by_lanes(optimizer, layout, first(layout, LANES), plan, range(30))
    rows = first(layout, LANES)
    mover = optimizer.open(layout, rows)
    for t in range(30):
        if t == 13:
            # Lane 0 twice: what becomes of a lane has no part in the other.
            kept, rows = mover.kept(0), rows[[0, 0]].clone()
            mover = optimizer.open(layout, rows, [kept, kept])
        lanes = [0, 1] if t < 13 else [1, 0]
        mover.step(rows, gradient(rows, t), controls(plan, t, rows.dtype, lanes), t)
        if t == 20:
            # Looking changes nothing.
            assert mover.judged(rows).shape == rows.shape
    assert torch.equal(mover.judged(rows)[1], whole[0])


@pytest.mark.parametrize(
    ("library", "name", "names"),
    [
        ("torch.optim.AdamW", "betas", ("momentum", "weight_decay", "beta2")),
        ("torch.optim.SGD", "momentum", ("momentum", "weight_decay")),
        ("torch.optim.RMSprop", "momentum", ("momentum", "weight_decay")),
        ("pytorch_optimizer.Lion", "betas", ("momentum", "beta2", "weight_decay")),
    ],
)
def test_what_a_plan_sets_reaches_the_library(library: str, name: str, names: tuple[str, ...]) -> None:
    layout, plan = Layout(WEIGHTS, torch.float64), told(LANES, *names)
    rows = first(layout, LANES)
    arguments = {"momentum": 0.9} if name == "momentum" else {}
    ours = by_lanes(Library(library, arguments, clip=0.7), layout, rows, plan, range(STEPS))

    def settings(i: int, t: int) -> dict[str, Any]:
        momentum = plan["momentum"][i, t]
        given = {"lr": plan["rate"][i, t]}
        return given | ({"betas": (momentum, plan["beta2"][i, t])} if name == "betas" else {name: momentum})

    for i in range(LANES):
        theirs = alone(
            lambda groups: find(library).make(groups, **arguments),
            layout,
            rows[i],
            lambda t, i=i: settings(i, t),
            decay=lambda t, i=i: plan["weight_decay"][i, t],
            clip=0.7,
        )
        torch.testing.assert_close(ours[i], theirs, rtol=1e-12, atol=1e-12)


def test_multiples_of_epsilon_and_decay_reach_their_weights() -> None:
    weights = (Weight("a", (4, 3), decays=True, decay=3.0, eps=1e6), Weight("b", (3,), eps=1e3))
    layout, plan = Layout(weights, torch.float64), told(1)
    rows = first(layout, 1)
    ours = by_lanes(
        Library("torch.optim.AdamW", {"weight_decay": 0.1, "betas": (0.9, 0.95)}),
        layout,
        rows,
        plan,
        range(50),
    )
    native = train.optimizers.AdamW(0.9, 0.95, 1e-8, 0.1)
    torch.testing.assert_close(ours, by_lanes(native, layout, rows, plan, range(50)), rtol=1e-12, atol=1e-12)
    plain = Layout(tuple(Weight(w.name, w.shape, w.decays) for w in weights), torch.float64)
    assert not torch.allclose(ours, by_lanes(native, plain, rows, plan, range(50)))


def test_random_numbers_depend_on_the_step_alone_and_torchs_are_left_alone() -> None:
    layout, plan = Layout(MATRICES), told(LANES, steps=10)
    before = torch.get_rng_state()
    optimizer = Library("pytorch_optimizer.Gravity")
    both = by_lanes(optimizer, layout, first(layout, LANES), plan, range(10))
    second = {name: values[1:] for name, values in plan.items()}
    alone_ = by_lanes(optimizer, layout, first(layout, LANES)[1:], second, range(10))
    assert torch.equal(both[1:], alone_)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("library", "sentence"),
    [
        ("torch.optim.LBFGS", "needs a closure"),
        ("torch.optim.SparseAdam", "cannot be used in lanes: SparseAdam does not support dense gradients"),
        ("pytorch_optimizer.SAM", "has no rate"),
        ("pytorch_optimizer.Lookahead", "has no rate for a schedule to set, or works on another optimizer"),
        ("pytorch_optimizer.AliG", "has no rate"),
        ("pytorch_optimizer.AdaHessian", "cannot be used in lanes"),
        ("pytorch_optimizer.Conda", "got GaLoreProjector"),
        ("schedulefree.AdamWScheduleFreeClosure", "needs a closure"),
        ("torch.optim.Optimizer", "has none called"),
        ("torch.optim.lr_scheduler", "has none called"),
        ("torch.optim.Nothing", "has none called 'Nothing'"),
        ("os.system", "library must be a class of torch.optim, pytorch_optimizer, schedulefree"),
        ("torch.optim.adamw.AdamW", "library must be a class of"),
        ("torch.optim.__class__", "library must be a class of"),
        ("AdamW", "library must be a class of"),
        ("", "library must be a class of"),
        (None, "library must be a class of"),
        (torch.optim.AdamW, "library must be a class of"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(library: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        Library(library)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"lr": 0.1}, "arguments of torch.optim.RMSprop must be among"),
        ({"params": []}, "must be among"),
        ({"beta": 0.1}, "must be among .*got 'beta'"),
        ({"alpha": torch.zeros(1)}, "alpha of torch.optim.RMSprop must be a plain value"),
        ({"alpha": print}, "must be a plain value"),
        ({"alpha": -1.0}, "cannot be used in lanes: .*alpha"),
        ({"eps": "small"}, "cannot be used in lanes"),
        ([0.9], "arguments must be a mapping"),
    ],
)
def test_an_argument_that_the_class_does_not_take_is_refused(arguments: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Library("torch.optim.RMSprop", arguments)


def test_an_argument_of_our_own_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="clip"):
        Library("torch.optim.Adam", clip=-1.0)


def test_a_model_or_plan_that_the_class_cannot_take_gives_a_sentence() -> None:
    layout = Layout(FLAT)
    with pytest.raises(ValueError, match="Muon cannot train this model: Muon only supports 2D"):
        Library("torch.optim.Muon").open(layout, first(layout, 1))
    plan = told(1, "beta2")
    with pytest.raises(ValueError, match="torch.optim.SGD has no beta2 that a plan could set"):
        by_lanes(Library("torch.optim.SGD"), layout, first(layout, 1), plan, range(1))


@pytest.mark.parametrize("bad", ["state", "groups", "own"])
def test_what_was_kept_of_another_optimizer_is_refused(bad: str) -> None:
    layout, plan = Layout(WEIGHTS), told(1)
    rows = first(layout, 1)
    mover = Library("torch.optim.Adam").open(layout, rows)
    mover.step(rows, gradient(rows, 0), controls(plan, 0, rows.dtype), 0)
    kept = mover.kept(0)
    for broken in (None, {"map": 3}, {"tensor": "no"}, {"list": []}, {"float": "1"}):
        with pytest.raises(ValueError, match="what was kept of a lane must be of torch.optim.Adam"):
            counters = {**kept.counters, bad: broken}
            Library("torch.optim.Adam").open(layout, rows, [Kept(kept.tensors, counters)])
    with pytest.raises(ValueError, match="what was kept"):
        Library("torch.optim.SGD").open(layout, rows, [kept])


def test_it_comes_back_from_what_is_saved_of_it() -> None:
    s = [wb.schedules.wsd(total=20, peak=1e-2)]
    task = train.tasks.quadratic(modes=3)
    value = Library("torch.optim.Adam", {"betas": (0.8, 0.9)}, clip=1.0)
    (run,) = train.train(task, s, optimizer=value, device="cpu")
    said = dict(run.facts["optimizer"])
    assert said.pop("name") == "Library" and Library(**said) == value
    assert np.isfinite(run.final_loss)
