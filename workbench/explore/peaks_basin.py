"""The best peak of finished runs: a parabola of loss over the logarithm of the peak, and its interval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from workbench.curve import Run
from workbench.files import short
from workbench.params import Param, number

Array = NDArray[np.float64]

SURE = 0.9
"""Share of such intervals that hold the lowest point of the parabola that the runs are drawn from."""
_LEAST = 4
"""Peaks that a parabola needs before anything can speak against it."""
_USED = 5
"""Peaks that are used in any case, where there are so many."""
_WITHIN = Param(1.1, 1e6, help="factor around the best peak")
_RISE = Param(0, 1e6, open_low=True, help="share above the lowest loss")


@dataclass(frozen=True)
class Basin:
    """Final loss over peak near its lowest point, ``loss = loss* + bend (ln peak - ln peak*)^2``.

    Parameters
    ----------
    peak : float
        Where the parabola is lowest.
    low, high : float
        90 % interval of it; 0 and infinity where the losses do not bend enough to bound it.
    loss : float
        Lowest point, mean over the seeds.
    bend : float
        Rise of the loss at a peak e times the best, above 0.
    spread : float
        Standard deviation of a loss about parabola and seed.
    first, last : float
        Least and largest peak that was used.
    """

    peak: float
    low: float
    high: float
    loss: float
    bend: float
    spread: float
    first: float
    last: float

    @property
    def beyond(self) -> bool:
        """Whether the best peak lies outside those that were tried."""
        return not self.first <= self.peak <= self.last

    def __call__(self, peak: ArrayLike) -> Array:
        """The parabola at each peak."""
        return self.loss + self.bend * np.log(np.asarray(peak, dtype=float) / self.peak) ** 2

    def within(self, more: float) -> tuple[float, float]:
        """Peaks whose loss is at most `more` above the lowest."""
        more = number("more", more, Param(0, 1e6, open_low=True))
        factor = float(np.exp(np.sqrt(more / self.bend)))
        return self.peak / factor, self.peak * factor

    def __str__(self) -> str:
        text = f"best peak {self.peak:.3g} ({self.low:.3g} to {self.high:.3g}), loss {self.loss:.4g}"
        return f"{text}; beyond the peaks that were tried" if self.beyond else text


def basin(
    peak: ArrayLike,
    loss: ArrayLike,
    seed: ArrayLike | None = None,
    *,
    within: float = 6.0,
    rise: float = 0.1,
) -> Basin:
    """Fit the bottom of the loss over the peak.

    Least squares of ``loss = a_seed + b x + c x^2``, x = ln peak, over the peaks around the one with the
    lowest mean loss. The best peak is ``exp(-b / 2c)``; its interval is Fieller's: all x at which
    the slope ``b + 2 c x`` is within Student's t of 0.

    Parameters
    ----------
    peak, loss : array_like, shape (n,)
        Of runs that differ in peak and seed alone. Losses that are not finite count as diverged and are left
        out.
    seed : array_like, shape (n,), optional
        Runs of one seed see the same batches and share an offset, which is no noise of the peak.
    within : float
        Factor around the best peak: a basin is a parabola near its bottom only.
    rise : float
        Share above the lowest mean loss from which on a loss is on the wall of the basin. Five peaks are used
        in any case, the lower side first.

    Returns
    -------
    Basin

    Raises
    ------
    ValueError
        For arrays of different lengths, peaks that are not above 0, fewer than four peaks with a finite
        loss, no more runs than are needed to draw the parabola, or losses that have no lowest point.

    Notes
    -----
    Use it on trainings that ran to their end, their cooldown included: the best peak of a curve that is cut
    short is another. The interval is exact for normal noise about a parabola. Where the basin is lopsided
    the misfit counts as noise, and the interval is wide.

    References
    ----------
    Fieller, "Some Problems in Interval Estimation", 1954.
    """
    x, y, s = _columns(peak, loss, seed)
    factor, rise = np.log(number("within", within, _WITHIN)), number("rise", rise, _RISE)
    x, y, s, center = _near(x, y, s, float(factor), rise)
    seeds, which = np.unique(s, return_inverse=True)
    columns = [x, x**2, *(which == i for i in range(len(seeds)))]
    a = np.stack([np.asarray(column, dtype=float) for column in columns], axis=1)
    free = len(y) - a.shape[1]
    if free < 1:
        raise ValueError(f"a basin of {len(seeds)} seeds needs {a.shape[1] + 1} runs near it; got {len(y)}")
    values = np.linalg.lstsq(a, y, rcond=None)[0]
    b, c = float(values[0]), float(values[1])
    # Of losses that do not differ at all the rounding decides which way they bend.
    if c <= 1e-12 * float(np.abs(y).max()):
        raise ValueError(
            "these losses have no lowest point: they bend downwards over the peaks that were tried; "
            "widen the sweep, or train longer"
        )
    rest = y - a @ values
    variance = float(rest @ rest) / free
    covariance = variance * np.linalg.inv(a.T @ a)
    best = -b / (2 * c)
    low, high = _fieller(b, c, covariance[:2, :2], float(stdtrit(free, (1 + SURE) / 2)) ** 2)
    level = float(np.mean(values[2:])) - c * best**2
    ends = np.exp(np.array([best, low, high, x.min(), x.max()]) + center)
    best, low, high, first, last = map(float, ends)
    return Basin(best, low, high, level, c, variance**0.5, first, last)


def basin_of(runs: Iterable[Run], *, within: float = 6.0, rise: float = 0.1) -> Basin:
    """`basin` of runs by their peak, final loss and seed; a run that has not finished counts as diverged."""
    rows = []
    for run in runs:
        if not isinstance(run, Run):
            raise ValueError(f"runs must be Runs; got {short(run)}")
        ended = run.facts.get("status", "finished") == "finished"
        rows.append((run.schedule.peak, run.final_loss if ended else np.nan, run.facts.get("seed", 0)))
    if not rows:
        raise ValueError("runs must be at least one Run; got none")
    peak, loss, seed = zip(*rows, strict=True)
    return basin(peak, loss, seed, within=within, rise=rise)


def _columns(peak: ArrayLike, loss: ArrayLike, seed: ArrayLike | None) -> tuple[Array, Array, Array]:
    """ln peak, loss and seed of the runs that did not diverge."""
    try:
        p, y = (np.asarray(values, dtype=float) for values in (peak, loss))
        s = np.zeros(len(p)) if seed is None else np.asarray(seed, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(
            f"peak, loss and seed must be arrays of numbers; got {short((peak, loss))}"
        ) from None
    if not p.ndim == y.ndim == s.ndim == 1 or not len(p) == len(y) == len(s):
        raise ValueError(f"peak, loss and seed must have one length; got {p.shape}, {y.shape} and {s.shape}")
    if not np.all(np.isfinite(p) & (p > 0)):
        raise ValueError(f"peak must be finite and greater than 0; got {short(peak)}")
    keep = np.isfinite(y)
    count = len(np.unique(p[keep]))
    if count < _LEAST:
        raise ValueError(f"a basin needs {_LEAST} different peaks that did not diverge; got {count}")
    return np.log(p[keep]), y[keep], s[keep]


def _near(x: Array, y: Array, s: Array, factor: float, rise: float) -> tuple[Array, Array, Array, float]:
    """Runs near the best peak, their ln peak counted from its own."""
    every, which = np.unique(x, return_inverse=True)
    mean = np.bincount(which, y) / np.bincount(which)
    best = first = last = int(np.argmin(mean))
    center, wall = float(every[best]), mean[best] + rise * abs(mean[best])
    while True:
        ends = [i for i in (first - 1, last + 1) if 0 <= i < len(every)]
        if not ends:
            break
        near = [k for k in ends if abs(every[k] - center) <= factor * (1 + 1e-9) and mean[k] <= wall]
        if last - first + 1 >= _USED and not near:
            break
        i = min(near or ends, key=lambda end: mean[end])
        first, last = min(first, i), max(last, i)
    keep = (which >= first) & (which <= last)
    return x[keep] - center, y[keep], s[keep], center


def _fieller(b: float, c: float, v: Array, t2: float) -> tuple[float, float]:
    """All x with ``(b + 2 c x)^2 <= t^2 Var(b + 2 c x)``; everything where the bend may be 0."""
    square = 4 * (c**2 - t2 * v[1, 1])
    if square <= 0:
        return -np.inf, np.inf
    half = 2 * (b * c - t2 * v[0, 1])
    root = np.sqrt(max(half**2 - square * (b**2 - t2 * v[0, 0]), 0.0))
    return float((-half - root) / square), float((-half + root) / square)
