"""The engine: events, lanes, stopping, divergence, bad arguments."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

import workbench as wb
from workbench import train
from workbench.curve import Run
from workbench.params import Text
from workbench.train.task import marks

QUICK = {
    "quadratic": train.tasks.quadratic(modes=5, measurements=30),
    "power_law": train.tasks.power_law(measurements=30),
    "valley": train.tasks.valley(measurements=30),
    "convex": train.tasks.convex(measurements=30),
    "bigram": train.tasks.bigram(contexts=20, vocab=8, measurements=30),
    "bigram_transformer": train.tasks.bigram_transformer(measurements=5),
    "mlp": train.tasks.mlp(measurements=5),
    "gpt": train.tasks.gpt(context=16, batch=4, measurements=5),
}
GPT = QUICK["gpt"]
each_task = pytest.mark.parametrize("task", QUICK.values(), ids=QUICK)


def rates(task: Any, total: int = 40) -> wb.Schedule:
    return wb.schedules.wsd(total=total, peak=task.suggested_peak, warmup=0.1)


def same(a: Run, b: Run, within: float = 0.0) -> bool:
    """The same curves: to the last bit, or to `within` nats where lanes are batched together."""
    pairs = [(a.curve, b.curve), *((a.parts[name], b.parts[name]) for name in a.parts)]
    return a.parts.keys() == b.parts.keys() and all(
        np.array_equal(x.step, y.step) and np.allclose(x.loss, y.loss, rtol=within, atol=within)
        for x, y in pairs
    )


def test_every_task_is_tried_here() -> None:
    assert set(QUICK) == set(train.tasks.names())


@each_task
def test_same_seed_gives_the_same_bits_and_another_seed_does_not(task: Any) -> None:
    s = rates(task)
    (a,), (b,), (c,) = (train.train(task, [s], seed=seed, device="cpu") for seed in (3, 3, 4))
    # The convex toy is one problem, without anything random.
    assert same(a, b) and same(a, c) == (type(task).__name__ == "convex")


@each_task
def test_a_lane_does_not_depend_on_the_others(task: Any) -> None:
    s, longer = rates(task), rates(task, 60)
    alone = [train.train(task, [x], device="cpu")[0] for x in (s, longer)]
    lanes = [wb.hold(7, 1e-4), s, 0.5 * s, longer]
    together = train.train(task, lanes, device="cpu", deterministic=True)
    assert same(alone[0], together[1]) and same(alone[1], together[3])
    batched = train.train(task, lanes, device="cpu", at_once=4)
    assert same(alone[0], batched[1], 1e-5) and same(alone[1], batched[3], 1e-5)


@each_task
@pytest.mark.parametrize(
    "optimizer", [train.optimizers.SGD(), train.optimizers.AdamW()], ids=["SGD", "AdamW"]
)
def test_a_forked_tree_is_separate_runs_to_the_bit(task: Any, optimizer: Any) -> None:
    peak = task.suggested_peak if type(optimizer) is type(task.optimizer) else 1e-3
    fan = [wb.schedules.wsd(24, peak, warmup=0.1, decay=decay) for decay in (0.25, 0.5)]
    forked = train.train(task, fan, seed=[0, 1], device="cpu", optimizer=optimizer, deterministic=True)
    apart = [
        train.train(task, [s], seed=j, device="cpu", optimizer=optimizer)[0] for s in fan for j in (0, 1)
    ]
    assert all(same(a, b) for a, b in zip(forked, apart, strict=True))
    batched = train.train(task, fan, seed=[0, 1], device="cpu", optimizer=optimizer, at_once=4)
    assert all(same(a, b, 1e-5) for a, b in zip(batched, apart, strict=True))


@each_task
def test_a_run_is_complete(task: Any) -> None:
    (run,) = train.train(task, [rates(task)], seed=5, device="cpu")
    assert run.curve.step[-1] == 39 and np.isfinite(run.curve.loss).all()
    assert run.facts["status"] == "finished" and run.facts["updates"] == 40
    assert run.facts["seed"] == 5 and run.facts["device"] == "cpu" and run.facts["n_params"] > 0
    assert train.tasks.build(run.task) == task
    assert run.schedule == rates(task)


def test_the_lane_behind_goes_next_and_lanes_end_at_their_own_time() -> None:
    task = train.tasks.gpt(context=32, batch=32, measurements=3)
    totals = (60, 30)
    done = {0: 0, 1: 0}
    ended = []
    # Two rates, so that nothing is shared.
    schedules = [wb.hold(total, 1e-3 + total * 1e-5) for total in totals]
    for event in train.events(task, schedules, device="cpu", at_once=1):
        assert done[event.lane] == min(done.values()) and event.step > done[event.lane]
        assert event.total == totals[event.lane]
        done[event.lane] = event.step
        if event.status == "finished":
            ended.append((event.lane, done.pop(event.lane)))
    assert sorted(ended) == [(0, 60), (1, 30)] and not done


def test_events_hold_only_what_is_new_and_the_recorder_joins_them() -> None:
    task = train.tasks.gpt(context=32, batch=16, measurements=10)
    s = wb.hold(40, 1e-3)
    recorder = train.Recorder(task, [s], 0)
    events = list(train.events(task, [s], device="cpu"))
    seen: list[float] = []
    for event in events:
        recorder.add(event)
        seen += event.curves["train"].step.tolist()
    assert seen == list(range(40))
    (run,) = recorder.runs()
    assert run.parts["train"].step.tolist() == seen
    assert [event.status for event in events] == ["running"] * (len(events) - 1) + ["finished"]


def test_events_are_no_more_than_about_ten_a_second() -> None:
    task = train.tasks.gpt(context=32, batch=8, measurements=3)
    begin = time.perf_counter()
    events = list(train.events(task, [wb.hold(100, 1e-3), wb.hold(100, 2e-3)], device="cpu"))
    running = sum(event.status == "running" for event in events)
    assert running <= 10 * (time.perf_counter() - begin) + 1


def test_closing_between_events_keeps_what_was_measured() -> None:
    task = train.tasks.gpt(context=32, batch=16)
    s = [wb.hold(100_000, rate) for rate in (1e-3, 2e-3, 3e-3)]
    recorder = train.Recorder(task, s, 7)
    progress = train.events(task, s, seed=7, device="cpu", at_once=1)
    recorder.add(next(progress))
    recorder.add(next(progress))
    progress.close()
    assert list(progress) == []
    runs = recorder.runs()
    assert [run.facts["status"] for run in runs] == ["stopped"] * 3
    assert len(runs[0].curve) and len(runs[1].curve) and len(runs[2].curve) == 0
    assert runs[2].facts["updates"] == 0


def test_a_diverging_lane_ends_marked_and_leaves_the_others_alone() -> None:
    task = train.tasks.gpt(context=16, batch=4, measurements=20)
    wild, calm = wb.schedules.wsd(total=200, peak=1e3, warmup=0.1), rates(task)
    runs = train.train(task, [wild, calm], device="cpu")
    assert [run.facts["status"] for run in runs] == ["diverged", "finished"]
    assert runs[0].facts["updates"] < 200
    assert len(runs[0].curve) > 0 and np.isfinite(runs[0].curve.loss).all()
    assert same(runs[1], train.train(task, [calm], device="cpu")[0], 1e-5)


@pytest.mark.filterwarnings("error")
def test_a_rate_beyond_stability_diverges_without_warnings() -> None:
    (run,) = train.train(train.tasks.quadratic(), [wb.hold(5_000, 2.5)])
    assert run.facts["status"] == "diverged"
    assert np.all(np.isfinite(run.curve.loss)) and np.all(run.curve.loss[:-1] <= 1e6)
    assert run.curve.loss[-1] > 1e3


def test_a_training_that_diverges_at_once_has_its_curve_up_to_there() -> None:
    (run,) = train.train(train.tasks.gpt(), [wb.schedules.constant(300, 1e3)], device="cpu")
    assert run.facts["status"] == "diverged" and run.facts["updates"] < 20
    assert len(run.curve) > 0 and np.all(np.isfinite(run.curve.loss))
    assert run.curve.loss[-1] > run.parts["train"].loss[0] + 10


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schedules": []}, "schedules must be a list"),
        ({"schedules": wb.hold(3, 1.0)}, "schedules must be a list"),
        ({"schedules": None}, "schedules must be a list"),
        ({"schedules": [wb.hold(3, 1.0), "cosine"]}, "got 'cosine'"),
        ({"task": "gpt"}, "task must be one of"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 1.5}, "seed must be"),
        ({"seed": True}, "seed must be"),
        ({"optimizer": "adam"}, "optimizer must be one of"),
        ({"optimizer": train.optimizers.AdamW}, "optimizer must be one of"),
        ({"probes": train.probes.Updates()}, "probes must be several of"),
        ({"probes": [train.probes.Updates(), "norm"]}, "got 'norm'"),
        ({"probes": "norm"}, "probes must be several of"),
        ({"schedules": [wb.Plan(wb.hold(3, 1.0), beta2=wb.hold(3, 0.9))]}, "SGD has no beta2"),
        ({"device": "tpu"}, "device must be one of auto, cpu"),
        ({"device": None}, "device must be one of auto, cpu"),
        ({"device": "cpu:0"}, "device must be one of auto, cpu"),
        ({"device": "mps"}, "device must be one of auto, cpu"),
        ({"device": "cuda:99", "task": GPT}, "torch sees"),
    ],
)
def test_a_bad_argument_gives_one_sentence_at_the_call(change: dict[str, Any], sentence: str) -> None:
    given = {
        "task": QUICK["quadratic"],
        "schedules": [wb.hold(3, 1.0)],
        "seed": 0,
        "device": "auto",
        **change,
    }
    with pytest.raises(ValueError, match=sentence) as caught:
        train.events(**given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", train.tasks.names())
def test_every_field_of_a_task_refuses_nonsense(name: str) -> None:
    for field in train.tasks.get(name).fields:
        for bad in (float("nan"), float("inf"), -1, None, [], "nonsense"):
            if isinstance(field.param, Text) and bad == "nonsense":
                continue
            with pytest.raises(ValueError, match=field.name):
                train.tasks.build({"name": name, field.name: bad})
            with pytest.raises(ValueError, match=field.name):
                train.tasks.get(name).function(**{field.name: bad})


def test_an_unknown_task_or_argument_is_refused() -> None:
    with pytest.raises(ValueError, match="task must be one of"):
        train.tasks.build({"name": "bert"})
    with pytest.raises(ValueError, match="no argument 'depth'"):
        train.tasks.build({"name": "gpt", "depth": 3})


@pytest.mark.parametrize("total", [1, 2, 3, 10, 39, 400, 123_457])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 40, 1000])
def test_measurements_are_spread_over_the_run_and_the_last_update_is_among_them(
    total: int, count: int
) -> None:
    steps = marks(total, count)
    assert steps[-1] == total - 1 and steps[0] >= 0 and np.all(np.diff(steps) > 0)
    assert len(steps) <= count + 1
    if count >= 4:
        assert np.diff(steps).max(initial=1) <= max(1, 2 * total / count + 1)


def test_training_leaves_torchs_global_state_alone() -> None:
    import torch

    before = torch.get_rng_state(), torch.get_num_threads(), torch.is_grad_enabled()
    for _ in train.events(GPT, [wb.hold(5, 1e-3)], device="cpu"):
        assert torch.is_grad_enabled() and not torch.is_autocast_enabled("cpu")
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (torch.get_num_threads(), torch.is_grad_enabled())
    with torch.no_grad():
        assert len(train.train(GPT, [wb.hold(2, 1e-3)], device="cpu")[0].curve) == 2


def test_without_torch_the_import_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['torch'] = None\nfrom workbench import train"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith("ImportError: workbench.train needs PyTorch")
    assert "pip install torch" in done.stderr


def test_a_core_is_spared_only_inside() -> None:
    import torch

    before = torch.get_num_threads()
    with train.spare_a_core():
        assert torch.get_num_threads() == max(1, before - 1)
        (run,) = train.train(GPT, [wb.hold(2, 1e-3)], device="cpu")
        assert run.facts["threads"] == max(1, before - 1)
    assert torch.get_num_threads() == before
