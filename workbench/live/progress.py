"""How far a session is, and how fast it was lately."""

from __future__ import annotations

import os
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

_LATELY = 5.0
"""Seconds over which a speed is measured."""


class Progress(NamedTuple):
    """What a session has done of what it was asked to do.

    Parameters
    ----------
    done, total : int
        Updates, over all lanes that were under way since the session was last idle.
    updates_per_second : float
        Of all lanes together, in the last seconds; 0 while nothing trains.
    tokens_per_second : float or None
        The same in tokens (samples, where the task counts those); None while nothing trains.
    seconds_left : float or None
        At that speed; None while nothing trains.
    memory : int or None
        Bytes that this process has in use, or None where the system does not say.
    """

    done: int
    total: int
    updates_per_second: float
    tokens_per_second: float | None
    seconds_left: float | None
    memory: int | None


class Meter:
    """Notes what was done when; its rates are those of the last seconds."""

    def __init__(self) -> None:
        self._notes: deque[tuple[float, int, float]] = deque()
        self._updates, self._tokens = 0, 0.0

    def begin(self) -> None:
        """Forget what was before a pause."""
        self._notes.clear()
        self._notes.append((time.monotonic(), self._updates, self._tokens))

    def add(self, updates: int, tokens: float) -> None:
        """Note updates that were done just now, and what they saw."""
        now = time.monotonic()
        self._updates += updates
        self._tokens += tokens
        # A few notes a second are enough, however often it is told.
        if len(self._notes) > 1 and now - self._notes[-2][0] < _LATELY / 50:
            self._notes.pop()
        self._notes.append((now, self._updates, self._tokens))
        while len(self._notes) > 2 and now - self._notes[1][0] > _LATELY:
            self._notes.popleft()

    def rates(self) -> tuple[float, float]:
        """Updates and tokens per second."""
        if len(self._notes) < 2:
            return 0.0, 0.0
        (began, updates, tokens), (ended, *last) = self._notes[0], self._notes[-1]
        seconds = max(ended - began, 1e-6)
        return (last[0] - updates) / seconds, (last[1] - tokens) / seconds


def memory() -> int | None:
    """Bytes of memory that this process has in use now."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
