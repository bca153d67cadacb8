"""What a schedule may do: its length, peak, warmup, floor, steepest fall and number of phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.design.measure import Measure
from workbench.params import MAX_STEPS, Param, number
from workbench.schedule import Schedule
from workbench.schedules.parts import join
from workbench.schedules.parts import warmup as warm

LEAST = 8
"""Fewest updates after the warmup that there is something to choose about."""
_STEEPEST = 0.01
"""Most that a rate may fall from one update to the next, as a share of the peak: a drop within a single
update is what laws can be gamed by. In runs of less than 400 updates it is 4 over their number."""
_TOTAL = Param(LEAST, MAX_STEPS, unit="steps")
_PEAK = Param(0, 1e6, open_low=True)
_SHARE = Param(0, 1)
_SLOPE = Param(0, 1e9, open_low=True, help="steepest fall, in peaks per run")
_PHASES = Param(1, 6)
_KNOTS = Param(3, 1024)


@dataclass(frozen=True)
class Limits:
    """Limits of a schedule that is looked for.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Rate that the warmup reaches, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak` in a straight line.
    floor : float
        Least rate after the warmup as a share of `peak`.
    slope : float or None
        Steepest fall in peaks per run: 10 means from peak to 0 in no less than a tenth of `total`.
    phases : int or None
        Most phases after the warmup; None for a spline.
    """

    total: int
    peak: float
    warmup: float
    floor: float
    slope: float | None
    phases: int | None

    @property
    def rising(self) -> Schedule | None:
        """The warmup, if there is one."""
        phase = warm(self.total, self.warmup, self.peak)
        return join(phase) if phase else None

    @property
    def fall(self) -> float:
        """Largest fall from one update to the next, in the trainer's unit."""
        return steepest(self.peak, self.total, self.slope)


def steepest(peak: float, total: int, slope: float | None) -> float:
    """Largest fall from one update to the next, of a slope in peaks per run and of any schedule at all."""
    most = peak * max(_STEEPEST, 4 / total)
    return most if slope is None else min(most, slope * peak / total)


def limits(total: Any, peak: Any, warmup: Any, floor: Any, slope: Any = None, phases: Any = None) -> Limits:
    """Checked limits; ``ValueError`` names what is wrong."""
    checked = Limits(
        total=int(number("total", total, _TOTAL, integer=True)),
        peak=number("peak", peak, _PEAK),
        warmup=number("warmup", warmup, _SHARE),
        floor=number("floor", floor, _SHARE),
        slope=None if slope is None else number("slope", slope, _SLOPE),
        phases=None if phases is None else int(number("phases", phases, _PHASES, integer=True)),
    )
    left = checked.total - (len(checked.rising) if checked.rising else 0)
    if left < LEAST:
        raise ValueError(
            f"warmup must leave at least {LEAST} of total = {checked.total} updates; got {checked.warmup:g}"
        )
    return checked


def knot_count(knots: Any) -> int:
    """The checked number of knots of a spline."""
    return int(number("knots", knots, _KNOTS, integer=True))


def peak_of(measure: Measure, peak: Any) -> Any:
    """The peak that was given, or the one of the fitted runs; without data 1, to be scaled later."""
    if peak is not None:
        return peak
    if measure.fit is None:
        return 1.0
    peaks = [float(one) for one in measure.fit.facts.get("peaks") or ()]
    if len(peaks) == 1:
        return peaks[0]
    seen = ", ".join(f"{one:.3g}" for one in peaks) or "not recorded"
    raise ValueError(f"peak must be given, as the fitted runs do not have one in common ({seen}); got None")
