"""Truncated cosine: set for a longer run, cut, and taken straight to zero. OLMo 2, arXiv 2501.00656."""

from typing import Annotated

from workbench.params import Floor, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, lengths
from workbench.schedules.parts import warmup as warm

Horizon = Annotated[
    float,
    Param(1, 1000, unit="of total", slider=(1, 4), help="length that the cosine was set for, over total"),
]
Last = Annotated[
    float, Param(0, 1, unit="of total", slider=(0, 0.3), help="share of total that falls straight to 0")
]


@schedule(title="Truncated cosine", paper="2501.00656", family="decay")
def truncated_cosine(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.01,
    horizon: Horizon = 1.25,
    floor: Floor = 0.1,
    decay: Last = 0.05,
) -> Schedule:
    """Follow a cosine that was set for a longer run, then fall to zero in a straight line.

    ``rate = peak (floor + (1 - floor) (1 + cos(pi (t - W) / (horizon total - W))) / 2)`` for
    W <= t < T0, then a straight line from its value at T0 to 0 over the last ``decay * total`` updates.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    horizon : float
        Length that the cosine was set for, over `total`; 1 cuts nothing off but what `decay` replaces.
    floor : float
        Rate that the uncut cosine would end at, as a share of `peak`.
    decay : float
        Share of `total` that falls straight to 0; `warmup` and `decay` together are at most 1.

    Raises
    ------
    ValueError
        For an argument outside its range, or ``warmup + decay > 1``.

    Notes
    -----
    Use it to reproduce OLMo 2 or a run that was stopped early and annealed; for a new run a cosine of
    the right length or `wsd` is as good. Read from third parties' notes: medium confidence.

    References
    ----------
    OLMo team, "2 OLMo 2 Furious", 2025, arXiv 2501.00656.
    """
    rising, last = lengths(total, warmup=warmup, decay=decay)
    falling = total - rising - last
    meant = max(horizon * total - rising, falling)
    cut = Phase("decay", falling, peak, floor * peak, "cosine", meant) if falling else None
    end = Phase("anneal", last, cut.landing if cut else peak, 0.0) if last else None
    return join(warm(total, warmup, peak), cut, end)
