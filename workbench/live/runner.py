"""The thread of a session: there while something is to be done, and reached between two turns."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Iterable, Iterator

from workbench.live import steering
from workbench.live.branch import GOING
from workbench.live.state import State
from workbench.live.worker import Worker
from workbench.memory import give_back


class Runner:
    """Starts and ends the thread.

    Parameters
    ----------
    state : State
        What is to be done.
    owner : object
        Kept alive as long as the thread is.
    """

    def __init__(self, state: State, owner: object) -> None:
        self.state, self.closed = state, False
        self._owner, self._process = weakref.ref(owner), os.getpid()
        self._worker = Worker(state)
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def visit(self) -> Iterator[State]:
        """Between two turns; what was changed is written and told, by the thread where there is one."""
        state = self.state
        with state.gate.visit():
            if self.closed:
                raise ValueError(f"this session is closed; open its folder {state.folder} again")
            try:
                yield state
            finally:
                alone = self._thread is None
                if alone and state.unsaved:
                    state.save()
        if alone:
            state.listeners.tell(now=True)

    def wake(self, *, watched: bool = True) -> None:
        """Have a thread where there is something to do; it leaves a core free where it is `watched`."""
        if self._thread is None and (self.state.wishes or self.state.tracks):
            self.state.meter.begin()
            self._thread = threading.Thread(
                target=self._work, args=(watched, self._owner()), name="workbench-live", daemon=True
            )
            self._thread.start()

    def wait(self, timeout: float | None) -> bool:
        """Until nothing is under way, or all is paused."""
        stop = None if timeout is None else time.monotonic() + timeout
        state = self.state
        with state.gate.look():
            while not (state.settled and (self._thread is None or state.paused)):
                left = None if stop is None else stop - time.monotonic()
                if left is not None and left <= 0:
                    return False
                state.gate.wait(left)
        return True

    def drain(self, keys: Iterable[str]) -> None:
        """Wait for branches to end; raise what ended one of them."""
        state = self.state
        with state.gate.look():
            entries = [state.entries[key] for key in keys if key in state.entries]
        try:
            with state.gate.look():
                while any(entry.status in GOING for entry in entries) and not self.closed:
                    state.gate.wait()
        except BaseException:
            # Somebody interrupted the cell: what was measured stays, and can be gone on with.
            with self.visit():
                steering.stop(state, [entry for entry in entries if entry.status in GOING])
            raise
        for entry in entries:
            if entry.status == "failed" and entry.raised is not None:
                raise entry.raised

    def close(self) -> None:
        """Keep all states, and end the thread."""
        if self.closed or self._process != os.getpid():
            return
        with self.state.gate.visit():
            self.closed = True
            steering.close(self.state)
            thread = self._thread
            if thread is None:
                self.state.save()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _work(self, watched: bool, _owner: object) -> None:
        from workbench.train import spare_a_core

        with spare_a_core() if watched else contextlib.nullcontext():
            self._worker.run(self._ended)

    def _ended(self) -> None:
        # Trainings free far more than they leave: a kernel that trains all day must not only grow.
        give_back()
        self._thread = None
        self.state.rest()
