"""WSD-S: one run that cools down at every budget and jumps back; and WSD's branches. arXiv 2410.05192."""

from workbench import registry
from workbench.params import Floor, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.budgets import Budgets, Counted, segments
from workbench.schedules.constant import constant
from workbench.schedules.cooldown import Drop, HalfLife, Power, Shape, cooldown
from workbench.schedules.parts import Decay, join, stable
from workbench.schedules.parts import warmup as warm


@schedule(title="WSD-S (WSD, simplified)", paper="2410.05192", family="wsd")
def wsd_s(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.01,
    budgets: Budgets = (0.25, 0.5, 1.0),
    decay: Decay = 0.1,
    counted: Counted = "total",
    shape: Shape = "inverse_linear",
    floor: Floor = 0.1,
    power: Power = 1.5,
    drop: Drop = 0.7,
    half_life: HalfLife = 0.25,
) -> Schedule:
    """Cool down at every budget, jump back to the peak from the cooled weights, and go on.

    ``rate = peak`` up to T_k - d_k, then ``peak / (1 + (1 / floor - 1) x)`` (or another `shape`) with
    x = (t - (T_k - d_k)) / d_k up to T_k, then the peak again at once. The cooldown lasts
    ``d_k = decay T_k`` (lingua) or ``decay (T_k - T_(k-1))`` (Levanter), at most all of its segment.

    Parameters
    ----------
    total : int
        Updates in the whole run, the last budget.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`, at most the first budget.
    budgets : sequence of float
        Shares of `total`, increasing, the last 1, at whose ends a cooled model is wanted.
    decay : float
        Share that cools down, of what `counted` says.
    counted : str
        "total": of all updates up to the budget; "segment": of those since the budget before.
    shape : str
        Curve of the cooldowns, one of those of `wsd`.
    floor : float
        Rate at every budget as a share of `peak`; greater than 0 for exp and inverse_linear.
    power, drop, half_life : float
        Arguments of the shapes "power", "lowered_linear" and "half_life", see `wsd`.

    Raises
    ------
    ValueError
        For an argument outside its range, a warmup longer than the first budget, or a floor of 0 for a
        shape that cannot reach it.

    Notes
    -----
    Use it when models of several budgets are wanted of one run: it takes the updates of the longest
    alone, where WSD pays every cooldown again (`wsd_branches`). Budgets that double are usual. That the
    share counts from the start of the run is read from code, the choice between the two conventions is
    not settled by the paper: medium confidence. Levanter's code has the first update of a cooldown
    already one step down.

    References
    ----------
    Wen et al., "Understanding Warmup-Stable-Decay Learning Rates: A River Valley Loss Landscape
    Perspective", ICLR 2025, arXiv 2410.05192.
    """
    phases: list[Phase | None] = [warm(total, warmup, peak)]
    for start, stop, wanted in segments(total, warmup, budgets, decay, counted):
        falling = min(wanted, stop - start)
        phases.append(stable(stop - start - falling, peak))
        phases += cooldown(falling, peak, shape, floor, power, drop, half_life)
    return join(*phases)


def wsd_branches(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.01,
    budgets: Budgets = (0.25, 0.5, 1.0),
    decay: Decay = 0.1,
    counted: Counted = "total",
    shape: Shape = "inverse_linear",
    floor: Floor = 0.1,
    power: Power = 1.5,
    drop: Drop = 0.7,
    half_life: HalfLife = 0.25,
) -> tuple[Schedule, ...]:
    """WSD's own way to several budgets: a cooldown hung on one running trunk for each.

    Schedule k is the trunk, warmup and peak, up to ``T_k - d_k``, and a cooldown of d_k updates. All
    share the trunk update for update; the cooled weights are thrown away where the trunk goes on, so
    that all of them together cost ``T_K + sum of d_k, k < K``.

    Parameters
    ----------
    total, peak, warmup, budgets, decay, counted, shape, floor, power, drop, half_life
        As of `wsd_s`; a cooldown is at most all that comes after the warmup.

    Returns
    -------
    tuple of Schedule
        One for each budget, the last of `total` updates.

    Raises
    ------
    ValueError
        As `wsd_s` does, and for a budget of no update at all.

    Notes
    -----
    Use it beside `wsd_s` and `cyclic_cosine` over the same budgets, to see what each costs and gives.

    References
    ----------
    Hu et al., "MiniCPM", 2024, arXiv 2404.06395. Wen et al., ICLR 2025, arXiv 2410.05192.
    """
    args = registry.get("schedule", "wsd_s").check(dict(locals()))
    trunk = constant(args["total"], args["peak"], args["warmup"])
    rest = [args[name] for name in ("peak", "shape", "floor", "power", "drop", "half_life")]
    parts = segments(*(args[name] for name in ("total", "warmup", "budgets", "decay", "counted")))
    out = []
    for _, stop, wanted in parts:
        if stop == 0:
            raise ValueError(f"budgets must each hold an update of total = {args['total']}; got {budgets}")
        falling = min(wanted, stop - parts[0].start)
        kept = trunk.until(stop - falling).phases if stop > falling else ()
        out.append(Schedule((*kept, *cooldown(falling, *rest))))
    return tuple(out)
