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
from workbench.judge import scores, usable, whole_steps
from workbench.laws.grid import every_step
from workbench.laws.quadrature import Inputs, inputs
from workbench.params import Param, known, number
from workbench.schedule import Schedule

Array = NDArray[np.float64]
_Z = 1.6448536269514722
"""Half width, in standard deviations, of an interval that holds 90 %."""
CARRY = 0.06
"""Relative error per unit of log peak beyond the fitted peaks, of a law that does not carry over: .06 on
our small GPT at half and twice its peak, .02 on the 124M runs of arXiv 2501.18965 from 1e-3 to 5e-4."""


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
        Sum over points of Huber(1e-3) of log predicted minus log observed loss.
    converged : bool
        Whether the solver met its tolerance.
    at_bound : tuple of str
        Parameters that ended at an end of their allowed range: the data do not determine them.
    covariance : tuple of tuple
        Of the free parameters, in the coordinates of `coordinates`.
    free : tuple of str
        Parameters that were fitted, the order of `covariance`.
    spread : float
        Root mean square log error on curves that were left out of a fit, 0 where that could not be
        measured (a single curve).
    facts : mapping
        What it was fitted on: names, points, longest total, peaks, and provenance.
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

    __hash__ = None  # type: ignore[assignment]

    @property
    def burn_in(self) -> int:
        """First update that the law describes, beside the end of the warmup."""
        return int(self.facts.get("burn_in", 0))

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Nominal 90 % interval of every free parameter, from blocks of correlated residuals.

        It is linear in the parameters, which overstates how well a curved law is known: on simulated
        runs it held the truth in about 8 of 10 cases.
        """
        entry = registry.get("law", self.law)
        logs = {field.name: _is_log(field) for field in entry.fields}
        out = {}
        for name, variance in zip(self.free, np.diag(self._covariance), strict=True):
            value, half = self.params[name], _Z * float(np.sqrt(variance))
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

    def predict(self, schedule: Schedule, step: ArrayLike | None = None) -> Curve:
        """The loss after each update of `schedule`, with its 90 % interval.

        Parameters
        ----------
        schedule : Schedule
            Any schedule in the rates of the fitted runs.
        step : array_like of int, optional
            Steps to predict, increasing; every step where it is not given.

        Raises
        ------
        ValueError
            When `schedule` is not a Schedule, or steps are not whole, increasing and at least 0.

        Notes
        -----
        The interval joins the uncertainty of the parameters, the error on left-out curves and, for
        another peak than the fitted ones, the error that laws make there (`CARRY`). It knows nothing
        of longer runs: see `warnings`.
        """
        if not isinstance(schedule, Schedule):
            raise ValueError(f"schedule must be a Schedule; got {schedule!r}")
        rates = schedule.array()
        if not rates.max() > 0:
            raise ValueError("schedule must have a rate greater than 0 for a law to say anything")
        away = CARRY * self._log_distance(schedule.peak)
        if step is not None:
            at = whole_steps(step)
            loss, sd = self._evaluate(inputs(rates, at), away)
        else:
            at = np.arange(len(rates))
            values = every_step(
                schedule, lambda knots: np.stack(self._evaluate(inputs(rates, knots), away), 1)
            )
            loss, sd = values.T
        # Far from the data a linearised deviation can exceed what exp() holds.
        width = np.exp(np.minimum(_Z * sd, 50))
        return Curve(at.astype(float), loss, loss / width, loss * width)

    def warnings(self, schedule: Schedule) -> list[str]:
        """Sentences about what of `schedule` lies beyond the runs that were fitted."""
        out = []
        longest, peaks = self.facts.get("longest"), self.facts.get("peaks")
        if longest and len(schedule) > 1.05 * longest:
            out.append(f"longer than any fitted run ({longest:,} steps)")
        if peaks and self._log_distance(schedule.peak) > 1e-3:
            span = (
                f"{min(peaks):.3g}" if min(peaks) == max(peaks) else f"{min(peaks):.3g} to {max(peaks):.3g}"
            )
            out.append(
                f"peak outside the fitted runs' ({span}), where no such law is reliable: a wider interval"
            )
        if len(schedule) < 2 * self.burn_in:
            out.append(f"too short: the law describes nothing before update {self.burn_in:,}")
        if self.at_bound:
            out.append("not determined by the data: " + ", ".join(self.at_bound))
        if not self.converged:
            out.append("the fit has not converged")
        return out

    def report(self, heldout: Sequence[Run]) -> dict[str, dict[str, float]]:
        """Errors on runs that took no part in the fit, one row per run and their mean.

        Rows have r2, mae, rmse, mean_relative, worst_relative, final (predicted minus measured last
        loss) and coverage (share of points inside the 90 % interval).
        """
        if not heldout:
            raise ValueError("heldout must have at least one Run; got none")
        rows: dict[str, dict[str, float]] = {}
        for i, run in enumerate(heldout):
            step, loss = usable(run, f"held-out run {i}", self.burn_in)
            name = str(run.facts.get("name", f"run {i}"))
            rows[name if name not in rows else f"{name} ({i})"] = scores(
                self.predict(run.schedule, step), loss
            )
        keys = next(iter(rows.values()))
        return {**rows, "mean": {key: float(np.mean([row[key] for row in rows.values()])) for key in keys}}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, readable by `from_dict`."""
        return {
            "format": files.FORMAT,
            "law": self.law,
            "params": dict(self.params),
            "objective": self.objective,
            "converged": self.converged,
            "at_bound": list(self.at_bound),
            "free": list(self.free),
            "covariance": [list(row) for row in self.covariance],
            "spread": self.spread,
            "facts": dict(self.facts),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Fit:
        """The fit that `to_dict` wrote; ``ValueError`` says what is wrong with another mapping."""
        keys = [field.name for field in dataclasses.fields(cls)]
        files.fields(data, "a fit", needs=keys, may=("format",))
        files.check_format(data)
        entry = registry.get("law", data["law"])
        plain = {key: data[key] for key in keys}
        names = [field.name for field in entry.fields]
        params = files.fields(data["params"], f"params of {entry.name}", needs=names)
        plain["params"] = {key: number(key, params[key], Param(-np.inf, np.inf)) for key in names}
        try:
            plain["at_bound"], plain["free"] = tuple(data["at_bound"]), tuple(data["free"])
            plain["covariance"] = tuple(tuple(map(float, row)) for row in data["covariance"])
            fit = cls(**plain)
            known(names, fit.free, f"law {entry.name}")
            np.asarray(fit.covariance, dtype=float).reshape(len(fit.free), len(fit.free))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"a fit has free parameters and their covariance that do not match: {error}"
            ) from None
        return fit

    def _log_distance(self, peak: float) -> float:
        """How far a peak is outside those of the fitted runs, in log."""
        logs = np.log(self.facts.get("peaks") or [peak])
        return float(max(np.log(peak) - logs.max(), logs.min() - np.log(peak), 0.0))

    def _evaluate(self, x: Inputs, away: float) -> tuple[Array, Array]:
        """Loss (n,) and the standard deviation of its logarithm (n,), both above 0."""
        entry = registry.get("law", self.law)
        assert entry.jacobian is not None
        loss, jacobian = entry.jacobian(x, **self.params)
        loss = np.maximum(loss, 1e-9)
        slopes = coordinates(entry, self.free, self.params)
        index = [field.name for field in entry.fields]
        local = jacobian[:, [index.index(name) for name in self.free]] * slopes / loss[:, None]
        variance = np.einsum("ni,ij,nj->n", local, self._covariance, local)
        return loss, np.sqrt(np.maximum(variance, 0) + self.spread**2 + away**2) + 1e-12


def coordinates(entry: registry.Entry, free: Sequence[str], params: Mapping[str, float]) -> Array:
    """Derivative of each free parameter in the solver's coordinate: its logarithm where `Param.log`."""
    logs = {field.name: _is_log(field) for field in entry.fields}
    return np.array([params[name] if logs[name] else 1.0 for name in free])


def _is_log(field: registry.Field) -> bool:
    return isinstance(field.param, Param) and field.param.log
