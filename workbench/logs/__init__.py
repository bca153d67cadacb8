"""Training logs of others as runs.

>>> from workbench import logs
>>> runs = logs.load("my_run/trainer_state.json")  # doctest: +SKIP
>>> print(logs.describe(runs[0]))  # doctest: +SKIP
"""

from __future__ import annotations

from workbench.logs.loading import load
from workbench.logs.smoothing import describe, smooth

__all__ = ["describe", "load", "smooth"]
