"""Warmup, stable, decay (WSD) with every cooldown shape of the field. arXiv 2404.06395, 2405.18392."""

from workbench.params import Floor, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Schedule
from workbench.schedules.cooldown import Drop, HalfLife, Power, Shape, cooldown
from workbench.schedules.parts import Decay, Rise, join, lengths, stable
from workbench.schedules.parts import warmup as warm


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
    half_life: HalfLife = 0.25,
    rise: Rise = "linear",
) -> Schedule:
    """Warm up, hold the peak, then cool down fast.

    ``rate = peak t / W``, then ``peak``, then ``peak (floor + (1 - floor) f(x))`` over the last
    D = decay * total steps, x = (t - (total - D)) / D, with f(x) by `shape`: linear ``1 - x``,
    cosine ``(1 + cos pi x) / 2``, mirror_cosine ``2 (1 - x) - (1 + cos pi x) / 2``,
    square ``1 - x^2``, sqrt ``1 - sqrt x``, power ``(1 - x)^power``,
    lowered_linear ``drop (1 - x)``; and, reaching the floor by themselves, exp ``peak floor^x`` and
    inverse_linear ``peak / (1 + (1 / floor - 1) x)``; and half_life ``peak max(floor, 0.5^(x / half_life))``.

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
    half_life : float
        Share of the cooldown in which the shape "half_life" halves the rate, not used by others. The
        curve ends where it is after the cooldown, or holds the floor from the update on that reaches it.
    rise : str
        Curve of the warmup: "linear", "cosine" or "sqrt" (``1 - sqrt(1 - t / W)``).

    Raises
    ------
    ValueError
        For an argument outside its range, ``warmup + decay > 1``, or a floor of 0 for a shape that
        cannot reach it.

    Notes
    -----
    Use it when the length of the run may change, or several lengths are wanted: the stable part is
    common to all. A cooldown of 10 to 20 % with shape "sqrt" matches a tuned cosine. The cooldown of
    MiniCPM is "half_life", over 10 % of the tokens with a half-life of 5000 updates; the paper prints it
    as ``0.5^((s - S) / T)`` with a T that elsewhere stands for a length of the run, so that its
    notation is inconsistent and the half-life our reading of it.

    References
    ----------
    Hu et al., "MiniCPM", 2024, arXiv 2404.06395. Hägele et al., 2024, arXiv 2405.18392.
    Dremov et al., "Training Dynamics of the Cooldown Stage", 2025, arXiv 2508.01483.
    """
    rising, falling = lengths(total, warmup=warmup, decay=decay)
    return join(
        warm(total, warmup, peak, rise),
        stable(total - rising - falling, peak),
        *cooldown(falling, peak, shape, floor, power, drop, half_life),
    )
