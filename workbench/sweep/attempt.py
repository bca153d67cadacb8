"""One try of one task, where it runs: a kernel of its own, then its record, written once."""

from __future__ import annotations

import contextvars
import hashlib
import logging
import os
import platform
import shutil
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from workbench.sweep import folder as folders
from workbench.sweep import notebook_source, publish, warm
from workbench.sweep.folder import Folder
from workbench.sweep.glue import recorded
from workbench.sweep.injection import inject
from workbench.sweep.job import Job, Outcome
from workbench.sweep.ledger import Ledger
from workbench.sweep.processes import python_path
from workbench.sweep.warm import Server
from workbench.sweep.watch import Watch

_never, _loading = threading.Event(), threading.Lock()
_LONGEST = 60


def run(job: Job, stop: Any = _never) -> Outcome:
    """Run a try and say what came of it; only what ends the worker itself ends this.

    Parameters
    ----------
    job : Job
        What to run.
    stop : Event
        Set when the sweep ends: the kernel is killed, and the task has lost nothing.
    """
    out = folders.at(job.out)
    ledger, key = Ledger(out), job.task.key
    before = ledger.finished(key)
    if before is not None:
        # A try of a driver that is gone has finished it meanwhile.
        return Outcome("finished", record=before)
    begin = time.time()
    where = {"host": platform.node(), "started": begin, "gpu": job.variables.get("CUDA_VISIBLE_DEVICES", "")}
    ledger.note(key, job.attempt, "started", **where)
    scratch = _scratch()
    try:
        outcome = _run(job, out, scratch, stop, where)
    except Exception as error:  # noqa: BLE001, whatever it is: the sweep must go on and say so.
        outcome = Outcome("failed", _sentence(error))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if outcome.state != "finished":
        said = {"reason": outcome.reason, "seconds": time.time() - begin, **outcome.files, **where}
        ledger.note(key, job.attempt, outcome.state, **said)
    return outcome


def _run(job: Job, out: Folder, scratch: Path, stop: Any, where: dict[str, Any]) -> Outcome:
    other = _other(job, where["host"])
    if other:
        return Outcome("refused", other)
    # A scheduler may start a try twice, where it takes a worker for dead that is not.
    made = f"{job.attempt}-{uuid.uuid4().hex[:4]}"
    name = f"{job.task.key}.{made}"
    log = _log(out, scratch, name)
    # The first try of a worker loads what all need, one thread at a time; that is not the task's time.
    with _loading:
        from workbench.sweep import kernels

        kernels.register()
    server = None if job.warm is None else warm.server(job.warm)
    watch = Watch(job.limits, stop)
    begin = time.monotonic()
    kept: list[Any] = []
    try:
        reason = _execute(job, scratch, log, watch, server, kept)
    finally:
        watch.close()
    seconds = time.monotonic() - begin
    reason = watch.reason or reason
    if not out.local:
        out.write(f"logs/{name}.txt", log.read_bytes())
    ending = ".failed.ipynb" if reason else ".ipynb"
    output = f"output/{name}{ending}"
    if kept and not watch.interrupted:
        out.write(output, _text(kept[0]).encode())
    if reason:
        files = {"output": output if kept and not watch.interrupted else "", "log": f"logs/{name}.txt"}
        return Outcome("interrupted" if watch.interrupted else "failed", reason, files=files)
    metrics = recorded(kept[0].cells)
    runs = publish.stage(out, name, scratch / "runs", {"sweep": _title(out), "sweep_task": job.task.key})
    record = {
        "format": 1,
        "key": job.task.key,
        "attempt": made,
        "trial": job.task.trial,
        "parameters": dict(job.task.parameters),
        "metrics": publish.encoded({**publish.losses(scratch / "runs"), **metrics}),
        "runs": runs,
        "seconds": seconds,
        "ended": time.time(),
        "peak_memory": watch.peak,
        "notebook": notebook_source.from_text(job.name, job.notebook).digest,
        "code": job.code,
        "output": output,
        "log": f"logs/{name}.txt",
        **where,
    }
    if not Ledger(out).finish(record):
        # Another try was first: what this one made goes.
        publish.discard(out, name, runs)
        out.remove(output)
        finished = Ledger(out).finished(job.task.key)
        assert finished is not None
        return Outcome("finished", record=finished)
    publish.publish(out, record)
    out.remove(f"tries/{job.task.key}.{job.attempt}.json")
    return Outcome("finished", record=record)


