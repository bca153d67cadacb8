"""Trainings that are killed and go on: run as a program by test_snapshots_killed.py.

``python killed_training.py folder kills seed`` trains the tasks of `WHAT`, one after the other and each
in a folder of its own, in processes that it kills at random moments; each goes on from the folder. It
prints ``ended <name> <folder> <number>`` for each training that came to its end, and starts others
until `kills` processes were killed. With a fourth argument, "stages", the processes of each training kill
themselves instead: the first at the first of `STAGES` of some snapshot, the next at the second, and so on.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import workbench as wb
from workbench import train
from workbench.train.snapshots import saved

STAGES = ("half", "written", "synced", "replaced")
_S = wb.schedules


def _forks(total: int, peak: float) -> list[wb.Schedule]:
    """Schedules that part one after the other, end at different times, and one that diverges."""
    cooldowns = [_S.wsd(total=total, peak=peak, decay=d, warmup=0.1) for d in (0.2, 0.5, 0.7)]
    return [*cooldowns, _S.wsd(total=total // 2, peak=peak, decay=0.3, warmup=0.2), wb.hold(total, peak)]


WHAT: dict[str, dict[str, Any]] = {
    "adamw": {
        "task": train.tasks.mlp(inputs=8, width=16, depth=2, batch=16, measurements=40),
        "schedules": _forks(200, 1e-2),
        "seed": [0, 1],
        "optimizer": train.optimizers.AdamW(clip=1.0),
    },
    "sgd": {
        "task": train.tasks.quadratic(modes=20, measurements=40),
        "schedules": [*_forks(2000, 0.1), wb.hold(300, 50.0)],
        "seed": [0, 1],
        "optimizer": train.optimizers.SGD(momentum=0.9),
    },
}
"""Trainings by the name of their optimizer."""


def snapshots(name: str, folder: str | Path) -> train.Snapshots:
    """Snapshots much oftener than anybody needs."""
    return train.Snapshots(folder, every=0.02, steps=20 if name == "adamw" else 100)


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _arm(stage: str, after: int) -> None:
    """Make this process die at `stage` of the snapshot after so many."""
    library, left = saved.library(), [after]
    real = {"fsync": os.fsync, "replace": os.replace}

    def save(tensors: Any, path: Path, about: Any) -> None:
        left[0] -= 1
        library.save(tensors, path, about)
        if left[0] < 0 and stage == "half":
            os.truncate(path, path.stat().st_size // 2)
            _die()

    def fsync(handle: int) -> None:
        if left[0] < 0 and stage == "written":
            _die()
        real["fsync"](handle)

    def replace(*names: Any) -> None:
        if left[0] < 0 and stage == "synced":
            _die()
        real["replace"](*names)
        if left[0] < 0 and stage == "replaced":
            _die()

    saved.library = lambda: library._replace(save=save)  # type: ignore[assignment]
    os.fsync, os.replace = fsync, replace  # type: ignore[assignment]


def _train(name: str, folder: Path, stage: str | None) -> None:
    # A broken snapshot would be warned of: here that is a failure.
    warnings.simplefilter("error")
    if stage is not None:
        _arm(stage, after=3)
    train.train(**WHAT[name], snapshots=snapshots(name, folder))


def main(folder: str, kills: int, seed: int, how: str = "random") -> None:
    """Fork, kill, and print what came to its end."""
    draw, done, number = random.Random(seed), 0, 0
    while done < kills:
        name = list(WHAT)[number % len(WHAT)]
        place, before = Path(folder) / f"{number}", done
        ended = False
        while not ended:
            at = done - before
            stage = STAGES[at] if how == "stages" and at < len(STAGES) else None
            child = os.fork()
            if child == 0:
                try:
                    _train(name, place, stage)
                    os._exit(0)
                except BaseException as error:
                    print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                    os._exit(1)
            if how == "random" and done < kills:
                time.sleep(draw.uniform(0.02, 0.4))
                os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            done += killed
            ended = not killed
            if ended and os.waitstatus_to_exitcode(status):
                sys.exit(1)
        print("ended", name, place, done - before, flush=True)
        number += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
