"""Sentences about what of a schedule lies beyond the runs that were fitted, and what else to beware of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench import registry
from workbench.schedule import Schedule

if TYPE_CHECKING:
    from workbench.fitted.fit import Fit

FAR = 3.2
"""Times the longest run up to which intervals were measured to hold what they promise."""


def log_distance(fit: Fit, peak: float) -> float:
    """How far a peak is outside those of the fitted runs, in log."""
    logs = np.log(fit.facts.get("peaks") or [peak])
    return float(max(np.log(peak) - logs.max(), logs.min() - np.log(peak), 0.0))


def of(fit: Fit, schedule: Schedule) -> list[str]:
    """All of them, those about the schedule first."""
    return of_schedule(fit, schedule) + of_fit(fit)


def of_schedule(fit: Fit, schedule: Schedule) -> list[str]:
    """Those about the schedule."""
    out = []
    longest, peaks = fit.facts.get("longest"), fit.facts.get("peaks")
    if longest and len(schedule) > FAR * longest:
        out.append(
            f"more than {len(schedule) / longest:.0f} times longer than any fitted run ({longest:,} steps): "
            "no interval has been tested there"
        )
    elif longest and len(schedule) > 1.05 * longest:
        out.append(f"longer than any fitted run ({longest:,} steps)")
    if peaks and log_distance(fit, schedule.peak) > 1e-3:
        low, high = f"{min(peaks):.3g}", f"{max(peaks):.3g}"
        span = low if min(peaks) == max(peaks) else f"{low} to {high}"
        carries = registry.get("law", fit.law).carry is not None
        why = "" if carries else ", where no such law is reliable"
        out.append(f"peak outside the fitted runs' ({span}){why}: a wider interval")
    if len(schedule) < 2 * fit.burn_in:
        out.append(f"too short: the law describes nothing before update {fit.burn_in:,}")
    return out


def of_fit(fit: Fit) -> list[str]:
    """Those about the fit itself."""
    out = []
    if fit.at_bound:
        out.append("not determined by the data: " + ", ".join(fit.at_bound))
    if not fit.converged:
        out.append("the fit has not converged")
    trend = fit.facts.get("trend") or []
    if trend:
        out.append("at the end of " + ", ".join(trend) + " the law drifts away from what was measured")
    if fit.facts.get("runs") and not fit.spread:
        out.append("no run could be left out, so that the interval knows nothing of unseen schedules")
    return out
