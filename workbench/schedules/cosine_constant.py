"""A cosine that ends early and is followed by its last rate (cos_inf). arXiv 2405.18392."""

from workbench.params import Floor, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import Start, join, lengths, stable
from workbench.schedules.parts import warmup as warm
from workbench.schedules.wsdc import Hold


@schedule(title="Cosine, then constant", paper="2405.18392", family="decay")
def cosine_constant(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.01,
    hold: Hold = 0.2,
    floor: Floor = 0.1,
    start: Start = 0.0,
) -> Schedule:
    """Fall along half a cosine to a floor, and go on at it.

    ``rate = peak (floor + (1 - floor) (1 + cos(pi x)) / 2)``, x = (t - W) / (T0 - W), for W <= t < T0,
    then ``peak floor``, with T0 = (1 - hold) total.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises to `peak`.
    hold : float
        Share of `total`, its end, at the floor; `warmup` and `hold` together are at most 1.
    floor : float
        Rate after the cosine as a share of `peak`.
    start : float
        First rate of the warmup as a share of `peak`.

    Raises
    ------
    ValueError
        For an argument outside its range, or ``warmup + hold > 1``.

    Notes
    -----
    Use it when a run may have to go on after its cosine has ended; a cosine of the right length is
    better at its own end.

    References
    ----------
    Hägele et al., "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations", 2024,
    arXiv 2405.18392 (``cos_inf`` of its code).
    """
    rising, held = lengths(total, warmup=warmup, hold=hold)
    falling = total - rising - held
    decay = Phase("decay", falling, peak, floor * peak, "cosine") if falling else None
    return join(warm(total, warmup, peak, start=start), decay, stable(held, floor * peak, "constant"))
