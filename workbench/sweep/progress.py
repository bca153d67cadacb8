"""How far a sweep is, as a value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.sweep.task import Task


@dataclass(frozen=True)
class Progress:
    """The state of a sweep at one moment.

    Parameters
    ----------
    total, done, running, failed : int
        Tasks in all, finished (also before this start), under way, and given up.
    before : int
        Tasks that had finished before this start.
    seconds : float
        Since this start.
    left : float
        Estimated seconds to go; NaN while nothing is known.
    best : tuple of Task and float, optional
        The best task so far and its figure.
    metric : str
        What the figure is.
    note : str
        What has just happened, where it is worth a line.
    running_tasks : tuple of Task
        What is under way.
    """

    total: int
    done: int = 0
    running: int = 0
    failed: int = 0
    before: int = 0
    seconds: float = 0.0
    left: float = math.nan
    best: tuple[Task, float] | None = None
    metric: str = ""
    note: str = ""
    running_tasks: tuple[Task, ...] = field(default_factory=tuple)

    __hash__ = None  # type: ignore[assignment]

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.done + self.failed >= self.total

    @property
    def line(self) -> str:
        """All of it in one line."""
        parts = [f"{self.done}/{self.total} done", f"{self.running} running", f"{self.failed} failed"]
        if not self.over:
            parts.append(f"{duration(self.left)} left" if math.isfinite(self.left) else "time left unknown")
        if self.best is not None:
            parts.append(f"best {self.metric} {self.best[1]:.5g} ({self.best[0].words})")
        return ", ".join(parts)


def metric_of(record: Mapping[str, Any], wanted: str) -> tuple[str, float | None]:
    """Name and value of the figure that a record is judged by; None where it has none that is finite."""
    from workbench import records

    found = {name: records.decode(value) for name, value in record["metrics"].items()}
    figures = {
        n: float(v) for n, v in found.items() if isinstance(v, int | float) and not isinstance(v, bool)
    }
    name = wanted or ("final_loss" if "final_loss" in figures or len(figures) != 1 else next(iter(figures)))
    value = figures.get(name)
    return name, value if value is not None and math.isfinite(value) else None


def duration(seconds: float) -> str:
    """Seconds as people say them: 8 s, 3 min, 2 h 10 min."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 5400:
        return f"{round(whole / 60)} min"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours / 24:.1f} days"
