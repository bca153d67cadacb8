"""What listing and asking a store of many runs costs, how that grows, and what many writers at once lose."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

import workbench as wb
from benchmarks.rows import Row, at_least, at_most
from workbench import runfile

SIZES = (200, 2_000, 20_000)
POINTS = 1_000
WRITERS, EACH = 32, 100
_FILTERED = "select peak, avg(final_loss) from runs where schedule = 'wsd' group by peak"
_OPEN = """
import sys, time
import pandas, pyarrow.parquet, duckdb, workbench.store.store, workbench.store.query
start = time.perf_counter()
table = workbench.store.store.Store(sys.argv[1]).table()
print(time.perf_counter() - start, len(table))
"""


def rows() -> list[Row]:
    """Seconds on stores of 200, 2,000 and 20,000 runs of 1,000 points."""
    out: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for n in SIZES:
            out += _sized(Path(folder) / str(n), n, n == SIZES[-1])
        out.append(_writers(Path(folder) / "writers"))
    return out


def run(number: int) -> wb.Run:
    """One of as many different runs as are asked for: four schedules, five peaks, then seeds."""
    name, peak = (
        ("wsd", "cosine", "linear", "rex")[number % 4],
        (1e-3, 2e-3, 3e-3, 5e-3, 8e-3)[number // 4 % 5],
    )
    schedule = wb.schedules.build({"name": name, "total": POINTS, "peak": peak})
    noise = np.random.default_rng(number).normal(0, 0.02, POINTS)
    step = np.arange(POINTS)
    curve = wb.Curve(step, 2 + 3 / np.sqrt(step + 1) + noise)
    facts = {
        "seed": number // 20,
        "status": "finished",
        "device": "cpu",
        "seconds": 12.5,
        "host": f"node{number % 7}",
    }
    return wb.Run(schedule, curve, {"name": "gpt", "preset": "0.1M", "context": 64}, facts)


def make(folder: Path, n: int) -> None:
    """A store of n runs; the disk is not waited for, as nobody's work is in it."""
    folder.mkdir()
    for number in range(n):
        id, data = runfile.pack(run(number))
        (folder / f"{id}.parquet").write_bytes(data)


def _sized(folder: Path, n: int, last: bool) -> list[Row]:
    make(folder, n)
    first = _once(lambda: wb.Store(folder).table())
    again = _opened(folder, n)
    store = wb.Store(folder)
    warm = _median(store.table)
    chosen = _median(lambda: store.table(schedule="wsd", peak=1e-3).groupby("seed")["final_loss"].mean())
    asked = _median(lambda: store.query(_FILTERED))
    ids = store.ids()[:20]
    curves = _median(lambda: dict(store.curves(ids, points=200)))
    what = f"{n:,} runs"
    told = (
        [
            at_most(f"table of all, warm, {what}", warm, 1, "s"),
            at_most(f"filter and mean in SQL, {what}", asked, 0.5, "s"),
            at_most(f"filter and mean in pandas, {what}", chosen, 0.5, "s"),
        ]
        if last
        else [
            Row(f"table of all, warm, {what}", warm, "s"),
            Row(f"filter and mean in SQL, {what}", asked, "s"),
            Row(f"filter and mean in pandas, {what}", chosen, "s"),
        ]
    )
    return [
        *told,
        Row(f"table in a new process, {what}", again, "s"),
        Row(f"first table, which makes the index, {what}", first, "s"),
        Row(f"20 curves at 200 points, {what}", curves, "s"),
    ]


def _writers(folder: Path) -> Row:
    """Share of the runs that 32 processes saved at once and that are there, whole."""
    with multiprocessing.get_context("fork").Pool(WRITERS) as pool:
        jobs = [(str(folder), writer) for writer in range(WRITERS)]
        said = {id for ids in pool.imap_unordered(_write, jobs, chunksize=1) for id in ids}
    store = wb.Store(folder)
    there = sum(1 for id in said if id in store and len(store.load(id).curve) == POINTS)
    share = there / (WRITERS * EACH)
    return at_least(f"{WRITERS} writers of {EACH} runs at once: share kept", share, 1, "")


def _write(job: tuple[str, int]) -> list[str]:
    store = wb.Store(job[0])
    return [store.save(run(job[1] * EACH + i)) for i in range(EACH)]


def _opened(folder: Path, n: int) -> float:
    """Seconds of the first table in a process that has only imported its libraries."""
    command = [sys.executable, "-c", _OPEN, str(folder)]
    seconds, found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(found) == n
    return float(seconds)


def _once(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _median(call: Callable[[], object], times: int = 5) -> float:
    call()
    return median(_once(call) for _ in range(times))
