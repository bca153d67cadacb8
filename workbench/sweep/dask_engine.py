"""Tries on the workers of a Dask cluster, which may come and go."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from workbench.params import Param, number
from workbench.sweep import slots
from workbench.sweep.job import Job, Outcome

_PATIENCE = Param(0, 1e7, unit="s", help="seconds to wait for a scheduler or for workers")
CONNECTS = 10
"""Seconds within which a scheduler that is there answers."""

_LOOK = 2.0
_AHEAD = 2
"""Tries per thread that are handed over, so that a worker need not wait for us."""


def connect(scheduler: str, *, per_gpu: int = 1, patience: float = 300.0) -> Dask:
    """An engine on a Dask scheduler that is already there.

    Parameters
    ----------
    scheduler : str
        Its address, such as ``tcp://10.0.0.1:8786``.
    per_gpu : int
        Tasks that share a GPU, on workers that have several threads.
    patience : float
        Seconds to wait for a scheduler that is away, or for a first worker, before the sweep stops.

    Raises
    ------
    ValueError
        When Dask is missing, or the scheduler cannot be reached.
    """
    if not isinstance(scheduler, str) or "://" not in scheduler:
        raise ValueError(f"scheduler must be an address such as tcp://10.0.0.1:8786; got {scheduler!r}")
    return Dask(lambda: _client(scheduler), f"Dask at {scheduler}", per_gpu=per_gpu, patience=patience)


class Dask:
    """Tries as Dask tasks. Their results lie in the sweep's folder, so nothing depends on the scheduler.

    Parameters
    ----------
    client : callable
        Gives a new client; called again when the scheduler has gone.
    title : str
        What is said of it.
    close : callable
        Called at the end, for a cluster that is ours.
    """

    remote = True

    def __init__(
        self,
        client: Callable[[], Any],
        title: str,
        close: Callable[[], None] = lambda: None,
        *,
        per_gpu: int = 1,
        patience: float = 300.0,
    ) -> None:
        number("patience", patience, _PATIENCE)
        self._make, self._title, self._close = client, title, close
        self._per_gpu, self._patience = per_gpu, patience
        self._client = client()
        self._pending: dict[Future[Outcome], tuple[Any, frozenset[str]]] = {}
        self._unfit: dict[str, str] = {}
        self._fit: dict[str, int] = {}
        self._looked, self._alone = -_LOOK, time.monotonic()

    def room(self) -> int:
        """A few tries for each thread of the workers that are there now, and can be used."""
        now = time.monotonic()
        if now - self._looked >= _LOOK:
            self._looked = now
            self._look()
            if self._fit:
                self._alone = now
            elif now - self._alone > self._patience:
                why = f" that can be used ({'; '.join(self._unfit.values())})" if self._unfit else ""
                raise ValueError(
                    f"{self._title} has had no worker{why} for {self._patience:g} s; what has finished is "
                    "kept, and the same command goes on"
                )
        return _AHEAD * sum(self._fit.values())

    def submit(self, job: Job) -> Future[Outcome]:
        """Hand a try over."""
        answer: Future[Outcome] = Future()
        # A name of its own: Dask would take a task of the same name for one that it knows.
        key = f"{job.task.key}-{job.attempt}-{uuid.uuid4().hex[:8]}"
        # A worker that refuses is free again at once, and would be given all that is left.
        bound = frozenset(self._fit) if self._unfit else frozenset()
        places = {"workers": sorted(bound)} if bound else {}
        try:
            pending = self._client.submit(_work, job, self._per_gpu, key=key, pure=False, retries=0, **places)
        except Exception as error:  # noqa: BLE001, a connection breaks in many ways.
            answer.set_result(Outcome("interrupted", f"{self._title}: {error}"))
            return answer
        self._pending[answer] = pending, bound
        pending.add_done_callback(lambda done: self._done(done, answer))
        return answer

    def words(self) -> str:
        """Where, and how many workers are there."""
        self._look()
        return f"{self._title}, {sum(self._fit.values())} worker threads"

    def stop(self) -> None:
        """Tell the kernels on all workers to end, give the tasks back, and leave."""
        with contextlib.suppress(Exception):
            if self._pending:
                tries = [pending for pending, _ in self._pending.values()]
                self._client.cancel(tries, force=True)
                self._client.run(_interrupt, [each.key for each in tries])
        self._pending.clear()
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)
        self._close()

    def _look(self) -> None:
        """See which workers are there; tries that were bound to others are given back."""
        try:
            there = self._client.nthreads()
        except Exception:  # noqa: BLE001, a connection breaks in many ways.
            self._fit = {}
            self._again()
            return
        self._fit = {address: threads for address, threads in there.items() if address not in self._unfit}
        for answer, (pending, bound) in list(self._pending.items()):
            if bound and not bound & self._fit.keys():
                self._pending.pop(answer, None)
                with contextlib.suppress(Exception):
                    self._client.cancel([pending], force=True)
                _settle(answer, Outcome("interrupted", "its workers went away"))

    def _again(self) -> None:
        """The scheduler is gone: every try under way is given back, and a new client is tried."""
        lost, self._pending = list(self._pending), {}
        for answer in lost:
            _settle(answer, Outcome("interrupted", "the scheduler went away"))
        with contextlib.suppress(Exception):
            self._client.close(timeout=1)
        with contextlib.suppress(ValueError):
            self._client = self._make()

    def _done(self, done: Any, answer: Future[Outcome]) -> None:
        self._pending.pop(answer, None)
        if done.status == "finished":
            try:
                outcome = done.result()
            except Exception as error:  # noqa: BLE001, the worker may have gone before it could be asked.
                outcome = Outcome("interrupted", f"its result could not be fetched: {error}")
        elif done.status == "cancelled":
            outcome = Outcome("interrupted", "the scheduler went away")
        else:
            outcome = _error(done)
        if outcome.state == "refused":
            self._unfit[outcome.worker] = outcome.reason
        _settle(answer, outcome)


def _settle(answer: Future[Outcome], outcome: Outcome) -> None:
    with contextlib.suppress(Exception):
        answer.set_result(outcome)


def _error(done: Any) -> Outcome:
    error = done.exception()
    name = type(error).__name__
    if name == "KilledWorker":
        return Outcome("lost", "its worker died: killed, out of memory, or taken away")
    if error is None or name in ("CancelledError", "FutureCancelledError", "CommClosedError"):
        return Outcome("interrupted", "the scheduler went away")
    return Outcome("failed", f"{name}: {error}")


def _client(scheduler: str) -> Any:
    try:
        from distributed import Client, Security
        from distributed.comm.addressing import get_address_host_port
    except ModuleNotFoundError:
        raise ValueError("a cluster needs Dask: pip install 'dask[distributed]'") from None
    try:
        # A client that cannot even try to connect complains on standard error, too, when it is thrown away.
        if not scheduler.startswith("inproc://"):
            get_address_host_port(scheduler, strict=True)
        if scheduler.startswith("tls://") and Security().get_connection_args("client")["ssl_context"] is None:
            raise ValueError("it needs certificates: set distributed.comm.tls in Dask's configuration")
        return Client(scheduler, timeout=CONNECTS, set_as_default=False)
    except Exception as error:  # noqa: BLE001, each kind of connection refuses in its own way.
        raise ValueError(f"the scheduler {scheduler} cannot be reached: {error}") from None


# In a worker from here on. A worker may have several threads, each with a try of its own.

_stops: dict[str, threading.Event] = {}
_taken: dict[int, str] = {}
_lock = threading.Lock()


def _work(job: Job, per_gpu: int) -> Outcome:
    from distributed import get_worker

    from workbench.sweep import processes

    # Threads that import for the first time at once may each meet half of a module.
    with _lock:
        processes.load_lightly()
        from workbench.sweep import attempt

    key = get_worker().get_current_task()
    stop = _stops.setdefault(str(key), threading.Event())
    place, device = _take(per_gpu, str(key))
    try:
        if device is not None:
            job = replace(job, variables={**job.variables, "CUDA_VISIBLE_DEVICES": device})
        outcome = attempt.run(job, stop)
        return replace(outcome, worker=get_worker().address) if outcome.state == "refused" else outcome
    finally:
        with _lock:
            _taken.pop(place, None)
            _stops.pop(str(key), None)


def _take(per_gpu: int, key: str) -> tuple[int, str | None]:
    """A free place on a GPU of this worker, where it has more than one; dask-cuda gives each worker one."""
    devices = slots.gpus()
    if len(devices) < 2:
        return -1, None
    with _lock:
        free = (place for place in range(len(devices) * per_gpu) if place not in _taken)
        place = next(free, hash(key) % len(devices))
        _taken[place] = key
    return place, devices[place % len(devices)]


def _interrupt(keys: list[str]) -> None:
    for key in keys:
        stop = _stops.get(str(key))
        if stop is not None:
            stop.set()
