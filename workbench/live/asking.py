"""Ask the law while it trains: a fitted law goes on learning from the runs that it predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench import registry
from workbench.curve import Curve, Run
from workbench.fitted import Fit, cautions
from workbench.fitted.difference import Z
from workbench.fitted.evaluation import about_run, log_slopes, prepare
from workbench.fitting.problem import Part, Problem
from workbench.laws.quadrature import stack
from workbench.live import posterior, saying
from workbench.live.afresh import afresh
from workbench.live.answer import Answer
from workbench.live.kinship import Sites
from workbench.live.measured import parts_of, scatter
from workbench.live.targets import lane_of, target
from workbench.schedule import Schedule

__all__ = ["Answer", "ask"]

Array = NDArray[np.float64]
Steps = NDArray[np.intp]

_COARSE = 0.35
"""Chunks of the quadrature: errors below 1e-4."""
_LEAST_OWN = 0.25
"""Share of the fit's squared error that is the law's own, at least, however far points scatter."""
_CARRIED = 0.9
"""Share of an unexpected level, squared, that is the same everywhere; the rest is alike as errors are."""
_TINY = 1e-12
_WIDEST = 50.0


def ask(prior: Fit | None, runs: Sequence[Run], schedules: Sequence[Schedule | Run]) -> Answer:
    """Where schedules will end, by a fitted law and by what has been measured so far.

    With z the parameters in the fit's coordinates and f the law, ``log loss = log f(z) + d + noise``:
    z is normal about the fit's with its covariance; d is the law's own error, of the size that the fit had
    on curves that were left out, alike at two points as `workbench.live.kinship` says; the noise is as
    large as neighbouring points differ. The answer is their posterior, linear about the likeliest z.

    Parameters
    ----------
    prior : Fit or None
        What is known before. Without one a law is fitted to `runs` as soon as they can tell it, which
        takes a second or more.
    runs : sequence of Run
        What came in: each with its whole schedule and the points so far, in any number.
    schedules : sequence of Schedule or Run
        What to predict, trained or not. A schedule that several seeds train is that of the first of them;
        a run is itself.

    Returns
    -------
    Answer

    Raises
    ------
    ValueError
        When an argument is of another type, a loss is not finite and positive in a run that has not
        diverged, a point is beyond its schedule, or a schedule is 0 throughout.

    Notes
    -----
    Before anything is measured it is what ``prior.predict`` says. Where what comes in is on the whole higher
    or lower than the fit's errors explain, all runs are taken to be so; where it differs in another way,
    all deviations are widened. The sentence says either.

    Errors are taken as normal and the law as linear near its likeliest parameters. No band is better than
    the fit's own idea of its errors: a fit of few curves is too sure, and so is the answer.
    """
    if prior is not None and not isinstance(prior, Fit):
        raise ValueError(f"prior must be a Fit or None; got {type(prior).__name__}")
    for name, values in (("runs", runs), ("schedules", schedules)):
        if not isinstance(values, Sequence) or isinstance(values, str):
            raise ValueError(f"{name} must be a list; got {type(values).__name__}")
    for run in runs:
        if not isinstance(run, Run):
            raise ValueError(f"runs must be a list of Runs; got {type(run).__name__} in it")
    for each in schedules:
        if not isinstance(each, Schedule | Run):
            raise ValueError(f"schedules must be Schedules or Runs; got {type(each).__name__} in them")
        if not (each.schedule if isinstance(each, Run) else each).array().any():
            raise ValueError("schedule must have a rate above 0: no law says anything of a run at rate 0")
    if prior is not None:
        return _Asking(prior, runs, schedules).answer()
    fit, sentence = afresh(runs)
    if fit is None:
        return Answer((), sentence)
    # What the fit has seen it must not learn twice.
    answer = _Asking(fit, (), schedules).answer()
    return replace(answer, sentence=f"{sentence} {answer.sentence}".strip())


class _Asking:
    """One question: what was measured, what is predicted, and the law between the two."""

    def __init__(self, fit: Fit, runs: Sequence[Run], schedules: Sequence[Schedule | Run]) -> None:
        self.fit, self.entry, self.runs = fit, registry.get("law", fit.law), runs
        self.lanes = [lane_of(run.schedule, run.facts.get("seed", 0), fit.burn_in) for run in runs]
        self.parts, said = parts_of(runs, self.lanes, fit.burn_in)
        self.targets = [target(each, runs, self.lanes, fit.burn_in) for each in schedules]
        beyond = [text for each in self.targets for text in cautions.of_schedule(fit, each.schedule)]
        self.said = [*said, *saying.sentences(beyond)]

    def answer(self) -> Answer:
        """The posterior, and what it says of each schedule."""
        if self.parts:
            return self._learned()
        starts = [lane.start for lane in self.lanes]
        # A lane that is shorter than the burn-in begins, for want of more, at its end.
        first = max(self.fit.burn_in, min(starts)) if starts else None
        curves = tuple(self.fit.predict(each.schedule, each.step, **each.about) for each in self.targets)
        return Answer(curves, " ".join([*saying.nothing_yet(first), *self.said]), self.fit)

    def _learned(self) -> Answer:
        problem = self._problem()
        lengths = np.cumsum([len(part.step) for part in self.parts])[:-1]
        # The fit's order is the law's, as that of a problem.
        before = posterior.Belief(problem.at(self.fit.params), self._covariance())

        def residuals(z: Array) -> tuple[Array, Array]:
            off, slopes = problem(z)
            split = zip(self.parts, np.split(-off, lengths), np.split(slopes, lengths), strict=True)
            means = [(part.mean(a), part.mean(b)) for part, a, b in split]
            return np.concatenate([a for a, _ in means]), np.concatenate([b for _, b in means])

        noise = scatter(self.parts, np.split(problem(before.z)[0], lengths), self.fit.spread)
        seen = Sites(
            self.lanes,
            np.concatenate([np.full(len(part.starts), part.lane) for part in self.parts]),
            np.concatenate([part.middle for part in self.parts]),
        )
        size = self._own(noise, seen)
        alike = seen.alike(seen)
        errors = size[:, None] * alike * size
        scattered = noise**2 / np.concatenate([part.counts for part in self.parts])
        off, slopes = residuals(before.z)
        expected = errors + np.diag(scattered)
        common = posterior.level(off, slopes, before, expected)
        lifted = common * _lift(alike)
        scale = posterior.widening(*posterior.surprise(off, slopes, before, expected + lifted))
        after = posterior.condition(
            residuals, before, errors + lifted, scattered + _TINY, scale, problem.low, problem.high
        )
        params = problem.params(after.z)
        curves = self._curves(params, after, seen, size, noise, common) if self.targets else []
        heard = saying.Heard(
            points=sum(len(part.step) for part in self.parts),
            runs=len({part.lane for part in self.parts}),
            level=float(np.mean(off)),
            common=common > 0,
            scale=scale,
            contradicts=posterior.unlikely(*posterior.surprise(off, slopes, before, expected)),
        )
        said = saying.heard(heard, self._widths() if curves else np.empty(0), _half(curves))
        covariance = tuple(map(tuple, after.covariance.tolist()))
        fit = replace(self.fit, params=params, covariance=covariance, bands={})
        return Answer(tuple(curves), " ".join([*said, *self.said]), fit, heard.points, heard.contradicts)

    def _problem(self) -> Problem:
        parts = []
        for part in self.parts:
            x = prepare(self.lanes[part.lane].rates, part.step, about_run(self.runs[part.lane]), _COARSE)
            parts.append(Part(x, part.y, np.ones(len(part.step)), part.step, part.lane))
        held = {name: value for name, value in self.fit.params.items() if name not in self.fit.free}
        return Problem(self.entry, parts, held)

    def _covariance(self) -> Array:
        return np.array(self.fit.covariance, dtype=float).reshape(len(self.fit.free), len(self.fit.free))

    def _size(self, sites: Sites) -> Array:
        """Deviation of the law's log loss on unseen curves at sites (n,), as the fit's band has it."""
        size = np.empty(len(sites.step))
        for i, lane in enumerate(sites.lanes):
            here = sites.lane == i
            size[here] = self.fit.own_error(float(lane.rates.max()), sites.step[here])
        return size

    def _own(self, noise: float, sites: Sites) -> Array:
        """What of the deviations (n,) is the law's and no scatter of single points."""
        square = self._size(sites) ** 2
        return np.sqrt(np.maximum(square - noise**2, _LEAST_OWN * square))

    def _curves(
        self,
        params: Mapping[str, float],
        after: posterior.Posterior,
        seen: Sites,
        size: Array,
        noise: float,
        common: float,
    ) -> list[Curve]:
        here, loss, slopes = self._everywhere(params, [each.step for each in self.targets])
        own = self._own(noise, here)
        alike = here.alike(seen)
        shared = own[:, None] * alike * size + common * _lift(alike)
        off, variance = after.at(slopes, shared, own**2 + common)
        loss, sd = loss * np.exp(off), np.sqrt(variance + noise**2)
        width = np.exp(np.minimum(Z * sd, _WIDEST))
        rows = (here.lane == i for i in range(len(self.targets)))
        return [
            Curve(here.step[at].astype(float), loss[at], loss[at] / width[at], loss[at] * width[at])
            for at in rows
        ]

    def _everywhere(self, params: Mapping[str, float], steps: Sequence[Steps]) -> tuple[Sites, Array, Array]:
        """Points of all that is predicted, the law there, and the derivatives of its logarithm."""
        lanes = np.repeat(np.arange(len(steps)), [len(each) for each in steps])
        here = Sites([each.lane for each in self.targets], lanes, np.concatenate(steps))
        pairs = zip(self.targets, steps, strict=True)
        x = stack([prepare(each.lane.rates, step, each.about, _COARSE) for each, step in pairs])
        return here, *log_slopes(self.entry, x, self.fit.free, params)

    def _widths(self) -> Array:
        """Half of the fit's own bands at the end of each schedule, in log."""
        here, _, slopes = self._everywhere(self.fit.params, [each.step[-1:] for each in self.targets])
        variance = np.einsum("ni,ij,nj->n", slopes, self._covariance(), slopes)
        return Z * np.sqrt(np.maximum(variance, 0) + self._size(here) ** 2)


def _lift(alike: Array) -> Array:
    """Correlation of an unexpected level at points whose errors are alike."""
    return _CARRIED + (1 - _CARRIED) * alike


def _half(curves: Sequence[Curve]) -> Array:
    return np.array([np.log(each.high[-1] / each.low[-1]) / 2 for each in curves])  # type: ignore[index]
