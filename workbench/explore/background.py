"""Work of seconds beside a free kernel: one job at a time in a thread, the newest wish wins."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from workbench.explore.parts import kernel_loop

Stopped = Callable[[], bool]
Work = Callable[[Stopped], Any]
Then = Callable[[Any, Exception | None], None]


class Background:
    """Runs jobs, and hands their results to the kernel's own thread.

    Without an event loop, or with nobody in front of the notebook, a job runs where it is asked for.
    """

    def __init__(self) -> None:
        self._wish: tuple[Work, Then] | None = None
        self._then: Then = lambda value, error: None
        self._thread: threading.Thread | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._result: tuple[Any, Exception | None] = (None, None)
        self._stop = threading.Event()
        self._loop = kernel_loop()

    @property
    def busy(self) -> bool:
        """Whether a job runs or is about to."""
        return self._thread is not None or self._wish is not None

    def start(self, work: Work, then: Then, delay: float = 0.0) -> None:
        """Do `work` after `delay` seconds without a newer wish, then call ``then(result, error)``.

        A job that is under way is asked to stop, and what it gives is dropped.
        """
        self._wish = (work, then)
        if self._loop is None:
            self._begin()
            self._end(self._thread)
            return
        # JupyterLab may hand a widget's message to another thread than that of the loop.
        self._loop.call_soon_threadsafe(self._arm, self._loop, delay)

    def stop(self) -> None:
        """Ask the job to end early; what it gives is used."""
        self._stop.set()

    def tell(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """`say`, to be called from a job."""
        loop = self._loop
        return say if loop is None else lambda sentence: _post(loop, say, sentence)

    def wait(self) -> None:
        """Come back when nothing is left to do and all results are handed over."""
        while self.busy:
            if self._thread is None:
                self._due()
            self._end(self._thread)

    def _arm(self, loop: asyncio.AbstractEventLoop, delay: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(delay, self._due)

    def _due(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._thread is None and self._wish is not None:
            self._begin()

    def _begin(self) -> None:
        assert self._wish is not None
        (work, self._then), self._wish = self._wish, None
        self._stop.clear()

        def run() -> None:
            try:
                self._result = (work(lambda: self._stop.is_set() or self._wish is not None), None)
            except Exception as error:  # Whatever it is, it must be said on the page.
                self._result = (None, error)
            if self._loop is not None:
                _post(self._loop, self._end, threading.current_thread())

        self._thread = threading.Thread(target=run, name="workbench-fit", daemon=True)
        self._thread.start()

    def _end(self, thread: threading.Thread | None) -> None:
        # `wait` may have come first; the loop's call then finds another thread or none.
        if thread is None or thread is not self._thread:
            return
        thread.join()
        self._thread = None
        if self._wish is not None:
            if self._timer is None:
                self._begin()
            return
        try:
            self._then(*self._result)
        except Exception as error:  # A page that says "Fitting ..." for ever would be worse.
            self._then(None, error)


def _post(loop: asyncio.AbstractEventLoop, call: Callable[[Any], None], value: Any) -> None:
    # The kernel may be shutting down under a job; then nobody is there to be told.
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, value)
