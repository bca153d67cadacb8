"""What was dropped comes back as it was, and trains on to the same bits."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_cases import TASK, advanced, equal, soon, whole, wsd

import workbench as wb
from workbench import live
from workbench.live import Session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    opened = live.open(tmp_path)
    yield opened
    opened.close()


def curves(session: Session, key: str) -> dict[str, tuple[list[float], list[float]]]:
    """What was measured of a branch."""
    found = session.branch_of(key).curves
    return {name: (curve.step.tolist(), curve.loss.tolist()) for name, curve in found.items()}


@pytest.mark.parametrize("reopened", [False, True])
def test_a_dropped_branch_comes_back_with_all_that_was_measured(session: Session, reopened: bool) -> None:
    root, other = session.start(TASK, [wsd(300), wsd(300, 0.6)], wait=True)
    child = session.fork(root, 100, wb.ramp(50, 0.05, 0.0), name="mine")
    assert session.wait(30)
    before = {key: (session.branch_of(key), curves(session, key)) for key in (root, other, child)}
    for key in (child, root, other):
        session.drop(key)
    assert session.branches == () and [each.key for each in session.binned] == [child, root, other]
    if reopened:
        session.close()
        session = live.open(session.folder)
    for key in (root, other, child):
        session.restore(key)
    assert [branch.key for branch in session.branches] == [root, other, child] and session.binned == ()
    for key, (branch, measured) in before.items():
        now = session.branch_of(key)
        assert curves(session, key) == measured and now.step == branch.step
        assert (now.name, now.status, now.schedule) == (branch.name, branch.status, branch.schedule)
    # A state to branch from is there again, also in what the child shares with its parent.
    assert session.branch_of(child).parent == root and session.branch_of(child).left == 100
    fork = session.fork(child, 60, wb.hold(20, 0.01))
    assert session.wait(30) and equal(session.branch_of(fork), whole(session.branch_of(fork).schedule))
    session.close()


def test_what_took_its_place_stays_and_it_is_a_child_of_the_nearest_that_is_there(session: Session) -> None:
    (root,) = session.start(TASK, [wsd(300)], wait=True)
    middle = session.fork(root, 100, wb.hold(100, 0.02), name="middle")
    assert session.wait(30)
    leaf = session.fork(middle, 150, wb.ramp(20, 0.02, 0.0), name="leaf")
    assert session.wait(30)
    session.drop(leaf)
    session.drop(middle)
    session.rename(root, "leaf")
    session.restore(leaf)
    there = session.branch_of(leaf)
    assert (there.name, there.parent, there.left) == ("leaf 2", root, 100)
    session.restore(middle)
    assert session.branch_of(leaf).parent == root and session.branch_of(middle).left == 100
    assert equal(session.branch_of(leaf), whole(there.schedule))


def test_a_lane_that_others_went_on_without_goes_on_to_the_same_bits(session: Session) -> None:
    first, second = session.start(TASK, [wsd(900, d) for d in (0.2, 0.5)], every_steps=50)
    advanced(session, 120)
    session.stop()
    session.drop(first)
    session.go_on(second)
    soon(lambda: session.branch_of(second).status == "finished")
    session.restore(first)
    assert session.branch_of(first).status == "stopped" and session.branch_of(first).step >= 120
    session.go_on(first)
    soon(lambda: session.branch_of(first).status == "finished")
    for key in (first, second):
        assert equal(session.branch_of(key), whole(session.branch_of(key).schedule))
    assert session.error == ""


def test_what_was_taken_out_of_the_bin_cannot_come_back(session: Session) -> None:
    (key,) = session.start(TASK, [wsd(200)], wait=True)
    session.drop(key)
    session.close()
    shutil.rmtree(session.folder / "bin")
    session = live.open(session.folder)
    with pytest.raises(ValueError, match=r"branch 1 cannot come back: .*0001 is gone"):
        session.restore(key)
    assert [branch.key for branch in session.binned] == [key] and session.branches == ()
    session.close()
