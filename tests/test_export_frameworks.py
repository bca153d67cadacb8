"""Exports that run: optax inside jit, Keras, the transformers Trainer and Lightning."""

from __future__ import annotations

import os
import sys
from functools import reduce
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import jax
import keras
import lightning
import numpy as np
import optax
import pytest
import torch
import transformers
from export_cases import SHORT, millions, phase, some_steps

import workbench as wb
from workbench import Schedule, export
from workbench.export import float32

EPS = float(np.finfo(np.float32).eps)
NEAR = 6 * EPS
"""float32's rounding: u, two shapes and two products have each their half unit."""

LONG = millions()

EVERYTHING = reduce(Schedule.then, SHORT.values())
"""All of them one after the other, so that one compilation holds every shape."""

STOPS = np.cumsum([len(schedule) for schedule in SHORT.values()])


def close(found: Any, expected: np.ndarray, peak: float | None = None) -> None:
    assert np.asarray(found).dtype == np.float32
    atol = NEAR * (expected.max() if peak is None else peak)
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=0, atol=atol)


def all_close(rates: Any) -> None:
    """Rates of all steps of EVERYTHING: near for each part's own peak."""
    assert len(rates) == len(EVERYTHING)
    for schedule, found in zip(SHORT.values(), np.split(rates, STOPS[:-1]), strict=True):
        close(found, schedule.array())


# In float32


@pytest.mark.parametrize("name", SHORT)
def test_float32_has_the_rates(name: str) -> None:
    steps = np.arange(len(SHORT[name]) + 3)
    close(float32.function(SHORT[name], np)(steps), SHORT[name](steps))


def test_float32_has_the_rates_of_a_million_steps() -> None:
    for schedule in LONG.values():
        edge = np.arange(2000)
        steps = np.unique([*edge, *some_steps(schedule), *(len(schedule) - 1 - edge)])
        close(float32.function(schedule, np)(steps), schedule(steps), schedule.peak)


def test_float32_is_as_near_at_sharp_bends() -> None:
    sharp = [("power", {"p": 40.0}), ("inverse_power", {"alpha": 1e6, "p": 0.5}), ("exp", {"ratio": 1e-9})]
    for shape, args in [*sharp, ("exp", {"ratio": 1e9}), ("damped_cosine", {"waves": 50, "damping": 1.0})]:
        schedule = phase(shape, 1e-3, 0.0, 1_000_000, **args)
        steps = some_steps(schedule)
        close(float32.function(schedule, np)(steps), schedule(steps))


@pytest.mark.parametrize("name", ["cosine", "linear", "wsd", "one_cycle", "rex", "square", "mirror_cosine"])
def test_float32_keeps_its_digits_where_a_million_steps_land(name: str) -> None:
    # Of the landing float64's own formula has lost ten digits: here it is summed from the end.
    schedule = LONG[name]
    last = schedule.phases[-1]
    if last.steps == 1:
        last = schedule.phases[-2]
    closed = {
        "linear": lambda v: v,
        "cosine": lambda v: np.sin(np.pi * v / 2) ** 2,
        "sqrt": lambda v: v / (1 + np.sqrt(1 - v)),
        "rex": lambda v: v / (0.1 + 0.9 * v),
        "square": lambda v: v * (2 - v),
        "mirror_cosine": lambda v: 2 * v - np.sin(np.pi * v / 2) ** 2,
    }
    left = np.arange(1, 1000)
    stop = next(
        span.stop for span, each in zip(schedule.spans(), schedule.phases, strict=True) if each is last
    )
    expected = last.end + (last.start - last.end) * closed[last.shape](left / last.span)
    found = np.asarray(float32.function(schedule, np)(stop - left), float)
    np.testing.assert_allclose(found, expected, rtol=NEAR)


# optax


def test_optax_is_traced_and_has_the_rates() -> None:
    steps = np.arange(len(EVERYTHING))
    all_close(np.asarray(jax.jit(export.optax(EVERYTHING))(steps)))


def test_optax_has_the_rates_of_a_million_steps() -> None:
    for name in ("wsd", "cosine", "product"):
        steps = np.unique([*some_steps(LONG[name]), *(len(LONG[name]) - 1 - np.arange(2000))])
        close(jax.jit(export.optax(LONG[name]))(steps), LONG[name](steps))


