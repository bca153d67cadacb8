"""Fit a law to measured runs: robust, from several starts, inside the bounds of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import registry
from workbench.curve import Run
from workbench.fitted import Fit, coordinates
from workbench.judge import usable
from workbench.laws.quadrature import Inputs, inputs, stack
from workbench.params import MAX_STEPS, Param, known, number

__all__ = ["Fit", "fit"]

Array = NDArray[np.float64]
_Data = list[tuple[Inputs, Array]]
DELTA = 1e-3
"""Where the Huber loss on log residuals turns from square to linear."""
_BLOCK = 8
_FEW = 400
"""About how many points, of curves that are correlated anyway, serve to find where the optimum is."""
_STARTS = Param(1, 1000, help="number of starts")
_SEED = Param(0, 2**32 - 1, help="seed of the starts")
_BURN_IN = Param(0, MAX_STEPS, unit="steps", help="updates left out at the start of each run")


def fit(
    law: Callable[..., Any] | str,
    runs: Sequence[Run],
    *,
    fixed: Mapping[str, float] | None = None,
    burn_in: int = 0,
    starts: int = 8,
    seed: int = 0,
) -> Fit:
    """Parameters of a law that fit measured runs best.

    Minimises the sum over all points of Huber(1e-3) of ``log predicted - log observed``.

    Parameters
    ----------
    law : function or str
        A registered law, such as ``workbench.laws.multipower``.
    runs : sequence of Run
        Measured curves; points inside the first warmup are left out.
    fixed : mapping, optional
        Parameters that are not fitted, by name. The raw optimum of the multi-power law extrapolates
        worse than one with ``gamma`` held at 0.6.
    burn_in : int
        Updates at the start of each run that are left out even after its warmup: a young model
        follows no power.
    starts : int
        How many starting points are tried; the best end is returned.
    seed : int
        Of the starting points. The same call gives the same fit.

    Returns
    -------
    Fit

    Raises
    ------
    ValueError
        For an unknown law or parameter, no runs, a run without usable points, or fewer points than
        free parameters.

    Notes
    -----
    With two runs or more each run is also left out once, which measures the error on unseen curves
    and widens every interval by it.

    References
    ----------
    Luo et al., arXiv 2503.12811, for the objective.
    """
    entry = registry.get("law", law if isinstance(law, str) else getattr(law, "__name__", law))
    fixed = dict(fixed or {})
    names = [field.name for field in entry.fields]
    known(names, list(fixed), f"law {entry.name}")
    fixed = {field.name: field.check(fixed[field.name]) for field in entry.fields if field.name in fixed}
    free = tuple(name for name in names if name not in fixed)
    if not free:
        raise ValueError(f"fixed must leave a parameter of {entry.name} to fit; got all of them")
    if not isinstance(runs, Sequence) or not runs:
        raise ValueError(f"runs must be a list of one or more Run; got {runs!r}")
    rng = np.random.default_rng(int(number("seed", seed, _SEED, integer=True)))
    count = int(number("starts", starts, _STARTS, integer=True))
    burn = int(number("burn_in", burn_in, _BURN_IN, integer=True))
    data = [usable(run, f"run {i}", burn) for i, run in enumerate(runs)]
    points = sum(len(step) for step, _ in data)
    if points < len(free):
        raise ValueError(f"runs must have at least {len(free)} points for {entry.name}; got {points}")

    few = _prepared(runs, data, max(1, points // _FEW))
    problem, rough = _Problem(entry, free, fixed, _prepared(runs, data, 1)), _Problem(entry, free, fixed, few)
    ends = sorted((rough(start) for start in rough.starts(rng, count)), key=lambda end: end.cost)
    best = problem(ends[0].x)
    params = problem.params(best.x)
    return Fit(
        law=entry.name,
        params=params,
        objective=float(best.cost),
        converged=bool(best.status > 0),
        at_bound=problem.at_bound(best.x),
        covariance=tuple(map(tuple, problem.covariance(best).tolist())),
        free=free,
        spread=_left_out(entry, free, fixed, few, best.x),
        facts={**_facts(runs, points), "burn_in": burn},
    )


class _Problem:
    """One least-squares problem: the law over stacked inputs, in coordinates that suit a solver."""

    def __init__(
        self,
        entry: registry.Entry,
        free: tuple[str, ...],
        fixed: Mapping[str, float],
        data: _Data,
    ) -> None:
        self.entry, self.free, self.fixed = entry, free, fixed
        self.x = stack([x for x, _ in data])
        self.y = np.concatenate([y for _, y in data])
        self.lengths = [len(y) for _, y in data]
        params = [field.param for field in entry.fields if field.name in free]
        self.ranges = [param for param in params if isinstance(param, Param)]
        self.logs = np.array([param.log for param in self.ranges], dtype=bool)
        self.low, self.high = (
            self.inward(np.array([getattr(param, end) for param in self.ranges])) for end in ("low", "high")
        )
        self.columns = [[field.name for field in entry.fields].index(name) for name in free]

    def inward(self, values: Array) -> Array:
        """Parameters to the solver's coordinates."""
        return np.where(self.logs, np.log(np.where(self.logs, values, 1.0)), values)

    def params(self, z: Array) -> dict[str, float]:
        values = np.where(self.logs, np.exp(np.where(self.logs, z, 0.0)), z)
        named = {**self.fixed, **{name: float(v) for name, v in zip(self.free, values, strict=True)}}
        return {field.name: named[field.name] for field in self.entry.fields}

    def residuals(self, z: Array) -> tuple[Array, Array]:
        """Log residuals (n,) and their derivatives (n, p) in the solver's coordinates."""
        assert self.entry.jacobian is not None
        params = self.params(z)
        loss, jacobian = self.entry.jacobian(self.x, **params)
        # Far from the optimum a law may go below zero, where a logarithm has no value.
        loss = np.maximum(loss, 1e-3)
        slopes = coordinates(self.entry, self.free, params)
        return np.log(loss) - self.y, jacobian[:, self.columns] * slopes / loss[:, None]

    def __call__(self, start: Array) -> Any:
        from scipy.optimize import least_squares

        seen: dict[bytes, Array] = {}

        def residuals(z: Array) -> Array:
            value, jacobian = self.residuals(z)
            seen.clear()
            seen[z.tobytes()] = jacobian
            return value

        def derivatives(z: Array) -> Array:
            # The solver asks for both at the same point; one evaluation gives both.
            return seen[z.tobytes()] if z.tobytes() in seen else self.residuals(z)[1]

        bounds = (self.low, self.high)
        start = np.clip(start, self.low + 1e-9, self.high - 1e-9)
        tolerances = {"ftol": 1e-10, "xtol": 1e-10, "gtol": 1e-12, "max_nfev": 400}
        robust = {"loss": "huber", "f_scale": DELTA, "x_scale": "jac"}
        # SciPy's parameter has no annotation, and its default is text.
        jac: Any = derivatives
        return least_squares(residuals, start, jac, bounds=bounds, **robust, **tolerances)

    def starts(self, rng: np.random.Generator, count: int) -> Array:
        """Starting points (count, p): where sliders go, and for a loss just below the smallest measured."""
        smallest = float(np.exp(self.y.min()))
        spans = [
            (0.8 * smallest, smallest) if param.unit == "nats" else _offered(param) for param in self.ranges
        ]
        low, high = (self.inward(np.array(ends)) for ends in zip(*spans, strict=True))
        return rng.uniform(low, high, size=(count, len(self.free)))

    def at_bound(self, z: Array) -> tuple[str, ...]:
        near = (z - self.low < 1e-6) | (self.high - z < 1e-6)
        return tuple(name for name, there in zip(self.free, near, strict=True) if there)

    def covariance(self, best: Any) -> Array:
        """Covariance (p, p) from sums of the score over blocks of neighbouring, correlated points."""
        residual, jacobian = self.residuals(best.x)
        score = np.clip(residual, -DELTA, DELTA)[:, None] * jacobian
        edges = np.concatenate([[0], np.cumsum(self.lengths)])
        starts = np.concatenate([np.arange(a, b, _BLOCK) for a, b in zip(edges, edges[1:], strict=False)])
        blocks = np.add.reduceat(score, starts, axis=0)
        inside = (np.abs(residual) <= DELTA)[:, None] * jacobian
        # A weak prior keeps directions that the data leave open finite: ten units of log each.
        curvature = inside.T @ jacobian + 1e-2 * DELTA**2 * np.eye(len(self.free))
        bread = np.linalg.inv(curvature)
        few = len(blocks) / max(len(blocks) - len(self.free), 1)
        return few * bread @ (blocks.T @ blocks) @ bread


