"""Whole curves left out: which estimator predicts them best, and how far such predictions are off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from workbench.fitted.difference import Pair, distance
from workbench.fitting.estimators import Estimator, Known, anchored
from workbench.fitting.problem import Part, Problem
from workbench.fitting.sample import Sample
from workbench.fitting.solver import NEAR

Array = NDArray[np.float64]
_MOST_FOLDS = 10
_MOST_PAIRS = 60
_LEAST_NEAR = 3
_BETTER = 2.0
"""Standard errors by which another estimator must be better than the standing one to replace it."""
USUAL = 1.5e-3
"""Relative error that no law gets below: two runs of one schedule, of the public data, differ by it."""
_USUAL_CURVES = 3
_CUTS = (0.4, 0.6)
"""Shares of the longest run after which points are predicted from those before."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Curves that were left out, as the others predict them: log errors (n,) of each by its number."""

    errors: Mapping[int, Array]
    step: Mapping[int, NDArray[np.intp]]
    after: Mapping[int, NDArray[np.bool_]]
    """Which points are later than the fork from the curves that were kept."""

    def judged(self, run: int) -> Array:
        """Log errors after the fork; where there is no such point, those of the second half."""
        after, error = self.after[run], self.errors[run]
        return error[after] if after.any() else error[len(error) // 2 :]


def folds(count: int) -> list[tuple[int, ...]]:
    """Which of `count` runs are left out together: each alone, or in ten groups where there are many."""
    if count < 2:
        return []
    groups = min(count, _MOST_FOLDS)
    return [tuple(range(i, count, groups)) for i in range(groups)]


def left_out(
    sample: Sample, estimators: Sequence[Estimator], known: Known, near: Mapping[str, float], every: int
) -> dict[str, list[Fold]]:
    """Predictions of each curve by fits of the others, by the name of the estimator; all start `near`."""
    out: dict[str, list[Fold]] = {estimator.name: [] for estimator in estimators}
    count = len(sample.runs)
    free = len(sample.entry.fields) - len(known.fixed)
    for group in folds(count):
        others = [run for run in range(count) if run not in group]
        after = {run: sample.fork(run, others) for run in group}
        centres: dict[str, dict[str, float]] = {}
        for estimator in estimators:
            parts = sample.parts(estimator.weights, every)
            kept = [parts[run] for run in others]
            if sum(map(len, kept)) < free:
                continue
            if estimator.width is not None and estimator.weights not in centres:
                centres[estimator.weights] = anchored(sample, kept, known, near)
            params = solve_near(sample, kept, estimator, known, near, centres.get(estimator.weights))
            out[estimator.name].append(
                Fold(
                    {run: error_of(sample, parts[run], params) for run in group},
                    {run: parts[run].step for run in group},
                    {run: parts[run].step >= after[run] for run in group},
                )
            )
    return out


def solve_near(
    sample: Sample,
    parts: Sequence[Part],
    estimator: Estimator,
    known: Known,
    near: Mapping[str, float],
    centres: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Parameters by an estimator, solved from one start; `centres` are those of its anchors, where known."""
    if estimator.width is not None:
        if centres is None:
            centres = anchored(sample, parts, known, near)
        known = known.join(centres, estimator.width)
    x = sample.stack(parts)
    problem = Problem(sample.entry, parts, known.fixed, known.prior, estimator.typical, x)
    return problem.params(problem.solve(problem.at(near), NEAR).z)


def error_of(sample: Sample, part: Part, params: Mapping[str, float]) -> Array:
    """Log errors (n,) of a law with `params`: predicted over measured."""
    problem = Problem(sample.entry, [part], {}, x=part.x)
    return problem(problem.at(params))[0]


def score(made: Sequence[Fold]) -> Array:
    """Mean absolute log error of each left-out curve, in the order of the runs."""
    named = {run: float(np.mean(np.abs(fold.judged(run)))) for fold in made for run in fold.errors}
    return np.array([named[run] for run in sorted(named)])


def choose(scores: Mapping[str, Array], standing: str) -> str:
    """The standing estimator, unless another is better by more than chance would have it.

    The scores of few curves say little about small differences; the standing choice rests on more.
    """
    if not scores or len(next(iter(scores.values()))) < 3:
        return standing
    best = standing
    for name, row in scores.items():
        better = scores[standing] - row
        error = float(np.std(better, ddof=1)) / np.sqrt(len(better))
        if np.mean(better) > _BETTER * error and np.mean(row) < np.mean(scores[best]):
            best = name
    return best


def spread(made: Sequence[Fold]) -> float:
    """Root mean square log error on left-out curves, every curve counting alike, 0 without any.

    Few curves may be lucky: what two runs of one schedule differ by counts as some curves more.
    """
    squares = [float(np.mean(fold.judged(run) ** 2)) for fold in made for run in fold.errors]
    if not squares:
        return 0.0
    return float(np.sqrt((np.sum(squares) + _USUAL_CURVES * USUAL**2) / (len(squares) + _USUAL_CURVES)))


def growth(
    sample: Sample, estimator: Estimator, known: Known, near: Mapping[str, float], every: int, base: float
) -> float:
    """Relative error per unit of log horizon beyond the longest run, from long parts by short parts.

    The squares of the errors beyond each cut, less those that left-out curves have anyway, over the
    squares of the log distance from the cut.
    """
    excess, distance = [], []
    last = max(int(step[-1]) for step in sample.step)
    full = sample.parts(estimator.weights, every)
    for cut in _CUTS:
        # Points that count for nothing, and not parts without them, whose inputs would have to be made anew.
        kept = [replace(part, weight=np.where(part.step <= cut * last, part.weight, 0.0)) for part in full]
        later = [part for part in full if part.step[-1] > cut * last]
        if sum(np.count_nonzero(part.weight) for part in kept) < 2 * len(sample.entry.fields):
            continue
        params = solve_near(sample, kept, estimator, known, near)
        for part in later:
            beyond = part.step > cut * last
            excess.append(float(np.mean(error_of(sample, part, params)[beyond] ** 2)) - base**2)
            distance.append(float(np.mean(np.log(part.step[beyond] / (cut * last)) ** 2)))
    return float(np.sqrt(max(np.sum(excess), 0.0) / np.sum(distance))) if distance else 0.0


def gains(sample: Sample, made: Sequence[Fold]) -> list[Pair]:
    """Differences between pairs of curves at their last common step.

    Each curve is predicted by a fit that has not seen it, and the points near the step are averaged,
    so that the noise of one measurement does not count as a gain.
    """
    where = {run: fold for fold in made for run in fold.errors}
    out: list[Pair] = []
    for a, b in combinations(sorted(where), 2):
        last = int(min(where[a].step[a][-1], where[b].step[b][-1]))
        one, two = (_around(sample, where[run], run, last) for run in (a, b))
        # A run that was measured later only, such as a cooldown from a long trunk, says nothing there.
        if one is None or two is None or last <= sample.fork(a, [b]):
            continue
        apart = distance(*(float(sample.rates[run][last]) for run in (a, b)))
        out.append(Pair(sample.names[a], sample.names[b], one[1] - two[1], one[0] - two[0], apart))
        if len(out) == _MOST_PAIRS:
            break
    return out


def _around(sample: Sample, fold: Fold, run: int, last: int) -> tuple[float, float] | None:
    """Measured and predicted log loss at `last`, the error averaged over the tenth of the run before it.

    None where the run has no point there.
    """
    step, error = fold.step[run], fold.errors[run]
    first, upto = np.searchsorted(step, [0.9 * last, last + 1])
    if first == upto:
        return None
    near = slice(min(int(first), max(int(upto) - _LEAST_NEAR, 0)), int(upto))
    at = int(np.searchsorted(sample.step[run], step[upto - 1]))
    predicted = float(np.log(sample.loss[run][at]) + error[upto - 1])
    return predicted - float(np.mean(error[near])), predicted