def _other(job: Job, host: str) -> str:
    """What this worker has in another version than the driver; results of other code are others' results."""
    if not job.strict:
        return ""
    ours, theirs = notebook_source.package_version(), job.code.split("+")[0]
    if ours != theirs:
        return (
            f"the worker {host} has workbench {ours}, the sweep was planned with {job.code}: "
            "give both the same"
        )
    # The third number of a Python changes no results.
    python, planned = platform.python_version().split(".")[:2], job.python.split(".")[:2]
    if python != planned:
        return (
            f"the worker {host} has Python {'.'.join(python)}, the sweep was planned with "
            f"{'.'.join(planned)}: give both the same"
        )
    return ""


def _execute(job: Job, scratch: Path, log: Path, watch: Watch, server: Server | None, kept: list[Any]) -> str:
    """Run the notebook; the reason why it did not finish, or nothing."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from workbench.sweep import kernels

    logging.getLogger("papermill").setLevel(logging.ERROR)
    source = notebook_source.from_text(job.name, job.notebook)
    node = inject(source.node(), job.task.parameters)
    working = job.folder if os.path.isdir(job.folder) else str(scratch)
    with log.open("a", encoding="utf-8", buffering=1) as text:
        print(f"{job.name} with {job.task.words}; try {job.attempt} on {platform.node()}", file=text)
        try:
            # Jupyter keeps its event loop in the context: threads that inherit one would share a loop.
            contextvars.Context().run(
                papermill.execute_notebook,
                node,
                None,
                engine_name=kernels.NAME,
                progress_bar=False,
                scratch=str(scratch),
                folder=working,
                env=_environment(job, scratch),
                server=server,
                log=text,
                watch=watch,
                kept=kept,
            )
        except PapermillExecutionError as error:
            reason = f"cell {error.exec_count}: {error.ename}: {_first(error.evalue)}"
        except DeadKernelError:
            reason = "its kernel died"
        except CellTimeoutError:
            # Cells have no limit of their own: this is the wait for what they show.
            reason = f"what a cell has shown did not arrive within {kernels.SHOWS:g} s of its end"
        except Exception as error:  # noqa: BLE001, a kernel that is killed shows itself in many ways.
            reason = _sentence(error)
        else:
            return ""
        print(f"failed: {watch.reason or reason}", file=text)
        return reason


def _environment(job: Job, scratch: Path) -> dict[str, str]:
    # A sweep may be started from JupyterLab: its tasks have nobody in front of them all the same.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JPY_")}
    own = {
        "PYTHONPATH": python_path(),
        "WORKBENCH_RUNS": str(scratch / "runs"),
        "WORKBENCH_HEADLESS": "1",
        "TMPDIR": str(scratch),
    }
    return {**kept, "PYDEVD_DISABLE_FILE_VALIDATION": "1", **job.variables, **own}


def _scratch() -> Path:
    base = tempfile.gettempdir()
    # A socket's path holds about 100 bytes on every system.
    if len(base) > _LONGEST and os.path.isdir("/tmp"):
        base = "/tmp"
    # A folder for such things may be shared by machines, or by containers: each has processes of its own.
    host = hashlib.sha256(platform.node().encode()).hexdigest()[:6]
    _clear(Path(base), host)
    return Path(tempfile.mkdtemp(prefix=f"lrw-{host}-{os.getpid()}-", dir=base))


def _clear(base: Path, host: str) -> None:
    """Remove what workers left that were killed."""
    import psutil

    for path in base.glob(f"lrw-{host}-*-*"):
        owner = path.name.split("-")[2]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(path, ignore_errors=True)


def _log(out: Folder, scratch: Path, name: str) -> Path:
    path = out.local / "logs" / f"{name}.txt" if out.local else scratch / "log.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _text(node: Any) -> str:
    import nbformat

    return nbformat.writes(node)


def _title(out: Folder) -> str:
    return out.address.rstrip("/").rsplit("/", 1)[-1]


def _first(text: str) -> str:
    return text.splitlines()[0] if text else ""


def _sentence(error: Exception) -> str:
    text = _first(str(error))
    return (
        text
        if isinstance(error, ValueError | ChildProcessError) and text
        else f"{type(error).__name__}: {text}"
    )
