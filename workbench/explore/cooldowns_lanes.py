"""Lanes that leave one trunk: cooldowns by shape, by length, and by beta2 during them."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.params import Param, known, number
from workbench.plan import Plan
from workbench.schedule import Schedule
from workbench.schedules import constant
from workbench.schedules.cooldown import cooldown

STAY = "none"
"""Name of the lane whose rate stays."""
EIGHT = ("linear", "cosine", "mirror_cosine", "square", "sqrt", "power", "lowered_linear", "half_life")
"""Shapes that need no floor."""
BETA2 = (0.9, 0.95, 0.99, 0.999)
"""Values of beta2 during the cooldown; before it, 0.95."""
BEFORE = 0.95
"""beta2 of the trunk."""
_REST = {"floor": 0.0, "power": 1.5, "drop": 0.7, "half_life": 0.25}


def shapes(
    total: int, peak: float, decay: float = 0.2, warmup: float = 0.0, names: Sequence[str] = EIGHT
) -> dict[str, Schedule]:
    """One trunk and a cooldown to 0 by each shape, and the trunk itself going on."""
    known(EIGHT, names, "shapes that need no floor")
    trunk, falling = constant(total, peak, warmup), _falling(total, decay)
    out = {STAY: trunk}
    for name in names:
        out[name] = trunk.until(total - falling).then(Schedule(cooldown(falling, peak, name, **_REST)))
    return out


def lengths(
    total: int, peak: float, shares: Sequence[float], warmup: float = 0.0, shape: str = "linear"
) -> dict[str, Schedule]:
    """One trunk and cooldowns of several lengths, all of which end at `total`."""
    trunk = constant(total, peak, warmup)
    out = {STAY: trunk}
    for share in shares:
        falling = _falling(total, share)
        down = Schedule(cooldown(falling, peak, shape, **_REST))
        out[f"{share:g}"] = trunk.until(total - falling).then(down)
    return out


def beta2s(
    total: int,
    peak: float,
    decay: float = 0.2,
    warmup: float = 0.0,
    values: Sequence[float] = BETA2,
    shape: str = "linear",
) -> dict[str, Plan]:
    """One trunk at beta2 0.95, and a lane for each value that beta2 has during the cooldown."""
    rate, falling = shapes(total, peak, decay, warmup, (shape,))[shape], _falling(total, decay)
    before = constant(total - falling, BEFORE, warmup=0.0)
    return {
        f"beta2 {value:g}": Plan(rate, beta2=before.then(constant(falling, value, warmup=0.0)))
        for value in values
    }


def _falling(total: int, decay: float) -> int:
    number("total", total, Param(2, 1_000_000), integer=True)
    number("decay", decay, Param(0, 1, open_low=True))
    return min(total - 1, max(1, int(decay * total + 0.5)))