def test_optax_holds_no_table_of_formulas() -> None:
    for name in ("cosine", "wsd", "exp_fall", "product"):
        traced = jax.make_jaxpr(export.optax(LONG[name]))(np.int32(3))
        assert sum(np.size(const) for const in traced.consts) < 100, name


def test_optax_takes_one_count_or_many() -> None:
    schedule = SHORT["wsd"]
    rate = export.optax(schedule)
    one, many = jax.jit(rate)(np.int32(7)), jax.jit(jax.vmap(rate))(np.arange(10).reshape(2, 5))
    assert one.shape == () and many.shape == (2, 5)
    close(many, schedule(np.arange(10).reshape(2, 5)))
    assert float(one) == float(many[1, 2])


def test_an_optax_optimizer_follows_the_schedule() -> None:
    schedule = SHORT["product"]
    optimizer = optax.sgd(export.optax(schedule))
    weight = np.zeros(1, np.float32)
    state = optimizer.init(weight)
    update = jax.jit(lambda state: optimizer.update(np.ones(1, np.float32), state))
    found = []
    for _ in range(50):
        change, state = update(state)
        found.append(-change[0])
    close(np.array(found), schedule(np.arange(50)))


def test_optax_code_runs() -> None:
    space: dict[str, Any] = {}
    exec(export.code(SHORT["points cut"], to="optax"), space)
    assert space["schedule"] == SHORT["points cut"]
    close(space["learning_rate"](np.arange(50)), SHORT["points cut"](np.arange(50)))
    assert isinstance(space["optimizer"], optax.GradientTransformation)


# Keras


def test_keras_has_the_rates() -> None:
    steps = keras.ops.convert_to_tensor(np.arange(len(EVERYTHING)))
    all_close(keras.ops.convert_to_numpy(export.keras(EVERYTHING)(steps)))


def model() -> Any:
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(export.keras(SHORT["wsd"])), "mse")
    return made


