"""Warmup, stable, decay, constant (WSDC), in a generic form. arXiv 2503.12167."""

from typing import Annotated

from workbench.params import Floor, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Schedule
from workbench.schedules.cooldown import Drop, HalfLife, Power, Shape, cooldown
from workbench.schedules.parts import Decay, join, lengths, stable
from workbench.schedules.parts import warmup as warm

Hold = Annotated[
    float, Param(0, 1, unit="of total", slider=(0, 0.5), help="share of total held at the floor")
]


@schedule(title="WSDC (generic)", paper="2503.12167", family="wsd")
def wsdc(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.01,
    decay: Decay = 0.1,
    hold: Hold = 0.2,
    shape: Shape = "linear",
    floor: Floor = 0.1,
    power: Power = 1.5,
    drop: Drop = 0.7,
    half_life: HalfLife = 0.25,
) -> Schedule:
    """Warm up, hold the peak, cool down, and hold the low rate.

    As `wsd` in its first ``(1 - hold) total`` updates, then the rate at which its decay ended. The
    published description names these four stages; its decay curve and lengths were not found, so this
    is a generic form, not the paper's.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    decay : float
        Share of `total` that cools down.
    hold : float
        Share of `total`, its end, at the rate after the cooldown; `warmup`, `decay` and `hold` together are
        at most 1.
    shape : str
        Curve of the cooldown, one of those of `wsd`.
    floor : float
        Rate after the cooldown as a share of `peak`; greater than 0 for exp and inverse_linear.
    power, drop, half_life : float
        Arguments of the shapes "power", "lowered_linear" and "half_life", see `wsd`.

    Raises
    ------
    ValueError
        For an argument outside its range, shares that are more than 1 together, or a floor of 0 for a
        shape that cannot reach it.

    Notes
    -----
    Use it when a run goes on at a low rate after its decay, on another blend of data for example. With
    ``hold = 0`` it is `wsd`.

    References
    ----------
    Deng et al., "PLM", 2025, arXiv 2503.12167 (the four stages only).
    """
    rising, falling, held = lengths(total, warmup=warmup, decay=decay, hold=hold)
    down = cooldown(falling, peak, shape, floor, power, drop, half_life)
    return join(
        warm(total, warmup, peak),
        stable(total - rising - falling - held, peak),
        *down,
        stable(held, down[-1].landing if down else peak, "constant"),
    )
