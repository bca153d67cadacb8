"""What travels to a worker, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.params import Param, number
from workbench.sweep.task import Task

_SECONDS = Param(0, 1e8, open_low=True, unit="s", help="seconds")
_MEMORY = Param(0.01, 1e5, unit="GB", help="memory")


@dataclass(frozen=True)
class Limits:
    """What a try of a task may take.

    Parameters
    ----------
    seconds : float, optional
        Wall time, the start of the kernel included.
    memory : float, optional
        Resident memory of the kernel and its children, GB.
    """

    seconds: float | None = None
    memory: float | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None:
            number("time limit", self.seconds, _SECONDS)
        if self.memory is not None:
            number("memory limit", self.memory, _MEMORY)


@dataclass(frozen=True)
class Job:
    """One try of one task, with all that a worker needs.

    Parameters
    ----------
    task : Task
        Key and parameters.
    attempt : str
        Name of the try, unlike any other.
    notebook, folder : str
        The notebook's JSON, and the folder that its kernel works in.
    name : str
        File name of the notebook.
    out : str
        Address of the sweep.
    code : str
        Version of the code that the plan was made with.
    strict : bool
        Whether the worker must have that very code.
    python : str
        Version of Python that the plan was made with, which a strict job needs too.
    limits : Limits
        What the try may take.
    warm : tuple of str, optional
        Modules that a warm parent has imported; None starts a cold kernel.
    variables : mapping
        Environment variables of the kernel, such as CUDA_VISIBLE_DEVICES.
    """

    task: Task
    attempt: str
    notebook: str
    folder: str
    name: str
    out: str
    code: str = ""
    strict: bool = False
    python: str = ""
    limits: Limits = Limits()
    warm: tuple[str, ...] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Outcome:
    """What came of a try.

    Parameters
    ----------
    state : str
        "finished", "failed", "interrupted" (by us: the task has lost nothing), "lost" (with its worker) or
        "refused" (by a worker that can run none of this sweep; nor has the task lost anything).
    reason : str
        Why it did not finish.
    record : mapping
        What stands in the ledger of a finished task.
    files : mapping
        Names of the output notebook and the log of a try that did not finish.
    worker : str
        Address of a worker that refuses.
    """

    state: str
    reason: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    worker: str = ""

    __hash__ = None  # type: ignore[assignment]
