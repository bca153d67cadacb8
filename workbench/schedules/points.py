"""A schedule through given points, joined by straight lines."""

from typing import Annotated

import numpy as np

from workbench.params import RATE, Numbers, Param, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule

MOST = 10_000
"""Points that one may give."""

Places = Annotated[
    tuple,
    Numbers(Param(0, 1, unit="of total"), help="where the points are", least=2, most=MOST, increasing=True),
]
Rates = Annotated[tuple, Numbers(RATE, help="rate at each point", least=2, most=MOST)]


@schedule(title="Points", family="free")
def points(total: Total, u: Places = (0.0, 0.1, 0.8, 1.0), rate: Rates = (0.0, 1e-3, 5e-4, 0.0)) -> Schedule:
    """Pass through given points in straight lines.

    ``rate(t)`` is the straight line between the points on both sides of ``t / total``; before the first
    point and after the last one its rate holds.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    u : sequence of float
        Where the points are, as shares of `total`, increasing, 2 to 10,000.
    rate : sequence of float
        Rate at each of them, in the trainer's unit.

    Raises
    ------
    ValueError
        For an argument outside its range, or not as many rates as places.

    Notes
    -----
    Use it for what no name fits: a curve read off a figure, or one found by an optimiser. For the rate of
    every single update there is `from_array`, and for a Python function `from_function`.
    """
    if len(u) != len(rate):
        raise ValueError(f"u and rate must be equally many; got {len(u)} and {len(rate)}")
    places = np.unique([0.0, *u, 1.0])
    rates = tuple(np.interp(places, u, rate).tolist())
    args = {"u": tuple(places.tolist()), "rate": rates}
    return Schedule((Phase("points", total, rates[0], rates[-1], "points", args=args),))
