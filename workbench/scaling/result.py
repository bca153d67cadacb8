"""A fitted scaling law as a value: it predicts with intervals and is judged on a scale it has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import registry
from workbench.params import Param, number
from workbench.scaling.draws import Draws, Prediction
from workbench.scaling.form import BoundForm
from workbench.scaling.newton import huber
from workbench.scaling.table import Place, Points, where
from workbench.views.table import Table

if TYPE_CHECKING:
    from workbench.scaling.diagnostics import Diagnostics
    from workbench.scaling.extrapolation import Extrapolation
    from workbench.scaling.profile import Profile

Array = NDArray[np.float64]
DRAWS = 1000
LEVEL = 0.9
_LEVEL = Param(0.01, 0.999)


@dataclass(frozen=True, eq=False)
class ScalingFit:
    """A scaling law with its fitted parameters.

    Parameters
    ----------
    law : str
        Registered name.
    params : mapping
        Parameters by name, those held at a value among them.
    objective : float
        Sum over runs of Huber(1e-3) of log predicted minus log measured loss.
    converged : bool
        Whether a further step would gain nothing.
    at_bound : tuple of str
        Parameters that the data do not tell from an end of their range, and so do not determine.
    points : Points
        The runs that were fitted.
    free : tuple of str
        Parameters that were fitted.
    coordinates : tuple of float
        The optimum in the coordinates of the law's form.
    """

    law: str
    params: Mapping[str, float]
    objective: float
    converged: bool
    at_bound: tuple[str, ...]
    points: Points
    free: tuple[str, ...]
    coordinates: tuple[float, ...]

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.5g}" for name, value in self.params.items())
        state = "" if self.converged else ", not converged"
        bound = f", at bound: {', '.join(self.at_bound)}" if self.at_bound else ""
        return f"<ScalingFit {self.law} of {len(self.points)} runs: {values}{state}{bound}>"

    @property
    def entry(self) -> registry.Entry:
        """Title, paper and form of the law."""
        return registry.get("scaling", self.law)

    @property
    def fixed(self) -> dict[str, float]:
        """Parameters that were held."""
        return {name: value for name, value in self.params.items() if name not in self.free}

    @cached_property
    def bound(self) -> BoundForm:
        """The law at the fitted runs."""
        return self.entry.form.bind(self.points)

    @cached_property
    def residuals(self) -> Array:
        """Log measured minus log predicted loss of each run (n,)."""
        return np.log(self.points.loss) - self.bound.evaluate(np.array([self.coordinates]))[0][0]

    @property
    def r2(self) -> float:
        """Share of the variance of the loss that the law explains."""
        loss = self.points.loss
        missed = loss - loss * np.exp(-self.residuals)
        return float(1 - np.sum(missed**2) / np.sum((loss - loss.mean()) ** 2))

    @cached_property
    def draws(self) -> Draws:
        """1,000 bootstrap fits of randomly weighted runs, made when first asked for."""
        return self.bootstrap(DRAWS, "weights")

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """90 % bootstrap interval of each free parameter."""
        return self.interval_at(LEVEL)

    def interval_at(self, level: float) -> dict[str, tuple[float, float]]:
        """Bootstrap interval of each free parameter at another level."""
        low, high = _tails(level)
        quantiles = {name: np.quantile(self.draws.params[name], [low, high]) for name in self.free}
        return {name: (float(a), float(b)) for name, (a, b) in quantiles.items()}

    def bootstrap(self, count: int = 4000, kind: str = "pairs", seed: int = 0) -> Draws:
        """Fit `count` resampled tables, each to its own optimum.

        Parameters
        ----------
        count : int
            Resamples, at least 100.
        kind : str
            "pairs" (runs with replacement), "weights" (random weights, the choice for few runs) or
            "residual" (the law plus what it missed elsewhere).
        seed : int
            Of the draws.
        """
        from workbench.scaling.resample import asked, resample

        count, kind, seed = asked(count, kind, seed)
        y, z = np.log(self.points.loss), np.array(self.coordinates)
        drawn, cost = resample(self.bound, y, z, self.fixed, count, kind, seed)
        columns = self.bound.params(drawn).T
        return Draws(dict(zip(self.entry.form.names, columns, strict=True)), cost)

    def predict(
        self,
        n_params: ArrayLike,
        tokens: ArrayLike,
        *,
        unique_tokens: ArrayLike | None = None,
        steps: ArrayLike | None = None,
        flops: ArrayLike | None = None,
        level: float = LEVEL,
        run: bool = False,
    ) -> Prediction:
        """Loss of models of these sizes on so many tokens, with an interval.

        Parameters
        ----------
        n_params, tokens : array_like
            Counted as in the fitted table; shapes broadcast.
        unique_tokens, steps, flops : array_like, optional
            What some laws need; compute is ``6 n_params tokens`` where it is not given.
        level : float
            Share of the interval.
        run : bool
            Whether the interval is of a single run's loss, noise and all, and not of the law.

        Raises
        ------
        ValueError
            For what is not above 0, or a quantity that the law needs and that is not given.
        """
        place = where(n_params, tokens, unique_tokens, steps, flops)
        loss = np.asarray(self.entry.function(place, **self.params), dtype=float)
        drawn = self.drawn(place.row())
        if run:
            noise = np.random.default_rng(0).choice(self.residuals, size=drawn.shape)
            drawn = drawn * np.exp(noise * np.sqrt(len(self.points) / (len(self.points) - len(self.free))))
        low, high = np.quantile(drawn, _tails(level), axis=0).reshape(2, *loss.shape)
        return Prediction(loss, low, high)

    def drawn(self, place: Place) -> Array:
        """Loss at `place` (1, m) by each of the draws (count, m)."""
        params = {name: values[:, None] for name, values in self.draws.params.items()}
        return np.asarray(self.entry.function(place, **params), dtype=float)

    def score(self, points: Points) -> float:
        """The objective of these parameters on other runs."""
        said = np.asarray(self.entry.function(points, **self.params))
        return float(huber(np.log(said / points.loss), np.ones(len(points))))

    def profile(self, name: str, values: ArrayLike | None = None) -> Profile:
        """Profile likelihood of a parameter; see `workbench.scaling.profile`."""
        from workbench.scaling.profile import profile

        return profile(self, name, values)

    def diagnose(self) -> Diagnostics:
        """Outliers, unequal noise, and runs that alone decide; see `workbench.scaling.diagnostics`."""
        from workbench.scaling.diagnostics import diagnose

        return diagnose(self)

    def report(self, by: str = "compute", share: float = 0.2) -> Extrapolation:
        """How the law does on the largest runs when it is fitted to the others; see `extrapolate`."""
        from workbench.scaling.extrapolation import extrapolate

        return extrapolate([self.law], self.points, by=by, share=share, fixed=self.fixed)

    def table(self) -> Table:
        """Parameters with their standard errors and 90 % intervals."""
        errors, intervals = self.draws.errors(), self.intervals
        rows = [
            {
                "parameter": name,
                "value": value,
                "standard error": errors[name] if name in self.free else float("nan"),
                "low": intervals.get(name, (value, value))[0],
                "high": intervals.get(name, (value, value))[1],
            }
            for name, value in self.params.items()
        ]
        notes = [
            f"objective {self.objective:.6g} over {len(self.points)} runs, sum of Huber(1e-3) of log loss"
        ]
        if self.at_bound:
            notes.append(f"at an end of their range, not determined by the data: {', '.join(self.at_bound)}")
        if not self.converged:
            notes.append("the solver has not converged: trust none of this")
        return Table(f"{self.entry.title}, 90 % intervals", tuple(rows), tuple(notes))

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def to_dict(self) -> dict[str, Any]:
        """Plain values: parameters with their intervals, and what they were fitted to."""
        return {
            "law": self.law,
            "params": dict(self.params),
            "intervals": {name: list(pair) for name, pair in self.intervals.items()},
            "objective": self.objective,
            "converged": self.converged,
            "at_bound": list(self.at_bound),
            "runs": len(self.points),
            "convention": self.points.convention,
            "facts": dict(self.points.facts),
        }


def _tails(level: Any) -> tuple[float, float]:
    level = number("level", level, _LEVEL)
    return (1 - level) / 2, (1 + level) / 2
