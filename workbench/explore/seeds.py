"""Loss against a field of the runs: means with intervals over what was repeated, and what differs unsaid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SURE = 0.9
"""Share of such intervals that hold the mean of all runs that could have been made."""

_OWN = ("id", "saved", "notes", "tags", "final_loss")
_MEASURED = (
    "seconds",
    "tokens_per_second",
    "peak_memory_bytes",
    "flops",
    "flops_per_second",
    "flops_utilisation",
)
_INCIDENTAL = ("seed", "host", "device", "device_name", "threads", "torch", "workbench", "status")
"""Facts that a training has rather than is given: that they differ says nothing."""


@dataclass(frozen=True)
class Group:
    """Runs of one line: for each value of the field their mean loss, and its interval.

    Parameters
    ----------
    name : str
        What the runs have in common.
    at : tuple
        Values of the field, increasing.
    mean, low, high : array, shape (n,)
        Mean of the final losses and its 90 % interval, NaN where there is one run.
    count : array, shape (n,)
        Runs at each value; those whose loss is not finite are not counted.
    """

    name: str
    at: tuple[Any, ...]
    mean: Array
    low: Array
    high: Array
    count: NDArray[np.int64]


def groups(table: Any, field: str, by: str | None) -> list[Group]:
    """A group for each value of `by`: at each value of `field` the mean, and ``mean +- t s / sqrt(n)``."""
    from scipy.stats import t

    sound = table[np.isfinite(table["final_loss"].astype(float)) & table[field].notna()]
    parts = [("", sound)] if by is None else list(sound.groupby(by, sort=True, dropna=True))
    out = []
    for name, rows in parts:
        at = rows.groupby(field, sort=True)["final_loss"]
        n, mean, spread = at.count().to_numpy(), at.mean().to_numpy(), at.std(ddof=1).to_numpy()
        with np.errstate(invalid="ignore", divide="ignore"):
            half = np.where(n > 1, t.ppf((1 + SURE) / 2, np.maximum(n - 1, 1)) * spread / np.sqrt(n), np.nan)
        out.append(Group(str(name), tuple(at.mean().index), mean, mean - half, mean + half, n))
    return out


def varying(table: Any) -> list[str]:
    """Fields that differ among the runs and can be an axis: numbers, or names of which there are few."""
    return [
        name
        for name in table.columns
        if name not in (*_OWN, *_MEASURED)
        and table[name].nunique() > 1
        and (_numeric(table[name]) or table[name].nunique() <= 24)
    ]


def unsaid(table: Any, field: str, by: str | None) -> list[str]:
    """Fields beside the seed that differ among runs of one point: their differences are in its interval."""
    if not len(table):
        return []
    same = table.groupby([field, *([by] if by else [])], dropna=False)
    # Arguments that follow from the two, as the shape from the schedule, differ in no group.
    candidates = [name for name in varying(table) if name not in (field, by, *_INCIDENTAL)]
    return [name for name in candidates if (same[name].nunique() > 1).any()]


def _numeric(column: Any) -> bool:
    return column.dtype.kind in "if"
