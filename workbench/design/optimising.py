"""The best schedule under a law, within limits."""

from __future__ import annotations

from dataclasses import replace

from workbench.design.design import Design
from workbench.design.limits import knot_count, limits, peak_of
from workbench.design.measure import measure_of
from workbench.design.plain import plainest
from workbench.design.solver import smooth
from workbench.design.staged import staged
from workbench.fitted import Fit
from workbench.views import convex_bound


def optimise(
    fit: Fit | None,
    total: int,
    *,
    peak: float | None = None,
    warmup: float = 0.01,
    floor: float = 0.0,
    slope: float | None = None,
    phases: int | None = None,
    knots: int = 64,
) -> Design:
    """The schedule that a law predicts to end lowest, among smooth ones that never rise after the warmup.

    ``min over c of L_T(rate)``, rate(t) = ``sum_i c_i N_i(t)`` with quadratic B-splines N_i whose knots
    crowd at the end, ``peak = c_0 >= c_1 >= ... >= floor * peak``; with `phases`, over the lengths, ends
    and exponents of so many power decays, and the plain cooldowns of `wsd`, instead.

    Parameters
    ----------
    fit : Fit or None
        A fitted law. None takes the convex bound, which needs no data: its best shape, and unless a peak
        is given the best base rate for D = G = 1.
    total : int
        Updates in the whole run, warmup included.
    peak : float, optional
        Rate that the warmup reaches, in the trainer's unit; that of the fitted runs where they have one.
    warmup : float
        Share of `total` that rises from 0 to `peak` in a straight line: given, not chosen.
    floor : float
        Least rate as a share of `peak`.
    slope : float, optional
        Steepest fall in peaks per run: 10 means from peak to 0 in no less than a tenth of `total`.
    phases : int, optional
        Most phases after the warmup, 1 to 6, for a schedule of plain phases.
    knots : int
        Coefficients of the spline, 3 to 1,024.

    Returns
    -------
    Design
        A Schedule, with the predicted loss, gains over the usual schedules, plain phases and warnings.

    Raises
    ------
    ValueError
        For an argument outside its range, fewer than 8 updates after the warmup, or no peak where the
        fitted runs had several.

    Notes
    -----
    Use it to find a shape worth training, then train it: a law overstates what its own optimum gains.
    Rates of single updates are never free, as a law can be gamed by them: splitting one drop of the
    multi-power law into stairs "gains" 1.2e-3 nats. For the same reason no update falls by more than 1 %
    of the peak (4 peaks per run in runs of less than 400 updates), whatever `slope` is. For a law whose
    gradient is not known by formula the search is by differences over at most 12 coefficients, and takes
    seconds.

    References
    ----------
    Luo et al., ICLR 2025, arXiv 2503.12811, who optimise every rate by Adam. Schaipp et al., 2025,
    arXiv 2501.18965.
    """
    measure, count = measure_of(fit), knot_count(knots)
    asked = limits(total, peak_of(measure, peak), warmup, floor, slope, phases)
    # A bound at its best factor does not see the peak, which is put in afterwards.
    solved = asked if fit is not None else replace(asked, peak=1.0)
    common = (measure, solved.rising, solved.total, solved.peak, solved.floor * solved.peak, solved.fall)
    if asked.phases is None:
        found = smooth(*common, count)
    else:
        # Shapes that are no power, such as the half cosine, count too.
        found = min((staged(*common, asked.phases), plainest(measure, solved)), key=measure.final)
    if fit is None:
        asked = replace(asked, peak=convex_bound(found).gamma if peak is None else asked.peak)
        found = found * asked.peak
    return Design(phases=found.phases, fit=fit, limits=asked)
