"""What is asked of a training, as lanes: schedules or plans, each with each seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.files import short
from workbench.params import Param, number
from workbench.plan import Plan
from workbench.schedule import Schedule

SEED = Param(0, 2**32 - 1, help="seed of initial weights, batches and noise")


@dataclass(frozen=True)
class Lane:
    """One training asked for: what changes in it, and its seed."""

    plan: Plan
    seed: int


def lanes_of(schedules: Any, seed: int | Sequence[int] = 0) -> list[Lane]:
    """Each schedule with each seed, by schedule first and by seed second.

    Raises
    ------
    ValueError
        When `schedules` are not schedules or plans, there are none, or `seed` is not seeds.
    """
    seeds = seeds_of(seed)
    return [Lane(plan, each) for plan in plans_of(schedules) for each in seeds]


def seeds_of(seed: Any) -> list[int]:
    """The seeds of an argument that is one or several."""
    given = list(seed) if isinstance(seed, Sequence | np.ndarray) and not isinstance(seed, str) else [seed]
    if not given:
        raise ValueError("seed must be a whole number or several; got none")
    return [int(number("seed", each, SEED, integer=True)) for each in given]


def plans_of(schedules: Any) -> list[Plan]:
    """The plans of an argument that is several schedules or plans."""
    if isinstance(schedules, Schedule | Plan) or not isinstance(schedules, Iterable):
        raise ValueError(
            f"schedules must be a list of one or more Schedule or Plan values; got {short(schedules)}"
        )
    given = list(schedules)
    wrong = [each for each in given if not isinstance(each, Schedule | Plan)]
    if wrong or not given:
        raise ValueError(
            "schedules must be a list of one or more Schedule or Plan values; "
            f"got {short(wrong[0] if wrong else given)}"
        )
    return [each if isinstance(each, Plan) else Plan(each) for each in given]


def batch_sizes(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.int64] | None:
    """Samples of each update (total,) where a plan sets them: the nearest whole number, at least 1."""
    sizes = values.get("batch_size")
    return None if sizes is None else np.maximum(1, sizes.round()).astype(np.int64)
