"""Schedules of torch, optax and transformers to phases, against stepping them apart."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
import pytest
import torch
import transformers
from torch.optim import lr_scheduler as lrs

from workbench.imports import from_optax, from_torch, from_transformers

TOTAL = 120
Make = Callable[[torch.optim.Optimizer], Any]


def optimizer(*rates: float) -> torch.optim.Optimizer:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(2))], "lr": rate} for rate in rates or (0.1,)]
    return torch.optim.SGD(groups, lr=groups[0]["lr"], momentum=0.9)


def stepped(scheduler: Any, total: int, group: int = 0) -> np.ndarray:
    """Rates as a trainer sees them: read, update, step."""
    rates = []
    for t in range(total):
        rates.append(scheduler.get_last_lr()[group])
        scheduler.optimizer.step()
        if t + 1 < total:
            scheduler.step()
    return np.array(rates, dtype=float)


class Ramp:
    """A callable with a state that a copy must not share."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, step: int) -> float:
        self.calls += 1
        return min(1.0, (step + 1) / 10)


class Owner:
    """Something with a method for a lambda, which cannot be copied."""

    def factor(self, step: int) -> float:
        return 0.99**step

    def __deepcopy__(self, memo: Any) -> Any:
        raise RuntimeError("not to be copied")


class Own(lrs.LRScheduler):
    """A user's own scheduler, with the optimizer under another name as well."""

    def __init__(self, opt: torch.optim.Optimizer) -> None:
        self.mine = opt
        super().__init__(opt)

    def get_lr(self) -> list[float]:
        return [base / (1 + self.last_epoch) ** 0.5 for base in self.base_lrs]


