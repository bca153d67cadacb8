"""A killed kernel loses what came after its last snapshots and nothing else; two never share a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from live_cases import equal, soon, whole

from workbench import live

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which Windows has not")
PLAYER = Path(__file__).with_name("live_player.py")
HERE = {**os.environ, "PYTHONPATH": f"{PLAYER.parents[1]}{os.pathsep}{PLAYER.parent}"}
# Right after the fork, a little later, and where the interpreter ends by itself in the middle.
HOWS = {"0": -9, "0.1": -9, "leave": 0}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("played")
    command = [sys.executable, str(PLAYER), str(folder), *HOWS]
    done = subprocess.run(command, env=HERE, capture_output=True, text=True, check=True, timeout=200)
    assert done.stdout.split() == [word for how, code in HOWS.items() for word in (how, str(code))]
    assert "Traceback" not in done.stderr, done.stderr
    return folder


@pytest.mark.parametrize("how", HOWS)
def test_what_a_kernel_left_goes_on_to_the_bits_of_one_that_was_never_killed(played: Path, how: str) -> None:
    session = live.open(played / how)
    one, two, three = (branch.key for branch in session.branches)
    for branch in session.branches[:2]:
        assert branch.status == "stopped" and branch.step >= 300
        assert equal(branch, whole(branch.schedule.until(branch.step)))
    assert session.unfinished == (one, two, three)
    (changed,) = session.run(one).facts["changes"]
    session.go_on(one, three)
    soon(lambda: session.state == "idle")
    assert session.unfinished == (two,)
    for key in (one, three):
        branch = session.branch_of(key)
        assert branch.status == "finished" and equal(branch, whole(branch.schedule))
    assert session.branch_of(one).schedule(changed["step"]) == 0.02
    assert session.branch_of(three).parent == two and session.branch_of(three).left == 220
    session.wait()
    session.close()
    seen = live.look(played / how)
    assert [branch.status for branch in seen.branches] == ["finished", "stopped", "finished"]
    assert seen.run(three).curve.step[-1] == 4219


def test_a_second_kernel_is_refused_and_may_look(tmp_path: Path) -> None:
    session = live.open(tmp_path)
    program = (
        "from workbench import live\n"
        "print(len(live.look(__import__('sys').argv[1]).branches))\n"
        "live.open(__import__('sys').argv[1])\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    session._state.save()
    refused = subprocess.run(command, env=HERE, capture_output=True, text=True, check=False)
    assert refused.stdout == "0\n" and f"in use by another kernel (process {os.getpid()})" in refused.stderr
    session.close()
    done = subprocess.run(command, env=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
