"""The momentum of one cycle, which falls while the rate rises. arXiv 1708.07120."""

from typing import Annotated

from workbench.params import Param, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.one_cycle import Anneal, Phases, Up, halves
from workbench.schedules.parts import join, stable

High = Annotated[float, Param(0, 1, open_low=True, slider=(0.9, 0.999), help="momentum at both ends")]
Low = Annotated[float, Param(0, 1, slider=(0.5, 0.9), help="momentum where the rate has its peak")]


@schedule(title="One cycle: its momentum", paper="1708.07120", family="cyclic", quantity="momentum")
def one_cycle_momentum(
    total: Total,
    high: High = 0.95,
    low: Low = 0.85,
    warmup: Up = 0.3,
    shape: Anneal = "cosine",
    phases: Phases = 2,
) -> Schedule:
    """Cycle the momentum (or Adam's beta1) against the rate of `one_cycle`.

    From `high` to `low` while the rate rises to its peak, at update W = warmup * total - 1; then back
    to `high` while it falls: at the last update, or with three phases at update 2 W, and then it holds.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    high : float
        Momentum at both ends.
    low : float
        Momentum at the peak of the rate, at most `high`.
    warmup : float
        Share of `total` at whose end the peak of the rate is reached.
    shape : str
        "cosine" or "linear", for every phase.
    phases : int
        2 or 3, the same as of the rate.

    Raises
    ------
    ValueError
        For an argument outside its range, ``low > high``, or three phases with a warmup of more than
        half.

    Notes
    -----
    A schedule of momentum, not of a rate: use it beside a `one_cycle` with the same `total`, `warmup`,
    `shape` and `phases`.

    References
    ----------
    Smith and Topin, "Super-Convergence", 2017, arXiv 1708.07120.
    """
    if low > high:
        raise ValueError(f"low must be at most high = {high:g}; got {low:g}")
    rising, back, falling = halves(total, warmup, phases)
    down = Phase("down", rising, high, low, shape) if rising else None
    if back:
        return join(down, Phase("up", back, low, high, shape), stable(falling + 1, high, "hold"))
    up = Phase("up", falling, low, high, shape) if falling else None
    last = high if falling else low
    return join(down, up, Phase("end", 1, last, last))
