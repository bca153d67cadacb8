"""Tries in processes of this machine, through concurrent.futures."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any

from workbench.sweep import processes
from workbench.sweep.job import Job, Outcome
from workbench.sweep.slots import slots

_GRACE = 10.0
_stop: Any = None


def local(processes: int | None = None, *, per_gpu: int = 1) -> Local:
    """An engine of processes on this machine.

    Parameters
    ----------
    processes : int, optional
        Tasks at once; one for each GPU (times `per_gpu`), or for each CPU, where it is not given.
    per_gpu : int
        Tasks that share a GPU.
    """
    return Local(slots(processes, per_gpu))


class Local:
    """One pool of one process for each slot: a worker that dies takes one try with it, and no other.

    Parameters
    ----------
    slots : tuple of mappings
        Environment variables of each slot.
    """

    remote = False

    def __init__(self, slots: tuple[Mapping[str, str], ...]) -> None:
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            raise ValueError(
                "a sweep was started while its worker loaded your script: put it under "
                "`if __name__ == '__main__':`"
            )
        # Not fork: the caller may have threads (a Jupyter kernel has), which a fork loses.
        self._context = multiprocessing.get_context("spawn")
        self._event = self._context.Event()
        self._slots = slots
        self._free = deque(range(len(slots)))
        self._pools: dict[int, ProcessPoolExecutor] = {}

    def room(self) -> int:
        """The number of slots."""
        return len(self._slots)

    def submit(self, job: Job) -> Future[Outcome]:
        """Run a try in a free slot."""
        slot = self._free.popleft()
        job = replace(job, variables={**self._slots[slot], **job.variables})
        answer: Future[Outcome] = Future()
        try:
            inner = self._pool(slot).submit(_work, job)
        except BrokenProcessPool:
            # It died between two tries: nothing is lost.
            self._pools.pop(slot).shutdown(wait=False)
            inner = self._pool(slot).submit(_work, job)
        inner.add_done_callback(lambda done: self._done(slot, done, answer))
        return answer

    def words(self) -> str:
        """How many processes, and on what."""
        gpus = {slot["CUDA_VISIBLE_DEVICES"] for slot in self._slots if "CUDA_VISIBLE_DEVICES" in slot}
        on = f" on {len(gpus)} GPU{'s' if len(gpus) > 1 else ''}" if gpus else ""
        return f"{len(self._slots)} local process{'es' if len(self._slots) > 1 else ''}{on}"

    def stop(self) -> None:
        """Kill the kernels under way, then the workers."""
        self._event.set()
        workers = [p for pool in self._pools.values() for p in list((pool._processes or {}).values())]
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.join(_GRACE)
            if worker.is_alive():
                worker.kill()
        self._pools.clear()

    def _pool(self, slot: int) -> ProcessPoolExecutor:
        if slot not in self._pools:
            self._pools[slot] = ProcessPoolExecutor(
                1, mp_context=self._context, initializer=_begin, initargs=(self._event,)
            )
        return self._pools[slot]

    def _done(self, slot: int, done: Future[Outcome], answer: Future[Outcome]) -> None:
        if done.cancelled():
            outcome = Outcome("interrupted", "the sweep was stopped")
        elif isinstance(done.exception(), BrokenProcessPool):
            self._pools.pop(slot).shutdown(wait=False)
            outcome = Outcome("lost", "its worker died: killed, out of memory, or crashed")
        elif (error := done.exception()) is not None:
            outcome = Outcome("failed", f"{type(error).__name__}: {error}")
        else:
            outcome = done.result()
        self._free.append(slot)
        answer.set_result(outcome)


def _begin(event: Any) -> None:
    """In a worker: Ctrl-C is the driver's, and the worker does not outlive it."""
    global _stop
    _stop = event
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    processes.load_lightly()
    threading.Thread(target=_outlive, args=(parent,), name="workbench-parent", daemon=True).start()


def _outlive(parent: Any) -> None:
    parent.join()
    # The watch kills the kernel, then nobody needs us; a kernel also ends when its parent has.
    _stop.set()
    threading.Event().wait(1.0)
    os._exit(1)


def _work(job: Job) -> Outcome:
    from workbench.sweep import attempt

    return attempt.run(job, _stop)
