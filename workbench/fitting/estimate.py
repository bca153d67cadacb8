"""Fit a law to measured runs: robust, from several starts, by the estimator that predicts best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import registry
from workbench.curve import Run
from workbench.fitted import Fit
from workbench.fitting import bootstrap, crossval
from workbench.fitting.estimators import (
    Estimator,
    Known,
    anchored,
    candidates,
    knowing,
    named,
    standing,
)
from workbench.fitting.problem import Problem
from workbench.fitting.sample import Sample
from workbench.fitting.solver import EXACT, FAR
from workbench.fitting.weights import KINDS
from workbench.params import MAX_STEPS, Param, number

Array = NDArray[np.float64]
_FEW = 150
"""About how many points, of curves that are correlated anyway, serve to compare starts and estimators."""
_STARTS = Param(1, 1000, help="number of starts")
_SEED = Param(0, 2**32 - 1, help="seed of the starts and of the bootstrap")
_BURN_IN = Param(0, MAX_STEPS, unit="steps", help="updates left out at the start of each run")


def fit(
    law: Callable[..., Any] | str,
    runs: Sequence[Run],
    *,
    fixed: Mapping[str, float] | None = None,
    prior: Mapping[str, tuple[float, float]] | None = None,
    free: Sequence[str] = (),
    estimator: str | None = None,
    weights: str | Sequence[ArrayLike] | None = None,
    burn_in: int = 0,
    starts: int = 8,
    seed: int = 0,
) -> Fit:
    """Parameters of a law that predict further runs best.

    Minimises ``sum_i w_i Huber(log predicted_i - log observed_i) + 1e-6 / 2 sum_j ((z_j - c_j) / s_j)^2``,
    Huber with delta 1e-3, z_j the logarithms of the parameters, c_j and s_j those of their priors.

    Parameters
    ----------
    law : function or str
        A registered law, such as ``workbench.laws.multipower``.
    runs : sequence of Run
        Measured curves; points inside the first warmup are left out.
    fixed : mapping, optional
        Parameters that are not fitted, by name: ``{"gamma": 0.6}``.
    prior : mapping, optional
        What is known of parameters: ``{"B": (value, relative_width)}``. It counts like one measured
        point whose error is the width, where each point's is 1e-3.
    free : sequence of str
        Parameters to fit although the law has a default for them, at which they are held otherwise.
    estimator : str, optional
        ``"raw"`` is the optimum of the published objective, every point counting once. ``"free"``
        weighs points by the logarithm of the step. ``"soft 10 %"`` to ``"held"`` also keep what the law
        calls its anchors near what its simpler form says. Where none is given, neither fixed nor prior,
        it is chosen by leaving out each curve in turn.
    weights : str or sequence of array_like, optional
        ``"points"`` or ``"log"`` in place of the estimator's, or an array for each run's curve.
    burn_in : int
        Updates at the start of each run that are left out even after its warmup: a young model
        follows no power.
    starts : int
        How many starting points are tried; the best end is returned.
    seed : int
        Of the starting points and the bootstrap. The same call gives the same fit.

    Returns
    -------
    Fit

    Raises
    ------
    ValueError
        For an unknown law, parameter or estimator, no runs, a run without usable points, or fewer
        points than free parameters.

    Notes
    -----
    Of a run with more than 3,000 points that many are used, evenly spread.

    The law's standing estimator won on left-out training curves of the public data; on three runs or
    more another one replaces it where it predicts these better by two standard errors. ``facts`` of the
    fit have the scores of all. With two runs or more the errors on left-out curves widen every interval.

    References
    ----------
    Luo et al., arXiv 2503.12811, for the objective.
    """
    entry = registry.get("law", law if isinstance(law, str) else getattr(law, "__name__", law))
    what = knowing(entry, fixed, prior, free)
    if not isinstance(runs, Sequence) or not runs:
        raise ValueError(f"runs must be a list of one or more Run; got {runs!r}")
    rng = np.random.default_rng(int(number("seed", seed, _SEED, integer=True)))
    count = int(number("starts", starts, _STARTS, integer=True))
    burn = int(number("burn_in", burn_in, _BURN_IN, integer=True))
    if isinstance(weights, str) and weights not in KINDS:
        raise ValueError(
            f"weights must be one of {', '.join(KINDS)}, or an array for each run; got {weights!r}"
        )
    own = None if weights is None or isinstance(weights, str) else weights
    kind = weights if isinstance(weights, str) else None
    sample = Sample(entry, runs, burn, own)
    least = len(entry.fields) - len(what.fixed)
    if sample.points < least:
        raise ValueError(f"runs must have at least {least} points for {entry.name}; got {sample.points}")
    asked = None
    if estimator is not None:
        asked = named(entry, estimator)
    elif fixed or prior:
        asked = Estimator("given", "log", typical=False)
    return _Fitting(sample, what, kind, asked, count, rng, burn).result()


@dataclass(frozen=True)
class _Fitting:
    """The stages of one fit: where the optimum is, which estimator, its optimum, and how far it is off."""

    sample: Sample
    what: Known
    kind: str | None
    asked: Estimator | None
    count: int
    rng: np.random.Generator
    burn: int

    def result(self) -> Fit:
        every = max(1, self.sample.points // _FEW)
        near = self._near(every)
        chosen, folds, table = self._chosen(near, every)
        parts = self.sample.parts(chosen.weights)
        joined = self._joined(chosen, every, near)
        x = self.sample.stack(parts)
        problem = Problem(self.sample.entry, parts, joined.fixed, joined.prior, chosen.typical, x)
        end = problem.solve(problem.at(near), EXACT)
        params = problem.params(end.z)
        # What the data say of an anchor is not what the estimator makes of it.
        loose = Problem(self.sample.entry, parts, joined.fixed, self.what.prior, chosen.typical, x)
        lengths = [len(part) for part in parts]
        drawn, apart = (bootstrap.draws(each, end.z, lengths, self.rng) for each in (problem, loose))
        base = crossval.spread(folds)
        return Fit(
            law=self.sample.entry.name,
            params=params,
            objective=problem.objective(end.z),
            converged=end.converged,
            at_bound=problem.at_bound(end.z),
            covariance=tuple(map(tuple, np.atleast_2d(np.cov(drawn, rowvar=False)).tolist())),
            free=problem.free,
            spread=base,
            facts={**self._facts(table), "trend": self._trend(problem, end.z, base)},
            horizon=crossval.growth(self.sample, chosen, self.what, near, every, base),
            bands=bootstrap.bands(loose, apart),
            estimator=chosen.name,
            past=tuple(crossval.gains(self.sample, folds)),
        )

    def _trend(self, problem: Problem, z: Array, base: float) -> list[str]:
        """Runs at whose end the law is further off than the interval of left-out curves would hold."""
        residual, ends = problem(z)[0], np.cumsum([len(step) for step in self.sample.step])
        out = []
        for name, end, step in zip(self.sample.names, ends, self.sample.step, strict=True):
            last = residual[end - max(len(step) // 5, 1) : end]
            if abs(float(np.mean(last))) > 1.6449 * max(base, 2 * crossval.USUAL):
                out.append(name)
        return out

    def _near(self, every: int) -> dict[str, float]:
        """The best optimum on few points, of all starts, by the estimator that was asked for or stands."""
        entry, sample = self.sample.entry, self.sample
        first = self._with_weights(self.asked or standing(entry))
        parts = sample.parts(first.weights, every)
        plain = Problem(entry, parts, self.what.fixed, x=sample.stack(parts))
        starts = plain.starts(self.rng, self.count)
        joined = self._joined(first, every, plain.params(starts[0]))
        rough = Problem(entry, parts, joined.fixed, joined.prior, first.typical, plain.x)
        ends = (rough.solve(rough.at(plain.params(start)), FAR) for start in starts)
        return rough.params(min(ends, key=lambda end: end.cost).z)

    def _joined(self, estimator: Estimator, every: int, near: Mapping[str, float]) -> Known:
        """What is known, with the anchors of an estimator, which few points tell as well as all."""
        if estimator.width is None:
            return self.what
        parts = self.sample.parts(estimator.weights, every)
        return self.what.join(anchored(self.sample, parts, self.what, near), estimator.width)

    def _chosen(
        self, near: Mapping[str, float], every: int
    ) -> tuple[Estimator, list[crossval.Fold], dict[str, list[float]]]:
        entry = self.sample.entry
        tried = [self.asked] if self.asked else list(candidates(entry))
        by_name = {estimator.name: self._with_weights(estimator) for estimator in tried}
        made = crossval.left_out(self.sample, list(by_name.values()), self.what, near, every)
        scores = {name: crossval.score(folds) for name, folds in made.items()}
        name = self.asked.name if self.asked else crossval.choose(scores, standing(entry).name)
        table = {key: [round(float(v), 6) for v in row] for key, row in scores.items()}
        return by_name[name], made[name], table

    def _with_weights(self, estimator: Estimator) -> Estimator:
        if self.kind is None:
            return estimator
        return replace(estimator, weights=self.kind)

    def _facts(self, table: Mapping[str, list[float]]) -> dict[str, Any]:
        sample, runs = self.sample, self.sample.runs
        return {
            "runs": sample.names,
            "points": sample.points,
            "longest": sample.longest,
            "peaks": sorted({round(run.schedule.peak, 12) for run in runs}),
            "burn_in": self.burn,
            "left_out_errors": table,
            "schedules": [run.schedule.to_dict() for run in runs],
            "marks": sample.marks,
        }
