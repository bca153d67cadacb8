"""Writers that are killed: run as a program by test_store.py, imports NumPy and PyArrow only.

``python killed_writer.py folder kills seed`` forks one writer after the other, each of which saves runs
in a loop and acknowledges every id, and kills it at a random moment. It prints one line per
acknowledged run: number of the writer, number of the run, id. With a fourth argument, a name from
`STAGES`, every writer kills itself at that point of its second save instead.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
from pathlib import Path

import numpy as np

import workbench as wb
from workbench.store import Store

STAGES = ("half", "written", "synced", "replaced")


def meant(writer: int, number: int) -> wb.Run:
    """The run that writer `writer` saves as its run `number`."""
    rng = np.random.default_rng([writer, number])
    step = np.arange(2_000)
    curve = wb.Curve(step, rng.normal(size=2_000))
    schedule = wb.schedules.wsd(total=2_000 + number, peak=1e-3)
    facts = {"writer": writer, "number": number, "nan": [float("inf")]}
    return wb.Run(schedule, curve, {"name": "killed"}, facts, {"train": wb.Curve(step, curve.loss + 1)})


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _arm(stage: str) -> None:
    """Make the next save of this process die at `stage`."""
    replace, opened = os.replace, Path.open

    def half_written(path: Path, mode: str = "r") -> None:
        with opened(path, mode) as file:
            file.write(b"PAR1")
            file.flush()
            _die()

    if stage == "half":
        Path.open = half_written  # type: ignore[method-assign,assignment]
    elif stage == "written":
        os.fsync = _die  # type: ignore[assignment]
    elif stage == "synced":
        os.replace = _die  # type: ignore[assignment]
    else:
        os.replace = lambda *names: _die(replace(*names))  # type: ignore[assignment]


def _write(folder: str, writer: int, out: int, stage: str | None) -> None:
    store = Store(folder)
    number = 0
    while True:
        if stage is not None and number == 1:
            _arm(stage)
        id = store.save(meant(writer, number))
        os.write(out, f"{writer} {number} {id}\n".encode())
        number += 1


def main(folder: str, kills: int, seed: int, stage: str | None = None) -> None:
    """Fork, kill, and print what was acknowledged."""
    rng = random.Random(seed)
    # Each fork starts warm: nothing is left to import.
    Store(folder + "-warm").save(meant(0, 0))
    for writer in range(kills):
        inward, outward = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(inward)
            _write(folder, writer, outward, stage)
        os.close(outward)
        if stage is None:
            if writer % 2:
                # On a busy machine a fixed time may end before the first run is saved.
                select.select([inward], [], [], 30)
            time.sleep(rng.uniform(0.005, 0.15))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        with os.fdopen(inward, "rb") as acknowledged:
            # A line is shorter than a pipe's atomic write, so none is cut.
            sys.stdout.write(acknowledged.read().decode())
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
