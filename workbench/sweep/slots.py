"""How many tasks run at once on this machine, and with which GPU and threads each."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping

from workbench.params import Param, number

_PROCESSES = Param(1, 4096, help="processes")
_PER_GPU = Param(1, 64, help="tasks per GPU")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def slots(processes: int | None = None, per_gpu: int = 1) -> tuple[Mapping[str, str], ...]:
    """Environment variables of each slot; one task runs in a slot at a time.

    Parameters
    ----------
    processes : int, optional
        How many slots; where it is not given, `per_gpu` for each GPU, else one for each CPU.
    per_gpu : int
        Tasks that share a GPU.

    Raises
    ------
    ValueError
        For numbers out of range, or more processes than the GPUs take.
    """
    if processes is not None:
        number("processes", processes, _PROCESSES, integer=True)
    number("per_gpu", per_gpu, _PER_GPU, integer=True)
    devices = gpus()
    count = processes or (len(devices) * per_gpu if devices else cpus())
    # Without it every task would start a thread for each CPU, and they would wait for each other.
    threads = str(max(1, cpus() // count))
    common = {name: threads for name in _THREADS if name not in os.environ}
    if not devices:
        return tuple(common for _ in range(count))
    # In turns: two tasks share a GPU only when every GPU has one.
    return tuple({**common, "CUDA_VISIBLE_DEVICES": devices[i % len(devices)]} for i in range(count))


def gpus() -> tuple[str, ...]:
    """NVIDIA GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    said = os.environ.get("CUDA_VISIBLE_DEVICES")
    if said is not None:
        return tuple(name.strip() for name in said.split(",") if name.strip() not in ("", "-1"))
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        done = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(str(i) for i, line in enumerate(_lines(done.stdout)))


def cpus() -> int:
    """CPUs that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("GPU ")]