SCHEDULERS: dict[str, tuple[Make, int]] = {
    "lambda": (lambda o: lrs.LambdaLR(o, lambda t: min(1, (t + 1) / 10)), 2),
    "callable": (lambda o: lrs.LambdaLR(o, Ramp()), 2),
    "method": (lambda o: lrs.LambdaLR(o, Owner().factor), 1),
    "multiplicative": (lambda o: lrs.MultiplicativeLR(o, lambda t: 0.97), 1),
    "cosine": (lambda o: lrs.CosineAnnealingLR(o, TOTAL, eta_min=0.01), 1),
    "one cycle": (lambda o: lrs.OneCycleLR(o, 1.0, total_steps=TOTAL), 3),
    "sequential": (
        lambda o: lrs.SequentialLR(
            o, [lrs.LinearLR(o, 0.1, 1.0, 20), lrs.CosineAnnealingLR(o, TOTAL - 20)], milestones=[20]
        ),
        2,
    ),
    "chained": (
        lambda o: lrs.ChainedScheduler([lrs.LinearLR(o, 0.1, 1.0, 20), lrs.ExponentialLR(o, 0.99)]),
        2,
    ),
    "restarts": (lambda o: lrs.CosineAnnealingWarmRestarts(o, 20, 2), 3),
    "linear": (lambda o: lrs.LinearLR(o, 1.0, 0.1, 80), 2),
    "cyclic": (lambda o: lrs.CyclicLR(o, 0.01, 0.1, step_size_up=30), 4),
    "cyclic exp_range": (
        lambda o: lrs.CyclicLR(o, 0.01, 0.1, step_size_up=30, mode="exp_range", gamma=0.99),
        4,
    ),
    "cyclic custom": (lambda o: lrs.CyclicLR(o, 0.01, 0.1, step_size_up=30, scale_fn=lambda x: 1 / x), 4),
    "polynomial": (lambda o: lrs.PolynomialLR(o, TOTAL, 2.0), 1),
    "step": (lambda o: lrs.StepLR(o, 30), 4),
    "multi step": (lambda o: lrs.MultiStepLR(o, [30, 90]), 3),
    "own": (Own, 1),
    "transformers": (lambda o: transformers.get_cosine_schedule_with_warmup(o, 20, TOTAL), 2),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_torch_schedulers_are_recognised_and_equal_what_they_do(name: str) -> None:
    make, phases = SCHEDULERS[name]
    found = from_torch(make(optimizer()), TOTAL)
    rates = stepped(make(optimizer()), TOTAL)
    np.testing.assert_allclose(found.schedule.array(), rates, rtol=0, atol=1e-9 * rates.max())
    assert len(found.schedule.phases) == phases
    assert found.recognised


@pytest.mark.parametrize("name", SCHEDULERS)
def test_the_users_scheduler_and_optimizer_stay_as_they_were(name: str) -> None:
    make, _ = SCHEDULERS[name]
    mine, twin = make(optimizer()), make(optimizer())
    for each in (mine, twin):
        stepped(each, 30)
    state = copy.deepcopy(mine.optimizer.state_dict())
    before = {key: value for key, value in vars(mine).items() if isinstance(value, int | float | list)}
    before = {key: list(value) if isinstance(value, list) else value for key, value in before.items()}
    found = from_torch(mine, 50)
    assert mine.optimizer.state_dict() == state
    assert {key: vars(mine)[key] for key in before} == before
    rates = stepped(twin, 50)
    # It goes on as if nothing had been asked, and so did what was found.
    np.testing.assert_array_equal(stepped(mine, 50), rates)
    np.testing.assert_allclose(found.schedule.array(), rates, rtol=0, atol=1e-9 * rates.max())


def test_a_callable_with_a_state_is_copied() -> None:
    ramp = Ramp()
    scheduler = lrs.LambdaLR(optimizer(), ramp)
    calls = ramp.calls
    from_torch(scheduler, 50)
    assert ramp.calls == calls


def test_parameter_groups_are_chosen_and_said() -> None:
    def make() -> Any:
        return lrs.LambdaLR(optimizer(0.1, 0.02), [lambda t: 1.0, lambda t: 1 / (1 + t)])

    for group in (0, 1):
        found = from_torch(make(), 40, group=group)
        np.testing.assert_allclose(found.schedule.array(), stepped(make(), 40, group), rtol=0, atol=1e-10)
        assert f"parameter group {group} of 2" in found.words
    with pytest.raises(ValueError, match="group must be"):
        from_torch(make(), 40, group=2)


def test_adam_and_tensor_rates_work() -> None:
    parameter = torch.nn.Parameter(torch.zeros(2))
    adam = torch.optim.AdamW([parameter], lr=torch.tensor(0.1))
    found = from_torch(lrs.CyclicLR(torch.optim.AdamW([parameter], lr=0.1), 0.01, 0.1, 10), 40)
    assert len(found.schedule.phases) == 4
    assert from_torch(lrs.ExponentialLR(adam, 0.9), 40).schedule.phases[-1].shape == "exp"
    assert float(adam.param_groups[0]["lr"]) == pytest.approx(0.1)


def test_what_looks_at_the_loss_or_ends_is_refused() -> None:
    opt = optimizer()
    with pytest.raises(ValueError, match="looks at the loss"):
        from_torch(lrs.ReduceLROnPlateau(opt), 10)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="update 51 of total = 60"):
        from_torch(lrs.OneCycleLR(opt, 1.0, total_steps=50), 60)
    with pytest.raises(ValueError, match="must be a torch"):
        from_torch("cosine", 10)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="total must be"):
        from_torch(lrs.StepLR(opt, 3), 0)


OPTAX: dict[str, tuple[Any, int]] = {
    "warmup cosine": (optax.warmup_cosine_decay_schedule(0.0, 1e-3, 50, 500, 1e-4), 2),
    "linear": (optax.linear_schedule(1.0, 0.0, 300), 2),
    "polynomial": (optax.polynomial_schedule(1.0, 0.1, 2, 500), 1),
    "sgdr": (
        optax.sgdr_schedule(
            [{"init_value": 0.0, "peak_value": 1.0, "decay_steps": 250, "warmup_steps": 20, "end_value": 0.1}]
            * 2
        ),
        4,
    ),
    "exponential": (optax.exponential_decay(1.0, 100, 0.5), 1),
    "piecewise": (optax.piecewise_constant_schedule(1.0, {200: 0.1, 400: 0.1}), 3),
    "constant": (optax.constant_schedule(0.3), 1),
}


