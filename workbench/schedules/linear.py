"""Linear decay, by default to zero (D2Z). arXiv 2502.15938."""

from workbench.params import Floor, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import Rise, join, steps
from workbench.schedules.parts import warmup as warm


@schedule(title="Linear (decay to zero)", paper="2502.15938", family="decay")
def linear(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.1,
    floor: Floor = 0.0,
    rise: Rise = "linear",
) -> Schedule:
    """Fall in a straight line from the peak to the floor.

    ``rate = peak * (1 - (1 - floor) x)``, x = (t - W) / (total - W), after a warmup of W steps.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    floor : float
        Rate at the end as a share of `peak`; 0 is D2Z.
    rise : str
        Curve of the warmup: "linear", "cosine" or "sqrt" (``1 - sqrt(1 - t / W)``).

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it when the length of the run is known. To zero it is also what the worst-case convex bound
    favours, and the paper finds it ahead of a cosine to 10 % from compute-optimal length on.

    References
    ----------
    Bergsma et al., "Straight to Zero", ICLR 2025, arXiv 2502.15938.
    """
    left = total - steps(total, warmup)
    decay = Phase("decay", left, peak, floor * peak) if left else None
    return join(warm(total, warmup, peak, rise), decay)
