"""Steps at which a probe looks."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.params import Param, number

_EVERY = Param(1, 10**9, help="updates between two looks")


def checked(every: Any) -> int:
    """A number of updates between two looks, or ``ValueError``."""
    return int(number("every", every, _EVERY, integer=True))


def steps(total: int, every: int) -> np.ndarray:
    """The first update, every `every`-th after it, and the last."""
    return np.union1d(np.arange(0, total, every), [total - 1])
