"""Learning-rate workbench: schedules, the laws that predict their loss, and small trainings to check.

Importing this costs NumPy and nothing more; everything heavier is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

from workbench import schedules
from workbench.curve import Curve, Run
from workbench.making import from_array, from_function, hold, ramp
from workbench.params import Choice, Numbers, Param
from workbench.schedule import Phase, Schedule, Span

__version__ = "0.1.0"

_LAZY = {
    "Clock": ("workbench.clocks", "Clock"),
    "Fit": ("workbench.fitting", "Fit"),
    "Plan": ("workbench.plan", "Plan"),
    "Store": ("workbench.store", "Store"),
    "clocks": ("workbench.clocks", None),
    "compare": ("workbench.views", "compare"),
    "fit": ("workbench.fitting", "fit"),
    "datasets": ("workbench.datasets", None),
    "defaults": ("workbench.defaults", None),
    "design": ("workbench.design", None),
    "exchange": ("workbench.exchange", None),
    "exercises": ("workbench.exercises", None),
    "explore": ("workbench.explore", None),
    "export": ("workbench.export", None),
    "imports": ("workbench.imports", None),
    "laws": ("workbench.laws", None),
    "logs": ("workbench.logs", None),
    "notebook": ("workbench.notebook", None),
    "optimise": ("workbench.design", "optimise"),
    "plots": ("workbench.plots", None),
    "sweep": ("workbench.sweep", None),
    "scaling": ("workbench.scaling", None),
    "takeaway": ("workbench.takeaway", None),
    "train": ("workbench.train", None),
    "views": ("workbench.views", None),
}

__all__ = [
    "Choice",
    "Curve",
    "Numbers",
    "Param",
    "Phase",
    "Run",
    "Schedule",
    "Span",
    "from_array",
    "from_function",
    "hold",
    "ramp",
    "schedules",
    *_LAZY,
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    module, attribute = _LAZY[name]
    loaded = importlib.import_module(module)
    return loaded if attribute is None else getattr(loaded, attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
