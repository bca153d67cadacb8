"""What is asked of a branch while its training is only about to begin is done as if it had begun."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_cases import LONG, TASK, S, advanced, equal, soon, whole, wsd

import workbench as wb
from workbench import live
from workbench.live import Session
from workbench.live.worker import Worker


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    opened = live.open(tmp_path / "session")
    yield opened
    opened.close()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """No training begins while it is cleared; it is set for who does not care."""
    free, made = threading.Event(), Worker._problem
    free.set()

    def problem(self: Worker, track: object) -> object:
        assert free.wait(30)
        return made(self, track)  # type: ignore[arg-type]

    monkeypatch.setattr(Worker, "_problem", problem)
    yield free
    free.set()


def begun(session: Session) -> bool:
    """Whether a training is made, so that it waits at the gate."""
    return bool(session._state.tracks)


def about_to_go_on(session: Session, gate: threading.Event) -> str:
    """A branch of 40 updates whose training is made anew, and waits at the gate."""
    (key,) = session.start(TASK, [wsd(LONG)])
    advanced(session, 40)
    session.stop(key)
    assert session.wait(30)
    gate.clear()
    session.go_on(key)
    soon(lambda: begun(session))
    return key


def test_a_change_before_it_goes_on_leaves_what_has_run(session: Session, gate: threading.Event) -> None:
    key = about_to_go_on(session, gate)
    assert session.change(key, S.constant(total=60, peak=0.02)) == 40
    gate.set()
    assert session.wait(30)
    branch = session.branch_of(key)
    rates = wsd(LONG).until(40).then(wb.hold(20, 0.02)).array()
    assert branch.schedule.array().tolist() == rates.tolist()
    assert branch.status == "finished" and equal(branch, whole(branch.schedule))


def test_updates_are_counted_from_where_it_goes_on(session: Session, gate: threading.Event) -> None:
    key = about_to_go_on(session, gate)
    session.advance(3)
    gate.set()
    assert session.wait(30)
    assert session.branch_of(key).step == 43


def test_a_fork_that_is_changed_before_it_begins_has_the_points_of_its_parent(
    session: Session, gate: threading.Event
) -> None:
    (key,) = session.start(TASK, [wsd(LONG)])
    advanced(session, 10)
    gate.clear()
    new = session.fork(key, 10, wb.hold(20, 0.01))
    session.go_on()
    soon(lambda: len(session._state.tracks) == 2)
    for peak in (0.03, 0.02):
        assert session.change(new, S.constant(total=50, peak=peak)) == 10
    session.stop(key)
    gate.set()
    assert session.wait(30)
    branch = session.branch_of(new)
    assert branch.schedule.array()[10:].tolist() == [0.02] * 40
    assert branch.status == "finished" and equal(branch, whole(branch.schedule))


def test_one_that_is_stopped_and_gone_on_with_before_all_begin_shares_no_folder(
    session: Session, gate: threading.Event
) -> None:
    gate.clear()
    session.start(TASK, [wsd(300), wsd(LONG)])
    soon(lambda: begun(session))
    one, two = session.start(TASK, [wsd(60), wsd(80)])
    session.stop(two)
    session.go_on(two)
    gate.set()
    soon(lambda: {session.branch_of(key).status for key in (one, two)} == {"finished"})
    session.close()
    again = live.open(session.folder)
    for key in (one, two):
        branch = again.branch_of(key)
        assert branch.status == "finished" and equal(branch, whole(branch.schedule))
    again.close()
