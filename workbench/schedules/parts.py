"""Pieces that several builders share: shares to steps, the warmup, joining what is not empty."""

from __future__ import annotations

from workbench.schedule import Phase, Schedule


def steps(total: int, share: float) -> int:
    """Whole steps in a share of `total`, halves up."""
    return int(share * total + 0.5)


def warmup(total: int, share: float, peak: float) -> Phase | None:
    """Linear rise from 0 to `peak`; the first update has rate 0, the one after the warmup has `peak`."""
    n = steps(total, share)
    return Phase("warmup", n, 0.0, peak) if n else None


def join(*phases: Phase | None) -> Schedule:
    """The schedule of the phases that are there."""
    return Schedule(tuple(phase for phase in phases if phase is not None))
