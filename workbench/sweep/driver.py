"""Runs a plan: what is left of it, again what has failed, and never what has finished."""

from __future__ import annotations

import math
import os
import platform
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from workbench.files import short
from workbench.params import Param, number
from workbench.sweep import folder as folders
from workbench.sweep import manifest, publish
from workbench.sweep.collected import Results, results
from workbench.sweep.engine import Engine
from workbench.sweep.job import Job, Limits, Outcome
from workbench.sweep.ledger import Ledger, failures
from workbench.sweep.local_engine import local
from workbench.sweep.notebook_source import package_version
from workbench.sweep.planning import Plan
from workbench.sweep.progress import Progress, metric_of
from workbench.sweep.task import Task
from workbench.sweep.upcoming import upcoming

_RETRIES = Param(0, 100, help="further tries of a task that has failed")
_PACE = 0.5


def sweep(
    plan: Plan,
    out: str | os.PathLike[str],
    *,
    engine: Engine | None = None,
    retries: int = 1,
    retry_failed: bool = False,
    limits: Limits = Limits(),  # noqa: B008, a frozen value
    warm: bool | tuple[str, ...] = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Results:
    """Run what is left of a plan, and give all results.

    Parameters
    ----------
    plan : Plan
        From `workbench.sweep.plan`.
    out : path or address
        Folder of the sweep, or an address that fsspec knows, such as ``s3://bucket/sweeps/first``.
    engine : Engine, optional
        Where tasks run: `sweep.local` (also where it is not given), `sweep.connect` or `sweep.cluster`.
    retries : int
        Further tries of a task that fails or loses its worker; every reason is kept.
    retry_failed : bool
        Whether tasks that were given up get their tries again.
    limits : Limits
        Time and memory of a try.
    warm : bool or tuple of str
        Fork kernels from a parent that has imported the notebook's modules, or those named.
    on_progress : callable
        Called about twice a second.

    Raises
    ------
    ValueError
        For arguments that cannot be used, or a folder that cannot be written.

    Notes
    -----
    Called again with the same plan it goes on where it stopped, whatever stopped it.
    """
    for progress in events(
        plan, out, engine=engine, retries=retries, retry_failed=retry_failed, limits=limits, warm=warm
    ):
        on_progress(progress)
    return results(out)


def events(
    plan: Plan,
    out: str | os.PathLike[str],
    *,
    engine: Engine | None = None,
    retries: int = 1,
    retry_failed: bool = False,
    limits: Limits = Limits(),  # noqa: B008, a frozen value
    warm: bool | tuple[str, ...] = False,
) -> Iterator[Progress]:
    """The same as `sweep`, as a generator of progress; ``close()`` stops it cleanly."""
    if not isinstance(plan, Plan):
        raise ValueError(f"plan must be what workbench.sweep.plan gives; got {short(plan)}")
    number("retries", retries, _RETRIES, integer=True)
    folder = folders.at(out)
    engine = engine or local()
    return _Driver(plan, folder, engine, retries, retry_failed, limits, warm).run()


class _Driver:
    def __init__(
        self,
        plan: Plan,
        folder: folders.Folder,
        engine: Engine,
        retries: int,
        retry_failed: bool,
        limits: Limits,
        warm: bool | tuple[str, ...],
    ) -> None:
        self._plan, self._folder, self._engine = plan, folder, engine
        self._ledger, self._retries, self._limits = Ledger(folder), retries, limits
        self._warm = warm if isinstance(warm, tuple) else plan.source.modules() if warm else None
        self._records = self._ledger.records()
        tries = self._ledger.tries()
        self._tries = Counter({key: len(listed) for key, listed in tries.items()})
        self._failed = Counter(
            {} if retry_failed else {key: len(failures(listed)) for key, listed in tries.items()}
        )
        self._again: deque[Task] = deque()
        self._running: dict[Future[Outcome], tuple[Task, str]] = {}
        self._best: tuple[Task, float] | None = None
        self._metric = plan.metric or "final_loss"
        self._done = self._given_up = self._before = 0
        self._spent: list[float] = []
        self._refused: set[str] = set()

    def run(self) -> Iterator[Progress]:
        """Run all; always ends the engine."""
        begin = time.monotonic()
        try:
            publish.settle(self._folder, self._records)
            note = manifest.write(self._plan, self._folder, self._records, self._engine.words())
            self._tasks = upcoming(self._plan, self._folder)
            yield self._progress(begin, note)
            while self._fill() or self._running:
                notes = self._collect()
                yield self._progress(begin, "; ".join(notes))
            publish.settle(self._folder, self._ledger.records() if self._folder.names("staged") else {})
            yield self._progress(begin, "")
        finally:
            self._engine.stop()
            # What a worker could still say of its try is more than we know.
            said = wait(self._running, timeout=_PACE).done
            for future, (task, attempt) in self._running.items():
                if future not in said or future.result().state == "lost":
                    self._ledger.note(task.key, attempt, "interrupted", reason="the sweep was stopped")

    def _fill(self) -> bool:
        """Give the engine what it has room for; whether anything is left to do."""
        room = self._engine.room()
        # A search asks as late as it can, when most is known; of a list, what has finished needs no room.
        while len(self._running) < room or self._plan.search is None:
            task = self._again.popleft() if self._again else self._next()
            if task is None:
                return False
            if len(self._running) >= room:
                self._again.appendleft(task)
                break
            self._submit(task)
        return True

    def _next(self) -> Task | None:
        """The next task that has neither finished nor failed too often."""
        while (task := self._tasks.next()) is not None:
            record = self._records.get(task.key)
            if record is not None:
                self._before += 1
                self._finish(task, record)
            elif self._failed[task.key] > self._retries:
                self._given_up += 1
                self._tasks.tell(task, None)
            else:
                return task
        return None

    def _submit(self, task: Task) -> None:
        self._tries[task.key] += 1
        attempt = f"{self._tries[task.key]}-{uuid.uuid4().hex[:8]}"
        source = self._plan.source
        job = Job(
            task=task,
            attempt=attempt,
            notebook=source.text,
            folder=str(source.path.parent),
            name=source.name,
            out=self._folder.address,
            code=self._plan.maker.code,
            # A version of the user's own words says nothing of the package.
            strict=self._engine.remote and self._plan.maker.code.split("+")[0] == package_version(),
            python=platform.python_version(),
            limits=self._limits,
            warm=self._warm,
        )
        self._running[self._engine.submit(job)] = (task, attempt)

    def _collect(self) -> list[str]:
        notes = []
        if not self._running:
            # All workers are gone: others may come.
            time.sleep(_PACE)
        for future in wait(self._running, timeout=_PACE, return_when=FIRST_COMPLETED).done:
            task, attempt = self._running.pop(future)
            outcome = future.result()
            if outcome.state == "finished":
                self._spent.append(outcome.record["seconds"])
                self._finish(task, outcome.record)
            elif outcome.state == "interrupted":
                # Not the task's doing, such as a scheduler that was restarted.
                self._again.append(task)
            elif outcome.state == "refused":
                self._again.append(task)
                if outcome.worker not in self._refused:
                    self._refused.add(outcome.worker)
                    notes.append(f"not used: {outcome.reason}")
            else:
                notes.append(self._fail(task, attempt, outcome))
        return notes

    def _finish(self, task: Task, record: Any) -> None:
        self._done += 1
        self._records[task.key] = record
        name, value = metric_of(record, self._plan.metric)
        self._tasks.tell(task, value)
        if value is not None:
            sign = -1 if self._plan.maximise else 1
            if self._best is None or sign * value < sign * self._best[1]:
                self._best, self._metric = (task, value), name

    def _fail(self, task: Task, attempt: str, outcome: Outcome) -> str:
        if outcome.state == "lost":
            # Who could have said so is gone.
            self._ledger.note(task.key, attempt, "lost", reason=outcome.reason, ended=time.time())
        self._failed[task.key] += 1
        if self._failed[task.key] > self._retries:
            self._given_up += 1
            self._tasks.tell(task, None)
            return f"failed: {task.words}: {outcome.reason}"
        self._again.append(task)
        return f"tried again: {task.words}: {outcome.reason}"

    def _progress(self, begin: float, note: str) -> Progress:
        ended = self._done + self._given_up
        total = len(self._plan)
        left, fresh = math.nan, self._done - self._before
        if fresh:
            pace = (time.monotonic() - begin) / fresh
            left = pace * (total - ended)
        running = tuple(task for task, _ in self._running.values())
        return Progress(
            total=total,
            done=self._done,
            running=len(running),
            failed=self._given_up,
            before=self._before,
            seconds=time.monotonic() - begin,
            left=left,
            best=self._best,
            metric=self._metric,
            note=note,
            running_tasks=running,
        )
