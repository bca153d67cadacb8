"""What the kernel of one visitor may use: memory, processor time, one thread."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.params import Param, number

MEMORY_VARIABLE = "WORKBENCH_VISITOR_MEMORY"
"""Bytes."""
CPU_VARIABLE = "WORKBENCH_VISITOR_CPU"
"""Seconds."""

_MEMORY = Param(0.25, 1024, unit="GB", help="memory that the kernel of a visitor may use")
_CPU = Param(0.5, 24 * 60, unit="minutes", help="processor time that the kernel of a visitor may use")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Bounds:
    """Most memory in bytes and processor time in seconds."""

    memory: int = 10**9
    cpu: int = 1200

    @staticmethod
    def of(memory: object, cpu: object) -> Bounds:
        """From gigabytes and minutes."""
        return Bounds(round(1e9 * number("memory", memory, _MEMORY)), round(60 * number("cpu", cpu, _CPU)))

    @staticmethod
    def read(environment: Mapping[str, str]) -> Bounds:
        """As `environment` hands them on; what it does not say stays as it is."""
        own = Bounds()
        return Bounds(
            int(environment.get(MEMORY_VARIABLE, own.memory)), int(environment.get(CPU_VARIABLE, own.cpu))
        )

    @property
    def environment(self) -> dict[str, str]:
        """How a server hands them on to its kernels; one visitor has one thread."""
        return {
            MEMORY_VARIABLE: str(self.memory),
            CPU_VARIABLE: str(self.cpu),
            **dict.fromkeys(_THREADS, "1"),
        }

    def hold(self) -> None:
        """Bind this process to them for good, and let others go first."""
        import resource

        # Data, not address space: libraries reserve far more addresses than they ever use.
        resource.setrlimit(resource.RLIMIT_DATA, (self.memory, self.memory))
        resource.setrlimit(resource.RLIMIT_CPU, (self.cpu, self.cpu + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(5)
