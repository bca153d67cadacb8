"""What a trainer's settings can say of a schedule: warmup, stable, decay, tail, read from its phases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from workbench.export.exporter import CannotExport
from workbench.phase import FREE, Phase
from workbench.schedule import Schedule


@dataclass(frozen=True)
class Outline:
    """A schedule as one warmup, one stable stretch, one decay and one tail, each of which may be missing.

    Parameters
    ----------
    target : str
        Who asks, for error sentences.
    total : int
        Updates in all.
    peak : float
        Rate at which the warmup ends and the decay begins.
    rise, fall : Phase or None
        The warmup, which begins at u = 0, and the decay, which begins at u = 0 and at the peak.
    stable, tail : int
        Updates at the peak between them, and at the decay's end rate after them.
    """

    target: str
    total: int
    peak: float
    rise: Phase | None
    stable: int
    fall: Phase | None
    tail: int

    @property
    def warmup(self) -> int:
        """Updates that the warmup was meant to last: what is left to the peak is counted where it is cut."""
        return 0 if self.rise is None else _whole(self.target, self.rise, self.rise.span)

    @property
    def initial(self) -> float:
        """Rate of the first update: 0 for most warmups, the peak without one."""
        return self.peak if self.rise is None else self.rise.start

    @property
    def decay(self) -> int:
        """Updates that the decay was meant to last; more than it does where it is cut."""
        return 0 if self.fall is None else _whole(self.target, self.fall, self.fall.span)

    @property
    def decay_start(self) -> int:
        """Update at which the decay begins, or at which it would."""
        return self.warmup + self.stable

    @property
    def floor(self) -> float:
        """Rate at which the decay ends; the peak without one."""
        return self.peak if self.fall is None else self.fall.end

    def rises(self, allowed: Iterable[str] = ("linear",)) -> str:
        """Shape of the warmup, which must be one of `allowed`."""
        if self.rise is None:
            return "linear"
        if self.rise.shape not in allowed:
            raise self.cannot(self.rise, f"its warmups are {', '.join(allowed)}, not {self.rise.shape}")
        return self.rise.shape

    def falls(self, names: Mapping[str, str]) -> str:
        """The target's name for the shape of the decay; `names` maps ours to its."""
        assert self.fall is not None
        if self.fall.shape not in names:
            what = ", ".join(dict.fromkeys(names.values()))
            raise self.cannot(self.fall, f"its decays are {what}, and this one is {self.fall.shape}")
        return names[self.fall.shape]

    def cannot(self, phase: Phase, why: str) -> CannotExport:
        """The error that names `phase`."""
        return CannotExport(f"{self.target} cannot express the phase {phase.name!r}, because {why}")


def outline(schedule: Schedule, target: str) -> Outline:
    """Read the phases of `schedule` as warmup, stable, decay and tail.

    Parameters
    ----------
    schedule : Schedule
        However it was made: phases are read, never the recipe.
    target : str
        Who asks, for the error's sentence.

    Raises
    ------
    CannotExport
        Naming the first phase that has no place in that order, and why.
    """
    left = joined(schedule.phases)
    for phase in left:
        if phase.shape in FREE:
            why = f"it is free-form ({phase.shape})"
            raise CannotExport(f"{target} cannot express the phase {phase.name!r}, because {why}")
        if phase.first and not _flat(phase):
            why = "it begins in the middle of its shape"
            raise CannotExport(f"{target} cannot express the phase {phase.name!r}, because {why}")
    total, rise, fall, stable, tail = len(schedule), None, None, 0, 0
    if left[0].end > left[0].start:
        rise = left.pop(0)
    peak = rise.end if rise else left[0].start
    if left and _flat(left[0]) and _same(left[0].start, peak):
        stable = left.pop(0).steps
    if left and _same(left[0].start, peak) and left[0].end < peak:
        fall = left.pop(0)
    end = fall.end if fall else peak
    if left and _flat(left[0]) and _same(left[0].start, end):
        tail = left.pop(0).steps
    found = Outline(target, total, peak, rise, stable, fall, tail)
    for phase, after in ((rise, stable or fall or left), (fall, tail or left)):
        if phase is not None and phase.span > phase.steps * (1 + 1e-12) and after:
            raise found.cannot(phase, "it is cut before its end, and other phases follow it")
    if left:
        expected = f"a decay from {peak:g}" if fall is None else f"a constant {end:g}"
        raise CannotExport(
            f"{target} cannot express the phase {left[0].name!r}, because it goes from {left[0].start:g} to "
            f"{left[0].end:g} where only {expected} may follow"
        )
    return found


def joined(phases: Iterable[Phase]) -> list[Phase]:
    """The phases with the pieces of a cut one, and neighbours of one rate, put together again."""
    out: list[Phase] = []
    for phase in phases:
        last = out[-1] if out else None
        if last is None:
            out.append(phase)
        elif _flat(last) and _flat(phase) and _same(last.start, phase.start):
            steps = last.steps + phase.steps
            out[-1] = replace(last, steps=steps, span=float(steps))
        elif _continues(last, phase):
            out[-1] = replace(last, steps=last.steps + phase.steps)
        else:
            out.append(phase)
    return out


def _continues(last: Phase, phase: Phase) -> bool:
    keys = ("shape", "start", "end", "span", "args")
    if any(getattr(last, key) != getattr(phase, key) for key in keys) or phase.shape in FREE:
        return False
    return phase.first == last.first + last.steps


def _flat(phase: Phase) -> bool:
    return phase.shape not in FREE and phase.start == phase.end


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=0)


def _whole(target: str, phase: Phase, length: float) -> int:
    if abs(length - round(length)) > 1e-9 * length:
        why = f"its shape lasts {length:g} updates, which is no whole number"
        raise CannotExport(f"{target} cannot express the phase {phase.name!r}, because {why}")
    return round(length)
