"""What a table must hold for a law to be determined by it: a sentence for each thing that is missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.scaling.table import Points

Array = NDArray[np.float64]
_ALIKE = 1e-3
"""Logarithms that differ by less count as one value."""
_COLLINEAR = 0.999
_WHAT = {
    "n_params": ("one size", "sizes"),
    "tokens": ("one number of tokens", "numbers of tokens"),
    "compute": ("one budget", "budgets"),
    "steps": ("one number of updates", "numbers of updates"),
}


def check(points: Points, columns: tuple[str, ...], count: int, floor: bool, what: str) -> None:
    """Refuse points that do not determine a law.

    Parameters
    ----------
    points : Points
        The table.
    columns : tuple of str
        Columns with an exponent of their own.
    count : int
        Free parameters.
    floor : bool
        Whether the law has a loss that remains: then two values of a column do not tell it from a power.
    what : str
        Name of the law.

    Raises
    ------
    ValueError
        For fewer runs than parameters, a column with too few values, one budget, or sizes and tokens that
        grow together: the sentence says what is missing.
    """
    n = len(points)
    if n <= count:
        raise ValueError(f"{what} has {count} parameters and needs more runs than that; got {n}")
    logs = {name: np.log(points.column(name)) for name in columns}
    least = 3 if floor or len(columns) > 1 else 2
    for name, log in logs.items():
        distinct = _distinct(log)
        if distinct < least:
            one, several = _WHAT.get(name, (f"one {name}", f"values of {name}"))
            have = one if distinct == 1 else f"{distinct} {several}"
            raise ValueError(
                f"{what} needs at least {least} {several} to tell its exponents from its floor; these runs "
                f"have {have}: add runs of others"
            )
    if len(logs) < 2:
        return
    (first, a), (second, b) = logs.items()
    apart, beside = a - a.mean(), b - b.mean()
    alike = float(apart @ beside / np.sqrt((apart @ apart) * (beside @ beside)))
    if {first, second} == {"n_params", "tokens"} and _distinct(a + b, 0.05) == 1:
        raise ValueError(
            f"{what} needs runs of several budgets; all of these have one (6 n_params tokens = "
            f"{6 * np.exp(np.mean(a + b)):.3g}), where size and tokens only trade: add runs of another"
        )
    if abs(alike) > _COLLINEAR:
        together = "grows with" if alike > 0 else "falls as"
        raise ValueError(
            f"{first} {together} {second} in all of these runs (correlation of logarithms {alike:.4f}), so "
            f"that {what} cannot tell one from the other: add runs that vary one of them alone"
        )
    pairs = len(np.unique(np.round(a / _ALIKE) * 1e6 + np.round(b / _ALIKE)))
    if pairs < count:
        raise ValueError(
            f"{what} has {count} parameters and needs as many different runs; these are {pairs}, repeated"
        )


def _distinct(log: Array, alike: float = _ALIKE) -> int:
    """How many values there are when those closer than `alike` count as one."""
    return 1 + int(np.sum(np.diff(np.sort(log)) > alike))
