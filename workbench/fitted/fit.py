"""A fitted law as a value: it predicts with intervals, is judged on held-out runs, and is saved as text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import files, registry
from workbench.curve import Curve, Run
from workbench.fitted import cautions, difference
from workbench.fitted.difference import Z
from workbench.fitted.evaluation import is_log, log_slopes, prepare
from workbench.fitted.judging import judged
from workbench.fitted.scorecard import Report
from workbench.judge import whole_steps
from workbench.laws.grid import every_step
from workbench.params import Param, known, number
from workbench.schedule import Schedule

Array = NDArray[np.float64]
CARRY = 0.06
"""Relative error per unit of log peak beyond the fitted peaks, of a law that does not carry over: .06 on
our small GPT at half and twice its peak, .02 on the 124M runs of arXiv 2501.18965 from 1e-3 to 5e-4."""
_LATER = ("horizon", "bands", "estimator", "past")
"""What the first saved fits did not have."""


@dataclass(frozen=True)
class Fit:
    """A law with its fitted parameters.

    Parameters
    ----------
    law : str
        Registered name of the law.
    params : mapping
        Parameters by name.
    objective : float
        Sum over points of Huber(1e-3) of log predicted minus log observed loss, every point once.
    converged : bool
        Whether the solver met its tolerance.
    at_bound : tuple of str
        Parameters that ended at an end of their allowed range: the data do not determine them.
    covariance : tuple of tuple
        Of the free parameters, in the coordinates of `workbench.fitted.evaluation.coordinates`.
    free : tuple of str
        Parameters that were fitted, the order of `covariance`.
    spread : float
        Root mean square log error on curves that were left out of a fit, 0 where that could not be
        measured (a single curve).
    facts : mapping
        What it was fitted on: names, points, longest total, peaks, schedules, marks of the points; the
        scores of every estimator that was compared (``left_out_errors``); and provenance.
    horizon : float
        Relative error per unit of log horizon beyond the longest run, from long parts predicted by short.
    bands : mapping
        90 % interval of each free parameter, from a bootstrap over curves and stretches of them.
    estimator : str
        How the parameters were estimated: see `workbench.fit`.
    past : tuple of Pair
        Pairs of fitted runs with the predicted and measured difference of their log losses.
    """

    law: str
    params: Mapping[str, float]
    objective: float
    converged: bool
    at_bound: tuple[str, ...] = ()
    covariance: tuple[tuple[float, ...], ...] = ()
    free: tuple[str, ...] = ()
    spread: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)
    horizon: float = 0.0
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    estimator: str = "raw"
    past: tuple[difference.Pair, ...] = ()

    __hash__ = None  # type: ignore[assignment]

    @property
    def burn_in(self) -> int:
        """First update that the law describes, beside the end of the warmup."""
        return int(self.facts.get("burn_in", 0))

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Nominal 90 % interval of every free parameter, by a bootstrap over curves and stretches.

        On simulated runs, their residuals alike for ten points or not, it held the truth in 9 of 10 cases
        by the raw estimator. One that keeps the law's anchors near what its simpler form says gives up
        some truth for better predictions: the anchors' own intervals then held it in 3 to 4 of 10.
        """
        if self.bands:
            return dict(self.bands)
        entry = registry.get("law", self.law)
        logs = {field.name: is_log(field) for field in entry.fields}
        out = {}
        for name, variance in zip(self.free, np.diag(self._covariance), strict=True):
            value, half = self.params[name], Z * float(np.sqrt(variance))
            if logs[name]:
                # A parameter that the data leave open has an interval beyond any float: say infinity.
                with np.errstate(over="ignore"):
                    out[name] = (float(value * np.exp(-half)), float(value * np.exp(half)))
            else:
                out[name] = (value - half, value + half)
        return out

    @property
    def _covariance(self) -> Array:
        return np.array(self.covariance, dtype=float).reshape(len(self.free), len(self.free))

    @property
    def _carry(self) -> float:
        carry = registry.get("law", self.law).carry
        return CARRY if carry is None else carry

    def predict(self, schedule: Schedule, step: ArrayLike | None = None, **about: Any) -> Curve:
        """The loss after each update of `schedule`, with its 90 % interval.

        Parameters
        ----------
        schedule : Schedule
            Any schedule in the rates of the fitted runs.
        step : array_like of int, optional
            Steps to predict, increasing; every step where it is not given.
        **about
            What some laws need: ``join``, the first step of a second stage, and ``n_params``.

        Raises
        ------
        ValueError
            When `schedule` is not a Schedule or is 0 throughout, or steps are not whole, increasing and
            at least 0.

        Notes
        -----
        The interval joins the uncertainty of the parameters, the error on left-out curves, the growth
        of the error beyond the longest fitted run and, for another peak than the fitted ones, the error
        that laws make there. It knows nothing of another model, data set or batch size.
        """
        if not isinstance(schedule, Schedule):
            raise ValueError(f"schedule must be a Schedule; got {type(schedule).__name__}")
        rates = schedule.array()
        if not rates.any():
            raise ValueError("schedule must have a rate above 0: no law says anything of a run at rate 0")
        if step is not None:
            at = whole_steps(step)
            loss, sd = self._evaluate(rates, at, about)
        else:
            at = np.arange(float(len(rates)))
            loss, sd = every_step(schedule, lambda knots: np.stack(self._evaluate(rates, knots, about), 1))
        # Far from the data a linearised deviation can exceed what exp() holds.
        width = np.minimum(Z * sd, 50)
        np.exp(width, out=width)
        low = loss / width
        width *= loss
        for column in (at, loss, low, width):
            column.flags.writeable = False
        return Curve(at, loss, low, width)

    def difference(self, a: Schedule, b: Schedule, **about: Any) -> difference.Difference:
        """Final loss of `a` minus that of `b`, with one interval for both, and how past ones did.

        Notes
        -----
        The two predictions share their parameters, so that most of what is uncertain cancels. What does
        not is measured: how far predicted differences of pairs of fitted runs were from those measured,
        each by a fit that had not seen the run. Every law known overstates what a decay gains.
        """
        for name, schedule in (("a", a), ("b", b)):
            if not isinstance(schedule, Schedule):
                raise ValueError(f"{name} must be a Schedule; got {type(schedule).__name__}")
        one, two = (self._end(schedule, about) for schedule in (a, b))
        apart = one.loss * one.slopes - two.loss * two.slopes
        own = float(apart @ self._covariance @ apart)
        pairs = difference.relevant(self.past, difference.distance(one.rate, two.rate))
        return difference.between(one, two, own, pairs, self.spread)

    def own_error(self, peak: float, step: ArrayLike) -> Array:
        """Standard deviation (n,) of the log loss beside that of the parameters, at steps (n,).

        It joins the error on left-out curves, its growth beyond the longest fitted run, and that at
        another `peak` than the fitted ones.
        """
        away = self._carry * cautions.log_distance(self, peak)
        return np.sqrt(self.spread**2 + away**2 + self._beyond(step) ** 2)

    def warnings(self, schedule: Schedule) -> list[str]:
        """Sentences about what of `schedule` lies beyond the runs that were fitted, and about the fit."""
        return cautions.of(self, schedule)

    def report(self, heldout: Sequence[Run]) -> Report:
        """Errors on runs that took no part in the fit, one row per run and their mean.

        Rows have r2, mae, rmse, mean_relative, worst_relative, final (predicted minus measured last
        loss) and coverage (share of points inside the 90 % interval): over all points, over those after
        the fork from the schedules of the fitted runs, and without rows that a fitted run has too.
        """
        return judged(self, heldout)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, readable by `from_dict`."""
        rows = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {"format": files.FORMAT, **{name: _plain(value) for name, value in rows.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Fit:
        """The fit that `to_dict` wrote; ``ValueError`` says what is wrong with another mapping."""
        keys = [field.name for field in dataclasses.fields(cls)]
        needs = [key for key in keys if key not in _LATER]
        files.fields(data, "a fit", needs=needs, may=("format", *_LATER))
        files.check_format(data)
        entry = registry.get("law", data["law"])
        plain = {key: data[key] for key in keys if key in data}
        names = [field.name for field in entry.fields]
        params = files.fields(data["params"], f"params of {entry.name}", needs=names)
        plain["params"] = {key: number(key, params[key], Param(-np.inf, np.inf)) for key in names}
        try:
            plain["at_bound"], plain["free"] = tuple(data["at_bound"]), tuple(data["free"])
            plain["covariance"] = tuple(tuple(map(float, row)) for row in data["covariance"])
            plain["bands"] = {key: (float(a), float(b)) for key, (a, b) in data.get("bands", {}).items()}
            plain["past"] = tuple(_pair(*row) for row in data.get("past", ()))
            fit = cls(**plain)
            known(names, [*fit.free, *fit.bands], f"law {entry.name}")
            np.asarray(fit.covariance, dtype=float).reshape(len(fit.free), len(fit.free))
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(
                f"a fit has free parameters and their covariance that do not match: {error}"
            ) from None
        return fit

    def _end(self, schedule: Schedule, about: Mapping[str, Any]) -> difference.End:
        rates = schedule.array()
        x = prepare(rates, np.array([len(rates) - 1]), about)
        loss, slopes = log_slopes(registry.get("law", self.law), x, self.free, self.params)
        away = self._carry * cautions.log_distance(self, float(rates.max()))
        beyond = float(self._beyond(len(rates) - 1))
        return difference.End(float(loss[0]), slopes[0], float(rates[-1]), beyond, away)

    def _beyond(self, step: ArrayLike) -> Array:
        """Relative error (n,) for steps beyond the longest fitted run."""
        longest = self.facts.get("longest") or np.inf
        return self.horizon * np.log(np.maximum((np.asarray(step, dtype=float) + 1) / longest, 1.0))

    def _evaluate(
        self, rates: Array, step: NDArray[np.intp], about: Mapping[str, Any]
    ) -> tuple[Array, Array]:
        """Loss (n,) and the standard deviation of its logarithm (n,), both above 0."""
        entry = registry.get("law", self.law)
        loss, slopes = log_slopes(entry, prepare(rates, step, about), self.free, self.params)
        variance = np.einsum("ni,ij,nj->n", slopes, self._covariance, slopes)
        other = self.own_error(float(rates.max()), step) ** 2
        return loss, np.sqrt(np.maximum(variance, 0) + other) + 1e-12


def _pair(a: str, b: str, *numbers: float) -> difference.Pair:
    predicted, measured, apart = map(float, numbers)
    return difference.Pair(str(a), str(b), predicted, measured, apart)


def _plain(value: Any) -> Any:
    """Tuples as lists, mappings as dicts, at every depth: what JSON gives back."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value
