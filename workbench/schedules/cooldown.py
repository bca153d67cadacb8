"""Cooldowns: every curve by which the field takes a running rate down. arXiv 2405.18392, 2508.01483."""

from __future__ import annotations

import math
from typing import Annotated

from workbench.params import Choice, Param
from workbench.schedule import Phase
from workbench.schedules.parts import stable

_PLAIN = ("linear", "cosine", "mirror_cosine", "square", "sqrt")
_LEAST = 1e-12
"""Smallest floor of a shape that can only come near 0."""
COOLDOWNS = (*_PLAIN, "exp", "lowered_linear", "inverse_linear", "power", "half_life")
"""Names of the cooldown shapes."""

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
HalfLife = Annotated[
    float,
    Param(
        0.03,
        100,
        unit="of the decay",
        slider=(0.05, 1),
        only=("shape", "half_life"),
        help="share of the cooldown in which 'half_life' halves the rate",
    ),
]


def cooldown(
    n: int, peak: float, shape: str, floor: float, power: float, drop: float, half_life: float
) -> tuple[Phase, ...]:
    """`n` updates from `peak` to ``floor * peak`` along one of `COOLDOWNS`; none for n = 0.

    Raises
    ------
    ValueError
        For a floor of 0 and a shape that cannot reach it.
    """
    if n == 0:
        return ()
    end = floor * peak
    if shape == "half_life":
        return _halving(n, peak, floor, half_life)
    if shape in _PLAIN:
        return (Phase("decay", n, peak, end, shape),)
    if shape == "power":
        return (Phase("decay", n, peak, end, "power", args={"p": power}),)
    if shape == "lowered_linear":
        return (Phase("decay", n, end + drop * (peak - end), end),)
    if floor < _LEAST:
        raise ValueError(
            f"floor must be greater than 0, at least {_LEAST:g}, for the shape {shape!r}; got {floor:g}"
        )
    if floor == 1:
        return (Phase("decay", n, peak, peak),)
    if shape == "exp":
        return (Phase("decay", n, peak, end, "exp", args={"ratio": floor}),)
    return (Phase("decay", n, peak, end, "inverse_power", args={"alpha": 1 / floor - 1, "p": 1}),)


def _halving(n: int, peak: float, floor: float, half_life: float) -> tuple[Phase, ...]:
    ratio = 0.5 ** (1 / half_life)
    # The floor holds from the first update on that the curve would have below it.
    falling = n if floor == 0 else min(n, math.ceil(-math.log2(floor) * half_life * n))
    fall = Phase("decay", falling, peak, ratio * peak, "exp", n, {"ratio": ratio}) if falling else None
    return tuple(phase for phase in (fall, stable(n - falling, floor * peak, "floor")) if phase)
