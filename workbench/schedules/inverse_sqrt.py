"""Inverse square root decay after a warmup, and other powers. arXiv 1706.03762, 2106.04560."""

import math
from typing import Annotated

from workbench.params import Floor, Param, Peak, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, stable, steps
from workbench.schedules.parts import warmup as warm

Rise = Annotated[
    float,
    Param(
        0,
        1,
        open_low=True,
        unit="of total",
        slider=(0.001, 0.5),
        help="share of total that rises; the timescale of the fall is a multiple of it",
    ),
]
Scale = Annotated[
    float,
    Param(
        0,
        1e6,
        open_low=True,
        unit="warmups",
        log=True,
        slider=(0.1, 10),
        help="timescale of the fall as a multiple of the warmup",
    ),
]
Exponent = Annotated[float, Param(0, 10, open_low=True, slider=(0.1, 1), help="exponent of the fall")]


@schedule(title="Inverse square root", paper="1706.03762", family="decay")
def inverse_sqrt(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Rise = 0.1,
    timescale: Scale = 1.0,
    p: Exponent = 0.5,
    floor: Floor = 0.0,
) -> Schedule:
    """Rise to the peak, then fall as one over the root of the step, or another power of it.

    ``rate = peak * t / W`` for t < W, then ``peak * max(floor, (1 + (t - W) / (timescale * W))^-p)``,
    W = warmup * total, at least one step; with timescale = 1 that is ``peak * (W / t)^p``.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`; the timescale of the fall is a multiple of it.
    timescale : float
        Timescale as a multiple of the warmup; transformers' and big_vision's ``timescale`` is
        ``timescale * W`` steps here.
    p : float
        Exponent, lingua's ``exp_factor``; 1/2 is the inverse square root.
    floor : float
        Share of `peak` below which the rate does not fall: it is held from there on.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it when the length is open: what comes later never changes what was. It needs a cooldown
    (``.then``) to be competitive at its end.

    References
    ----------
    Vaswani et al., "Attention Is All You Need", 2017, arXiv 1706.03762. With a timescale: Zhai et al.,
    "Scaling Vision Transformers", 2021, arXiv 2106.04560.
    """
    rising = max(1, steps(total, warmup))
    left = total - rising
    if not left:
        return join(warm(total, 1.0, peak))
    unit = timescale * rising
    falling = left
    # Only a floor that is reached may be inverted: of others the power is beyond a number.
    if (1 + left / unit) ** -p < floor:
        falling = min(left, math.ceil(unit * (floor ** (-1 / p) - 1)))
    return join(
        Phase("warmup", rising, 0.0, peak),
        _fall(falling, unit, peak, p) if falling else None,
        stable(left - falling, floor * peak, "floor"),
    )


def _fall(n: int, unit: float, peak: float, p: float) -> Phase:
    alpha = n / unit
    return Phase("decay", n, peak, peak * (1 + alpha) ** -p, "inverse_power", args={"alpha": alpha, "p": p})
