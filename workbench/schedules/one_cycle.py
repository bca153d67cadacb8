"""One cycle: up from a low rate, then down far below it. arXiv 1708.07120."""

from typing import Annotated

from workbench.params import Choice, Param, Peak, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps

Up = Annotated[float, Param(0, 1, unit="of total", help="share of total after which the peak is reached")]
Div = Annotated[float, Param(1, 1e9, log=True, slider=(1, 1000), help="peak over the first rate")]
FinalDiv = Annotated[float, Param(1, 1e12, log=True, slider=(1, 1e6), help="first rate over the last")]
Anneal = Annotated[str, Choice(("cosine", "linear"), help="curve of both halves")]


@schedule(title="One cycle", paper="1708.07120", family="cyclic")
def one_cycle(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Up = 0.3,
    div: Div = 25.0,
    final_div: FinalDiv = 1e4,
    shape: Anneal = "cosine",
) -> Schedule:
    """Rise from ``peak / div`` to the peak, then fall to ``peak / div / final_div``.

    The peak is reached at update W = warmup * total - 1 and the last rate at the last update, as
    torch's ``OneCycleLR`` has it (whose ``pct_start`` is our `warmup`).

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` at whose end the peak is reached.
    div : float
        Peak over the first rate.
    final_div : float
        First rate over the last.
    shape : str
        "cosine" or "linear", for both halves.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it for short runs at a high peak ("super-convergence"); momentum is then usually cycled the
    other way round.

    References
    ----------
    Smith and Topin, "Super-Convergence", 2017, arXiv 1708.07120.
    """
    first, last = peak / div, peak / div / final_div
    rising = max(0, steps(total, warmup) - 1)
    falling = total - 1 - rising
    return join(
        Phase("warmup", rising, first, peak, shape) if rising else None,
        Phase("decay", falling, peak, last, shape) if falling else None,
        # The last update is on the end value itself: after a fall that is the lowest rate.
        Phase("end", 1, last, last) if falling else Phase("end", 1, peak, peak),
    )
