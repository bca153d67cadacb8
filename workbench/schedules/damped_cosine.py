"""A cosine that swings and dies away; generic, no paper's formula."""

from typing import Annotated

from workbench.params import Floor, Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join, steps
from workbench.schedules.parts import warmup as warm

Waves = Annotated[int, Param(0, 50, slider=(0, 6), help="how often it rises again")]
Damping = Annotated[float, Param(0, 100, slider=(0, 10), help="how fast the waves die away")]


@schedule(title="Damped cosine (generic)", family="decay")
def damped_cosine(
    total: Total,
    peak: Peak = 1e-3,
    warmup: Warmup = 0.0,
    waves: Waves = 1,
    damping: Damping = 2.0,
    floor: Floor = 0.0,
) -> Schedule:
    """Swing between a shrinking height and the floor, and land on the floor.

    ``rate = peak * (floor + (1 - floor) (1 + cos(pi (2 waves + 1) x)) / 2 * exp(-damping x))``,
    x = (t - W) / (total - W).

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises from 0 to `peak`.
    waves : int
        How often it rises again; 0 is a half cosine under the damping.
    damping : float
        Decay of the height over the whole length: it ends at ``exp(-damping)`` of itself.
    floor : float
        Rate of the troughs and the end as a share of `peak`.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it to try soft restarts of shrinking height. A "damped cosine" is named by Zhao et al. (Chinese
    ModernBERT, arXiv 2510.12285); its formula was not found, and this generic one does not stand for it.
    """
    left = total - steps(total, warmup)
    args = {"waves": waves, "damping": damping}
    decay = Phase("decay", left, peak, floor * peak, "damped_cosine", args=args) if left else None
    return join(warm(total, warmup, peak), decay)
