"""One notebook over many parameters: on this machine or on a cluster, and nothing finished is ever lost.

>>> from workbench import sweep
>>> plan = sweep.plan("notebooks/start.ipynb", grid={"peak": [1e-3, 3e-3]}, fixed={"quick": True})
>>> results = sweep.sweep(plan, out="sweeps/first")  # doctest: +SKIP

A notebook tells what it found with ``sweep.record("loss", 3.2)``, or by the runs that it saves.
"""

from __future__ import annotations

import importlib
from typing import Any

from workbench.sweep.glue import record

_LAZY = {
    "Engine": "engine",
    "Limits": "job",
    "Parameter": "parameter",
    "Plan": "planning",
    "Progress": "progress",
    "Results": "collected",
    "Search": "search",
    "Task": "task",
    "cluster": "clusters",
    "connect": "dask_engine",
    "estimate": "estimating",
    "events": "driver",
    "lanes": "laning",
    "local": "local_engine",
    "parameters": "cell",
    "plan": "planning",
    "report": "page",
    "results": "collected",
    "sampled": "sampling",
    "sweep": "driver",
}

# The names are loaded when they are first used.
__all__ = ["record", *_LAZY]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'workbench.sweep' has no attribute {name!r}")
    return getattr(importlib.import_module(f"workbench.sweep.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
