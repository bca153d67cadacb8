"""Two lanes compared: final or latest losses, and their difference over the seeds that both have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

ENDED = ("finished", "diverged")


class Apart(NamedTuple):
    """Difference of two groups of lanes, the first less the second.

    Parameters
    ----------
    step : int
        Updates after which the losses were measured.
    mean : float
        Mean difference over the pairs of equal seeds.
    low, high : float
        90 % interval of the mean (Student's t over the pairs); not a number with a single pair.
    pairs : int
        How many seeds both have.
    last : bool
        Whether it is the end of all of them.
    """

    step: int
    mean: float
    low: float
    high: float
    pairs: int
    last: bool


def apart(first: Sequence[Any], second: Sequence[Any]) -> Apart:
    """Paired difference of the losses of two groups of branches, final or at the latest step that all have.

    ``d_i = loss_i(first) - loss_i(second)`` over seeds i, ``mean -+ t_{0.95, n-1} sd(d) / sqrt(n)``.

    Raises
    ------
    ValueError
        When no seed is in both, or they have no measured step in common.
    """
    ours, theirs = ({each.seed: each for each in group if _points(each)} for group in (first, second))
    seeds = sorted(ours.keys() & theirs.keys())
    if not seeds:
        raise ValueError("the two must have a seed in common that is measured in both; there is none")
    return of_pairs([(ours[seed], theirs[seed]) for seed in seeds])


def of_pairs(pairs: Sequence[tuple[Any, Any]]) -> Apart:
    """Paired difference of branches that are given as pairs: of final losses where all have ended.

    Raises
    ------
    ValueError
        When they have no measured step in common, and some have not ended.
    """
    both = [branch for pair in pairs for branch in pair]
    last = all(branch.status in ENDED and _points(branch) for branch in both)
    common = set.intersection(*(_points(branch) for branch in both))
    if not common and not last:
        raise ValueError("the two must have a measured step in common; there is none yet")
    at = max(max(_points(branch)) for branch in both) if last else max(common)
    ends = [[max(_points(branch)) if last else at for branch in pair] for pair in pairs]
    d = np.array([_loss(a, i) - _loss(b, j) for (a, b), (i, j) in zip(pairs, ends, strict=True)])
    mean, half = float(d.mean()), math.nan
    if len(d) > 1:
        from scipy.stats import t

        half = float(t.ppf(0.95, len(d) - 1) * d.std(ddof=1) / math.sqrt(len(d)))
    return Apart(int(at), mean, mean - half, mean + half, len(d), last)


def sentence(a: str, b: str, found: Apart, unit: str = "") -> str:
    """The comparison in words."""
    when = "final loss" if found.last else f"loss after {found.step:,} updates"
    said = f"{a} less {b}, {when}: {found.mean:+.4f}{f' {unit}' if unit else ''}"
    if found.pairs == 1:
        return f"{said}, one seed: no interval can be given."
    clear = "they differ" if found.low > 0 or found.high < 0 else "no difference is shown"
    interval = f"90 % interval {found.low:+.4f} to {found.high:+.4f} over {found.pairs} seeds"
    return f"{said} ({interval}): {clear}."


def _points(branch: Any) -> set[float]:
    curve = branch.curves.get("loss")
    return set() if curve is None else set(curve.step[np.isfinite(curve.loss)].tolist())


def _loss(branch: Any, step: float) -> float:
    curve = branch.curves["loss"]
    return float(curve.loss[np.searchsorted(curve.step, step)])
