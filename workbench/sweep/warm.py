"""The warm parent as its worker sees it: kernels that are forked in milliseconds."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any

import psutil

from workbench.sweep.processes import python_path

_servers: dict[tuple[str, ...], Server] = {}
_lock = threading.Lock()


class Forked:
    """A forked kernel, with the face of ``subprocess.Popen`` that Jupyter asks for."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        try:
            self._process: psutil.Process | None = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._process = None

    def poll(self) -> int | None:
        """None while it lives."""
        if self.returncode is None and not self._lives():
            self.returncode = 1
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Come back when it has ended."""
        if self._process is not None and self.poll() is None:
            try:
                self._process.wait(timeout)
            except psutil.TimeoutExpired:
                raise subprocess.TimeoutExpired("kernel", timeout or 0) from None
        self.returncode = 1
        return self.returncode

    def send_signal(self, signum: int) -> None:
        """Send a signal to it alone."""
        with contextlib.suppress(OSError):
            if self.poll() is None:
                os.kill(self.pid, signum)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def _lives(self) -> bool:
        try:
            return (
                self._process is not None
                and self._process.is_running()
                and self._process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False


class Server:
    """A warm parent.

    Raises
    ------
    ValueError
        Where the system cannot fork.
    """

    def __init__(self, modules: tuple[str, ...]) -> None:
        if not hasattr(os, "fork"):
            raise ValueError("warm kernels need fork, which this system has not: leave --warm away")
        self._talk = threading.Lock()
        left = list(modules)
        while True:
            self._start(left)
            said = self._line()
            if not said["bad"]:
                break
            # Threads do not survive a fork: what starts them at import is imported by each task itself.
            self.close()
            if said["bad"] not in left:
                raise ValueError(f"warm kernels cannot be had: importing {said['bad']} starts threads")
            left = [name for name in left if name != said["bad"]]
        self.modules = tuple(left)

    def fork(self, arguments: list[str], env: dict[str, str], cwd: str, log: str) -> Forked:
        """A new kernel, told `arguments`."""
        request = {"arguments": arguments, "env": env, "cwd": cwd, "log": log}
        with self._talk:
            assert self._process.stdin is not None
            # Has it died, its silence says so.
            with contextlib.suppress(OSError):
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()
            said = self._line()
        if "bad" in said:
            raise ChildProcessError(f"no kernel could be forked: {said['bad']}")
        return Forked(said["pid"])

    @property
    def lives(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it, and with it all its kernels."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _start(self, modules: list[str]) -> None:
        program = [sys.executable, "-m", "workbench.sweep.forkserver"]
        self._process = subprocess.Popen(
            [*program, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # The debugger that every kernel loads says at length what it would miss here.
            env={**os.environ, "PYTHONPATH": python_path(), "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
            start_new_session=True,
        )

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ChildProcessError("the warm parent has died")
        return json.loads(line)


def server(modules: tuple[str, ...]) -> Server:
    """The warm parent of this process with these modules, started when it is first asked for."""
    with _lock:
        found = _servers.get(modules)
        if found is None or not found.lives:
            found = _servers[modules] = Server(modules)
            atexit.register(found.close)
        return found
