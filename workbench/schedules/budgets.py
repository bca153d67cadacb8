"""One run, several budgets: where each ends and how long its cooldown is. arXiv 2410.05192."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, NamedTuple

from workbench.params import Choice, Numbers, Param
from workbench.schedules.parts import steps

Budgets = Annotated[
    tuple[float, ...],
    Numbers(
        Param(0, 1, open_low=True, unit="of total"),
        most=8,
        increasing=True,
        last=1.0,
        help="shares of total at which a model is wanted; the last is 1",
    ),
]
Counted = Annotated[
    str,
    Choice(
        ("total", "segment"), help="what decay is a share of: the run up to the budget, or since the last"
    ),
]


class Budget(NamedTuple):
    """A budget ``start <= t < stop``, begun where the one before ended, and the steps of its cooldown."""

    start: int
    stop: int
    decay: int


def segments(
    total: int, warmup: float, budgets: tuple[float, ...], decay: float = 1.0, counted: str = "segment"
) -> list[Budget]:
    """The budgets in steps; the first begins after the warmup.

    `decay` is a share of all updates up to the end of the budget, or of those in its own segment
    (the warmup counted). It is not yet cut to the room that there is.

    Raises
    ------
    ValueError
        For a warmup that is longer than the first budget.
    """
    if warmup > budgets[0] + 1e-12:
        raise ValueError(f"warmup must be at most the first of the budgets, {budgets[0]:g}; got {warmup:g}")
    stops = [0, *(steps(total, share) for share in budgets)]
    out, begun = [], min(steps(total, warmup), stops[1])
    for before, stop in pairwise(stops):
        out.append(Budget(begun, stop, steps(stop if counted == "total" else stop - before, decay)))
        begun = stop
    return out
