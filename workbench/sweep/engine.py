"""What runs tries: as many at once as it has room for, each answered by a future."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from workbench.sweep.job import Job, Outcome


class Engine(Protocol):
    """Where tries run. A future gives an `Outcome`; one that is "lost" went with its worker."""

    remote: bool
    """Whether workers may have other code than we."""

    def room(self) -> int:
        """How many tries it can hold now, those under way included; 0 while it waits for workers."""
        ...

    def submit(self, job: Job) -> Future[Outcome]:
        """Begin a try."""
        ...

    def words(self) -> str:
        """What it is, in a few words."""
        ...

    def stop(self) -> None:
        """Kill what is under way and free everything; safe to call twice."""
        ...
