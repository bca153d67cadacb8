"""What one schedule is predicted to gain over another, and how such predictions did before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Z = 1.6448536269514722
"""Half width, in standard deviations, of an interval that holds 90 %."""
_ALIKE = 0.5
"""Distance of two rates below which a pair differs in how it got there more than in where it is."""
_TINY = 1e-3
_FEW = 6
_OVERSTATED = 1 / 3


class Pair(NamedTuple):
    """A past difference: two runs, their log losses' difference as predicted and measured, and how far apart
    their rates were there."""

    a: str
    b: str
    predicted: float
    measured: float
    apart: float


def distance(rate: float, other: float) -> float:
    """Size of the log of the ratio of two rates; rates below a thousandth of the larger one are alike."""
    least = _TINY * max(rate, other, 1e-300)
    return float(abs(np.log(max(rate, least) / max(other, least))))


def relevant(past: Sequence[Pair], apart: float) -> list[Pair]:
    """Pairs that compare what is compared now: two ways to about the same rate, or two rates."""
    like = [pair for pair in past if (pair.apart < _ALIKE) == (apart < _ALIKE)]
    return like or list(past)


@dataclass(frozen=True)
class Difference:
    """Final loss of one schedule minus that of another, predicted with one set of parameters.

    Parameters
    ----------
    mean, low, high : float
        In nats: below 0 the first schedule is better. The interval is for 90 %, and narrower than what
        the two curves' own intervals would give, as they are wrong together.
    pairs : int
        How many past pairs of measured curves the next two rest on: those that compare two ways to
        about the same rate where `a` and `b` do, those between different rates where they do not, and
        all where there are none.
    ratio : float
        Predicted over measured differences of those, each predicted by a fit that had not seen it; above
        1 the law overstates. Not a number where there are none.
    error : float
        Root mean square error of them, in log loss.
    """

    mean: float
    low: float
    high: float
    pairs: int
    ratio: float
    error: float

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        text = f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f}) nats in final loss"
        return f"{text}; {self.history}"

    @property
    def history(self) -> str:
        """One clause on how predicted differences compared with measured ones."""
        if not self.pairs:
            return "no past differences to judge it by"
        word = "overstated" if self.ratio > 1 else "understated"
        return f"on {self.pairs} past pairs the law {word} differences: {self.ratio:.2f} times those measured"


class End(NamedTuple):
    """Last predicted loss of a schedule, its slopes (q,) in the free parameters, the last rate, and the
    relative errors that come with its length and its peak."""

    loss: float
    slopes: np.ndarray
    rate: float
    beyond: float
    away: float


def between(a: End, b: End, own: float, pairs: Sequence[Pair], spread: float) -> Difference:
    """Difference of two ends; `own` is its variance by the parameters, `spread` the error of one curve."""
    mean, size = a.loss - b.loss, float(np.sqrt(a.loss * b.loss))
    past = expected(pairs, spread, mean / size)
    relative = past**2 + (a.beyond - b.beyond) ** 2 + (a.away - b.away) ** 2
    half = Z * float(np.sqrt(own + relative * size**2))
    return Difference(mean, mean - half, mean + half, len(pairs), ratio(pairs), error(pairs))


def ratio(past: Sequence[Pair]) -> float:
    """Sum of the predicted differences over that of the measured ones, each in the measured direction."""
    predicted, measured = _columns(past)
    size = float(np.sum(np.abs(measured)))
    return float(np.sum(predicted * np.sign(measured))) / size if size > 0 else float("nan")


def error(past: Sequence[Pair]) -> float:
    """Root mean square of predicted minus measured differences."""
    predicted, measured = _columns(past)
    return float(np.sqrt(np.mean((predicted - measured) ** 2))) if len(past) else float("nan")


def expected(past: Sequence[Pair], spread: float, size: float) -> float:
    """Error to expect of a difference of this `size` in log loss.

    That of past ones; where these are few that of two curves, which err by `spread` each for itself, and
    a share of the difference: published laws overstate the gain of a decay 1.2 to 3.3 times.
    """
    squares = sum((pair.predicted - pair.measured) ** 2 for pair in past)
    usual = 2 * spread**2 + (_OVERSTATED * size) ** 2
    return float(np.sqrt((squares + _FEW * usual) / (len(past) + _FEW)))


def _columns(past: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([pair.predicted for pair in past]), np.array([pair.measured for pair in past])
