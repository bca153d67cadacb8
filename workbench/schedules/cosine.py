"""Half a cosine from the peak to a floor. arXiv 1608.03983."""

from workbench.params import Floor, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import Rise, join, steps
from workbench.schedules.parts import warmup as warm


@schedule(title="Cosine", paper="1608.03983", family="decay")
def cosine(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.01,
    floor: Floor = 0.1,
    rise: Rise = "linear",
) -> Schedule:
    """Fall along half a cosine from the peak to a floor.

    ``rate = peak * (floor + (1 - floor) (1 + cos(pi x)) / 2)``, x = (t - W) / (total - W).

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    floor : float
        Rate at the end as a share of `peak`; 0.1 is the tenfold decay of most reports.
    rise : str
        Curve of the warmup: "linear", "cosine" or "sqrt" (``1 - sqrt(1 - t / W)``).

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    The field's habit and the usual baseline. Its length must match the run: a cosine set much too
    long costs loss, and a finished one cannot be continued without a jump.

    References
    ----------
    Loshchilov and Hutter, "SGDR", 2016, arXiv 1608.03983 (one cycle, no restart).
    """
    left = total - steps(total, warmup)
    decay = Phase("decay", left, peak, floor * peak, "cosine") if left else None
    return join(warm(total, warmup, peak, rise), decay)
