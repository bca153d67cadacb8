"""Points on their way to a browser: gathered, and sent together at most ten times a second."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

import numpy as np

from workbench.explore.alone import alone
from workbench.explore.line import Array, once, packed

PAUSE = 0.1
"""Least seconds between two messages of appended points: more of them only make a browser late."""


class Outbox:
    """Points by the key of their line, sent by the loop of the thread that adds them.

    Parameters
    ----------
    send : callable
        Takes a message and its buffers.
    """

    def __init__(self, send: Callable[[dict[str, object], list[bytes]], None]) -> None:
        self._send = send
        self._new: dict[str, list[tuple[Array, ...]]] = {}
        self._sent = self._due = -math.inf
        self._timer: asyncio.TimerHandle | None = None

    @alone
    def add(self, key: str, columns: tuple[Array, ...]) -> None:
        """Points that are new."""
        self._new.setdefault(key, []).append(columns)

    @alone
    def drop(self, key: str) -> None:
        """Forget what is new of a line: it goes out whole, or is gone."""
        self._new.pop(key, None)

    @alone
    def wake(self) -> None:
        """Have what is new sent as soon as it may."""
        now = time.monotonic()
        if self._timer is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                self.flush()
                return
            wait = max(0.0, self._sent + PAUSE - now)
            self._timer, self._due = loop.call_later(wait, self.flush), now + wait
        elif now > self._due + PAUSE:
            # A cell that runs keeps the loop from sending: send from here.
            self.flush()

    @alone
    def flush(self) -> None:
        """Send what is new now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._new:
            return
        at, buffers = once(
            packed(tuple(np.concatenate(each) for each in zip(*parts, strict=True)))
            for parts in self._new.values()
        )
        rows = [{"key": key, "at": places} for key, places in zip(self._new, at, strict=True)]
        self._new = {}
        self._sent = time.monotonic()
        self._send({"append": rows}, buffers)
