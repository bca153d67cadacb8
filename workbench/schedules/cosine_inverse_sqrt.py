"""Half of a half cosine, then an inverse square root at equal slope: ModernBERT's. arXiv 2412.13663."""

import math
from typing import Annotated

from workbench.params import Floor, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, lengths
from workbench.schedules.parts import warmup as warm

First = Annotated[
    float,
    Param(0, 1, open_low=True, unit="of total", slider=(0.01, 0.5), help="share of total on the cosine"),
]
Cooldown = Annotated[
    float, Param(0, 1, unit="of total", slider=(0, 0.3), help="share of total that falls to the floor")
]


@schedule(title="Cosine, then inverse square root", paper="2412.13663", family="decay")
def cosine_inverse_sqrt(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.01,
    cosine: First = 0.25,
    cooldown: Cooldown = 0.1,
    floor: Floor = 0.0,
) -> Schedule:
    """Fall halfway along a cosine, go on as an inverse square root at equal slope, end in a straight line.

    With s = t - W and C = cosine * total: ``rate = peak * (floor + (1 - floor) (1 + cos(pi s / (2 C))) / 2)``
    up to s = C, then ``peak * gamma / sqrt(s + delta)`` with
    ``delta = C (1 + floor - pi (1 - floor)) / (pi (1 - floor))`` and
    ``gamma = (1 + floor) / 2 * sqrt(C + delta)``, then over the cooldown straight to ``peak * floor``.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    cosine : float
        Share of `total` on the cosine, at least one step.
    cooldown : float
        Share of `total` at the end that falls in a straight line.
    floor : float
        Rate at the end of the cooldown as a share of `peak`; the cosine aims at it too.

    Raises
    ------
    ValueError
        For an argument outside its range, shares that are together more than 1, or a floor above the rate
        at which the cooldown begins.

    Notes
    -----
    Use it where the length is open but a constant rate is too high: the middle can be made longer without
    changing what was, and a cooldown be hung on any step. With floor = 1 it is constant. With cosine = 1/4
    it is the multi-stage "infinite" schedule of Stable LM 2.

    References
    ----------
    Warner et al., "ModernBERT", 2024, arXiv 2412.13663, whose code has it as
    ``CosineInverseSqrtScheduler``. Bellagente et al., "Stable LM 2 1.6B", 2024, arXiv 2402.17834.
    """
    rising, first, last = lengths(total, warmup=warmup, cosine=cosine, cooldown=cooldown)
    first = max(first, 1 if rising + last < total else 0)
    middle = total - rising - first - last
    fall = _inverse_sqrt(middle, first, peak, floor) if middle else None
    top = fall.end if fall else peak * (1 + floor) / 2 if first else peak
    if last and floor * peak > top * (1 + 1e-12):
        raise ValueError(
            f"floor must be at most {top / peak:.4g}, the share of the peak at which the cooldown begins; "
            f"got {floor:g}"
        )
    return join(
        warm(total, warmup, peak),
        Phase("cosine", first, peak, floor * peak, "cosine", span=2 * first) if first else None,
        fall,
        Phase("cooldown", last, top, min(floor * peak, top)) if last else None,
    )


def _inverse_sqrt(n: int, first: int, peak: float, floor: float) -> Phase:
    top = peak * (1 + floor) / 2
    if floor == 1:
        return Phase("decay", n, top, top)
    # Timescale C + delta: with it the slopes of both curves are one where they meet.
    alpha = n * math.pi * (1 - floor) / (first * (1 + floor))
    end = top * (1 + alpha) ** -0.5
    return Phase("decay", n, top, end, "inverse_power", args={"alpha": alpha, "p": 0.5})
