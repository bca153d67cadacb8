"""A schedule from a formula that one types."""

from typing import Annotated

from workbench.params import Peak, Text, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule

Formula = Annotated[str, Text(help="a formula of x = t / total, t, total and peak")]


@schedule(title="Typed formula", family="free")
def expression(
    total: Total, peak: Peak = 1e-3, formula: Formula = "peak * min(1, 10 * x) * (1 - x)"
) -> Schedule:
    """Follow a formula of the progress x = t / total.

    ``rate = formula``, in which x, t, total, peak, pi and e stand for numbers, with ``+ - * / // % **``,
    ``A if B < C else D``, and the functions sqrt, exp, log, sin, cos, tanh, abs, floor, min and max.

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        What `peak` stands for in the formula; nothing keeps the rate below it.
    formula : str
        The formula, up to 500 characters. It is read as data and never run as a program.

    Raises
    ------
    ValueError
        For an argument outside its range, a text that is no such formula, or a rate that is negative, not
        finite or beyond 1e12, with the first step at which it is.

    Notes
    -----
    Use it to try an idea before it has a name. It is saved as its text, so that it can be read, changed
    and stretched; anything that a formula cannot say can be given as `points`.
    """
    args = {"text": formula, "total": total, "peak": peak}
    return Schedule((Phase("formula", total, 0.0, 0.0, "expression", args=args),))
