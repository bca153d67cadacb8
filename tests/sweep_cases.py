"""Notebooks for the tests of sweeps: small ones, each of one kind."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import nbformat

from workbench.sweep import attempt
from workbench.sweep.job import Job, Outcome


def notebook(path: Path, parameters: str, *cells: str, title: str = "# What comes of it?") -> Path:
    """Write a notebook: a title, a parameters cell, and code."""
    made = nbformat.v4.new_notebook()
    first = nbformat.v4.new_code_cell(parameters)
    first.metadata["tags"] = ["parameters"]
    rest = [nbformat.v4.new_code_cell(cell) for cell in cells]
    made.cells = [nbformat.v4.new_markdown_cell(title), first, *rest]
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)
    return path


def squares(path: Path, wait: str = "0") -> Path:
    """Records the square of x and where it ran."""
    return notebook(
        path,
        "x = 1\nseed = 0",
        f"import os, time\nfrom workbench import sweep\ntime.sleep({wait})",
        "sweep.record('square', x * x + seed / 100)\nsweep.record('pid', os.getpid())",
    )


def saver(path: Path, wait: str = "0") -> Path:
    """Saves one run for each task, unlike any other, as real ones are (they hold the time that was spent)."""
    return notebook(
        path,
        "schedule = 'wsd'  # Choice('wsd', 'cosine')\npeak = 1e-3  # Param(0, 1): highest rate\nseed = 0",
        f"import os, time\nimport workbench as wb\ntime.sleep({wait})",
        "s = wb.schedules.build({'name': schedule, 'total': 20, 'peak': peak})\n"
        "curve = wb.Curve([0, 9, 19], [4.0, 3.5, 3 + peak + seed / 1000])\n"
        "facts = {'seed': seed, 'status': 'finished', 'seconds': time.time()}\n"
        "wb.Store(os.environ['WORKBENCH_RUNS']).save(wb.Run(s, curve, {'name': 'toy'}, facts))",
    )


def cells_of(folder: Path, record: Any) -> list[Any]:
    """Cells of the output notebook of a finished task."""
    return nbformat.read(folder / record["output"], 4).cells


class Threads:
    """Tries in threads of this process: where workers are not what is tested, they need not be started."""

    remote = False

    def __init__(self, count: int = 2) -> None:
        self._count, self._stop = count, Event()
        self._pool = ThreadPoolExecutor(count)

    def room(self) -> int:
        return self._count

    def submit(self, job: Job) -> Future[Outcome]:
        return self._pool.submit(attempt.run, job, self._stop)

    def words(self) -> str:
        return "threads"

    def stop(self) -> None:
        self._stop.set()
        self._pool.shutdown()
