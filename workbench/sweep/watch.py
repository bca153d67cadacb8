"""Watches over a kernel: its time, its memory, and whether the sweep goes on.

Memory is watched (resident memory of the kernel and its children) and not limited by the system
(RLIMIT_AS): CUDA reserves more address space than any machine has memory, and a limit of it would
kill what uses little. A kernel over its limit is killed within a quarter of a second.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import Any

import psutil

from workbench.sweep.job import Limits

_PACE = 0.2
_IDLE_PACE = 1.0


class Watch:
    """A thread that kills a kernel when it must not go on, and remembers why.

    Parameters
    ----------
    limits : Limits
        Time and memory of the try; the time runs from now.
    stop : threading.Event
        Set when the sweep ends.
    """

    def __init__(self, limits: Limits, stop: Any) -> None:
        self._limits, self._stop = limits, stop
        self._end = threading.Event()
        self._pid: int | None = None
        self._begin = time.monotonic()
        self.reason = ""
        self.interrupted = False
        self.peak = 0.0
        self._thread = threading.Thread(target=self._run, name="workbench-watch", daemon=True)
        self._thread.start()

    def kernel(self, pid: int | None) -> None:
        """Tell which process the kernel is."""
        self._pid = pid

    def close(self) -> None:
        """End the watch."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        limits = self._limits
        pace = _PACE if limits.memory or limits.seconds else _IDLE_PACE
        looked = 0.0
        while not self._end.wait(min(pace, _PACE)):
            if self._stop.is_set():
                self.interrupted, self.reason = True, "the sweep was stopped"
            elif limits.seconds and time.monotonic() - self._begin > limits.seconds:
                self.reason = f"over its time limit of {limits.seconds:g} s"
            elif self._pid is not None and time.monotonic() - looked >= pace:
                looked = time.monotonic()
                self._weigh(self._pid, limits.memory)
            if self.reason and self._pid is not None:
                kill(self._pid)
                return

    def _weigh(self, pid: int, limit: float | None) -> None:
        with contextlib.suppress(psutil.Error):
            kernel = psutil.Process(pid)
            # Looking for children reads the whole list of processes: only where it matters.
            family = [kernel, *(kernel.children(recursive=True) if limit else ())]
            used = 0.0
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    used += process.memory_info().rss / 1e9
            self.peak = max(self.peak, used)
            if limit and used > limit:
                self.reason = f"over its memory limit of {limit:g} GB: it used {used:.2f} GB"


def kill(pid: int) -> None:
    """Kill a kernel with its process group, which it leads, and its children in other groups."""
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg") and os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
