"""What a session trains is, to the bit, what its schedules trained at once and alone would be."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_cases import BIGRAM, LONG, TASK, S, advanced, beyond, equal, soon, whole, wsd

import workbench as wb
from workbench import live, train
from workbench.live import Session
from workbench.plan import Plan


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    opened = live.open(tmp_path / "session")
    yield opened
    opened.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "workbench-live"]


@pytest.mark.parametrize("task", [TASK, BIGRAM])
def test_a_session_trains_what_train_trains(session: Session, task: Any) -> None:
    schedules = [wsd(60), wsd(80, 0.5), S.constant(total=40, peak=0.02)]
    keys = session.start(task, schedules, seeds=(0, 3), wait=True)
    runs = train.train(task, schedules, seed=[0, 3], device="cpu")
    assert [session.branch_of(key).status for key in keys] == ["finished"] * 6
    for key, run in zip(keys, runs, strict=True):
        branch = session.branch_of(key)
        assert (branch.schedule, branch.seed, branch.step) == (
            run.schedule,
            run.facts["seed"],
            len(run.schedule),
        )
        assert dict(branch.curves) == {"loss": run.curve, **run.parts}
    assert [session.branch_of(key).group for key in keys] == ["1", "1", "3", "3", "5", "5"]
    assert session.state == "idle" and session.error == "" and not session.unfinished


def test_a_pause_holds_every_lane_and_a_step_makes_exactly_so_many_updates(session: Session) -> None:
    keys = session.start(TASK, [wsd(LONG), wsd(LONG, 0.6), S.constant(total=LONG, peak=0.02)], seeds=(0, 1))
    beyond(session, keys[0], 50)
    session.pause()
    before = {branch.key: branch.step for branch in session.branches}
    assert session.state == "paused" and session.wait(30)
    for updates in (1, 1, 7, 30):
        session.advance(updates)
        assert session.wait(30)
        after = {branch.key: branch.step for branch in session.branches}
        assert after == {key: step + updates for key, step in before.items()} and session.state == "paused"
        before = after
    session.go_on()
    for key in keys:
        beyond(session, key, before[key])
    session.stop()
    assert session.wait(30) and session.state == "idle"
    for branch in session.branches:
        assert branch.status == "stopped"
        assert equal(branch, whole(branch.schedule.until(branch.step), branch.seed))


@pytest.mark.parametrize("task", [TASK, BIGRAM])
def test_a_changed_training_is_the_composite_schedule_trained_whole(session: Session, task: Any) -> None:
    (key,) = session.start(task, [wsd(4000)])
    advanced(session, 20)
    futures = [S.constant(total=4000, peak=0.03), wsd(900, 0.5), S.cosine(total=700, peak=0.06)]
    at = []
    for future in futures:
        at.append(session.change(key, future))
        advanced(session, 13)
    session.go_on()
    soon(lambda: session.branch_of(key).status == "finished")
    composite = wsd(4000)
    for step, future in zip(at, futures, strict=True):
        composite = composite.until(step).then(future.after(step))
    branch = session.branch_of(key)
    np.testing.assert_array_equal(branch.schedule.array(), composite.array())
    assert equal(branch, whole(composite, task=task)) and branch.step == 700
    assert [each["step"] for each in branch.facts["changes"]] == at
    assert [wb.Schedule.from_dict(each["schedule"]) for each in branch.facts["changes"]] == futures
    assert len(session.branches) == 1 and branch.parent is None


def test_many_changes_at_once_are_one_and_a_change_to_the_same_is_none(session: Session) -> None:
    (key,) = session.start(TASK, [wsd(LONG)])
    advanced(session, 20)
    steps = {session.change(key, S.constant(total=2000, peak=peak)) for peak in np.linspace(0.01, 0.05, 40)}
    assert len(steps) == 1 and len(session.branch_of(key).facts["changes"]) == 1
    trainings = len(list((session.folder / "trainings").iterdir()))
    assert session.change(key, session.branch_of(key).schedule) == steps.pop()
    advanced(session, 5)
    assert len(list((session.folder / "trainings").iterdir())) <= trainings + 1
    branch = session.branch_of(key)
    assert equal(branch, whole(branch.schedule.until(branch.step)))


def test_a_change_while_it_trains_takes_effect_from_the_step_it_returns(session: Session) -> None:
    session.speed = 600
    keys = session.start(TASK, [wsd(LONG), wsd(LONG, 0.6), S.constant(total=LONG, peak=0.02)])
    old = {key: session.branch_of(key).schedule for key in keys}
    at: dict[str, list[tuple[int, wb.Schedule]]] = {key: [] for key in keys}
    for i, key in enumerate([*keys, keys[1], keys[0], keys[1]]):
        beyond(session, key, session.branch_of(key).step + 5)
        future = S.constant(total=LONG, peak=0.01 + 0.004 * i)
        at[key].append((session.change(key, future), future))
    for key in keys:
        beyond(session, key, at[key][-1][0] + 20)
    session.stop()
    session.wait(30)
    for key in keys:
        composite = old[key]
        for step, future in at[key]:
            composite = composite.until(step).then(future.after(step))
        branch = session.branch_of(key)
        assert branch.schedule.until(branch.step) == composite.until(branch.step)
        assert equal(branch, whole(composite.until(branch.step)))


def test_a_fork_from_any_step_of_any_branch_is_its_schedule_trained_whole(session: Session) -> None:
    session.speed = 2000
    down = wb.ramp(30, 0.05, 0.0)
    finished, _ = session.start(TASK, [wsd(300), wsd(300, 0.6)], wait=True)
    running, stopped = session.start(TASK, [wsd(LONG), wsd(LONG, 0.5)], seeds=1)
    beyond(session, running, 30)
    session.stop(stopped)
    forks = [session.fork(finished, step, down) for step in (1, 7, 15, 100, 299, 300)]
    forks += [session.fork(stopped, session.branch_of(stopped).step, down), session.fork(stopped, 3, down)]
    forks += [session.fork(running, 29, down, name="mine")]
    session.pause()
    forks += [session.fork(running, session.branch_of(running).step, down)]
    session.go_on()
    soon(lambda: all(session.branch_of(key).status == "finished" for key in forks))
    forks += [session.fork(forks[0], 20, wb.hold(9, 0.01)), session.fork(forks[5], 310, down)]
    soon(lambda: all(session.branch_of(key).status == "finished" for key in forks))
    session.stop()
    for key in forks:
        branch = session.branch_of(key)
        assert branch.parent is not None
        parent = session.branch_of(branch.parent)
        assert branch.schedule.until(branch.left) == parent.schedule.until(branch.left)
        assert equal(branch, whole(branch.schedule, branch.seed)), branch
    assert session.branch_of(forks[8]).name == "mine"
    assert session.error == ""


def test_a_stopped_lane_leaves_the_others_as_they_are_and_goes_on_to_the_same_bits(session: Session) -> None:
    keys = session.start(TASK, [wsd(1500, d) for d in (0.2, 0.4, 0.6)], seeds=(0, 1), every_steps=100)
    advanced(session, 30)
    session.go_on()
    session.stop(keys[1], keys[2])
    step = session.branch_of(keys[1]).step
    beyond(session, keys[0], step + 50)
    assert session.branch_of(keys[1]).step == step and session.branch_of(keys[1]).status == "stopped"
    session.go_on(keys[1], keys[2])
    soon(lambda: session.state == "idle")
    for key in keys:
        branch = session.branch_of(key)
        assert branch.status == "finished" and equal(branch, whole(branch.schedule, branch.seed))


def test_a_plan_of_several_quantities_is_changed_and_forked(session: Session) -> None:
    def plan(total: int, beta: float) -> Plan:
        return Plan(S.constant(total=total, peak=1e-2), momentum=wb.ramp(total, 0.9, beta))

    (key,) = session.start(TASK, [plan(4000, 0.5)], optimizer=train.optimizers.SGD(momentum=0.9))
    advanced(session, 20)
    step = session.change(key, plan(600, 0.8))
    session.go_on()
    soon(lambda: session.branch_of(key).status == "finished")
    fork = session.fork(key, 500, plan(50, 0.1))
    soon(lambda: session.state == "idle")
    composite = plan(4000, 0.5).until(step).then(plan(600, 0.8).after(step))
    given = {"optimizer": train.optimizers.SGD(momentum=0.9), "device": "cpu"}
    first, second = train.train(
        TASK, [composite, composite.until(500).then(plan(50, 0.1))], share=False, **given
    )
    assert equal(session.branch_of(key), {"loss": first.curve, **first.parts})
    assert equal(session.branch_of(fork), {"loss": second.curve, **second.parts})
    assert Plan.from_dict(session.run(key).facts["plan"]).array().keys() == {"learning_rate", "momentum"}


def test_a_lane_that_diverges_ends_and_one_that_fails_leaves_the_others(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = session.start(TASK, [wb.hold(400, 50.0), wsd(400)])
    soon(lambda: session.state == "idle")
    assert [session.branch_of(key).status for key in (bad, good)] == ["diverged", "finished"]

    def broken(self: Any, device: Any) -> Any:
        raise ValueError("there is no such corpus")

    with monkeypatch.context() as patch:
        patch.setattr(type(BIGRAM), "problem", broken)
        other, failing = *session.start(TASK, [wsd(LONG)]), *session.start(BIGRAM, [wsd(50)])
        soon(lambda: session.branch_of(failing).status == "failed")
        assert session.error == "there is no such corpus"
        with pytest.raises(ValueError, match="no such corpus"):
            session.start(BIGRAM, [wsd(50)], wait=True)
    beyond(session, other, 10)
    session.go_on(failing)
    soon(lambda: session.branch_of(failing).status == "finished")
    assert equal(session.branch_of(failing), whole(wsd(50), task=BIGRAM))


def test_speed_limits_every_lane(session: Session) -> None:
    session.speed = 40.0
    keys = session.start(TASK, [wsd(LONG), wsd(LONG, 0.6)], seeds=(0, 1))
    beyond(session, keys[0], 3)
    steps = [session.branch_of(key).step for key in keys]
    assert max(steps) - min(steps) <= 2 and max(steps) <= 200
    session.speed = None
    beyond(session, keys[0], 1000)


def test_everybody_who_listens_gets_every_point_once(session: Session) -> None:
    class Watcher:
        def __init__(self) -> None:
            self.at, self.calls, self.found = 0, 0, dict[str, list[float]]()
            self.cancel = session.listen(self.hear)

        def hear(self) -> None:
            self.calls += 1
            self.at, news = session.news(self.at)
            for key, curves in news:
                self.found.setdefault(key, []).extend(curves["loss"].step.tolist())

    watchers = [Watcher(), Watcher()]
    keys = session.start(TASK, [wsd(3000), wsd(2000)])
    soon(lambda: watchers[0].calls > 1)
    watchers.append(Watcher())
    lasts = {key: len(session.branch_of(key).schedule) - 1 for key in keys}
    soon(lambda: all(w.found.get(key, [0])[-1] == last for w in watchers for key, last in lasts.items()))
    for watcher in watchers:
        for key in keys:
            assert watcher.found[key] == session.branch_of(key).curves["loss"].step.tolist()
    assert session.news(watchers[0].at)[1] == []
    assert session.wait(30)
    watchers[0].cancel()
    calls = [watcher.calls for watcher in watchers]
    session.rename(keys[0], "another")
    assert [watcher.calls for watcher in watchers] == [calls[0], calls[1] + 1, calls[2] + 1]


def test_a_listener_that_raises_ends_no_training(session: Session) -> None:
    def broken() -> None:
        raise RuntimeError("the widget is gone")

    session.listen(broken)
    (key,) = session.start(TASK, [wsd(500)])
    soon(lambda: session.state == "idle")
    assert session.branch_of(key).status == "finished"
    assert "the widget is gone" in session.error


def test_a_listener_that_stops_all_again_and_again_ends_with_the_training(session: Session) -> None:
    session.listen(session.stop)
    session.start(TASK, [wsd(LONG)], wait=True)
    soon(lambda: not [thread for thread in threading.enumerate() if thread.name == "workbench-live"])
    assert session.branches[0].status == "stopped"


def test_runs_say_where_they_come_from_and_are_saved(session: Session, tmp_path: Path) -> None:
    (root,) = session.start(TASK, [wsd(200)], names=["trunk"], wait=True)
    leaf = session.fork(root, 150, wb.hold(20, 0.01), name="leaf")
    soon(lambda: session.state == "idle")
    store = wb.Store(tmp_path / "runs")
    ids = session.save(root, leaf, store=store)
    first, second = (store.load(id) for id in ids)
    assert first.facts["name"] == "trunk" and first.facts["parent"] is None and first.facts["left"] == 0
    facts = second.facts
    assert (facts["name"], facts["parent"], facts["left"]) == ("leaf", root, 150)
    assert facts["folder"] == str(session.folder) and facts["status"] == "finished"
    assert train.tasks.build(dict(second.task)) == TASK
    assert second.curve == session.branch_of(leaf).curves["loss"]
    assert len(session.save(store=str(tmp_path / "others"))) == 2


@pytest.fixture
def keyboard() -> Iterator[None]:
    """Ctrl-C as Python has it, whatever a library has made of it in this process."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupted_cell_stops_what_it_waits_for(session: Session, keyboard: None) -> None:
    pressed = []

    def press() -> None:
        if not pressed and session.branches[0].step > 20:
            pressed.append(True)
            signal.raise_signal(signal.SIGINT)

    session.listen(press)
    with pytest.raises(KeyboardInterrupt):
        session.start(TASK, [wsd(LONG)], wait=True)
    assert session.wait(30)
    (branch,) = session.branches
    assert branch.status == "stopped" and equal(branch, whole(branch.schedule.until(branch.step)))


