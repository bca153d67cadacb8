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

    def take(self) -> Points:
        """All that was kept, which is then forgotten."""
        steps, values = self._steps, self._values
        self._steps, self._values = {}, {}
        if not values:
            return {}
        # One transfer for all of them: here the program waits for its device.
        flat = torch.cat([torch.stack(kept).double() for kept in values.values()]).cpu().numpy()
        ends = np.cumsum([len(kept) for kept in values.values()])[:-1]
        parts = np.split(flat, ends)
        return {name: (np.array(steps[name]), part) for name, part in zip(values, parts, strict=True)}


Points = Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]
"""Steps (k,) and values (k, lanes) by name."""


def by_lane(points: Points, lanes: int, ceiling: float) -> list[tuple[dict[str, Curve], int | None]]:
    """Curves of each lane, and the step that showed that it diverged: a loss that is not below `ceiling`."""
    # Written so that NaN counts as bad.
    bad = {name: ~(points[name][1] <= ceiling) for name in ("loss", "train") if name in points}
    any_bad = np.zeros(lanes, bool)
    for each in bad.values():
        any_bad |= each.any(axis=0)
    floats = {name: steps.astype(float) for name, (steps, _) in points.items()}
    found: list[tuple[dict[str, Curve], int | None]] = []
    for i in range(lanes):
        if not any_bad[i]:
            curves = {name: Curve(floats[name], values[:, i]) for name, (_, values) in points.items()}
            found.append((curves, None))
            continue
        last = min(int(points[name][0][each[:, i]].min()) for name, each in bad.items() if each[:, i].any())
        curves = {}
        for name, (steps, values) in points.items():
            # The step that showed the divergence belongs to what was measured, where it is a number.
            keep = np.isfinite(values[:, i]) & (steps <= last)
            curves[name] = Curve(floats[name][keep], values[keep, i])
        found.append((curves, last))
    return found


def joined(parts: Mapping[str, list[Curve]]) -> dict[str, Curve]:
    """One curve of each name from pieces in order."""
    return {
        name: Curve(np.concatenate([c.step for c in curves]), np.concatenate([c.loss for c in curves]))
        for name, curves in parts.items()
    }
