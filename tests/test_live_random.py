"""Whatever is pressed in whatever order leaves a sound tree, readable runs and no thread."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest
from live_cases import LONG, TASK, S, equal, whole, wsd

import workbench as wb
from workbench import live
from workbench.live import Session

NAMES = (
    "start",
    "pause",
    "go_on",
    "advance",
    "fork",
    "change",
    "stop",
    "rename",
    "drop",
    "back",
    "speed",
    "reopen",
)
WEIGHTS = (2, 2, 5, 3, 4, 6, 3, 2, 2, 1, 1, 0.5)


def press(session: Session, name: str, draw: random.Random) -> Session:
    """One press of a button, of which some are refused."""
    branches = session.branches
    branch = draw.choice(branches) if branches else None
    if name == "start" and len(branches) < 12:
        session.start(
            TASK, [wsd(draw.choice([300, LONG]), draw.uniform(0.1, 0.9)) for _ in range(2)], seeds=(0, 1)
        )
    elif name == "pause":
        session.pause()
    elif name == "go_on":
        keys = [each.key for each in branches if each.status == "stopped"]
        session.go_on(*draw.sample(keys, min(len(keys), draw.randrange(3))))
    elif name == "advance":
        session.advance(draw.randrange(1, 40))
    elif name == "speed":
        session.speed = draw.choice([None, 200.0])
    elif name == "reopen":
        session.close()
        session = live.open(session.folder)
    elif name == "back" and session.binned:
        session.restore(draw.choice(session.binned).key)
    elif branch is None:
        pass
    elif name == "fork" and len(branches) < 20:
        session.fork(branch.key, draw.randrange(0, branch.step + 2), wb.hold(50, draw.uniform(0.01, 0.05)))
    elif name == "change":
        session.change(branch.key, S.constant(total=draw.choice([200, LONG]), peak=draw.uniform(0.01, 0.05)))
    elif name == "stop":
        session.stop(branch.key)
    elif name == "rename":
        session.rename(branch.key, draw.choice(["a", "b", "", branch.name]))
    elif name == "drop":
        session.drop(branch.key)
    return session


def sound(session: Session) -> None:
    """Whether the tree hangs together."""
    branches = {branch.key: branch for branch in session.branches}
    assert len({branch.name for branch in branches.values()}) == len(branches)
    for branch in branches.values():
        assert 0 <= branch.step <= len(branch.schedule)
        assert (branch.status == "finished") == (
            branch.step == len(branch.schedule) and branch.status != "running"
        )
        assert branch.parent is None or int(branch.parent) < int(branch.key)
        if branch.parent is None:
            assert branch.left == 0
        else:
            shared = branches[branch.parent].schedule.until(branch.left)
            assert branch.schedule.until(branch.left).array().tolist() == shared.array().tolist()


@pytest.mark.parametrize("seed", [1, 2, 3033, 4040])
def test_a_hundred_random_presses_leave_all_sound(tmp_path: Path, seed: int) -> None:
    draw, refused, failed = random.Random(seed), 0, list[str]()
    threads = threading.active_count()
    session = live.open(tmp_path / "session")
    for _ in range(100):
        (name,) = draw.choices(NAMES, WEIGHTS)
        try:
            session = press(session, name, draw)
        except ValueError:
            refused += 1
        if draw.random() < 0.5:
            time.sleep(draw.uniform(0, 0.03))
        sound(session)
        failed += [session.error] if session.error else []
    assert not failed and refused < 50
    session.stop()
    assert session.wait(60)
    sound(session)
    left = {branch.key: branch for branch in session.branches}
    store = wb.Store(tmp_path / "runs")
    ids = session.save(store=store)
    for branch, id in zip(left.values(), ids, strict=True):
        assert store.load(id).facts["name"] == branch.name
        if branch.step:
            assert equal(branch, whole(branch.schedule.until(branch.step), branch.seed)), branch
    session.close()
    assert threading.active_count() == threads
    again = live.open(tmp_path / "session")
    assert {branch.key: (branch.step, branch.schedule) for branch in again.branches} == {
        key: (branch.step, branch.schedule) for key, branch in left.items()
    }
    assert all(dict(branch.curves) == dict(left[branch.key].curves) for branch in again.branches)
    again.close()
