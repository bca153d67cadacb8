"""News of a training on the kernel's own thread: a widget is touched by one thread only."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from workbench.explore.parts import kernel_loop

_TRAIL = 0.55
"""Seconds behind the last news: longer than anything that listens waits between two pictures."""


class Ear:
    """Calls `call` soon after a session has something new, at most one call being on its way.

    Parameters
    ----------
    session : Session
        What is listened to.
    call : callable
        Called without arguments on the thread that made this; with no event loop, or nobody in front of the
        notebook, only where the training runs in that thread itself.

    Notes
    -----
    A training that is faster than the page is never waited for: what has come in meanwhile is drawn at once.
    """

    def __init__(self, session: Any, call: Callable[[], None]) -> None:
        self._call, self._home = call, threading.get_ident()
        self._queued = False
        self._trail: asyncio.TimerHandle | None = None
        self._open = True
        self._loop = kernel_loop()
        self._cancel = session.listen(self._new)

    def close(self) -> None:
        """Hear nothing more."""
        self._open = False
        self._cancel()

    def home(self, call: Callable[[], None]) -> None:
        """`call` on the thread of the widgets: now where this is it."""
        # JupyterLab may hand a widget's message to another thread than that of the loop.
        if self._loop is None or threading.get_ident() == self._home:
            call()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    def _new(self) -> None:
        if not self._open:
            return
        if self._loop is None:
            if threading.get_ident() == self._home:
                self._call()
        elif not self._queued and not self._loop.is_closed():
            self._queued = True
            try:
                self._loop.call_soon_threadsafe(self._run)
            except RuntimeError:  # the kernel is shutting down
                self._queued = False

    def _run(self) -> None:
        self._queued = False
        if not self._open or self._loop is None:
            return
        self._call()
        # What is drawn less often than news come in is drawn once more behind the last of them.
        if self._trail is not None:
            self._trail.cancel()
        self._trail = self._loop.call_later(_TRAIL, self._last)

    def _last(self) -> None:
        self._trail = None
        if self._open:
            self._call()
