"""Callers get in between two turns of a thread that works."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Gate:
    """A worker says when it is at work; who visits finds it between two turns, and goes first.

    Parameters
    ----------
    hurry : callable
        Called with the lock held: with True when somebody waits for the turn under way, and with False
        before the next one.
    """

    def __init__(self, hurry: Callable[[bool], None]) -> None:
        self._condition = threading.Condition(threading.RLock())
        self._hurry = hurry
        self._busy, self._guests = False, 0

    @property
    def at_work(self) -> bool:
        """Whether a turn is under way."""
        return self._busy

    @contextlib.contextmanager
    def visit(self) -> Iterator[None]:
        """Nothing is at work inside of it, and nobody else visits."""
        with self._condition:
            self._guests += 1
            try:
                if self._busy:
                    self._hurry(True)
                while self._busy:
                    self._condition.wait()
                yield
            finally:
                self._guests -= 1
                self._condition.notify_all()

    @contextlib.contextmanager
    def look(self) -> Iterator[None]:
        """What is said does not change inside of it; the worker may be at work."""
        with self._condition:
            yield

    def admit(self) -> None:
        """The worker, who holds the lock, lets all visitors in before it decides what to do."""
        while self._guests:
            self._condition.wait()

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """A turn of the worker, who holds the lock before and after and not inside of it."""
        self._hurry(False)
        self._busy = True
        self._condition.release()
        try:
            yield
        finally:
            self._condition.acquire()
            self._busy = False
            self._condition.notify_all()

    @contextlib.contextmanager
    def free(self) -> Iterator[None]:
        """The worker, who holds the lock before and after, does something that nobody needs to wait for."""
        self._condition.release()
        try:
            yield
        finally:
            self._condition.acquire()

    def wait(self, timeout: float | None = None) -> None:
        """Let go of the lock, which is held, until something has changed."""
        self._condition.wait(timeout)

    def tell(self) -> None:
        """Say, with the lock held, that something has changed."""
        self._condition.notify_all()
