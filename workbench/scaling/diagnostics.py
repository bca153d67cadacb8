"""What of a table a fit should not be trusted with: outliers, unequal noise, runs that alone decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.scaling.newton import DELTA, minimise
from workbench.scaling.result import ScalingFit
from workbench.views.table import Table

Array = NDArray[np.float64]
_NORMAL = 1.4826
_FAR = 5.0
_TREND = 0.01
_COLUMNS = ("compute", "n_params", "tokens", "loss")


@dataclass(frozen=True, eq=False)
class Diagnostics:
    """Diagnostics of a fit.

    Parameters
    ----------
    scale : float
        Robust standard deviation of the residuals of log loss.
    outliers : tuple of int
        Runs further than 5 scales off, the furthest first.
    trends : mapping of column to (rho, p)
        Rank correlation of the size of residuals with a column, and its p value: unequal noise.
    leaning : mapping of column to (rho, p)
        Rank correlation of the signed residuals with a column: the law's form is wrong there.
    influence : array, shape (n,)
        Largest change of a parameter, in standard errors, when the run is left out.
    fitted : ScalingFit
        The fit.
    """

    scale: float
    outliers: tuple[int, ...]
    trends: dict[str, tuple[float, float]]
    leaning: dict[str, tuple[float, float]]
    influence: Array
    fitted: ScalingFit

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is wrong, one sentence each; empty when nothing is."""
        out = []
        if self.outliers:
            out.append(
                f"{len(self.outliers)} of {len(self.influence)} runs are more than 5 standard deviations "
                f"off: rows {', '.join(map(str, self.outliers[:8]))}"
            )
        for name, (rho, p) in self.trends.items():
            if p < _TREND:
                word = "grows" if rho > 0 else "falls"
                out.append(
                    f"the noise {word} with {name} (rank correlation {rho:+.2f}, p = {p:.1g}): trust the "
                    "bootstrap of pairs, not of residuals, nor the profile"
                )
        for name, (rho, p) in self.leaning.items():
            if p < _TREND:
                out.append(
                    f"residuals lean with {name} (rank correlation {rho:+.2f}, p = {p:.1g}): the law bends "
                    "wrongly"
                )
        most = int(np.argmax(self.influence))
        if self.influence[most] > 1:
            out.append(f"run {most} alone moves a parameter by {self.influence[most]:.1f} standard errors")
        return tuple(out)

    def table(self) -> Table:
        """The runs that are furthest off, and the sentences."""
        points, residual = self.fitted.points, self.fitted.residuals
        order = np.argsort(-np.abs(residual))[: max(5, len(self.outliers))][:10]
        rows = tuple(
            {
                "run": int(k),
                "n_params": float(points.n_params[k]),
                "tokens": float(points.tokens[k]),
                "loss": float(points.loss[k]),
                "off by": f"{np.expm1(residual[k]):+.2%}",
                "in scales": float(residual[k] / self.scale),
                "moves a parameter by": float(self.influence[k]),
            }
            for k in order
        )
        return Table("Runs furthest from the law", rows, self.sentences or ("nothing stands out",))

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def diagnose(fit: ScalingFit) -> Diagnostics:
    """Diagnostics of a fit.

    Parameters
    ----------
    fit : ScalingFit
        Of any law.

    Notes
    -----
    The influence of a run is measured, not estimated: each is left out and the law fitted anew, all at once.
    """
    from scipy.stats import spearmanr

    residual = fit.residuals
    scale = max(_NORMAL * float(np.median(np.abs(residual - np.median(residual)))), 0.1 * DELTA)
    far = np.flatnonzero(np.abs(residual) > _FAR * scale)
    far = far[np.argsort(-np.abs(residual[far]))]
    trends, leaning = {}, {}
    for name in _COLUMNS:
        column = fit.points.column(name)
        if np.ptp(column) == 0:
            continue
        for kept, values in ((trends, np.abs(residual)), (leaning, residual)):
            if name == "loss" and kept is leaning:
                continue
            found: Any = spearmanr(column, values)
            kept[name] = (float(found.statistic), float(found.pvalue))
    return Diagnostics(scale, tuple(map(int, far)), trends, leaning, _influence(fit), fit)


def _influence(fit: ScalingFit) -> Array:
    from workbench.scaling.fit import held

    n, z = len(fit.points), np.array(fit.coordinates)
    along, start = held(fit.bound, fit.fixed, np.repeat(z[None], n, axis=0))
    weight = np.ones((n, n)) - np.eye(n)
    end = minimise(fit.bound, np.log(fit.points.loss), start, weight, along=along, tolerance=1e-9)
    names = list(fit.entry.form.names)
    moved = fit.bound.params(end.z) - np.array([fit.params[name] for name in names])
    errors = np.array([fit.draws.errors()[name] for name in names])
    return np.max(np.abs(moved) / np.where(errors > 0, errors, np.inf), axis=1)
