"""What a session cannot do it says in a sentence, and nothing of the work is lost by it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_cases import TASK, S, advanced, wsd

import workbench as wb
from workbench import live, train
from workbench.live import Session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    opened = live.open(tmp_path_factory.mktemp("session"))
    opened.start(TASK, [wsd(50)], wait=True)
    opened.start(TASK, [wsd(5000)], names=["going"])
    advanced(opened, 30)
    yield opened
    opened.close()


BAD: list[tuple[str, Callable[[Session], Any], str]] = [
    ("task", lambda s: s.start("gpt", [wsd(10)]), "task must be one of"),
    ("none", lambda s: s.start(TASK, []), "schedules must be a list of one or more"),
    ("bare", lambda s: s.start(TASK, wsd(10)), "schedules must be a list"),
    ("seed", lambda s: s.start(TASK, [wsd(10)], seeds=(-1,)), "seed must be at least 0"),
    ("no seed", lambda s: s.start(TASK, [wsd(10)], seeds=()), "seed must be"),
    ("names", lambda s: s.start(TASK, [wsd(10)], names=["a", "b"]), "names must be one for each of the 1"),
    ("text", lambda s: s.start(TASK, [wsd(10)], names="a"), "names must be one for each"),
    (
        "taken",
        lambda s: s.start(TASK, [wsd(10)], names=["going"]),
        "name must be one that no other branch has",
    ),
    ("twice", lambda s: s.start(TASK, [wsd(10)] * 2, names=["x", "x"]), "name must be one that no other"),
    (
        "every",
        lambda s: s.start(TASK, [wsd(10)], every_steps=0),
        "every_steps must be a whole number|at least 1",
    ),
    ("device", lambda s: s.start(TASK, [wsd(10)], device="tpu"), "device must be one of"),
    ("optimizer", lambda s: s.start(TASK, [wsd(10)], optimizer="sgd"), "optimizer must be one of"),
    ("probes", lambda s: s.start(TASK, [wsd(10)], probes=["sharpness"]), "probes must be several"),
    ("key", lambda s: s.fork("9", 3, wsd(10)), "key must be one of 1, 2; got '9'"),
    ("kind", lambda s: s.branch_of(1), "key must be one of 1, 2; got 1"),
    ("step 0", lambda s: s.fork("1", 0, wsd(10)), "step must be .*; got 0"),
    ("beyond", lambda s: s.fork("1", 51, wsd(10)), "step must be .*; got 51"),
    ("half", lambda s: s.fork("1", 2.5, wsd(10)), "step must be a whole number"),
    ("what", lambda s: s.fork("1", 3, "cosine"), "schedule must be a Schedule or Plan"),
    ("fork name", lambda s: s.fork("1", 3, wsd(10), name=""), "name must be text of 1 to 80"),
    ("short", lambda s: s.change("2", wsd(30)), "longer than the 30 updates that are done; got 30"),
    ("ended", lambda s: s.change("1", wsd(90)), "branch 1 is finished .* fork it"),
    ("future", lambda s: s.change("2", None), "schedule must be a Schedule or Plan"),
    ("on", lambda s: s.go_on("1"), "branch 1 is finished: it cannot be gone on with"),
    ("updates", lambda s: s.advance(0), "updates must be"),
    ("speed", lambda s: setattr(s, "speed", -2), "speed must be"),
    ("nan", lambda s: setattr(s, "speed", np.nan), "speed must be"),
    ("name", lambda s: s.rename("2", "wsd"), "name must be one that no other branch has; got 'wsd'"),
    ("empty", lambda s: s.rename("2", "  "), "name must be text of 1 to 80"),
    ("long", lambda s: s.rename("2", "x" * 81), "name must be text of 1 to 80"),
    ("number", lambda s: s.rename("2", 7), "name must be text of 1 to 80"),
    ("gone", lambda s: s.drop("7"), "key must be one of"),
    ("back", lambda s: s.restore("1"), "key must be one of none yet; got '1'"),
    ("store", lambda s: s.save("1", store=3), "store must be a Store or a folder"),
    ("listen", lambda s: s.listen("call"), "call must be a function"),
    ("since", lambda s: s.news(-1), "since must be"),
]


@pytest.mark.parametrize(("call", "said"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_what_cannot_be_is_refused_and_changes_nothing(
    session: Session, call: Callable[[Session], Any], said: str
) -> None:
    before = [(b.key, b.name, b.schedule, b.step, b.status) for b in session.branches]
    with pytest.raises(ValueError, match=said):
        call(session)
    assert [(b.key, b.name, b.schedule, b.step, b.status) for b in session.branches] == before
    assert session.state == "paused" and session.error == ""


def test_a_quantity_that_the_optimizer_has_not_is_refused(session: Session) -> None:
    plan = wb.plan.Plan(wb.hold(100, 0.1), beta2=wb.hold(100, 0.9))
    with pytest.raises(ValueError, match="beta2"):
        session.change("2", plan)
    with pytest.raises(ValueError, match="beta2|same quantities"):
        session.fork("1", 20, plan)


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    for folder in ("", 3, None):
        with pytest.raises(ValueError, match="folder must name a folder"):
            live.open(folder)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="folder must hold a session"):
        live.look(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot be written to"):
        live.open(tmp_path / "file")
    for i, text in enumerate(["", "{", "[]", "{}", '{"format": 99}', '{"format": 1, "key": {}}']):
        folder = tmp_path / str(i)
        folder.mkdir()
        (folder / "session.json").write_text(text)
        with pytest.raises(ValueError, match="is not a session that can be read"):
            live.open(folder)
        assert (folder / "session.json").read_text() == text
        (folder / "session.json").unlink()
        live.open(folder).close()


def test_a_closed_session_says_so_and_its_curves_stay(tmp_path: Path) -> None:
    session = live.open(tmp_path)
    (key,) = session.start(TASK, [S.constant(total=40, peak=0.02)], wait=True)
    session.close()
    session.close()
    for call in (session.pause, lambda: session.start(TASK, [wsd(9)]), lambda: session.rename(key, "x")):
        with pytest.raises(ValueError, match="this session is closed; open its folder"):
            call()
    assert len(session.branch_of(key).curves["loss"]) == 40


def test_nothing_to_go_on_with_is_said_and_a_lost_folder_costs_only_its_branch(tmp_path: Path) -> None:
    session = live.open(tmp_path)
    with pytest.raises(ValueError, match="nothing to go on with"):
        session.go_on()
    with pytest.raises(ValueError, match="none is; start one"):
        session.advance()
    session.start(TASK, [wsd(60)], wait=True)
    session.start(TASK, [wsd(80)], wait=True)
    session.close()
    shutil.rmtree(tmp_path / "trainings" / "0001")
    with pytest.warns(UserWarning, match="0001"):
        session = live.open(tmp_path)
    assert [branch.step for branch in session.branches] == [0, 80]
    fork = session.fork("2", 70, wb.hold(5, 0.01))
    assert session.wait(30) and session.branch_of(fork).status == "finished"
    session.close()


def test_importing_it_needs_no_torch() -> None:
    import subprocess
    import sys

    program = "import sys; from workbench import live; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n" and train is not None