@pytest.mark.parametrize("name", OPTAX)
def test_optax_schedules_are_recognised_to_float32(name: str) -> None:
    schedule, phases = OPTAX[name]
    found = from_optax(schedule, 500)
    rates = np.array([float(schedule(t)) for t in range(0, 500, 7)])
    np.testing.assert_allclose(found.schedule(np.arange(0, 500, 7)), rates, rtol=0, atol=1e-6 * rates.max())
    assert len(found.schedule.phases) == phases
    assert found.recognised


def test_functions_that_jax_cannot_trace_and_numbers_are_schedules() -> None:
    found = from_optax(lambda t: 1.0 if t < 50 else 0.5, 100)
    assert [phase.steps for phase in found.schedule.phases] == [50, 50]
    assert from_optax(0.25, 10).schedule.array().tolist() == [0.25] * 10
    with pytest.raises(ValueError, match="must be a function"):
        from_optax("cosine", 10)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no rate for count 0"):
        from_optax(lambda t: None, 10)
    with pytest.raises(ValueError, match="rates must be"):
        from_optax(lambda t: -1.0 * jax.numpy.ones(()), 10)


KINDS: dict[str, tuple[dict[str, Any], int]] = {
    "linear": ({}, 2),
    "cosine": ({}, 2),
    "cosine_with_restarts": ({"num_cycles": 2}, 3),
    "polynomial": ({"power": 2.0}, 2),
    "constant": ({}, 1),
    "constant_with_warmup": ({}, 2),
    "inverse_sqrt": ({}, 2),
    "cosine_with_min_lr": ({"min_lr": 1e-5}, 2),
    "warmup_stable_decay": ({"num_decay_steps": 100}, 3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_trainer_arguments_give_what_the_trainer_would_use(kind: str, tmp_path: Any) -> None:
    more, phases = KINDS[kind]
    args = transformers.TrainingArguments(
        output_dir=str(tmp_path),
        lr_scheduler_type=kind,
        learning_rate=3e-4,
        warmup_steps=50,
        max_steps=450,
        lr_scheduler_kwargs=more,
        use_cpu=True,
    )
    opt = optimizer(3e-4)
    scheduler = transformers.get_scheduler(kind, opt, args.get_warmup_steps(450), 450, more)
    rates = stepped(scheduler, 450)
    found = from_transformers(args)
    np.testing.assert_allclose(found.schedule.array(), rates, rtol=0, atol=1e-9 * rates.max())
    assert len(found.schedule.phases) == phases
    plain = {
        "lr_scheduler_type": kind,
        "learning_rate": 3e-4,
        "warmup_steps": 50,
        "lr_scheduler_kwargs": more,
    }
    assert from_transformers(plain, 450).schedule == found.schedule


def test_a_warmup_may_be_a_share_and_bad_arguments_are_named() -> None:
    assert from_transformers({"warmup_ratio": 0.101, "max_steps": 100}).schedule.phases[0].steps == 11
    assert from_transformers({"warmup_steps": 0.2, "max_steps": 100}).schedule.phases[0].steps == 20
    bad: list[tuple[Any, str]] = [
        ({"warmup_step": 10, "max_steps": 100}, "no argument 'warmup_step'"),
        ({"learning_rate": 1e-3}, "total is needed"),
        ({"lr_scheduler_type": "zigzag", "max_steps": 10}, "transformers makes no schedule"),
        ({"lr_scheduler_type": "reduce_lr_on_plateau", "max_steps": 10}, "looks at the loss"),
        ({"lr_scheduler_kwargs": {"x": 1}, "max_steps": 10}, "transformers makes no schedule"),
        ({"learning_rate": -1, "max_steps": 10}, "learning_rate must be"),
        ("cosine", "args must be TrainingArguments"),
    ]
    for args, message in bad:
        with pytest.raises(ValueError, match=message):
            from_transformers(args)
