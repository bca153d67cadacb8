"""What a chunk measured, kept on its device until somebody asks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.curve import Curve


class Log:
    """Losses of all lanes of a chunk by name, each with the step it was measured at."""

    def __init__(self) -> None:
        self._steps: dict[str, list[int]] = {}
        self._values: dict[str, list[Tensor]] = {}

    def add(self, name: str, step: int, values: Tensor) -> None:
        """Keep `values` (lanes,), wherever they are."""
        self._steps.setdefault(name, []).append(step)
        self._values.setdefault(name, []).append(values)

    def take(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Steps (k,) and values (k, lanes) of each name; what was kept is then forgotten."""
        steps, values = self._steps, self._values
        self._steps, self._values = {}, {}
        if not values:
            return {}
        # One transfer for all of them: here the program waits for its device.
        flat = torch.cat([torch.stack(kept).double() for kept in values.values()]).cpu().numpy()
        ends = np.cumsum([len(kept) for kept in values.values()])[:-1]
        parts = np.split(flat, ends)
        return {name: (np.array(steps[name]), part) for name, part in zip(values, parts, strict=True)}


def joined(parts: Mapping[str, list[Curve]]) -> dict[str, Curve]:
    """One curve of each name from pieces in order."""
    return {
        name: Curve(np.concatenate([c.step for c in curves]), np.concatenate([c.loss for c in curves]))
        for name, curves in parts.items()
    }
