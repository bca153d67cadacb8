"""A constant rate, optionally after a warmup."""

from workbench.params import Peak, Total, Warmup
from workbench.registry import schedule
from workbench.schedule import Schedule
from workbench.schedules.parts import Rise, Start, join, stable, steps
from workbench.schedules.parts import warmup as warm


@schedule(title="Constant", family="constant")
def constant(
    total: Total, peak: Peak = 1e-3, warmup: Warmup = 0.0, rise: Rise = "linear", start: Start = 0.0
) -> Schedule:
    """Hold one rate to the end.

    ``rate = peak * (start + (1 - start) g(t / W))`` for t < W, then ``peak``, with W = warmup * total
    and g by `rise`: linear ``u``, cosine ``(1 - cos(pi u)) / 2``, sqrt ``1 - sqrt(1 - u)``.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        The rate that is held, in the trainer's unit.
    warmup : float
        Share of `total` that rises.
    rise : str
        Curve of the warmup: "linear", "cosine" or "sqrt".
    start : float
        Rate of the first update of the warmup as a share of `peak`.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it as the trunk of WSD, from which a decay can branch at any step, or as the baseline that
    shows what decay is worth. Warmups are 1 to 10 % of a run, or 300 to 2000 updates; an untuned one
    for Adam has ``2 / (1 - beta2)`` updates.

    References
    ----------
    Ma and Yarats, "On the adequacy of untuned warmup", 2019, arXiv 1910.04209.
    """
    left = total - steps(total, warmup)
    return join(warm(total, warmup, peak, rise, start), stable(left, peak))
