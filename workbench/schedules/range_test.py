"""The learning-rate range test: one rise over all rates that may be of use. arXiv 1506.01186."""

from typing import Annotated

from workbench.params import Choice, Param, Peak, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join

Low = Annotated[
    float, Param(1e-12, 1, log=True, slider=(1e-6, 0.1), unit="of peak", help="first rate as a share of peak")
]
Curve = Annotated[str, Choice(("geometric", "linear"), help="equal ratios or equal differences")]


@schedule(title="Range test", paper="1506.01186", family="cyclic")
def range_test(total: Total, peak: Peak = 1.0, start: Low = 1e-5, shape: Curve = "geometric") -> Schedule:
    """Raise the rate from a very low to a very high one.

    ``rate = lo (hi / lo)^(t / (total - 1))`` (geometric) or ``lo + (hi - lo) t / (total - 1)``
    (linear), with hi = peak at the last update and lo = start * peak.

    Parameters
    ----------
    total : int
        Updates in the test, a few epochs.
    peak : float
        Last rate, in the trainer's unit, above any that can be stable.
    start : float
        First rate as a share of `peak`.
    shape : str
        "geometric" or "linear".

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it before a run whose rate is unknown. Plot the smoothed loss over the rate: the lower end for
    `clr` is where the loss begins to fall, the upper where it becomes ragged; stop when it is four times
    its best.

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", 2015, arXiv 1506.01186.
    """
    low, rising = start * peak, total - 1
    curve, args = ("exp", {"ratio": 1 / start}) if shape == "geometric" else ("linear", {})
    rise = Phase("rise", rising, low, peak, curve, args=args) if rising else None
    return join(rise, Phase("end", 1, peak, peak))