def _offered(param: Param) -> tuple[float, float]:
    return param.slider or (param.low, param.high)


def _prepared(runs: Sequence[Run], data: Sequence[tuple[NDArray[np.intp], Array]], every: int) -> _Data:
    """Inputs and log losses of each run, of every so-manieth point counted from its last."""
    first = [(len(step) - 1) % every for step, _ in data]
    return [
        (inputs(run.schedule.array(), step[i::every]), np.log(loss[i::every]))
        for run, (step, loss), i in zip(runs, data, first, strict=True)
    ]


def _left_out(
    entry: registry.Entry,
    free: tuple[str, ...],
    fixed: Mapping[str, float],
    data: _Data,
    start: Array,
) -> float:
    """Root mean square log error on the second half of each run by the fit of the others."""
    errors = []
    for i, (x, y) in enumerate(data):
        others = [pair for j, pair in enumerate(data) if j != i]
        if sum(len(pair[1]) for pair in others) >= len(free):
            end = _Problem(entry, free, fixed, others)(start)
            residual = _Problem(entry, free, fixed, [(x, y)]).residuals(end.x)[0]
            # Runs share their beginning, which the others have seen: judge by the second half.
            errors.append(residual[len(residual) // 2 :])
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2))) if errors else 0.0


def _facts(runs: Sequence[Run], points: int) -> dict[str, Any]:
    return {
        "runs": [str(run.facts.get("name", f"run {i}")) for i, run in enumerate(runs)],
        "points": points,
        "longest": max(len(run.schedule) for run in runs),
        "peaks": sorted({round(run.schedule.peak, 12) for run in runs}),
    }