def test_keras_trains_on_it_and_loads_it_again(tmp_path: Path) -> None:
    class Rates(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            found.append(float(self.model.optimizer.learning_rate))

    found: list[float] = []
    data = np.ones((24, 2), np.float32), np.ones((24, 1), np.float32)
    first = model()
    first.fit(*data, batch_size=2, epochs=1, verbose=0, callbacks=[Rates()])
    first.save(tmp_path / "half.keras")
    again = keras.models.load_model(tmp_path / "half.keras")
    again.fit(*data, batch_size=2, epochs=1, verbose=0, callbacks=[Rates()])
    close(np.array(found, np.float32), SHORT["wsd"](np.arange(24)))


@pytest.mark.parametrize("name", ["wsd", "points", "product", "formula cut"])
def test_keras_serialises_it(name: str) -> None:
    made = export.keras(SHORT[name])
    assert type(made).from_config(made.get_config()).schedule == SHORT[name]
    saved = keras.optimizers.schedules.serialize(made)
    assert keras.saving.deserialize_keras_object(saved).schedule == SHORT[name]


def test_keras_code_runs() -> None:
    space: dict[str, Any] = {}
    exec(export.code(SHORT["rex cut"], to="keras"), space)
    assert space["optimizer"].learning_rate == pytest.approx(SHORT["rex cut"](0), rel=1e-6)


# transformers


class Line(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.line = torch.nn.Linear(2, 1)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": (self.line(x) - labels).square().mean()}


class Watch(transformers.TrainerCallback):
    """Notes the rate of every update before it is made."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.rates.append(kwargs["optimizer"].param_groups[0]["lr"])


def trained(kind: Any, folder: Path, resume: str | None = None, **options: Any) -> tuple[list[float], Any]:
    torch.manual_seed(0)
    watch, rows = Watch(), [{"x": torch.ones(2), "labels": torch.ones(1)}] * 4
    given = {"per_device_train_batch_size": 2, "report_to": "none", "use_cpu": True, "disable_tqdm": True}
    arguments = transformers.TrainingArguments(str(folder), **given, **options)
    trainer = kind(model=Line(), args=arguments, train_dataset=rows, callbacks=[watch])
    trainer.train(resume_from_checkpoint=resume)
    return watch.rates, trainer.model.state_dict()


EXPRESSED = {
    "constant": wb.schedules.constant(total=12),
    "constant_with_warmup": wb.schedules.constant(total=12, warmup=0.25),
    "linear": wb.schedules.linear(total=12, warmup=0.25),
    "cosine": wb.schedules.cosine(total=12, warmup=0.25, floor=0.0),
    "cosine_with_min_lr": wb.schedules.cosine(total=12, warmup=0.25, floor=0.1),
    "cosine set too long": wb.schedules.cosine(total=20, warmup=0.2).until(12),
    "polynomial": wb.schedules.linear(total=12, warmup=0.25, floor=0.2),
    "power": phase("power", 1e-3, 1e-4, 12, p=2.0),
    "inverse_sqrt": wb.schedules.inverse_sqrt(total=12, warmup=0.25),
    "inverse_sqrt with its own timescale": wb.ramp(3, 0, 1e-3).then(
        wb.ramp(9, 1e-3, 1e-3 / 2, "inverse_power", alpha=3.0, p=0.5)
    ),
    "warmup_stable_decay": wb.schedules.wsd(total=12, warmup=0.25, decay=0.5),
    "warmup_stable_decay from its floor": wb.ramp(3, 1e-4, 1e-3, "cosine")
    .then(wb.hold(4, 1e-3))
    .then(wb.ramp(5, 1e-3, 1e-4)),
    "1-sqrt warmup": wb.ramp(3, 0, 1e-3, "power", p=0.5).then(wb.ramp(9, 1e-3, 0, "sqrt")),
}


@pytest.mark.parametrize("name", EXPRESSED)
def test_arguments_give_the_rates_of_transformers_own_schedules(name: str) -> None:
    schedule = EXPRESSED[name]
    space: dict[str, Any] = {}
    text = export.code(schedule, to="transformers").replace('"out"', '"out", report_to="none", use_cpu=True')
    exec(text, space)
    arguments = space["arguments"]
    assert (arguments.max_steps, arguments.learning_rate) == (12, schedule.peak)
    opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=arguments.learning_rate)
    scheduler = transformers.get_scheduler(
        arguments.lr_scheduler_type,
        opt,
        arguments.get_warmup_steps(arguments.max_steps),
        arguments.max_steps,
        arguments.lr_scheduler_kwargs,
    )
    found = []
    for _ in range(12):
        found.append(opt.param_groups[0]["lr"])
        opt.step()
        scheduler.step()
    np.testing.assert_allclose(found, schedule.array(), rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", ["wsd", "linear", "cosine", "inverse_sqrt", "constant"])
def test_arguments_express_long_runs(name: str) -> None:
    schedule = LONG[name]
    given = export.transformers_arguments(schedule)
    opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=given["learning_rate"])
    kind, more = given["lr_scheduler_type"], given.get("lr_scheduler_kwargs")
    factor = transformers.get_scheduler(
        kind, opt, given["warmup_steps"], given["max_steps"], more
    ).lr_lambdas[0]
    steps = some_steps(schedule)
    steps = steps[steps < len(schedule)]
    found = [given["learning_rate"] * factor(step) for step in steps.tolist()]
    np.testing.assert_allclose(found, schedule(steps), rtol=0, atol=1e-12 * schedule.peak)


def test_a_trainer_follows_the_arguments(tmp_path: Path) -> None:
    schedule = EXPRESSED["cosine_with_min_lr"]
    given = export.transformers_arguments(schedule)
    found, _ = trained(transformers.Trainer, tmp_path, save_strategy="no", **given)
    np.testing.assert_allclose(found, schedule.array(), rtol=1e-14)


def test_a_schedule_trainer_goes_on_from_its_checkpoint_to_the_last_bit(tmp_path: Path) -> None:
    schedule = SHORT["points"].stretch(12)
    kind = export.transformers_trainer(schedule)
    options = {"max_steps": 12, "save_steps": 5, "learning_rate": 7.0, "weight_decay": 0.1}
    whole, end = trained(kind, tmp_path / "whole", **options)
    assert whole == [schedule(t) for t in range(12)]
    rest, again = trained(kind, tmp_path / "rest", resume=str(tmp_path / "whole" / "checkpoint-5"), **options)
    assert rest == whole[5:]
    assert all(torch.equal(end[key], again[key]) for key in end)


def test_trainer_code_says_why_and_runs(tmp_path: Path) -> None:
    schedule = SHORT["sampled cut"]
    text = export.code(schedule, to="transformers")
    assert "cannot express the phase 'points'" in text
    space: dict[str, Any] = {}
    exec(text.replace('"out"', f'"{tmp_path}", report_to="none", use_cpu=True'), space)
    assert issubclass(space["ScheduleTrainer"], transformers.Trainer)
    trainer = space["ScheduleTrainer"](model=Line(), args=space["arguments"])
    trainer.create_optimizer_and_scheduler(len(schedule))
    assert trainer.lr_scheduler.get_last_lr()[0] == schedule(0)


REFUSED = {
    "begin at 0, not at 1e-05": wb.ramp(5, 1e-5, 1e-3).then(wb.ramp(9, 1e-3, 0)),
    "last to the end of the run": SHORT["one_cycle"],
    "lifts the warmup too": wb.schedules.wsd(total=50, warmup=0.2, floor=0.1),
    "it is cut": wb.schedules.linear(total=50).until(40),
    "not square": wb.ramp(9, 0, 1e-3, "square").then(wb.ramp(9, 1e-3, 0)),
    "this one is square": wb.hold(5, 1e-3).then(wb.ramp(9, 1e-3, 0, "square")),
    "1-sqrt (p = 0.5) only": wb.ramp(9, 0, 1e-3, "power", p=0.7).then(wb.ramp(9, 1e-3, 0)),
    "no floor of its own": wb.ramp(9, 1e-3, 1e-5, "inverse_power", alpha=3.0, p=0.5),
}


@pytest.mark.parametrize("why", REFUSED)
def test_arguments_are_refused_with_the_phase_and_the_reason(why: str) -> None:
    with pytest.raises(export.CannotExport, match="transformers cannot express the phase '") as error:
        export.transformers_arguments(REFUSED[why])
    assert why in str(error.value)


# Lightning


class Module(lightning.LightningModule):
    def __init__(self, configure: Any):
        super().__init__()
        self.line, self.rates = torch.nn.Linear(2, 1), []
        self.configure = configure

    def configure_optimizers(self) -> Any:
        return self.configure(self)

    def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
        self.rates.append(self.optimizers().param_groups[0]["lr"])
        return self.line(batch).square().mean()


def lit(module: Module, steps: int, checkpoint: Path | None = None) -> lightning.Trainer:
    off = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = lightning.Trainer(max_steps=steps, accelerator="cpu", enable_model_summary=False, **off)
    data = torch.utils.data.DataLoader(torch.ones(10, 2), batch_size=2)
    trainer.fit(module, data, ckpt_path=str(checkpoint) if checkpoint else None, weights_only=True)
    return trainer


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_lightning_steps_at_every_update_and_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    schedule: Schedule = SHORT["product"]

    def configure(module: Module) -> Any:
        return export.lightning(torch.optim.SGD(module.parameters(), lr=5.0), schedule)

    first, again = Module(configure), Module(configure)
    trainer = lit(first, 7)
    trainer.save_checkpoint(tmp_path / "seven.ckpt")
    assert first.rates == [schedule(t) for t in range(7)]
    lit(again, 12, tmp_path / "seven.ckpt")
    assert again.rates == [schedule(t) for t in range(7, 12)]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["wsd", "points"])
def test_lightning_code_is_a_method(name: str) -> None:
    space: dict[str, Any] = {}
    exec(export.code(SHORT[name], to="lightning"), space)
    module = Module(space["configure_optimizers"])
    lit(module, 6)
    assert module.rates == [SHORT[name](t) for t in range(6)]


# Without the libraries


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("torch", "PyTorch: pip install torch"),
        ("optax", "JAX: pip install optax"),
        ("keras", "Keras 3: pip install keras"),
        ("transformers_trainer", "it: pip install transformers"),
    ],
)
def test_a_missing_library_is_named(call: str, names: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch.optim.lr_scheduler", "jax", "keras", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    export.keras_class.cache_clear()
    opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    given = (opt, SHORT["wsd"]) if call == "torch" else (SHORT["wsd"],)
    with pytest.raises(ImportError, match=f"needs {names}"):
        getattr(export, call)(*given)
    assert opt.param_groups[0]["lr"] == 0.1
