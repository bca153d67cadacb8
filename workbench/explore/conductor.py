"""A training beside a free kernel: a thread iterates the events, the kernel's own touches the widgets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

from workbench.curve import Run
from workbench.schedule import Schedule


class Conductor:
    """Runs one training at a time and reports it.

    Parameters
    ----------
    on_event : callable
        Called with each event of the training.
    on_end : callable
        Called once at the end with the runs (what was measured, also after a stop) and the error, or None.
    """

    def __init__(
        self, on_event: Callable[[Any], None], on_end: Callable[[list[Run], Exception | None], None]
    ) -> None:
        self._on_event, self._on_end = on_event, on_end
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    @property
    def running(self) -> bool:
        """Whether a training is under way."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, task: Any, schedules: Sequence[Schedule], seed: int, *, wait: bool) -> None:
        """Begin to train; with `wait`, come back when it has ended, and raise what it raised.

        Raises
        ------
        RuntimeError
            When a training is under way.
        """
        if self.running:
            raise RuntimeError("a training is under way: stop it first")
        self._stop.clear()
        if wait or self._loop is None:
            runs, error = self._train(task, schedules, seed, lambda f, *args: f(*args))
            self._on_end(runs, error)
            if error is not None:
                raise error
            return
        call = self._loop.call_soon_threadsafe

        def work() -> None:
            from workbench.train import spare_a_core

            with spare_a_core():
                call(self._on_end, *self._train(task, schedules, seed, call))

        self._thread = threading.Thread(target=work, name="workbench-training", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the training to end after the event under way; what was measured is kept."""
        self._stop.set()

    def _train(
        self, task: Any, schedules: Sequence[Schedule], seed: int, call: Callable[..., Any]
    ) -> tuple[list[Run], Exception | None]:
        from workbench import train

        recorder = train.Recorder(task, schedules, seed)
        error: Exception | None = None
        try:
            events = train.events(task, schedules, seed=seed)
            for event in events:
                recorder.add(event)
                call(self._on_event, event)
                if self._stop.is_set():
                    events.close()
                    break
        except Exception as raised:  # Whatever ends the training, what was measured must reach the user.
            error = raised
        return recorder.runs(), error
