"""Trainings that stop go on from their snapshots and end the same; snapshots keep to their budget."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

import workbench as wb
from workbench import train
from workbench.curve import Run

S = wb.schedules
FORKS = [S.wsd(total=120, peak=0.05, decay=decay, warmup=0.1) for decay in (0.2, 0.4, 0.6)]
TASK = train.tasks.quadratic(modes=5, measurements=20)


def asked(**change: Any) -> dict[str, Any]:
    return {"task": TASK, "schedules": FORKS, "seed": [0, 1], "device": "cpu", **change}


def same(ours: Sequence[Run], theirs: Sequence[Run]) -> bool:
    """Whether all points of all runs are equal to the bit, and how they ended."""
    return len(ours) == len(theirs) and all(
        a.curve == b.curve
        and dict(a.parts) == dict(b.parts)
        and a.schedule == b.schedule
        and all(a.facts[name] == b.facts[name] for name in ("seed", "status", "updates"))
        for a, b in zip(ours, theirs, strict=True)
    )


@pytest.fixture(scope="module")
def whole() -> list[Run]:
    """What comes of a training that nothing stops."""
    return train.train(**asked())


@pytest.mark.parametrize("count", [1, 4, 9, 13])
def test_a_training_closed_between_events_tells_all_again_and_ends_the_same(
    tmp_path: Path, whole: list[Run], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(train.training, "SLICE", 0.0)
    progress = train.events(**asked(), snapshots=tmp_path)
    told = list(itertools.islice(progress, 40 * count))
    progress.close()
    recorder = train.Recorder(TASK, FORKS, [0, 1])
    for event in train.resume(tmp_path):
        recorder.add(event)
    assert same(recorder.runs(), whole)
    again = next(iter(train.resume(tmp_path)))
    assert again.curves["loss"].step[0] == 0 and told[0].lane == again.lane


def test_the_same_arguments_in_the_same_folder_go_on(tmp_path: Path, whole: list[Run]) -> None:
    kept = train.Snapshots(tmp_path, steps=50)
    progress = train.events(**asked(), snapshots=kept)
    next(progress)
    progress.close()
    runs = train.train(**asked(), snapshots=tmp_path)
    assert same(runs, whole)
    assert runs[3].facts["snapshots"] == str(tmp_path) and runs[3].facts["lane"] == 3


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"task": train.tasks.quadratic(modes=6, measurements=20)}, "task"),
        ({"schedules": FORKS[:2]}, "plans"),
        ({"seed": [0, 2]}, "seeds"),
        ({"optimizer": train.optimizers.SGD(momentum=0.5)}, "optimizer"),
        ({"probes": [train.probes.WeightNorms(every=5)]}, "probes"),
        ({"share": False}, "share"),
        ({"deterministic": True}, "deterministic"),
        ({"at_once": 3}, "at_once"),
    ],
)
def test_other_arguments_in_the_same_folder_are_refused(
    tmp_path: Path, change: dict[str, Any], name: str
) -> None:
    train.train(**asked(schedules=FORKS[:1]), snapshots=tmp_path / "other")
    train.train(**asked(), snapshots=tmp_path)
    with pytest.raises(ValueError, match=f"holds a training with another {name}") as caught:
        train.events(**asked(**change), snapshots=tmp_path)
    assert "\n" not in str(caught.value)


def test_a_lane_that_diverged_is_told_of_again(tmp_path: Path) -> None:
    given = asked(schedules=[*FORKS, wb.hold(120, 30.0)])
    runs = train.train(**given, snapshots=tmp_path)
    assert [run.facts["status"] for run in runs] == ["finished"] * 6 + ["diverged"] * 2
    assert same(train.resumed(tmp_path), runs) and same(train.train(**given), runs)


def test_every_task_and_optimizer_goes_on(tmp_path: Path) -> None:
    library = train.optimizers.Library
    for name, (task, optimizer) in {
        "bigram": (train.tasks.bigram(contexts=20, vocab=8), train.optimizers.SGD()),
        "mlp": (train.tasks.mlp(inputs=4, width=8), library("schedulefree.AdamWScheduleFree")),
        "adapter": (TASK, library("pytorch_optimizer.Prodigy", {"betas": (0.8, 0.99)}, clip=1.0)),
    }.items():
        given = {"task": task, "schedules": FORKS, "optimizer": optimizer, "device": "cpu"}
        folder = tmp_path / name
        progress = train.events(**given, snapshots=train.Snapshots(folder, steps=25))
        for event in progress:
            if event.step > 70:
                break
        progress.close()
        assert same(train.resumed(folder), train.train(**given)), name


def test_every_task_goes_on_with_probes(tmp_path: Path) -> None:
    tasks = {
        "convex": train.tasks.convex(),
        "power_law": train.tasks.power_law(),
        "valley": train.tasks.valley(),
        "bigram_transformer": train.tasks.bigram_transformer(vocab=16, context=8, width=16, batch=4),
        "gpt": train.tasks.gpt(context=16, batch=4, measurements=5),
    }
    for name, task in tasks.items():
        rates = [
            S.wsd(total=60, peak=task.suggested_peak / 10, decay=decay, warmup=0.1) for decay in (0.3, 0.5)
        ]
        # Looking every 7 steps, it has something to remember at many a snapshot and fork.
        probes = [train.probes.Updates(every=7), train.probes.WeightNorms(every=10)]
        given = {"task": task, "schedules": rates, "device": "cpu", "probes": probes}
        progress = train.events(**given, snapshots=train.Snapshots(tmp_path / name, steps=7))
        for event in progress:
            if event.step > 34:
                break
        progress.close()
        assert same(train.resumed(tmp_path / name), train.train(**given)), name


@pytest.mark.parametrize("stop", range(30, 42))
def test_probes_that_compare_updates_are_the_same_across_stops_and_forks(tmp_path: Path, stop: int) -> None:
    given = asked(schedules=[wb.hold(60, 0.05), wb.hold(35, 0.05).then(wb.hold(25, 0.01))], seed=0)
    given["probes"] = [train.probes.Updates(every=6)]
    progress = train.events(**given, snapshots=train.Snapshots(tmp_path, steps=stop))
    for event in progress:
        if event.step >= stop:
            break
    progress.close()
    assert same(train.resumed(tmp_path), train.train(**given))
    assert same(train.train(**given, share=False), train.train(**given))


def test_a_request_is_met_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train.training, "SLICE", 0.0)
    kept = train.Snapshots(tmp_path, every=1e9)
    progress = train.events(**asked(share=False), snapshots=kept)
    for _ in range(20):
        next(progress)
    assert not list(tmp_path.glob("*.safetensors"))
    kept.request()
    for _ in range(20):
        next(progress)
    assert len(list(tmp_path.glob("*.safetensors"))) == 1
    progress.close()


def test_lanes_that_were_halved_for_memory_go_on_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: list[Run]
) -> None:
    problem = type(TASK.problem(torch.device("cpu")))
    gradients = problem.gradients

    def short_of_memory(self: Any, rows: Any, *args: Any) -> Any:
        if len(rows) > 2:
            raise torch.OutOfMemoryError("no more")
        return gradients(self, rows, *args)

    monkeypatch.setattr(problem, "gradients", short_of_memory)
    progress = train.events(**asked(), snapshots=train.Snapshots(tmp_path, steps=10))
    for event in progress:
        if event.step > 100:
            break
    progress.close()
    for ours, theirs in zip(train.resumed(tmp_path), whole, strict=True):
        assert ours.facts["status"] == "finished"
        assert ours.final_loss == pytest.approx(theirs.final_loss, rel=1e-9)


def sizes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def test_a_budget_is_kept_and_the_training_still_goes_on(
    tmp_path: Path, whole: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train.training, "SLICE", 0.0)
    train.train(**asked(), snapshots=train.Snapshots(tmp_path / "free", steps=5))
    budget = sizes(tmp_path / "free") // 3
    progress = train.events(**asked(), snapshots=train.Snapshots(tmp_path / "tight", steps=5, budget=budget))
    for i, _ in enumerate(progress):
        if i % 50 == 0:
            assert sizes(tmp_path / "tight") <= budget
        if i == 400:
            break
    progress.close()
    assert same(train.resumed(train.Snapshots(tmp_path / "tight", steps=5, budget=budget)), whole)
    assert sizes(tmp_path / "tight") <= budget


def test_a_budget_too_small_for_what_is_needed_is_said_once(tmp_path: Path, whole: list[Run]) -> None:
    with pytest.warns(UserWarning, match="more than the budget") as caught:
        runs = train.train(**asked(), snapshots=train.Snapshots(tmp_path, steps=5, budget=100))
    assert len(caught) == 1 and same(runs, whole)
    assert "more than the budget" in runs[0].facts["snapshot_trouble"]
    assert same(train.resumed(tmp_path), whole)


def test_gaps_between_old_snapshots_grow_evenly(tmp_path: Path) -> None:
    given = asked(schedules=[wb.hold(2000, 0.05)], seed=0)
    one = train.Snapshots(tmp_path / "one", steps=1990)
    train.train(**given, snapshots=one)
    budget = 12 * sizes(tmp_path / "one") // 2
    progress = train.events(**given, snapshots=train.Snapshots(tmp_path / "many", steps=20, budget=budget))
    for event in progress:
        if event.step >= 1980:
            break
    progress.close()
    steps = sorted(int(path.name[:9]) for path in (tmp_path / "many").glob("*.safetensors"))
    ages = [steps[-1] - step for step in steps[:-1]]
    assert len(ages) >= 4 and ages[-1] <= 40
    # The next older one is never more than a few times as old.
    assert all(older <= 4 * younger for older, younger in itertools.pairwise(ages))


def test_a_snapshots_argument_outside_its_range_is_refused(tmp_path: Path) -> None:
    for bad in ({"every": -1}, {"every": float("nan")}, {"steps": 0}, {"steps": 2.5}, {"budget": -1}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            train.Snapshots(tmp_path, **bad)
    for folder in ("", None, 3):
        with pytest.raises(ValueError, match="folder must name a folder"):
            train.Snapshots(folder)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="folder must hold a training"):
        train.resume(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot be written to"):
        train.events(**asked(), snapshots=tmp_path / "file")
