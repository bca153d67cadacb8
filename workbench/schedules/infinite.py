"""Infinite schedules: cool down to a rate that can be held for ever, anneal when asked. arXiv 2403.08763."""

from typing import Annotated

from workbench.params import Choice, Param, Peak, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, lengths, stable
from workbench.schedules.parts import warmup as warm

_LEAST = 1e-9
Warmup = Annotated[
    float, Param(0, 1, unit="of total", slider=(0, 0.1), help="share of total that rises from 0 to peak")
]
Cooldown = Annotated[
    float, Param(0, 1, unit="of total", slider=(0, 0.7), help="share of total that falls from peak to level")
]
Anneal = Annotated[
    float, Param(0, 1, unit="of total", slider=(0, 0.2), help="share of total that falls from level to floor")
]
Level = Annotated[
    float, Param(_LEAST, 1, unit="of peak", slider=(0.3, 1), help="rate that is held, as a share of peak")
]
Floor = Annotated[
    float, Param(_LEAST, 1, unit="of peak", slider=(0.01, 0.3), help="last rate as a share of peak")
]
Curve = Annotated[str, Choice(("cosine", "rsqrt"), help="curve of the cooldown")]
Alpha = Annotated[
    float,
    Param(
        0,
        1e6,
        open_low=True,
        slider=(1, 30),
        only=("shape", "rsqrt"),
        help="steepness of the shape 'rsqrt'",
    ),
]


@schedule(title="Infinite (cooldown, constant, anneal)", paper="2403.08763, 2503.02844", family="continual")
def infinite(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.01,
    cooldown: Cooldown = 0.6,
    anneal: Anneal = 0.1,
    level: Level = 0.55,
    floor: Floor = 0.1,
    shape: Curve = "cosine",
    alpha: Alpha = 8.0,
) -> Schedule:
    """Cool down to a rate that is held for as long as data come, then anneal fast.

    ``rate = peak t / W``; then ``peak (level + (1 - level) (1 + cos(pi u)) / 2)`` (cosine) or
    ``peak (1 + (level - 1) h(u) / h(1))`` with ``h(u) = 1 / sqrt(1 + alpha u) - 1`` (rsqrt); then
    ``peak level``; then ``peak level (floor / level)^x`` over the last part.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    cooldown : float
        Share of `total` that falls from the peak to the level; 0 jumps.
    anneal : float
        Share of `total`, its end, that falls from the level to the floor; `warmup`, `cooldown` and
        `anneal` together are at most 1, and what they leave is constant.
    level : float
        Rate of the constant part as a share of `peak`; 0.55 is halfway to a floor of 0.1.
    floor : float
        Rate at the end as a share of `peak`, at most `level`.
    shape : str
        Curve of the cooldown: "cosine" or "rsqrt".
    alpha : float
        Steepness of "rsqrt", not used by "cosine". The papers' value was not found; 5 to 10 falls
        visibly early.

    Raises
    ------
    ValueError
        For an argument outside its range, shares that are more than 1 together, or a floor above
        the level.

    Notes
    -----
    Use it when data keep coming: continue from before the anneal at the level, without a new warmup.
    The constant part can be made longer without changing what was: ``s.until(k)`` inside it, then
    ``hold`` at the same rate, then ``s.after(k)``.

    References
    ----------
    Ibrahim et al., 2024, arXiv 2403.08763. Singh, Janson et al., "Beyond Cosine Decay", 2025,
    arXiv 2503.02844.
    """
    if floor > level:
        raise ValueError(f"floor must be at most level = {level:g}; got {floor:g}")
    rising, falling, last = lengths(total, warmup=warmup, cooldown=cooldown, anneal=anneal)
    held, end = level * peak, floor * peak
    curve, args = ("cosine", {}) if shape == "cosine" else ("inverse_power", {"alpha": alpha, "p": 0.5})
    fall = Phase("cooldown", falling, peak, held, curve, args=args) if falling else None
    constant = stable(total - rising - falling - last, held, "constant")
    down = Phase("anneal", last, held, end, "exp", args={"ratio": floor / level}) if last else None
    return join(warm(total, warmup, peak), fall, constant, down)
