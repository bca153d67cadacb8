"""One thread at a time: JupyterLab hands messages of widgets to threads beside that of the cells."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LOCK = threading.RLock()
"""Held by whoever reads or changes what a live page shows; never while one waits for a training."""


def alone(call: Callable[P, T]) -> Callable[P, T]:
    """`call`, made with the lock held."""

    @wraps(call)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        with LOCK:
            return call(*args, **kwargs)

    return guarded
