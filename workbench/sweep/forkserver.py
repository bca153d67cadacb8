"""A warm parent: it has imported what a notebook needs, and forks one kernel for each task.

Run as a program. It answers lines of JSON on its standard input, ends when that closes, and takes its
kernels with it. A task gets a process of its own that no other task has ever run in: what it changes is
gone with it, and the parent runs no code of any notebook.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import importlib.util
import json
import logging
import os
import signal
import sys
import threading
from typing import IO, Any

_KERNEL = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    # Every kernel loads these while it starts, by their names alone.
    "ipykernel.debugger",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "tornado.queues",
    "faulthandler",
    "sqlite3",
)


_CONTROL_ENDS = 2.0


def main(modules: list[str]) -> None:
    """Import `modules`, then fork a kernel for every line."""
    # What an import prints must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # Children are reaped by the system; whether one lives is seen from its pid.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bad = _load([*_KERNEL, *modules])
    _answer(answers, {"bad": bad, "threads": threading.active_count()})
    gc.collect()
    # Collecting in a child would copy the pages that it shares with us.
    gc.freeze()
    living: list[int] = []
    for line in sys.stdin:
        request = json.loads(line)
        try:
            pid = os.fork()
        except OSError as error:
            # Too many processes, or no memory: the kernels that there are must not go with us.
            _answer(answers, {"bad": str(error)})
            continue
        if pid == 0:
            answers.close()
            _become(request)
        living = [one for one in [*living, pid] if _alive(one)]
        _answer(answers, {"pid": pid})
    for pid in living:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
    # Taking apart what was imported, one module after the other, would only cost time.
    os._exit(0)


def _load(modules: list[str]) -> str:
    """Import what can be imported; the name of the first module that starts threads, which a fork loses."""
    for name in modules:
        try:
            if importlib.util.find_spec(name) is not None:
                importlib.import_module(name)
        except BaseException:  # noqa: BLE001, S112
            # The notebook that imports it says what is wrong with it, in its own output.
            continue
        if threading.active_count() > 1:
            return name
    return ""


def _become(request: dict[str, Any]) -> None:
    """Turn this child into the kernel of a task; never returns."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(request["env"], JPY_PARENT_PID=str(os.getppid()))
        os.chdir(request["cwd"])
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        sys.argv = ["ipykernel_launcher.py", *request["arguments"]]
        # This module is no part of the notebook's world; a cold kernel has no such name either.
        del sys.modules["__main__"]
        # What the parent's modules do at its end is not a task's; what a task asks for at its end is done.
        atexit._clear()
        atexit.register(logging.shutdown)
        _reseed()
        from ipykernel.kernelapp import IPKernelApp

        IPKernelApp.launch_instance(argv=sys.argv[1:])
        _end_control(IPKernelApp.instance().control_thread)
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:  # noqa: BLE001
        import traceback

        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)


def _end_control(thread: Any) -> None:
    """End the thread that was asked for the end, while what it flushes is still listened to.

    ipykernel 7 ends the listener first. Of ten kernels one then waits for itself, until it is killed seconds
    later.
    """
    if thread is not None and thread.is_alive():
        thread.stop()
        thread.join(_CONTROL_ENDS)


def _reseed() -> None:
    """Fresh random states: as they are, all tasks would draw the same numbers."""
    import random

    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].seed()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _answer(answers: IO[str], data: dict[str, Any]) -> None:
    answers.write(json.dumps(data) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
