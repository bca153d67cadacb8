"""Lanes, forks and chunks: what is trained together is what would have been trained apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import Toy, trained

import workbench as wb
from workbench import train
from workbench.curve import Run
from workbench.train.device import peak
from workbench.train.optimizers import SGD, AdamW

OPTIMIZERS = [
    SGD(),
    SGD(momentum=0.9, weight_decay=0.01, clip=1.0),
    SGD(momentum=0.5, nesterov=True),
    AdamW(),
    AdamW(beta1=0.8, beta2=0.9, weight_decay=0.0, clip=0.5),
]
each_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda each: type(each).__name__)


def fan(total: int = 60, peak: float = 0.05) -> list[wb.Schedule]:
    """Schedules that part at different steps, and one that never agrees."""
    return [
        *(wb.schedules.wsd(total, peak, warmup=0.1, decay=decay) for decay in (0.2, 0.4, 0.6)),
        wb.schedules.wsd(total, peak, warmup=0.1, decay=0.2, shape="sqrt"),
        wb.schedules.constant(total, peak, warmup=0.1).until(total // 2),
        wb.schedules.cosine(total, peak, warmup=0.1),
    ]


def same(a: Run, b: Run, rtol: float = 0.0) -> None:
    """The same curves: to the last bit, or to rounding where lanes are batched together."""
    assert a.parts.keys() == b.parts.keys()
    for one, other in [(a.curve, b.curve), *((a.parts[name], b.parts[name]) for name in a.parts)]:
        np.testing.assert_array_equal(one.step, other.step)
        np.testing.assert_allclose(one.loss, other.loss, rtol=rtol)


@each_optimizer
@pytest.mark.parametrize(
    ("together", "rtol"), [({"deterministic": True, "at_once": 1}, 0.0), ({}, 1e-11), ({"at_once": 2}, 1e-11)]
)
def test_a_forked_tree_is_separate_runs(optimizer: Any, together: dict[str, Any], rtol: float) -> None:
    toy = Toy(optimizer=optimizer)
    runs = trained(toy, fan(), seed=[0, 1], **together)
    for i, schedule in enumerate(fan()):
        for j in (0, 1):
            (alone,) = trained(toy, [schedule], seed=j, at_once=1)
            same(runs[2 * i + j], alone, rtol)


@settings(max_examples=12)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=4), st.integers(1, 3))
def test_lanes_that_part_anywhere_are_separate_runs(parts: list[int], at_once: int) -> None:
    toy = Toy(optimizer=AdamW())
    schedules = [wb.hold(k, 0.05).then(wb.hold(35 - k, 0.02)) for k in parts]
    for run, schedule in zip(trained(toy, schedules, at_once=at_once), schedules, strict=True):
        same(run, trained(toy, [schedule])[0], 0.0 if at_once == 1 else 1e-11)


@each_optimizer
def test_float32_lanes_are_separate_runs_to_rounding(optimizer: Any) -> None:
    toy = Toy(optimizer=optimizer, dtype=torch.float32)
    for run, schedule in zip(trained(toy, fan()), fan(), strict=True):
        (alone,) = trained(toy, [schedule])
        np.testing.assert_allclose(run.curve.loss, alone.curve.loss, rtol=0, atol=1e-5)


def test_where_a_slice_of_time_ends_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = Toy(optimizer=AdamW())
    whole = trained(toy, fan())
    monkeypatch.setattr(train.training, "SLICE", 0.0)
    for a, b in zip(whole, trained(toy, fan()), strict=True):
        same(a, b)


@pytest.mark.parametrize(("at_once", "rtol"), [(1, 0.0), (64, 1e-11)])
def test_a_lane_that_diverges_is_frozen_and_the_others_do_not_notice(at_once: int, rtol: float) -> None:
    toy = Toy()
    wild = wb.hold(20, 0.05).then(wb.hold(40, 1e12))
    calm = fan()
    runs = trained(toy, [*calm, wild], at_once=at_once)
    assert runs[-1].facts["status"] == "diverged"
    assert runs[-1].facts["updates"] < 60 and np.isfinite(runs[-1].curve.loss).all()
    for run, alone in zip(runs, trained(toy, calm, at_once=at_once), strict=False):
        assert run.facts["status"] == "finished"
        same(run, alone, rtol)


def test_a_diverged_trunk_ends_every_lane_that_would_have_come_of_it() -> None:
    trunk = wb.hold(30, 1e12)
    runs = trained(Toy(), [trunk.then(wb.hold(10, rate)) for rate in (0.1, 0.2)])
    assert [run.facts["status"] for run in runs] == ["diverged", "diverged"]
    assert runs[0].facts["updates"] == runs[1].facts["updates"] <= 30


def test_too_little_memory_halves_the_lanes_and_goes_on() -> None:
    schedules = [wb.hold(20, 0.01 * (1 + i)) for i in range(7)]
    tight, roomy = Toy(memory=2, optimizer=AdamW()), Toy(optimizer=AdamW())
    for a, b in zip(trained(tight, schedules), trained(roomy, schedules), strict=True):
        same(a, b, 1e-11)
    with pytest.raises(
        ValueError, match="one lane of 40 parameters and 16 tokens per update is too much for cpu"
    ):
        trained(Toy(memory=0), schedules)


def test_memory_that_runs_out_on_the_way_costs_no_point_and_no_update() -> None:
    """It is found by the larger batches of the plan, in the middle of a slice."""

    class Tight(Toy):
        def gradients(self, rows: Any, batch: Any, out: Any) -> Any:
            if len(rows) * batch.shape[1] > 40:
                raise RuntimeError(
                    "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
                )
            return super().gradients(rows, batch, out)

    sizes = wb.ramp(30, 4, 24)
    plans = [wb.Plan(wb.hold(30, 0.01 * (1 + i)), batch_size=sizes) for i in range(5)]
    optimizer = AdamW()
    tight, roomy = trained(Tight(optimizer=optimizer), plans), trained(Toy(optimizer=optimizer), plans)
    for a, b in zip(tight, roomy, strict=True):
        same(a, b, 1e-11)


def test_too_little_memory_for_the_state_of_all_lanes_halves_them_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = AdamW.open

    def short(self: Any, layout: Any, rows: Any, kept: Any = None) -> Any:
        if len(rows) > 2:
            raise torch.OutOfMemoryError("as a device says it")
        return opened(self, layout, rows, kept)

    toy, schedules = Toy(optimizer=AdamW()), [wb.hold(20, 0.01 * (1 + i)) for i in range(7)]
    roomy = trained(toy, schedules)
    monkeypatch.setattr(AdamW, "open", short)
    for a, b in zip(trained(toy, schedules), roomy, strict=True):
        same(a, b, 1e-11)


def test_too_little_memory_to_measure_gives_a_sentence_and_no_second_update() -> None:
    class Tight(Toy):
        def measure(self, rows: Any) -> Any:
            raise torch.OutOfMemoryError("as a device says it")

    with pytest.raises(
        ValueError, match="cpu has too little memory to measure 2 lanes at once; give a smaller"
    ):
        trained(Tight(), [wb.hold(5, 0.1), wb.hold(5, 0.2)])


def test_other_errors_of_a_task_are_its_own() -> None:
    class Broken(Toy):
        def gradients(self, *given: Any) -> Any:
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        trained(Broken(), [wb.hold(5, 0.1)])


def test_a_plan_moves_every_quantity_of_every_lane() -> None:
    toy = Toy(optimizer=AdamW(weight_decay=0.0))
    rate = wb.hold(30, 0.02)
    plans = [
        wb.Plan(rate, momentum=wb.hold(30, beta1), weight_decay=wb.hold(30, decay), beta2=wb.hold(30, beta2))
        for beta1, beta2, decay in ((0.9, 0.95, 0.0), (0.5, 0.95, 0.0), (0.9, 0.6, 0.0), (0.9, 0.95, 1.0))
    ]
    runs = trained(toy, [*plans, rate])
    for run, plan in zip(runs[:4], plans, strict=True):
        alone = AdamW(plan["momentum"](0), plan["beta2"](0), weight_decay=plan["weight_decay"](0))
        np.testing.assert_allclose(
            run.curve.loss, trained(Toy(optimizer=alone), [rate])[0].curve.loss, rtol=1e-12
        )
        assert run.facts["plan"] == plan.to_dict()
    same(runs[4], runs[0], 1e-11)
    assert len({run.final_loss for run in runs[:4]}) == 4


def test_batch_sizes_of_a_plan_are_what_is_drawn() -> None:
    seen: list[int] = []

    class Watched(Toy):
        def batch(self, step: int, seeds: Any, size: int | None = None) -> torch.Tensor:
            seen.append(-1 if size is None else size)
            return super().batch(step, seeds, size)

    sizes = wb.ramp(10, 4, 24)
    trained(
        Watched(),
        [wb.Plan(wb.hold(10, 0.01), batch_size=sizes), wb.Plan(wb.hold(10, 0.02), batch_size=sizes)],
    )
    assert seen == sizes.array().round().tolist()


def test_lanes_are_ordered_by_schedule_and_then_by_seed() -> None:
    runs = trained(Toy(), [wb.hold(5, 0.1), wb.hold(5, 0.2)], seed=[4, 2, 9])
    assert [run.facts["seed"] for run in runs] == [4, 2, 9, 4, 2, 9]
    assert [run.schedule(0) for run in runs] == [0.1] * 3 + [0.2] * 3


def test_facts_say_what_was_done_with_what() -> None:
    (run,) = trained(Toy(optimizer=AdamW(clip=1.0)), [wb.hold(25, 0.01)])
    facts = run.facts
    assert facts["tokens"] == 25 * 16 and facts["n_params"] == 40 and facts["updates"] == 25
    assert facts["optimizer"] == {"name": "AdamW", **vars(AdamW(clip=1.0))}
    assert facts["workbench"] == wb.__version__ and facts["torch"] == torch.__version__
    assert facts["seconds"] > 0 and facts["tokens_per_second"] > 0 and facts["peak_memory_bytes"] > 2**20
    assert facts["deterministic"] is False and facts["device"] == "cpu"


def test_facts_count_the_samples_that_a_plan_sets() -> None:
    class Counted(Toy):
        flops = 160.0

    rate, sizes = wb.hold(10, 0.01), wb.ramp(10, 4, 24)
    (run,) = trained(Counted(), [wb.Plan(rate, batch_size=sizes)])
    samples = int(sizes.array().round().sum())
    assert run.facts["tokens"] == samples and run.facts["flops"] == pytest.approx(10.0 * samples)
    assert run.facts["tokens_per_second"] == pytest.approx(samples / run.facts["seconds"])


def test_utilisation_is_of_the_measured_peak() -> None:
    class Counted(Toy):
        flops = 1e4

    runs = trained(Counted(), [wb.hold(25, 0.01), wb.hold(25, 0.02)])
    for run in runs:
        assert run.facts["flops_per_second"] == pytest.approx(25e4 / run.facts["seconds"])
        used = run.facts["flops_per_second"] / peak(torch.device("cpu"))
        assert run.facts["flops_utilisation"] == pytest.approx(used)
    assert runs[0].facts["seconds"] == pytest.approx(runs[1].facts["seconds"])
    assert "flops_utilisation" not in trained(Toy(), [wb.hold(3, 0.01)])[0].facts


def test_what_is_certain_after_the_first_update_only_is_told_as_it_was() -> None:
    class Late(Toy):
        def gradients(self, *given: Any) -> Any:
            self.facts["compiled"] = "no: it failed"
            return super().gradients(*given)

    (run,) = trained(Late(facts={"compiled": "yes"}), [wb.hold(3, 0.01)])
    assert run.facts["compiled"] == "no: it failed"


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "many"])
def test_no_lanes_at_once_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="at_once must be"):
        train.events(train.tasks.quadratic(), [wb.hold(3, 0.1)], at_once=wrong)


def test_deterministic_mode_is_left_as_it_was_found() -> None:
    before = torch.are_deterministic_algorithms_enabled()
    for _ in train.events(train.tasks.quadratic(), [wb.hold(300, 0.1)], deterministic=True):
        assert torch.are_deterministic_algorithms_enabled() is before


def test_a_sparse_gradient_is_a_gradient_to_every_optimizer() -> None:
    task = train.tasks.bigram(contexts=12, vocab=6, measurements=5)
    rates = wb.hold(20, 1.0)
    (plain,) = train.train(task, [rates], optimizer=SGD())
    (still,) = train.train(task, [wb.Plan(rates, momentum=wb.hold(20, 0.0))], optimizer=SGD())
    np.testing.assert_allclose(still.curve.loss, plain.curve.loss, rtol=1e-12)
    (fast,) = train.train(task, [rates], optimizer=SGD(momentum=0.9))
    (planned,) = train.train(task, [wb.Plan(rates, momentum=wb.hold(20, 0.9))])
    np.testing.assert_allclose(planned.curve.loss, fast.curve.loss, rtol=1e-12)
    assert fast.final_loss < plain.final_loss - 0.01
    assert train.train(task, [rates], optimizer=AdamW())[0].facts["status"] == "finished"
