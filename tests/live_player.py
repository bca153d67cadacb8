"""Kernels that train and are killed: run as a program by test_live_killed.py.

``python live_player.py folder how...`` plays in a process for each `how`, in the folder of that name: it
opens a session, trains, changes, forks, and is killed after so many seconds; with "leave" its interpreter
ends instead.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from live_cases import LONG, TASK, S, beyond, soon, wsd

import workbench as wb
from workbench import live


def play(folder: Path, how: str) -> None:
    """Play, and die in the middle."""
    session = live.open(folder)
    one, two = session.start(TASK, [wsd(6000), wsd(LONG, 0.5)], every_steps=100)
    beyond(session, one, 350)
    session.change(one, S.constant(total=6000, peak=0.02))
    three = session.fork(two, 220, wb.hold(4000, 0.01))
    beyond(session, one, 450)
    # The thread writes the session's file before it begins with a branch.
    soon(lambda: session.branch_of(three).status == "running")
    if how != "leave":
        time.sleep(float(how))
        os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, *hows: str) -> None:
    """Fork for each, and print how it ended."""
    for how in hows:
        if not (child := os.fork()):
            # What is registered for the end of an interpreter runs in this one.
            play(Path(folder) / how, how)
            sys.exit(0)
        print(how, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
