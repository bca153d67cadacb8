"""A training that is asked to hold, copy or end lanes does so exactly, and the others never notice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import workbench as wb
from workbench import train
from workbench.train import Control
from workbench.train.event import Event

S = wb.schedules
TASK = train.tasks.quadratic(modes=5, measurements=1000)
TOTAL = 200
# Four lanes that share 100, 140 and 160 updates with each other, and one of its own.
PLANS = [*(S.wsd(total=TOTAL, peak=0.05, decay=d, warmup=0.1) for d in (0.2, 0.3, 0.5)), wb.hold(TOTAL, 0.02)]


def told(events: Iterator[Event]) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = {}
    for event in events:
        found.setdefault(event.lane, []).append(event)
    return found


def points(events: list[Event], stop: int = TOTAL) -> list[tuple[float, float]]:
    curves = [event.curves["loss"] for event in events if "loss" in event.curves]
    found = [(t, loss) for c in curves for t, loss in zip(c.step, c.loss, strict=True) if t < stop]
    assert len(found) == stop == len({t for t, _ in found})
    return found


def until(events: Iterator[Event], control: Control, at: dict[int, int]) -> dict[int, list[Event]]:
    """Events up to where all lanes of `at` are held."""
    control.hold(at)
    found: dict[int, list[Event]] = {}
    while any(found.get(lane, [Event(lane, 0, 0)])[-1].step < step for lane, step in at.items()):
        event = next(events)
        found.setdefault(event.lane, []).append(event)
    return found


def start(**more: Any) -> tuple[Control, Iterator[Event]]:
    control = Control()
    return control, train.events(TASK, PLANS, device="cpu", control=control, **more)


@pytest.fixture(scope="module")
def alone() -> dict[int, list[Event]]:
    return told(train.events(TASK, PLANS, device="cpu"))


@pytest.mark.parametrize("share", [True, False])
def test_held_lanes_stop_at_their_step_and_go_on_as_if_never_held(
    share: bool, alone: dict[int, list[Event]]
) -> None:
    control, events = start(share=share)
    found: dict[int, list[Event]] = {}
    for step in (7, 8, 120, 150, TOTAL):
        for lane, more in until(events, control, dict.fromkeys(range(4), step)).items():
            found.setdefault(lane, []).extend(more)
        assert {lane: each[-1].step for lane, each in found.items()} == dict.fromkeys(range(4), step)
    for lane, each in found.items():
        assert points(each) == points(alone[lane])
        assert each[-1].status == "finished"


def test_a_training_whose_lanes_are_all_held_says_nothing_new() -> None:
    control, events = start()
    until(events, control, dict.fromkeys(range(4), 50))
    again = [next(events) for _ in range(5)]
    assert {(event.step, len(event.curves), event.status) for event in again} == {(50, 0, "running")}


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("ending", [[0], [1, 3], [0, 1, 2], [0, 1, 2, 3]])
@pytest.mark.parametrize("step", [0, 60, 130, 199])
def test_ended_lanes_are_stopped_and_leave_the_others_as_they_are(
    step: int, ending: list[int], share: bool, alone: dict[int, list[Event]]
) -> None:
    control, events = start(share=share)
    first = until(events, control, dict.fromkeys(range(4), step)) if step else {}
    control.end(*ending)
    control.hold({})
    rest = told(events)
    for lane in range(4):
        each = first.get(lane, []) + rest.get(lane, [])
        status, stop = ("stopped", step) if lane in ending else ("finished", TOTAL)
        assert (each[-1].status, each[-1].step) == (status, stop)
        assert points(each, stop) == points(alone[lane], stop)
    handed = control.taken()
    assert sorted(handed) == ending and {one.step for one in handed.values()} == {step}
    assert not control.taken()


def test_a_copy_is_the_state_and_the_lane_goes_on() -> None:
    control, events = start()
    first = until(events, control, dict.fromkeys(range(4), 130))
    control.copy(2)
    next(events)
    ((lane, copied),) = control.taken().items()
    control.end(2)
    next(events)
    ((_, ended),) = control.taken().items()
    assert lane == 2 and copied.step == ended.step == 130 and first[2][-1].step == 130
    np.testing.assert_array_equal(copied.start.row.weights.numpy(), ended.start.row.weights.numpy())


@pytest.mark.parametrize("share", [True, False])
def test_ended_lanes_stay_ended_when_the_training_goes_on_from_its_folder(
    tmp_path: Path, share: bool, alone: dict[int, list[Event]]
) -> None:
    control, events = start(share=share, snapshots=train.Snapshots(tmp_path, steps=50))
    until(events, control, dict.fromkeys(range(4), 110))
    control.end(1)
    until(events, control, {0: 170, 2: 170, 3: 170})
    events.close()  # type: ignore[attr-defined]
    rest = told(train.resume(tmp_path, "cpu"))
    assert (rest[1][-1].status, rest[1][-1].step) == ("stopped", 110)
    for lane, stop in {0: TOTAL, 1: 110, 2: TOTAL, 3: TOTAL}.items():
        assert points(rest[lane], stop) == points(alone[lane], stop)


def test_what_a_lane_did_can_be_branched_from_where_it_was_ended(tmp_path: Path) -> None:
    control, events = start(share=False, snapshots=tmp_path)
    until(events, control, dict.fromkeys(range(4), 77))
    control.end(1)
    control.hold({})
    told(events)
    down = wb.ramp(30, 0.05, 0.0)
    branched = train.branch(tmp_path, 77, down, "cpu", lane=1)
    (whole,) = train.train(TASK, [PLANS[1].until(77).then(down)], device="cpu")
    known = dict(zip(whole.curve.step, whole.curve.loss, strict=True))
    assert [known[t] for t in branched.curve.step] == branched.curve.loss.tolist()
    assert len(branched.curve) == 107


def test_what_cannot_be_asked_is_said_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="lane must be at least 0"):
        Control([-1])
    with pytest.raises(ValueError, match="lane must be from 0 to 3; got 4"):
        train.events(TASK, PLANS, control=Control([4]))
    control, _ = start()
    with pytest.raises(ValueError, match="lane must be from 0 to 3; got 7"):
        control.end(7)
    with pytest.raises(ValueError, match="lane must be from 0 to 3; got 'a'"):
        control.hold({"a": 3})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="step must be"):
        control.hold({0: -3})
    with pytest.raises(ValueError, match="serves no other training"):
        train.events(TASK, PLANS, control=control)
