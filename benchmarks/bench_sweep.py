"""What a sweep costs beyond papermill, and what warm kernels save.

``WORKBENCH_BENCH_TASKS=100 python -m benchmarks sweep`` for the full numbers.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.rows import Row, at_least, at_most
from workbench import sweep

_TASKS = int(os.environ.get("WORKBENCH_BENCH_TASKS", "40"))
"""Tasks of each measurement; a thousand take half an hour."""

_PROCESSES = 2
_BLOCKS = 4
_ONE_BY_ONE = 5
_WORKS = 1.0
_TINY = "print(x)"
# A second of a cold kernel, as notebooks of ours spend it: on imports, then on a little work.
_SECOND = (
    "import numpy as np, pandas as pd, scipy.optimize, pyarrow.parquet\nimport workbench as wb",
    "wb.schedules.wsd(1000 + x, 1e-3).array().sum()",
)
# A second of computing, which no warm kernel can save: the other end of the scale.
_WORK = f"import time\nend = time.process_time() + {_WORKS}\nwhile time.process_time() < end: pass"


def rows() -> list[Row]:
    """Overhead per task, and how many times faster warm kernels are."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        tiny = _notebook(folder / "tiny.ipynb", _TINY)
        second = _notebook(folder / "second.ipynb", *_SECOND)
        work = _notebook(folder / "work.ipynb", _WORK)
        bare, ours = _in_turns(tiny, folder)
        inner = _seconds_of(second)
        made = [
            Row(f"bare papermill, {_PROCESSES} processes, {_TASKS} tasks, per task", bare, "s"),
            Row("the same as a sweep, per task", ours, "s"),
            at_most("overhead of a sweep over bare papermill", 100 * (ours / bare - 1), 15, "%"),
            Row("the 1-second notebook, its own cells in a cold kernel", inner, "s"),
        ]
        for name, path, target in (("of imports", second, 5.0), ("of computing", work, None)):
            alone = _one_by_one(path, folder)
            command = _commands(path, folder)
            warm, whole = _warm(path, folder / name)
            cells = f"1-second notebook {name}"
            made.append(Row(f"{cells}: papermill one by one, in one process", alone, "s/task"))
            made.append(Row(f"{cells}: papermill one by one, as commands", command, "s/task"))
            made.append(Row(f"{cells}: warm kernels, {_PROCESSES} processes", warm, "s/task"))
            title = f"{cells}: warm over papermill, one process"
            made.append(
                at_least(title, alone / warm, target, "times")
                if target
                else Row(title, alone / warm, "times")
            )
            made.append(Row(f"{cells}: warm over papermill, commands", command / warm, "times"))
            # The commands' start is in theirs: here ours is in ours, too, with that of its warm parents.
            title = f"{cells}: a whole warm sweep of {_TASKS} tasks, start and end with it"
            made.append(Row(title, whole, "s/task"))
            made.append(Row(f"{title}, over papermill commands", command / whole, "times"))
            made.append(Row(f"{title}, over papermill in one process", alone / whole, "times"))
            if path == work:
                # Where every core computes all the time, and nothing else costs anything.
                most = alone * min(_PROCESSES, os.cpu_count() or 1) / _WORKS
                made.append(
                    Row(f"{cells}: the most that {_PROCESSES} processes can be faster", most, "times")
                )
        return made


def _notebook(path: Path, *cells: str) -> Path:
    import nbformat

    made = nbformat.v4.new_notebook()
    first = nbformat.v4.new_code_cell("x = 0", metadata={"tags": ["parameters"]})
    made.cells = [nbformat.v4.new_markdown_cell("# How long?"), first]
    made.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, path)
    return path


def _in_turns(path: Path, folder: Path) -> tuple[float, float]:
    """Seconds per task of both, in alternating blocks, so that what else the machine does hits both alike."""
    each = max(1, _TASKS // _BLOCKS)
    spent = [0.0, 0.0]
    with _pool(_PROCESSES) as pool:
        list(pool.map(_papermill, [(str(path), str(folder / "w.ipynb"), x) for x in range(_PROCESSES)]))
        for block in range(_BLOCKS):
            numbers = range(block * each, (block + 1) * each)
            begin = time.perf_counter()
            lost = sum(pool.map(_papermill, [(str(path), str(folder / f"{x}.ipynb"), x) for x in numbers]))
            spent[0] += time.perf_counter() - begin - lost / _PROCESSES
            # The start of the workers is not a task's; papermill's pool had its start above.
            engine = sweep.local(_PROCESSES)
            spent[1] += _swept(path, folder / f"sweep{block}", list(numbers), engine)[0]
    return spent[0] / (each * _BLOCKS), spent[1] / (each * _BLOCKS)


def _swept(
    path: Path, out: Path, numbers: list[int], engine: sweep.Engine, warm: bool = False
) -> tuple[float, float]:
    """Seconds of the tasks of `numbers`, after as many as there are processes have warmed the workers up.

    And seconds of the whole sweep, those tasks, all that starts and all that ends with it.
    """
    first = list(range(-_PROCESSES, 0))
    plan = sweep.plan(path, grid={"x": [*first, *numbers]})
    start, ready = time.perf_counter(), 0.0
    begin = start
    for progress in sweep.events(plan, out, engine=engine, warm=warm):
        if progress.done <= len(first):
            begin = time.perf_counter()
            # What is under way when the clock starts counts half.
            ready = progress.done + progress.running / 2
    end = time.perf_counter()
    return (end - begin) * len(numbers) / (len(plan) - ready), end - start


def _papermill(task: tuple[str, str, int]) -> float:
    """Run it, and return the seconds that were lost on kernels that never answered.

    Of a thousand kernels of papermill a few choose a port that another has just taken: those runs are
    repeated, and what they cost does not count against papermill.
    """
    import papermill

    path, out, x = task
    begin = lost = time.perf_counter()
    for _ in range(3):
        try:
            papermill.execute_notebook(path, out, {"x": x}, progress_bar=False, start_timeout=20)
            return lost - begin
        except RuntimeError:
            lost = time.perf_counter()
    raise RuntimeError(f"no kernel answered in three tries of {path}")


def _one_by_one(path: Path, folder: Path) -> float:
    task = (str(path), str(folder / "one.ipynb"))
    with _pool(1) as pool:
        pool.submit(_papermill, (*task, 0)).result()
        begin = time.perf_counter()
        for x in range(_ONE_BY_ONE):
            pool.submit(_papermill, (*task, x)).result()
        return (time.perf_counter() - begin) / _ONE_BY_ONE


def _commands(path: Path, folder: Path) -> float:
    begin = time.perf_counter()
    for x in range(_ONE_BY_ONE):
        words = [sys.executable, "-m", "papermill", str(path), str(folder / "one.ipynb"), "-p", "x", str(x)]
        subprocess.run(words, check=True, capture_output=True)
    return (time.perf_counter() - begin) / _ONE_BY_ONE


def _warm(path: Path, out: Path) -> tuple[float, float]:
    numbers = list(range(_TASKS - _PROCESSES))
    tasks, whole = _swept(path, out, numbers, sweep.local(_PROCESSES), warm=True)
    return tasks / len(numbers), whole / _TASKS


def _seconds_of(path: Path) -> float:
    """Seconds that the cells of a notebook take in a cold kernel."""
    import nbformat

    out = path.with_name("alone.ipynb")
    with _pool(1) as pool:
        pool.submit(_papermill, (str(path), str(out), 1)).result()
    return float(nbformat.read(out, 4).metadata.papermill["duration"])


def _pool(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_quiet)


def _quiet() -> None:
    # Kernels of papermill alone warn on standard error, each time.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
