"""What each phase of a schedule has of its steps and of its area."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench import files
from workbench.schedule import Schedule


class Share(NamedTuple):
    """Share of all updates, and of the area under the rates, both from 0 to 1."""

    steps: float
    area: float


def shares(s: Schedule) -> dict[str, Share]:
    """Share of the updates and of the area S1 that each phase has, by its name.

    Phases of one name, such as the decays of several cycles, are counted together. Of an area of 0 every
    phase has the share 0.

    Parameters
    ----------
    s : Schedule
        With phases, which an array of rates has not.

    Returns
    -------
    dict of str to Share
        In the order in which the names first appear. The shares of steps add up to 1, and those of area.

    Raises
    ------
    ValueError
        When `s` is not a Schedule.

    Notes
    -----
    The share of the area says what a phase is worth in distance travelled: a linear warmup or cooldown
    has half the area of as many steps at the peak.
    """
    if not isinstance(s, Schedule):
        raise ValueError(f"s must be a Schedule, which has phases; got {files.short(s)}")
    rates, steps, areas = s.array(), dict[str, int](), dict[str, float]()
    for name, start, stop in s.spans():
        steps[name] = steps.get(name, 0) + stop - start
        areas[name] = areas.get(name, 0.0) + float(np.sum(rates[start:stop]))
    whole = sum(areas.values())
    return {name: Share(steps[name] / len(s), areas[name] / whole if whole else 0.0) for name in steps}
