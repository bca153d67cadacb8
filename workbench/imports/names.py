"""Names for recognised phases, and rates as round as the data allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.phase import Phase

Array = NDArray[np.float64]


def named(phases: list[Phase]) -> list[Phase]:
    """The phases called as people call them: warmup, stable, decay; rise or restart after a decay."""
    out, fallen = [], False
    for k, phase in enumerate(phases):
        landing = phase.landing
        begin = float(phase.at(np.zeros(1))[0])
        if phase.shape == "points":
            name = "points"
        elif begin == landing:
            name = "end" if k and phase.steps == 1 and k == len(phases) - 1 else "stable"
        elif landing < begin:
            name, fallen = "decay", True
        else:
            name = "rise" if fallen else "warmup"
        out.append(replace(phase, name=name))
    return out


def round_rates(phases: Sequence[Phase], t: Array, y: Array) -> list[Phase]:
    """The phases with start and end at the fewest digits that bring them no further from the rates."""
    begin, out = 0, []
    for phase in phases:
        i, j = np.searchsorted(t, [begin, begin + phase.steps])
        begin += phase.steps
        if phase.shape == "points" or j == i:
            out.append(phase)
            continue
        some = np.unique(np.linspace(i, j - 1, 200).round().astype(np.intp))
        at, rates = t[some] - begin + phase.steps, y[some]
        noise = 4e-16 * float(np.max(rates))
        for key in ("start", "end"):
            off = _off(phase, at, rates)
            rounded = (float(f"{getattr(phase, key):.{digits - 1}e}") for digits in range(1, 16))
            for value in (0.0, *rounded):
                both = {"start": value, "end": value}
                try:
                    trial = replace(phase, **(both if phase.start == phase.end else {key: value}))
                except ValueError:
                    # A shape that leaves the range of rates with this end.
                    continue
                if _off(trial, at, rates) <= 1.02 * off + noise:
                    phase = trial
                    break
        out.append(phase)
    return out


def _off(phase: Phase, t: Array, rates: Array) -> float:
    return float(np.max(np.abs(phase.at(t) - rates)))