def test_progress_counts_updates_of_all_lanes(session: Session) -> None:
    session.start(TASK, [wsd(100)], wait=True)
    keys = session.start(TASK, [wsd(LONG), wsd(LONG, 0.5)])
    beyond(session, keys[0], 500)
    soon(lambda: session.progress.updates_per_second > 0)
    told = session.progress
    assert told.total == 2 * LONG and 0 < told.done < told.total
    assert told.seconds_left is not None and told.seconds_left > 0 and told.tokens_per_second
    assert told.memory is None or 10**7 < told.memory < 10**11
    session.pause()
    held = session.progress
    assert held.done == sum(branch.step for branch in session.branches[1:])
    assert held.updates_per_second == 0 and held.seconds_left is None and held.tokens_per_second is None


def test_a_folder_is_one_session_until_nobody_needs_it(tmp_path: Path) -> None:
    session = live.open(tmp_path)
    assert live.open(str(tmp_path)) is session
    (key,) = session.start(TASK, [wsd(LONG)])
    del session
    gc.collect()
    again = live.open(tmp_path)
    assert again.branch_of(key).status in ("waiting", "running")
    again.stop()
    again.wait(30)
    again.close()
    assert again.closed and live.open(tmp_path) is not again
    last = live.open(tmp_path)
    assert last.branch_of(key).status == "stopped"
    last.close()
