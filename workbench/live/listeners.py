"""Who is told that there is something new, and how often."""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY = 0.05
"""Seconds between two calls: no screen needs more."""


class Listeners:
    """Calls everybody when something is new, at most twenty times a second, and once more at the end."""

    def __init__(self) -> None:
        self._calls: dict[object, Callable[[], object]] = {}
        self._last = 0.0
        self.new = False
        self.trouble = ""

    def add(self, call: Callable[[], object]) -> Callable[[], None]:
        """Tell `call` from now on; what comes back ends that."""
        if not callable(call):
            raise ValueError(f"call must be a function without arguments; got {type(call).__name__}")
        mark = object()
        self._calls[mark] = call
        return lambda: self._calls.pop(mark, None) and None

    def due(self, *, now: bool) -> bool:
        """Whether something is new, and the last time long enough ago or it must be `now`."""
        return self.new and (now or time.monotonic() - self._last >= EVERY)

    def tell(self, *, now: bool = False) -> None:
        """Call them if it is due."""
        if not self.due(now=now):
            return
        self.new, self._last = False, time.monotonic()
        for mark, call in list(self._calls.items()):
            try:
                call()
            except Exception as error:  # What watches a training must not end it.
                self._calls.pop(mark, None)
                self.trouble = f"what listened to the session raised {type(error).__name__}: {error}"
