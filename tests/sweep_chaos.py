"""Chaos: workers of a Dask cluster are killed at random, and so is the driver; counts what came of it.

``python sweep_chaos.py TASKS WORKERS SECONDS DRIVER_KILLS`` is the full measurement; a test runs a small one.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweep_cases import saver

import workbench as wb
from workbench import sweep
from workbench.sweep import folder as folders
from workbench.sweep import publish
from workbench.sweep.ledger import Ledger

DRIVER = Path(__file__).with_name("sweep_driver.py")


@dataclass(frozen=True)
class Chaos:
    """How many tasks, records and runs there are, and what was killed meanwhile."""

    tasks: int
    records: int
    runs: int
    tasks_with_runs: int
    staged: int
    failed: int
    workers_killed: int
    drivers_killed: int
    rewritten: int
    seconds: float


class Workers:
    """Worker processes of a Dask scheduler, each of its own; who dies is replaced.

    They import what lies in `path`, this repository where it is not given.
    """

    def __init__(self, address: str, count: int, path: Path = Path(__file__).parents[1]) -> None:
        self._address, self._path = address, path
        self._all = [self._start() for _ in range(count)]

    @property
    def pids(self) -> list[int]:
        """Of those that live."""
        return [one.pid for one in self._all if one.poll() is None]

    def replace(self) -> None:
        """Start another for each that has died."""
        self._all = [one if one.poll() is None else self._start() for one in self._all]

    def close(self) -> None:
        """End all."""
        for one in self._all:
            one.kill()
            one.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        options = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--memory-limit", "0"]
        words = [sys.executable, "-m", "distributed.cli.dask_worker", self._address, *options]
        environment = {**os.environ, "PYTHONPATH": str(self._path)}
        nothing = subprocess.DEVNULL
        # A module of the current folder would come before those of the path.
        return subprocess.Popen(words, env=environment, cwd=self._path, stdout=nothing, stderr=nothing)


class Scheduler:
    """A Dask scheduler that is a process of its own and can be killed and started again at its address."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._process = self._start()

    def __enter__(self) -> Scheduler:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Kill it, and start another."""
        self._process.kill()
        self._process.wait()
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        options = ["--host", "127.0.0.1", "--port", str(self._port), "--no-dashboard", "--no-show"]
        words = [sys.executable, "-m", "distributed.cli.dask_scheduler", *options]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return process
            time.sleep(0.1)
        raise RuntimeError("the scheduler did not start")


@contextlib.contextmanager
def cluster(workers: int, path: Path = Path(__file__).parents[1]) -> Iterator[tuple[Any, Workers]]:
    """A real Dask cluster: a scheduler, and workers that are processes of their own and import `path`."""
    from distributed import LocalCluster

    made = LocalCluster(n_workers=0, dashboard_address=None, silence_logs=50)
    processes = Workers(made.scheduler_address, workers, path)
    try:
        yield made, processes
    finally:
        processes.close()
        made.close()


def chaos(folder: Path, tasks: int, workers: int, pace: float, driver_kills: int, seed: int = 0) -> Chaos:
    """Run a sweep while its workers die every `pace` seconds and its driver `driver_kills` times."""
    path, out, begin = saver(folder / "a.ipynb", wait="0.3"), folder / "out", time.monotonic()
    rng, over, killed = random.Random(seed), threading.Event(), []
    with cluster(workers) as (made, processes):

        def kill() -> None:
            before = 0
            while not over.wait(rng.uniform(0.6, 1.4) * pace):
                processes.replace()
                registered = {worker.pid for worker in list(made.scheduler.workers.values())}
                ready = [pid for pid in processes.pids if pid in registered]
                # On a machine that is slower than the kills, nothing would ever finish.
                if ready and _done(out) > before:
                    before = _done(out)
                    killed.append(rng.choice(ready))
                    os.kill(killed[-1], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            drivers, finished = 0, {}
            for number in range(driver_kills + 1):
                driver = _driver(path, out, made.scheduler_address, tasks)
                # Each share of the tasks is done by another driver.
                goal = tasks * (number + 1) // (driver_kills + 1)
                while driver.poll() is None and (number == driver_kills or _done(out) < goal):
                    time.sleep(0.1)
                if driver.poll() is None:
                    driver.send_signal(signal.SIGKILL)
                    drivers += 1
                driver.wait()
                now = {p.name: p.stat().st_mtime_ns for p in (out / "records").glob("*.json")}
                rewritten = sum(now.get(name) != at for name, at in finished.items())
                assert rewritten == 0, "a record that was there has changed"
                finished = now
        finally:
            over.set()
            killer.join()
    # A try of a driver that is gone may have been under way at the end: the next command settles it.
    place = folders.at(out)
    publish.settle(place, Ledger(place).records())
    found = sweep.results(out)
    store = wb.Store(out / "runs")
    marked = [store.load(id).facts["sweep_task"] for id in store.ids()]
    return Chaos(
        tasks=tasks,
        records=len(found.finished),
        runs=len(marked),
        tasks_with_runs=len(set(marked)),
        staged=len(place.names("staged")),
        failed=len(found.failed),
        workers_killed=len(killed),
        drivers_killed=drivers,
        rewritten=rewritten,
        seconds=time.monotonic() - begin,
    )


def _driver(path: Path, out: Path, scheduler: str, tasks: int) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[1])
    log = (out.parent / "driver.log").open("ab")
    command = [sys.executable, str(DRIVER), str(path), str(out), scheduler, str(tasks)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": root}, stdout=log, stderr=log)


def _done(out: Path) -> int:
    return len(list((out / "records").glob("*.json")))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        numbers = [float(word) for word in sys.argv[1:]]
        print(chaos(Path(scratch), int(numbers[0]), int(numbers[1]), numbers[2], int(numbers[3])))
