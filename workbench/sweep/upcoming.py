"""Which task comes next: those of a list, or those that an adaptive search proposes."""

from __future__ import annotations

import json
import statistics
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from workbench.sweep.folder import Folder
from workbench.sweep.planning import Plan
from workbench.sweep.search import Study
from workbench.sweep.task import Task


class Tasks(Protocol):
    """Where tasks come from."""

    def next(self) -> Task | None:
        """Another task, None where there is none now."""
        ...

    def tell(self, task: Task, figure: float | None) -> None:
        """A task has ended; None says that it has no figure."""
        ...


class Listed:
    """The tasks of a plan, in their order."""

    def __init__(self, tasks: tuple[Task, ...]) -> None:
        self._left = deque(tasks)

    def next(self) -> Task | None:
        """The first that is left."""
        return self._left.popleft() if self._left else None

    def tell(self, task: Task, figure: float | None) -> None:
        """Nothing depends on it."""


class Searched:
    """Tasks of the trials of a search; a trial's figure is the mean over its tasks, such as its seeds.

    What was asked for is kept in ``trials/<number>.json`` before it runs, so that a new driver asks for the
    same again.
    """

    def __init__(self, plan: Plan, folder: Folder) -> None:
        assert plan.search is not None
        self._plan, self._folder, self._search = plan, folder, plan.search
        self._study = Study(plan.search)
        self._left: deque[Task] = deque()
        self._figures: dict[int, dict[str, float | None]] = {}
        self._number = 0
        self._kept = self._trials()

    def next(self) -> Task | None:
        """A task of the newest trial, or the first of another."""
        while not self._left and self._number < self._search.trials:
            self._begin(self._number)
            self._number += 1
        return self._left.popleft() if self._left else None

    def tell(self, task: Task, figure: float | None) -> None:
        """Keep a figure, and tell the study when the trial is whole."""
        if task.trial is None:
            return
        figures = self._figures[task.trial]
        figures[task.key] = figure
        if len(figures) == len(self._plan.tasks):
            known = [value for value in figures.values() if value is not None]
            # A mean over fewer seeds would be compared with means over all.
            whole = len(known) == len(figures)
            self._study.tell(task.trial, statistics.fmean(known) if whole else None)

    def _begin(self, number: int) -> None:
        chosen = self._kept.get(number)
        if chosen is None:
            chosen = self._study.ask(number)
            about = {"number": number, "search": self._about(), "parameters": chosen}
            self._folder.write(f"trials/{number}.json", json.dumps(about).encode())
        else:
            self._study.resume(number, chosen)
        self._figures[number] = {}
        maker = self._plan.maker
        self._left += [maker.task({**chosen, **one.parameters}, number) for one in self._plan.tasks]

    def _trials(self) -> dict[int, Mapping[str, Any]]:
        found = {}
        for name in self._folder.names("trials"):
            try:
                about = json.loads(self._folder.read(name) or b"{}")
                # Trials of another search in the same folder say nothing of this one.
                if about["search"] == self._about():
                    found[about["number"]] = about["parameters"]
            except (ValueError, LookupError, TypeError):
                # Half-copied: the trial is asked for again.
                continue
        return found

    def _about(self) -> str:
        # Whoever asks for more trials goes on with those that there are.
        asked = replace(self._search, trials=0)
        return f"{self._plan.maker.digest} {self._plan.maker.code} {asked!r}"


def upcoming(plan: Plan, folder: Folder) -> Tasks:
    """Where the tasks of a plan come from."""
    return Searched(plan, folder) if plan.search else Listed(plan.tasks)
