"""Pieces that several builders share: shares to steps, the warmup, joining what is not empty."""

from __future__ import annotations

from typing import Annotated

from workbench.params import Choice, Param
from workbench.schedule import Phase, Schedule

_RISES = {"linear": ("linear", {}), "cosine": ("cosine", {}), "sqrt": ("power", {"p": 0.5})}

Rise = Annotated[str, Choice(tuple(_RISES), help="curve of the warmup")]
Start = Annotated[float, Param(0, 1, unit="of peak", help="rate of the first update of the warmup")]
Decay = Annotated[float, Param(0, 1, unit="of total", help="share of total that falls from peak to floor")]


def steps(total: int, share: float) -> int:
    """Whole steps in a share of `total`, halves up."""
    return int(share * total + 0.5)


def warmup(total: int, share: float, peak: float, rise: str = "linear", start: float = 0.0) -> Phase | None:
    """Rise from ``start * peak`` to `peak`, which is the rate of the update after the warmup.

    ``start + (1 - start) g(t / W)`` times the peak, g by `rise`: linear ``u``, cosine
    ``(1 - cos(pi u)) / 2``, sqrt ``1 - sqrt(1 - u)``.
    """
    n = steps(total, share)
    shape, args = _RISES[rise]
    return Phase("warmup", n, start * peak, peak, shape, args=args) if n else None


def stable(n: int, rate: float, name: str = "stable") -> Phase | None:
    """`n` updates at one rate, if there are any."""
    return Phase(name, n, rate, rate) if n else None


def lengths(total: int, **shares: float) -> list[int]:
    """Whole steps of each of the `shares`, which one after the other have room in `total`.

    Raises
    ------
    ValueError
        When together they are more than 1.
    """
    together = sum(shares.values())
    if together > 1 + 1e-12:
        added = " + ".join(f"{share:g}" for share in shares.values())
        raise ValueError(f"{' + '.join(shares)} must be at most 1; got {added} = {together:g}")
    out: list[int] = []
    for share in shares.values():
        out.append(min(steps(total, share), total - sum(out)))
    return out


def join(*phases: Phase | None) -> Schedule:
    """The schedule of the phases that are there."""
    return Schedule(tuple(phase for phase in phases if phase is not None))
