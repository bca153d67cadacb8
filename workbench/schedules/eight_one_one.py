"""DeepSeek LLM's multi-step schedule: 80, 10 and 10 % of the run. arXiv 2401.02954."""

from workbench.params import Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Schedule
from workbench.schedules.levels import levels

_DROP = 0.1**0.5


@schedule(title="8-1-1 multi-step", paper="2401.02954", family="step")
def eight_one_one(total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.01) -> Schedule:
    """Hold the peak for 80 % of the run, then 31.6 % of it for 10 %, then 10 % of it.

    ``rate = min(1, t / W) * peak * 10^(-n / 2)``, n how many of 0.8, 0.9 are at most ``t / total``.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0; the paper has 2,000 steps.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it when a run may be continued: the first 80 % can be taken on at full rate. Its authors found it
    level with a cosine. The drops are read from a third party's notes of the paper (medium confidence).

    References
    ----------
    DeepSeek-AI, "DeepSeek LLM", 2024, arXiv 2401.02954.
    """
    return levels(total, peak, warmup, (0.8, 0.9), (_DROP, _DROP))
