"""Reuse, don't retrain: continue a model from its last rate, and switch the data late. arXiv 2407.07263."""

import numpy as np

from workbench.files import short
from workbench.params import Floor, Param, Peak, Total, number
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule

_SHARE = Param(0, 1, help="share of the first rate at which the data blend switches")


@schedule(title="Reuse, don't retrain", paper="2407.07263", family="continual")
def reuse(total: Total, peak: Peak = 1e-4, floor: Floor = 0.01) -> Schedule:
    """Fall along half a cosine from the rate at which pretraining ended, without a warmup.

    ``rate = peak (floor + (1 - floor) (1 + cos(pi t / total)) / 2)``, with peak the last rate of the
    pretraining. `blend_switch` gives the update at which the data are switched.

    Parameters
    ----------
    total : int
        Updates of the continued training.
    peak : float
        Rate at which pretraining ended, in the trainer's unit.
    floor : float
        Rate at the end as a share of `peak`; 0.01 is the paper's.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it to continue a finished model on more data of about the same kind: first the general blend,
    then, from a fifth of the first rate on, the one that holds what the model shall be good at.

    References
    ----------
    Parmar et al., "Reuse, Don't Retrain", 2024, arXiv 2407.07263.
    """
    return Schedule((Phase("decay", total, peak, floor * peak, "cosine"),))


def blend_switch(schedule: Schedule, share: float = 0.2) -> int:
    """First update whose rate is at most a share of the first update's.

    ``min {t : rate(t) <= share * rate(0)}``. Of `reuse` over T updates with a share of 1/5 it is T x*
    rounded up, ``x* = arccos(2 (0.2 - 0.01) / 0.99 - 1) / pi``.

    Parameters
    ----------
    schedule : Schedule
        The continued training, one that falls.
    share : float
        Share of the first rate; 0.2 is the paper's.

    Returns
    -------
    int
        The update from which on the second data blend is used.

    Raises
    ------
    ValueError
        For what is no schedule, a share outside 0 to 1, or a schedule that never falls so low.

    Notes
    -----
    Use it to place the switch of "Reuse, don't retrain" in any schedule.

    References
    ----------
    Parmar et al., "Reuse, Don't Retrain", 2024, arXiv 2407.07263.
    """
    if not isinstance(schedule, Schedule):
        raise ValueError(f"schedule must be a Schedule; got {short(schedule)}")
    share = number("share", share, _SHARE)
    rates = schedule.array()
    low = rates <= share * rates[0]
    if not low.any():
        raise ValueError(
            f"share must be reached by the schedule, which falls to {rates.min() / rates[0]:g} "
            f"of its first rate; got {share:g}"
        )
    return int(np.argmax(low))
