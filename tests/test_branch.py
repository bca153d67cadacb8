"""A run that goes another way is what it would have been, had it been trained whole."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import workbench as wb
from workbench import train
from workbench.curve import Curve, Run
from workbench.plan import Plan

S = wb.schedules
OPT = train.optimizers
TASK = train.tasks.quadratic(modes=5, measurements=20)
RUNS = [S.wsd(total=120, peak=0.05, decay=decay, warmup=0.1) for decay in (0.2, 0.5)]
DOWN = wb.ramp(30, 0.05, 0.0)


def asked(**change: Any) -> dict[str, Any]:
    return {"task": TASK, "schedules": RUNS, "device": "cpu", "deterministic": True, **change}


def agree(branched: Run, whole: Run) -> bool:
    """All points that both have are equal to the bit, the first and the last among them."""
    pairs = [(branched.curve, whole.curve), *((branched.parts[k], whole.parts[k]) for k in whole.parts)]
    return (
        branched.schedule == whole.schedule
        and set(branched.parts) == set(whole.parts)
        and branched.facts["status"] == whole.facts["status"]
        and all(_agree(ours, theirs) for ours, theirs in pairs)
    )


def _agree(ours: Curve, theirs: Curve) -> bool:
    known = dict(zip(theirs.step.tolist(), theirs.loss.tolist(), strict=True))
    both = [
        known[t] == loss for t, loss in zip(ours.step.tolist(), ours.loss.tolist(), strict=True) if t in known
    ]
    return all(both) and len(both) > 5 and ours.step[-1] == theirs.step[-1] and ours.step[0] == theirs.step[0]


@pytest.fixture
def parents(tmp_path: Path) -> list[Run]:
    return train.train(**asked(), snapshots=train.Snapshots(tmp_path / "first", steps=25))


# In the trunk, at a snapshot, at the fork, in a cooldown, and at the end.
@pytest.mark.parametrize("step", [31, 50, 60, 61, 97, 110, 120])
def test_a_branch_is_the_same_schedule_trained_whole(parents: list[Run], step: int) -> None:
    for parent in parents:
        branched = train.branch(parent, step, DOWN)
        schedule = parent.schedule.until(step).then(DOWN)
        (whole,) = train.train(**asked(schedules=[schedule]))
        assert agree(branched, whole) and branched.facts["updates"] == step + 30
        told = {"folder": parent.facts["snapshots"], "lane": parent.facts["lane"], "step": step}
        assert branched.facts["parent"] == told


@pytest.mark.parametrize(
    ("task", "optimizer"),
    [
        (train.tasks.mlp(inputs=4, width=8, measurements=20), OPT.AdamW(clip=1.0)),
        (train.tasks.bigram(contexts=20, vocab=8, measurements=20), OPT.SGD()),
        (TASK, OPT.SGD(momentum=0.9, nesterov=True)),
        (TASK, OPT.Library("schedulefree.AdamWScheduleFree")),
        (TASK, OPT.Library("pytorch_optimizer.Lion")),
    ],
)
def test_every_task_and_optimizer_branches(tmp_path: Path, task: Any, optimizer: Any) -> None:
    given = asked(task=task, optimizer=optimizer, seed=[3, 4])
    parents = train.train(**given, snapshots=train.Snapshots(tmp_path, steps=25))
    branched = train.branch(parents[3], 70, DOWN)
    (whole,) = train.train(**asked(task=task, optimizer=optimizer, seed=4, schedules=[branched.schedule]))
    assert agree(branched, whole) and branched.facts["seed"] == 4


def test_several_branches_are_lanes_that_share(parents: list[Run]) -> None:
    downs = [wb.hold(n, 0.05).then(DOWN) for n in (5, 20, 40)]
    branched = train.branch(parents[0], 50, downs)
    wholes = train.train(**asked(schedules=[run.schedule for run in branched]))
    assert len(branched) == 3 and all(map(agree, branched, wholes))
    events = list(train.branch_events(parents[0], 50, downs))
    assert sorted(event.lane for event in events if event.status == "finished") == [0, 1, 2]


def test_a_branch_of_a_branch_and_a_branch_that_was_stopped(parents: list[Run], tmp_path: Path) -> None:
    folder = tmp_path / "second"
    longer = wb.hold(100, 0.05)
    progress = train.branch_events(parents[1], 40, [longer, DOWN], snapshots=folder)
    for event in progress:
        if event.step > 60:
            break
    progress.close()
    # It needs nothing of the folder that it left.
    shutil.rmtree(tmp_path / "first")
    resumed = train.resumed(folder)
    wholes = train.train(**asked(schedules=[run.schedule for run in resumed]))
    assert all(map(agree, resumed, wholes))
    again = train.branch(resumed[0], 100, DOWN)
    (whole,) = train.train(**asked(schedules=[again.schedule]))
    assert agree(again, whole) and again.schedule == resumed[0].schedule.until(100).then(DOWN)


def test_a_folder_and_a_lane_do_as_well(parents: list[Run], tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.move(parents[1].facts["snapshots"], moved)
    with pytest.raises(ValueError, match="must be there; give the one it is in now, lane=1"):
        train.branch(parents[1], 70, DOWN)
    branched = train.branch(moved, 70, DOWN, lane=1)
    assert agree(branched, train.train(**asked(schedules=[branched.schedule]))[0])


def test_a_plan_branches_with_all_its_quantities(tmp_path: Path) -> None:
    def plan(rates: wb.Schedule) -> Plan:
        return Plan(rates, momentum=wb.ramp(len(rates), 0.9, 0.8), weight_decay=wb.hold(len(rates), 0.1))

    given = asked(optimizer=OPT.AdamW())
    (parent,) = train.train(**{**given, "schedules": [plan(RUNS[0])]}, snapshots=tmp_path)
    branched = train.branch(parent, 120, plan(DOWN))
    (whole,) = train.train(**{**given, "schedules": [plan(RUNS[0]).then(plan(DOWN))]})
    assert agree(branched, whole)
    with pytest.raises(ValueError, match="same quantities"):
        train.branch(parent, 120, DOWN)


def test_lanes_of_one_batched_model_branch_to_rounding(tmp_path: Path) -> None:
    given = asked(deterministic=False, schedules=[*RUNS, wb.hold(120, 0.05)])
    parents = train.train(**given, snapshots=train.Snapshots(tmp_path, steps=25))
    branched = train.branch(parents[2], 80, DOWN)
    (whole,) = train.train(**{**given, "schedules": [branched.schedule]})
    assert branched.final_loss == pytest.approx(whole.final_loss, rel=1e-9)


def test_a_corrupt_snapshot_is_passed_over(parents: list[Run]) -> None:
    folder = Path(parents[0].facts["snapshots"])
    near = next(path for path in folder.glob("000000050-*"))
    near.write_bytes(near.read_bytes()[:-3])
    with pytest.warns(UserWarning, match="is not a sound snapshot"):
        branched = train.branch(parents[0], 55, DOWN)
    assert agree(branched, train.train(**asked(schedules=[branched.schedule]))[0])


def test_a_run_that_cannot_be_branched_is_refused(parents: list[Run], tmp_path: Path) -> None:
    parent = parents[0]
    for step in (0, 121, -1, 2.5, float("nan"), "ten", True):
        with pytest.raises(ValueError, match="step must be"):
            train.branch(parent, step, DOWN)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the earliest sound one is at step 25; got 24"):
        train.branch(parent, 24, DOWN)
    for path in Path(parent.facts["snapshots"]).glob("*.safetensors"):
        path.unlink()
    with pytest.raises(ValueError, match="there is no sound one; got 50"):
        train.branch(parent, 50, DOWN)
    for schedules in ([], None, "cosine", [DOWN, 3]):
        with pytest.raises(ValueError, match="schedules must be a list"):
            train.branch(parent, 50, schedules)  # type: ignore[arg-type]
    for lane in (2, -1, 0.5, "0"):
        with pytest.raises(ValueError, match="lane must be"):
            train.branch(parent.facts["snapshots"], 50, DOWN, lane=lane)  # type: ignore[arg-type]
    (bare,) = train.train(**asked(schedules=RUNS[:1]))
    with pytest.raises(ValueError, match="trained with snapshots"):
        train.branch(bare, 50, DOWN)
    for source in (None, 3, ""):
        with pytest.raises(ValueError, match="source must be a Run or a folder"):
            train.branch(source, 50, DOWN)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="folder must hold a training"):
        train.branch(tmp_path / "nothing", 50, DOWN)


def test_another_training_in_the_runs_folder_is_refused(parents: list[Run]) -> None:
    folder = parents[0].facts["snapshots"]
    shutil.rmtree(folder)
    train.train(**asked(task=train.tasks.quadratic(modes=6)), snapshots=folder)
    with pytest.raises(ValueError, match="source must be a run of the training in"):
        train.branch(parents[0], 50, DOWN)
