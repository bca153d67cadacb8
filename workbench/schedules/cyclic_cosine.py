"""Cyclic cosine: a full cosine to every budget, the baseline of WSD-S. arXiv 2410.05192."""

from workbench.params import Floor, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.budgets import Budgets, segments
from workbench.schedules.parts import join
from workbench.schedules.parts import warmup as warm


@schedule(title="Cyclic cosine over budgets", paper="2410.05192", family="cyclic")
def cyclic_cosine(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.01,
    budgets: Budgets = (0.25, 0.5, 1.0),
    floor: Floor = 0.1,
) -> Schedule:
    """Fall along half a cosine to each budget, and start the next at the peak.

    ``rate = peak * (floor + (1 - floor) (1 + cos(pi x)) / 2)``, x = (t - T_(k-1)) / (T_k - T_(k-1))
    between the budgets T_(k-1) and T_k; the first cosine begins after the warmup.

    Parameters
    ----------
    total : int
        Updates in the whole run, the last budget.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`, at most the first budget.
    budgets : sequence of float
        Shares of `total`, increasing, the last 1, at whose ends a finished model is wanted.
    floor : float
        Rate at every budget as a share of `peak`.

    Raises
    ------
    ValueError
        For an argument outside its range, or a warmup longer than the first budget.

    Notes
    -----
    Use it as the baseline of `wsd_s`: models of several budgets of one run, but most updates of it
    at a low rate.

    References
    ----------
    Wen et al., ICLR 2025, arXiv 2410.05192.
    """
    parts = segments(total, warmup, budgets)
    decays = (
        Phase("decay", b.stop - b.start, peak, floor * peak, "cosine") for b in parts if b.stop > b.start
    )
    return join(warm(total, warmup, peak), *decays)
