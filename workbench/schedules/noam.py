"""Noam, the schedule of the first transformer, from the width of its model. arXiv 1706.03762."""

from typing import Annotated

from workbench.params import Param, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.inverse_sqrt import Rise
from workbench.schedules.parts import join, steps

Width = Annotated[
    int, Param(1, 1_000_000, log=True, slider=(64, 16_384), help="width of the model, its d_model")
]
Scale = Annotated[
    float, Param(0, 1e6, open_low=True, log=True, slider=(0.1, 10), help="factor of the whole schedule")
]


@schedule(title="Noam", paper="1706.03762", family="decay")
def noam(total: Total, d_model: Width = 512, warmup: Rise = 0.04, scale: Scale = 1.0) -> Schedule:
    """Rise in a straight line, then fall as one over the root of the step, at a height set by the width.

    ``rate = scale * d_model^-0.5 * min(s^-0.5, s * W^-1.5)``, s = t + 1, W = warmup * total, at least one
    step; the peak ``scale / sqrt(d_model W)`` is at update W - 1.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    d_model : int
        Width of the model. The peak follows from it and from the warmup: it is no argument.
    warmup : float
        Share of `total` that rises; the paper has 4,000 of 100,000 steps.
    scale : float
        Factor of the whole schedule; the paper has 1.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it to repeat work of its time with Adam, betas (0.9, 0.98). For anything new `inverse_sqrt` has the
    same curve with a peak that one can choose. The first update has a rate above 0, unlike elsewhere here.

    References
    ----------
    Vaswani et al., "Attention Is All You Need", 2017, arXiv 1706.03762.
    """
    rising = max(1, steps(total, warmup))
    top = scale / (d_model * rising) ** 0.5
    left = total - rising + 1
    alpha = left / rising
    end = top * (1 + alpha) ** -0.5
    return join(
        Phase("warmup", rising - 1, 0.0, top, span=rising, first=1) if rising > 1 else None,
        Phase("decay", left, top, end, "inverse_power", args={"alpha": alpha, "p": 0.5}),
    )
