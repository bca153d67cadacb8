"""Where a training runs."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import time
from collections.abc import Iterator, Sequence

import torch


def choose(device: str, offered: Sequence[str]) -> torch.device:
    """The device of a training.

    Parameters
    ----------
    device : str
        "auto" (CUDA where there is one and the task can use it), "cpu", "cuda" or "cuda:1".
    offered : sequence of str
        Kinds of device that the task runs on.

    Raises
    ------
    ValueError
        For anything else, a kind that the task does not run on, or a GPU that is not there.
    """
    names = ["auto", *offered]
    match = re.fullmatch(r"(auto|cpu|cuda)(?:(?<=cuda):(\d{1,3}))?", str(device))
    if match is None or match[1] not in names:
        raise ValueError(f"device must be one of {', '.join(names)} for this task; got {device!r}")
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return torch.device("cuda" if "cuda" in offered and there else "cpu")
    if match[1] == "cuda" and int(match[2] or 0) >= there:
        raise ValueError(f"device must be there, and torch sees {there} CUDA GPUs; got {device!r}")
    return torch.device(device)


@contextlib.contextmanager
def settled(device: torch.device, *, deterministic: bool) -> Iterator[None]:
    """Ask torch for algorithms that give the same bits each time, and let go of it afterwards."""
    if not deterministic:
        yield
        return
    if device.type == "cuda":
        # cuBLAS reads it when it is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def short_of_memory(error: Exception) -> bool:
    """Whether this is how a device says that it has no memory left."""
    # torch has a type for GPUs only.
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def peak(device: torch.device) -> float:
    """Floating-point operations per second of a large matrix product: bfloat16 on a GPU, float32 on a CPU.

    It is measured once, in less than a tenth of a second.
    """
    return _peak(device, torch.get_num_threads() if device.type == "cpu" else 0)


@functools.cache
def _peak(device: torch.device, threads: int) -> float:
    gpu = device.type == "cuda"
    side, kind = (4096, torch.bfloat16) if gpu else (768, torch.float32)
    draw = torch.Generator(device).manual_seed(0)
    a = torch.rand(side, side, generator=draw, device=device, dtype=kind)
    out, best = torch.empty_like(a), 0.0
    for _ in range(5):
        began = time.perf_counter()
        torch.mm(a, a, out=out)
        if gpu:
            torch.cuda.synchronize(device)
        best = max(best, 2 * side**3 / (time.perf_counter() - began))
    return best


@contextlib.contextmanager
def spare_a_core() -> Iterator[None]:
    """Leave one core to whoever watches: threads that wait for a core cost more than one thread less.

    The number of threads may change the last bits of a result; a run's facts record it.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads - 1))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@functools.cache
def keep_freed_memory() -> None:
    """Let the C library reuse freed memory instead of giving it back to the system after every update.

    A training step frees and takes the same few megabytes. glibc raises its threshold for returning
    memory when a large block is freed, so one such block is enough; without it every step faults
    thousands of pages in again, a quarter to a half of a small model's time. Elsewhere it does nothing.
    """
    # 30 MiB: just under the largest threshold that glibc learns, 32 MiB.
    torch.empty(30 * 2**20, dtype=torch.uint8)
