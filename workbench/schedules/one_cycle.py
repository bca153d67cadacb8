"""One cycle: up from a low rate, then down far below it. arXiv 1708.07120."""

from typing import Annotated

from workbench.params import Choice, Param, Peak, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps

Up = Annotated[float, Param(0, 1, unit="of total", help="share of total after which the peak is reached")]
Div = Annotated[float, Param(1, 1e9, log=True, slider=(1, 1000), help="peak over the first rate")]
FinalDiv = Annotated[float, Param(1, 1e12, log=True, slider=(1, 1e6), help="first rate over the last")]
Anneal = Annotated[str, Choice(("cosine", "linear"), help="curve of every phase")]
Phases = Annotated[int, Param(2, 3, help="2: up and far down; 3: up, down again as fast, then far down")]


def halves(total: int, warmup: float, phases: int) -> tuple[int, int, int]:
    """Updates of the rise, of the fall back that mirrors it, and of the last fall, before the last update.

    Raises
    ------
    ValueError
        When three phases have no room for both the rise and its mirror.
    """
    rising = max(0, steps(total, warmup) - 1)
    back = rising if phases == 3 else 0
    if rising + back > total - 1:
        raise ValueError(f"warmup must be at most 0.5 where phases is 3; got {warmup:g}")
    return rising, back, total - 1 - rising - back


@schedule(title="One cycle", paper="1708.07120", family="cyclic")
def one_cycle(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Up = 0.3,
    div: Div = 25.0,
    final_div: FinalDiv = 1e4,
    shape: Anneal = "cosine",
    phases: Phases = 2,
) -> Schedule:
    """Rise from ``peak / div`` to the peak, then fall to ``peak / div / final_div``.

    The peak is reached at update W = warmup * total - 1 and the last rate at the last update, as
    torch's ``OneCycleLR`` has it (whose ``pct_start`` is our `warmup`). With three phases, the form of
    the paper, the rate is back at ``peak / div`` at update 2 W and falls to its last from there.

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
        "cosine" or "linear", for every phase.
    phases : int
        2, or 3 for the paper's symmetric cycle and the fall after it.

    Raises
    ------
    ValueError
        For an argument outside its range, or three phases with a warmup of more than half.

    Notes
    -----
    Use it for short runs at a high peak ("super-convergence"); momentum is then usually cycled the
    other way round, which is `one_cycle_momentum`.

    References
    ----------
    Smith and Topin, "Super-Convergence", 2017, arXiv 1708.07120.
    """
    first, last = peak / div, peak / div / final_div
    rising, back, falling = halves(total, warmup, phases)
    top = first if back else peak
    return join(
        Phase("warmup", rising, first, peak, shape) if rising else None,
        Phase("back", back, peak, first, shape) if back else None,
        Phase("decay", falling, top, last, shape) if falling else None,
        # The last update is on the end value itself: after a fall that is the lowest rate.
        Phase("end", 1, last, last) if falling else Phase("end", 1, top, top),
    )
