"""A slow start, then a fast decay, for adversarial fine-tuning. arXiv 2012.13628."""

from typing import Annotated

from workbench.params import Param, Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.exponential import Last
from workbench.schedules.parts import join, steps
from workbench.schedules.parts import warmup as warm

First = Annotated[float, Param(0, 1, unit="of peak", help="first rate as a share of peak")]


@schedule(title="Slow start, fast decay (generic)", paper="2012.13628", family="decay")
def slow_start_fast_decay(
    total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.3, start: First = 0.1, floor: Last = 0.001
) -> Schedule:
    """Rise in a straight line from a low rate, then fall by the same factor at every step.

    ``rate = peak * (start + (1 - start) t / W)`` for t < W, then ``peak * floor^x``,
    x = (t - W) / (total - W).

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate, in the trainer's unit.
    warmup : float
        Share of `total` that rises.
    start : float
        First rate as a share of `peak`.
    floor : float
        Rate at the end as a share of `peak`.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it for a short fine-tuning of a network that must not forget, about 10 epochs in the paper, which
    says that it starts slowly and decays fast. The paper's constants were not found: this is a generic
    schedule of that description (low confidence that the numbers agree).

    References
    ----------
    Jeddi, Shafiee and Wong, "A Simple Fine-tuning Is All You Need: Towards Robust Deep Learning Via
    Adversarial Fine-tuning", 2020, arXiv 2012.13628.
    """
    left = total - steps(total, warmup)
    decay = Phase("decay", left, peak, floor * peak, "exp", args={"ratio": floor}) if left else None
    return join(warm(total, warmup, peak, start=start), decay)
