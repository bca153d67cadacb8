"""Warmup, stable, decay (WSD) with every cooldown shape of the field. arXiv 2404.06395, 2405.18392."""

from typing import Annotated

from workbench.params import Choice, Floor, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps
from workbench.schedules.parts import warmup as rise

_PLAIN = ("linear", "cosine", "mirror_cosine", "square", "sqrt")
COOLDOWNS = (*_PLAIN, "exp", "lowered_linear", "inverse_linear", "power")
"""Names of the cooldown shapes."""

Decay = Annotated[float, Param(0, 1, unit="of total", help="share of total that falls from peak to floor")]
Shape = Annotated[str, Choice(COOLDOWNS, help="curve of the cooldown")]
Power = Annotated[
    float,
    Param(
        0, 100, open_low=True, slider=(0.25, 4), only=("shape", "power"), help="exponent of the shape 'power'"
    ),
]
Drop = Annotated[
    float,
    Param(
        0,
        1,
        open_low=True,
        only=("shape", "lowered_linear"),
        help="where 'lowered_linear' starts, as a share of peak",
    ),
]


@schedule(title="WSD (warmup, stable, decay)", paper="2404.06395", family="wsd")
def wsd(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.01,
    decay: Decay = 0.2,
    shape: Shape = "sqrt",
    floor: Floor = 0.0,
    power: Power = 1.5,
    drop: Drop = 0.7,
) -> Schedule:
    """Warm up, hold the peak, then cool down fast.

    ``rate = peak t / W``, then ``peak``, then ``peak (floor + (1 - floor) f(x))`` over the last
    D = decay * total steps, x = (t - (total - D)) / D, with f(x) by `shape`: linear ``1 - x``,
    cosine ``(1 + cos pi x) / 2``, mirror_cosine ``2 (1 - x) - (1 + cos pi x) / 2``,
    square ``1 - x^2``, sqrt ``1 - sqrt x``, power ``(1 - x)^power``,
    lowered_linear ``drop (1 - x)``; and, reaching the floor by themselves, exp ``peak floor^x`` and
    inverse_linear ``peak / (1 + (1 / floor - 1) x)``.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    decay : float
        Share of `total` that cools down; `warmup` and `decay` together are at most 1.
    shape : str
        Curve of the cooldown.
    floor : float
        Rate at the end as a share of `peak`; greater than 0 for exp and inverse_linear.
    power : float
        Exponent of the shape "power", not used by others.
    drop : float
        Where "lowered_linear" starts, not used by others. The formula of that shape is read from
        a third party's summary of the paper: low confidence.

    Raises
    ------
    ValueError
        For an argument outside its range, ``warmup + decay > 1``, or a floor of 0 for a shape that
        cannot reach it.

    Notes
    -----
    Use it when the length of the run may change, or several lengths are wanted: the stable part is
    common to all. A cooldown of 10 to 20 % with shape "sqrt" matches a tuned cosine.

    References
    ----------
    Hu et al., "MiniCPM", 2024, arXiv 2404.06395. Hägele et al., 2024, arXiv 2405.18392.
    Dremov et al., "Training Dynamics of the Cooldown Stage", 2025, arXiv 2508.01483.
    """
    if warmup + decay > 1 + 1e-12:
        raise ValueError(f"warmup + decay must be at most 1; got {warmup:g} + {decay:g} = {warmup + decay:g}")
    rising = steps(total, warmup)
    falling = min(steps(total, decay), total - rising)
    flat = total - rising - falling
    return join(
        rise(total, warmup, peak),
        Phase("stable", flat, peak, peak) if flat else None,
        _cooldown(falling, peak, shape, floor, power, drop) if falling else None,
    )


def _cooldown(n: int, peak: float, shape: str, floor: float, power: float, drop: float) -> Phase:
    end = floor * peak
    if shape in _PLAIN:
        return Phase("decay", n, peak, end, shape)
    if shape == "power":
        return Phase("decay", n, peak, end, "power", args={"p": power})
    if shape == "lowered_linear":
        return Phase("decay", n, end + drop * (peak - end), end)
    if floor == 0:
        raise ValueError(f"floor must be greater than 0 for the shape {shape!r}; got 0")
    if floor == 1:
        return Phase("decay", n, peak, peak)
    if shape == "exp":
        return Phase("decay", n, peak, end, "exp", args={"ratio": floor})
    return Phase("decay", n, peak, end, "inverse_power", args={"alpha": 1 / floor - 1, "p": 1})
