"""Adaptive search: it finds the best, it is taken up where it stopped, and intervals over seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy import stats
from sweep_cases import notebook

from workbench import sweep
from workbench.sweep import folder as folders
from workbench.sweep import notebook_source
from workbench.sweep.job import Job, Outcome
from workbench.sweep.ledger import Ledger

CELL = """
peak = 1e-3  # Param(0, 1, open_low=True, log=True, slider=(1e-5, 1e-1))
schedule = "wsd"  # Choice("wsd", "cosine")
depth = 4  # Param(1, 16)
seed = 0
"""


class Formula:
    """An engine that computes a task's figure by a formula, so that hundreds of trials cost nothing."""

    remote = False

    def __init__(self, stop_after: int | None = None, defaults: Mapping[str, Any] | None = None) -> None:
        self.ran: list[dict[str, Any]] = []
        self._stop_after, self._defaults = stop_after, defaults or {}

    def room(self) -> int:
        return 2

    def submit(self, job: Job) -> Future[Outcome]:
        if self._stop_after is not None and len(self.ran) >= self._stop_after:
            raise KeyboardInterrupt
        given = dict(job.task.parameters)
        self.ran.append(given)
        loss = (
            math.log10(given["peak"] / 3e-3) ** 2
            + ({**self._defaults, **given}["schedule"] == "cosine")
            + given.get("seed", 0) / 100
        )
        record = {
            "format": 1,
            "key": job.task.key,
            "attempt": job.attempt,
            "parameters": given,
            "metrics": {"loss": loss},
            "runs": [],
            "seconds": 1.0,
            "notebook": notebook_source.from_text("a", job.notebook).digest,
            "code": job.code,
            "output": "",
            "log": "",
        }
        Ledger(folders.at(job.out)).finish(record)
        answer: Future[Outcome] = Future()
        answer.set_result(Outcome("finished", record=record))
        return answer

    def words(self) -> str:
        return "a formula"

    def stop(self) -> None:
        return


@pytest.fixture
def plan(tmp_path: Path) -> sweep.Plan:
    path = notebook(tmp_path / "a.ipynb", CELL)
    sample = {"peak": "", "schedule": ""}
    return sweep.plan(path, sample=sample, search=40, zipped={"seed": [0, 1]}, metric="loss", seed=1)


def test_a_search_finds_the_valley_and_random_points_do_not(plan: sweep.Plan, tmp_path: Path) -> None:
    engine, last = Formula(), []
    sweep.sweep(plan, tmp_path / "out", engine=engine, on_progress=last.append)
    assert len(engine.ran) == len(plan) == 80 and last[-1].over
    best, _ = last[-1].best
    assert best.parameters["schedule"] == "wsd" and abs(math.log10(best.parameters["peak"] / 3e-3)) < 0.1
    # The later half of the points lies nearer to the valley than even points would.
    later = [abs(math.log10(one["peak"] / 3e-3)) for one in engine.ran[40:]]
    assert statistics.median(later) < 0.8, "of even points it would be 1"


def test_each_trial_runs_all_its_seeds(plan: sweep.Plan, tmp_path: Path) -> None:
    engine = Formula()
    sweep.sweep(plan, tmp_path / "out", engine=engine)
    pairs = {}
    for one in engine.ran:
        pairs.setdefault((one["peak"], one["schedule"]), []).append(one["seed"])
    assert all(sorted(seeds) == [0, 1] for seeds in pairs.values()) and len(pairs) == 40


def test_a_search_that_was_stopped_goes_on_and_asks_for_nothing_twice(
    plan: sweep.Plan, tmp_path: Path
) -> None:
    first, second = Formula(stop_after=31), Formula()
    with pytest.raises(KeyboardInterrupt):
        sweep.sweep(plan, tmp_path / "out", engine=first)
    sweep.sweep(plan, tmp_path / "out", engine=second)
    key = [tuple(one.items()) for one in first.ran + second.ran]
    assert len(first.ran) == 31 and len(key) == len(set(key)) == 80
    best = min(second.ran, key=lambda one: abs(math.log10(one["peak"] / 3e-3)))
    assert abs(math.log10(best["peak"] / 3e-3)) < 0.2


def test_more_trials_go_on_with_those_that_there_are(plan: sweep.Plan, tmp_path: Path) -> None:
    assert plan.search is not None
    fewer = replace(plan, search=replace(plan.search, trials=10))
    first, second = Formula(), Formula()
    sweep.sweep(fewer, tmp_path / "out", engine=first)
    sweep.sweep(plan, tmp_path / "out", engine=second)
    assert (len(first.ran), len(second.ran)) == (20, 60)
    assert not {tuple(one.items()) for one in first.ran} & {tuple(one.items()) for one in second.ran}


def test_what_one_task_was_given_another_has_by_default(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", CELL)
    plan = sweep.plan(path, rows=[{"peak": 1e-3}, {"peak": 3e-3, "schedule": "wsd"}], metric="loss")
    engine = Formula(defaults={"schedule": "wsd"})
    found = sweep.sweep(plan, tmp_path / "out", engine=engine)
    assert [group.parameters["schedule"] for group in found.groups()] == ["wsd", "wsd"]
    assert list(found.table()["schedule"]) == ["wsd", "wsd"]


def test_intervals_over_seeds_are_students(tmp_path: Path) -> None:
    grid = {"peak": [1e-3, 3e-3], "schedule": ["wsd"]}
    path = notebook(tmp_path / "a.ipynb", CELL)
    plan = sweep.plan(path, grid=grid, zipped={"seed": range(5)}, metric="loss")
    found = sweep.sweep(plan, tmp_path / "out", engine=Formula())
    best, other = found.groups()
    assert (best.parameters["peak"], other.parameters["peak"]) == (3e-3, 1e-3)
    assert best.values == pytest.approx([seed / 100 for seed in range(5)])
    low, high = stats.t.interval(0.9, 4, loc=best.mean, scale=stats.sem(best.values))
    assert (best.low, best.high) == pytest.approx((low, high))
    single = sweep.sweep(sweep.plan(path, grid=grid, metric="loss"), tmp_path / "one", engine=Formula())
    assert math.isnan(single.groups()[0].low)
