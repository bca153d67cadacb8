"""Re-warm and re-decay: a finished training continued on new data. arXiv 2308.04014, 2403.08763."""

from workbench.params import Floor, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import Start, join, steps
from workbench.schedules.parts import warmup as warm


@schedule(title="Re-warm and re-decay", paper="2308.04014, 2403.08763", family="continual")
def rewarm(
    total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.01, start: Start = 0.1, floor: Floor = 0.1
) -> Schedule:
    """Rise again from the rate at which the last training ended, and fall again.

    ``rate = peak (start + (1 - start) t / W)``, then ``peak (floor + (1 - floor) (1 + cos(pi x)) / 2)``,
    x = (t - W) / (total - W). These are the updates on the new data alone; hang them on the first
    training with ``first.then(rewarm(...))``.

    Parameters
    ----------
    total : int
        Updates on the new data.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises to `peak`.
    start : float
        First rate as a share of `peak`: that at which the training before ended, or 0.
    floor : float
        Rate at the end as a share of `peak`.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it when new data must be learned from a finished model whose rate is down. A higher peak adapts
    more and forgets more; between 0 and 2 % of warmup make little difference. Optimizer states are reset,
    and 5 % (weak shift) to 25 % (strong shift) of old data are replayed. Constants from a third party's
    notes of the paper: medium confidence.

    References
    ----------
    Gupta et al., "Continual Pre-Training of Large Language Models: How to (re)warm your model?", 2023,
    arXiv 2308.04014. Ibrahim et al., 2024, arXiv 2403.08763.
    """
    left = total - steps(total, warmup)
    decay = Phase("decay", left, peak, floor * peak, "cosine") if left else None
    return join(warm(total, warmup, peak, start=start), decay)
