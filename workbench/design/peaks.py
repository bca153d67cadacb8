"""The best peak, by a law that carries over from one peak to another; by convex theory from a tuned run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from workbench import registry
from workbench.design.decision import Decision, Row, decide
from workbench.design.measure import Measure, measure_of
from workbench.files import short
from workbench.fitted import Fit
from workbench.params import Numbers, Param, numbers_in
from workbench.schedule import Schedule
from workbench.views import convex_bound

_RANGE = Numbers(Param(0, 1e6, open_low=True), least=2, most=2, increasing=True)
_COUNT = 13
_CLOSER = 3
"""How often the neighbourhood of the best is looked at more closely."""


def best_peak(
    fit: Fit | None,
    build: Callable[[float], Schedule],
    *,
    peaks: Sequence[float] | None = None,
    tuned: Schedule | None = None,
) -> Decision:
    """The peak at which a schedule is predicted to end lowest.

    With a fit the lowest predicted loss over `peaks`; without one, by convex theory,
    ``peak = peak_tuned * gamma*(schedule) / gamma*(tuned)`` for schedules in units of their peaks.

    Parameters
    ----------
    fit : Fit or None
        Of a law that carries over from one peak to another, on runs at two peaks or more; or None.
    build : callable
        From a peak to the schedule, such as ``lambda peak: wb.schedules.wsd(24_000, peak)``.
    peaks : (float, float), optional
        Range that is searched; by default that of the fitted runs.
    tuned : Schedule, optional
        Without a fit: a schedule whose peak is known to be the best for it, of any shape and length.

    Returns
    -------
    Decision
        The schedule at the best peak, and a row for each peak that was tried.

    Raises
    ------
    ValueError
        For a law that does not carry over, runs at a single peak, no fit and no tuned schedule, a range
        that is none, or a builder that gives no schedule.

    Notes
    -----
    Use it to move a tuned rate to another schedule: convex theory has the right peak of a 20 % linear
    cooldown at 0.514 times that of a linear decay, which agrees with practice. Published laws of loss
    curves are wrong by .08 to .18 nats at another peak, and are refused.

    References
    ----------
    Schaipp et al., 2025, arXiv 2501.18965.
    """
    measure = measure_of(fit)
    if not callable(build) or isinstance(build, Schedule):
        raise ValueError(f"build must be a function of the peak that gives a Schedule; got {short(build)}")
    if fit is None:
        return _transferred(measure, build, tuned)
    entry = registry.get("law", fit.law)
    if entry.carry is None:
        able = [name for name in registry.names("law") if registry.get("law", name).carry is not None]
        raise ValueError(
            f"fit must be of a law that carries over to another peak, such as {', '.join(able)}; the "
            f"{entry.title.lower()} cannot tell one peak from another"
        )
    fitted = sorted(float(one) for one in fit.facts.get("peaks") or ())
    if peaks is None and len(fitted) < 2:
        raise ValueError(f"peaks must be given, as the fitted runs do not have two or more; got {fitted}")
    low, high = numbers_in("peaks", peaks if peaks is not None else (fitted[0], fitted[-1]), _RANGE)
    tried = {float(peak): _built(build, float(peak)) for peak in np.geomspace(low, high, _COUNT)}
    for _ in range(_CLOSER):
        order = sorted(tried)
        at = min(range(len(order)), key=lambda i: measure.final(tried[order[i]]))
        for side in (order[max(at - 1, 0)], order[min(at + 1, len(order) - 1)]):
            middle = float(np.sqrt(side * order[at]))
            tried.setdefault(middle, _built(build, middle))
    rows: list[Row] = [({"peak": peak}, tried[peak]) for peak in sorted(tried)]
    found = decide(measure, "Peaks", rows, "Best peak: {peak:.3g}")
    alike = [float(row["peak"]) for row in found.table.rows if row["low"] <= 0]
    words = f"{found.words}; from {min(alike):.3g} to {max(alike):.3g} none is surely worse."
    if found.best in (tried[min(tried)], tried[max(tried)]):
        note = f"the best is at an end of the range {low:.3g} to {high:.3g}: it may lie beyond"
        found = replace(found, table=replace(found.table, notes=(note, *found.table.notes)))
    return replace(found, words=words)


def _transferred(measure: Measure, build: Callable[[float], Schedule], tuned: Schedule | None) -> Decision:
    if not isinstance(tuned, Schedule):
        raise ValueError(
            f"tuned must be a Schedule at its best peak where there is no fit; got {short(tuned)}"
        )
    trial = _built(build, tuned.peak)
    peak = tuned.peak * (_gamma(trial) / _gamma(tuned))
    moved = _built(build, peak)
    rows: list[Row] = [
        ({"schedule": name, "peak": s.peak}, s) for name, s in (("as asked", moved), ("tuned", tuned))
    ]
    found = decide(measure, "Peaks", rows, "")
    words = f"Best peak: {moved.peak:.3g}, {moved.peak / tuned.peak:.3f} times that of the tuned schedule."
    return Decision(moved, words, found.table)


def _gamma(s: Schedule) -> float:
    """Best base rate in units of the peak, for D = G = 1."""
    return convex_bound(s).gamma * s.peak


def _built(build: Callable[[float], Schedule], peak: float) -> Schedule:
    made = build(peak)
    if not isinstance(made, Schedule):
        raise ValueError(f"build must give a Schedule; got {short(made)}")
    return made
