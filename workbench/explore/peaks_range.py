"""The learning-rate range test, read: which peak one rising training suggests. arXiv 1506.01186."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from workbench.curve import Curve, Run
from workbench.explore.peaks_basin import SURE
from workbench.files import short

Array = NDArray[np.float64]

SHARE = 1 / 3
"""Suggested peak as a share of the rate with the lowest loss: a rule of thumb, remembered and not derived."""
_SMOOTH = 25
"""A loss is the mean of a twenty-fifth of the test around it."""
_FALLEN = 0.1
_LEAST = 20
"""Points of a curve in which a fall and a rise can be told apart."""


@dataclass(frozen=True)
class Reading:
    """What one seed's test says.

    Parameters
    ----------
    rate, loss : array, shape (n,)
        Rates of the test and the smoothed loss after them, up to where it diverged.
    falls : float
        Rate at which a tenth of the whole fall is behind: the lower end of a cyclic schedule.
    lowest : float
        Rate with the lowest loss: above it the loss rises.
    at_end : bool
        Whether the loss was still falling at the last rate, so that the test ended too early.
    """

    rate: Array
    loss: Array
    falls: float
    lowest: float
    at_end: bool

    @property
    def suggested(self) -> float:
        """A third of `lowest`."""
        return SHARE * self.lowest


@dataclass(frozen=True)
class RangeTest:
    """Readings of several seeds.

    Parameters
    ----------
    readings : tuple of Reading
        One for each seed.
    """

    readings: tuple[Reading, ...]

    @property
    def suggested(self) -> tuple[float, float, float]:
        """Suggested peak and the 90 % interval of its mean over seeds; NaN ends for one seed."""
        return over_seeds([each.suggested for each in self.readings])

    @property
    def lowest(self) -> tuple[float, float, float]:
        """Rate with the lowest loss and its interval."""
        return over_seeds([each.lowest for each in self.readings])

    def __str__(self) -> str:
        best, low, high = self.suggested
        sure = f"{low:.3g} to {high:.3g}" if np.isfinite(low) else "one seed: no interval"
        _, least, most = self.lowest
        first, last = zip(*((each.rate[0], each.rate[-1]) for each in self.readings), strict=True)
        if least < min(first) or most > max(last):
            sure += ", beyond the rates tested: too few seeds to tell"
        said = f"range test suggests a peak of {best:.3g} ({sure})"
        early = any(each.at_end for each in self.readings)
        return f"{said}; the loss still fell at the last rate: test higher ones" if early else said


def read_range_test(runs: Iterable[Run]) -> RangeTest:
    """Read range tests that differ in the seed alone.

    The loss is smoothed over a twenty-fifth of the test; the suggested peak is a third of the rate at which
    it is lowest.

    Parameters
    ----------
    runs : iterable of Run
        Trained with `workbench.schedules.range_test`, or any schedule that never falls. The loss of each
        batch, "train", is read where a run has it.

    Returns
    -------
    RangeTest

    Raises
    ------
    ValueError
        For no runs, a schedule that falls, or a curve of fewer than 20 finite losses.

    Notes
    -----
    The test measures where training becomes unstable within so many updates, and nothing else: it knows
    neither the length of the run nor its cooldown, and a faster test finds a higher rate, since what
    diverges needs time to be seen. Look at `workbench.explore.basin` of finished runs before you rely on it.
    The third is Smith's rule of thumb, "1/3 to 1/4 of the largest rate", as it is remembered.

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", 2015, arXiv 1506.01186.
    """
    found = []
    for run in runs:
        if not isinstance(run, Run):
            raise ValueError(f"runs must be Runs; got {short(run)}")
        if np.any(np.diff(run.schedule.array()) < 0):
            raise ValueError(f"runs must be range tests, whose rate never falls; got {run.schedule!r}")
        curve = run.parts.get("train")
        curve = run.curve if curve is None or len(curve) < len(run.curve) else curve
        found.append(reading(run.schedule(curve.step), curve))
    if not found:
        raise ValueError("runs must be at least one range test; got none")
    return RangeTest(tuple(found))


def reading(rate: Array, curve: Curve) -> Reading:
    """What the curve of one seed says, `rate` being that of each of its updates."""
    bad = np.flatnonzero(~np.isfinite(curve.loss))
    end = int(bad[0]) if len(bad) else len(curve)
    if end < _LEAST:
        raise ValueError(f"a range test needs {_LEAST} finite losses; got {end}: start at a lower rate")
    loss = smoothed(curve.loss[:end], max(1, end // (2 * _SMOOTH)))
    lowest = int(np.argmin(loss))
    fallen = loss[0] - _FALLEN * (loss[0] - loss[lowest])
    falls = int(np.flatnonzero(loss <= fallen)[0])
    at_end = lowest == len(curve) - 1
    return Reading(np.asarray(rate[:end], dtype=float), loss, float(rate[falls]), float(rate[lowest]), at_end)


def smoothed(loss: Array, half: int) -> Array:
    """Means over ``2 half + 1`` losses, fewer near an end, so that nothing is shifted."""
    sums = np.concatenate([[0.0], np.cumsum(loss)])
    at = np.arange(len(loss))
    reach = np.minimum(half, np.minimum(at, len(loss) - 1 - at))
    return (sums[at + reach + 1] - sums[at - reach]) / (2 * reach + 1)


def over_seeds(values: Sequence[float]) -> tuple[float, float, float]:
    """Geometric mean and the 90 % interval of it, by Student's t of the logarithms; NaN ends for one."""
    logs = np.log(np.asarray(values, dtype=float))
    n, mean = len(logs), float(logs.mean())
    if n < 2:
        return float(np.exp(mean)), np.nan, np.nan
    half = float(stdtrit(n - 1, (1 + SURE) / 2)) * float(logs.std(ddof=1)) / np.sqrt(n)
    return float(np.exp(mean)), float(np.exp(mean - half)), float(np.exp(mean + half))
