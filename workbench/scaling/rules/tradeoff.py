"""The critical batch measured: updates against data to reach one loss. arXiv 1812.06162, 2410.21676."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from workbench.curve import Curve, Run
from workbench.files import short
from workbench.params import Param, number
from workbench.scaling.table import SEED

Array = NDArray[np.float64]
_HUBER = 0.25
"""Residuals in ln steps beyond which a point weighs less: a run that was not tuned."""
_ROUNDS = 60


@dataclass(frozen=True)
class Tradeoff:
    """Updates and data to one loss, ``(S / S_min - 1)(E / E_min - 1) = 1`` with E = B S.

    Parameters
    ----------
    least_steps : float
        S_min, of an endless batch.
    least_samples : float
        E_min, of the smallest batch; in the unit of the batch.
    spread : float
        Standard deviation of ln S about the fit.
    draws : array, shape (k, 2)
        Both of resamples.
    """

    least_steps: float
    least_samples: float
    spread: float
    draws: Array

    @property
    def critical(self) -> float:
        """Batch at which both are twice their least: ``E_min / S_min``."""
        return self.least_samples / self.least_steps

    @property
    def critical_interval(self) -> tuple[float, float]:
        """90 % interval of `critical`."""
        return _interval(self.draws[:, 1] / self.draws[:, 0])

    def steps(self, batch: ArrayLike) -> Array:
        """Updates to the loss at each batch: ``S_min + E_min / B``."""
        return self.least_steps + self.least_samples / np.asarray(batch, dtype=float)

    def samples(self, batch: ArrayLike) -> Array:
        """Data to the loss at each batch: ``E_min + B S_min``."""
        return np.asarray(batch, dtype=float) * self.steps(batch)

    def affordable(self, overhead: float = 0.2, start: float = 0.0) -> tuple[float, float, float]:
        """Largest batch that needs at most ``1 + overhead`` times the data of `start`, and its 90 % interval.

        ``B = overhead E_min / S_min + (1 + overhead) start``; with 0.2 and a start of 256 sequences this is
        the definition of arXiv 2410.21676.
        """
        overhead = number("overhead", overhead, Param(0, 100, open_low=True))
        start = number("start", start, Param(0, 1e15))
        low, high = (overhead * end + (1 + overhead) * start for end in self.critical_interval)
        return overhead * self.critical + (1 + overhead) * start, low, high

    def __str__(self) -> str:
        low, high = self.critical_interval
        return (
            f"critical batch {self.critical:.4g} ({low:.4g} to {high:.4g}), at least {self.least_steps:.4g} "
            f"updates and {self.least_samples:.4g} samples"
        )


def fit_tradeoff(batch: ArrayLike, steps: ArrayLike, *, resamples: int = 1000, seed: int = 0) -> Tradeoff:
    """Fit the tradeoff to the updates that each batch needed.

    Least squares of ``ln S - ln(S_min + E_min / B)``, Huber beyond 0.25; residual bootstrap, widened for
    few points as Student's t is.

    Parameters
    ----------
    batch : array_like, shape (n,)
        In samples, sequences or tokens.
    steps : array_like, shape (n,)
        Updates to one target loss, at the best rate of each batch.
    resamples, seed : int
        Of the intervals.

    Returns
    -------
    Tradeoff

    Raises
    ------
    ValueError
        For fewer than four batches, values that are not above 0, or batches that all lie on one side of
        the bend: then either S_min or E_min is not in the data.

    Notes
    -----
    Use it on runs to one loss with the rate tuned at each batch: an untuned large batch looks useless.

    References
    ----------
    McCandlish et al., 2018, arXiv 1812.06162; Zhang et al., 2024, arXiv 2410.21676.
    """
    b, s = _positive("batch", batch), _positive("steps", steps)
    if b.shape != s.shape or b.ndim != 1:
        raise ValueError(f"batch and steps must have one length; got {b.shape} and {s.shape}")
    if len(np.unique(b)) < 4:
        raise ValueError(f"a tradeoff needs 4 different batches; got {len(np.unique(b))}")
    number("resamples", resamples, Param(10, 1e6), integer=True)
    best = _solve(b, np.log(s)[None])[0]
    share = _share(b, best[None])[0]
    if share.max() < 0.15 or share.min() > 0.85:
        missing, side = ("least_steps", "larger") if share.max() < 0.15 else ("least_samples", "smaller")
        raise ValueError(
            f"these batches say nothing of {missing}: at all of them the updates "
            f"{'fall with the batch' if side == 'larger' else 'stay'}; add {side} ones"
        )
    fitted = _ln_steps(b, best[None])[0]
    residual = (np.log(s) - fitted) * np.sqrt(len(b) / (len(b) - 2))
    residual -= residual.mean()
    # Residuals of few points spread too little: widened as Student's t is wider than the normal.
    wider = float(stdtrit(len(b) - 2, 0.95) / ndtri(0.95))
    rng = np.random.default_rng(int(number("seed", seed, SEED, integer=True)))
    drawn = fitted + wider * residual[rng.integers(0, len(b), (int(resamples), len(b)))]
    draws = np.exp(_solve(b, drawn, best))
    least_steps, least_samples = map(float, np.exp(best))
    return Tradeoff(least_steps, least_samples, float(np.sqrt(np.mean(residual**2))), draws)


def steps_to_target(curve: Curve, target: float) -> float | None:
    """Updates until the loss is first at or below `target`, between points in proportion; None if never."""
    target = number("target", target, Param(0, 1e6, open_low=True))
    below = np.flatnonzero(curve.loss <= target)
    if not len(below):
        return None
    i = int(below[0])
    if i == 0:
        return float(curve.step[0]) + 1
    share = (curve.loss[i - 1] - target) / (curve.loss[i - 1] - curve.loss[i])
    return float(curve.step[i - 1] + share * (curve.step[i] - curve.step[i - 1])) + 1


def measure(runs: Iterable[Run | tuple[float, Curve]], target: float) -> tuple[Array, Array]:
    """Batches, and the fewest updates to the target that any run of that batch needed.

    Parameters
    ----------
    runs : iterable of Run or (float, Curve)
        Runs of a sweep, which say ``batch_tokens`` or ``batch`` in their task or facts, or batch and curve
        of each.
    target : float
        Loss in nats.

    Raises
    ------
    ValueError
        When a run does not say its batch, some say tokens and some another unit, or none reaches the
        target.
    """
    found: dict[float, float] = {}
    units = set()
    for i, one in enumerate(runs):
        unit, batch, curve = _batch_of(i, one)
        units.add(unit)
        steps = steps_to_target(curve, target)
        if steps is not None:
            found[batch] = min(steps, found.get(batch, np.inf))
    if len(units) > 1:
        raise ValueError(f"runs must all say their batch in one unit; got {' and '.join(sorted(units))}")
    if not found:
        raise ValueError(f"target must be a loss that some run reaches; got {target:g}, which none does")
    batches = np.array(sorted(found))
    return batches, np.array([found[batch] for batch in batches])


def _batch_of(i: int, one: Any) -> tuple[str, float, Curve]:
    """Unit, batch and curve of one run of a sweep."""
    if isinstance(one, Run):
        known = {**one.facts, **one.task}
        unit = next((name for name in ("batch_tokens", "batch") if known.get(name) is not None), None)
        if unit is None:
            raise ValueError(f"run {i} must say batch_tokens or batch in its task or facts; it does not")
        batch, curve = known[unit], one.curve
    else:
        if not isinstance(one, Sequence) or len(one) != 2 or not isinstance(one[1], Curve):
            raise ValueError(f"runs must be Runs, or pairs of a batch and a Curve; got {short(one)}")
        unit, (batch, curve) = "batch", one
    return unit, number("batch", batch, Param(0, 1e15, open_low=True)), curve


def _positive(name: str, values: ArrayLike) -> Array:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers; got {short(values)}") from None
    if not np.all(np.isfinite(array) & (array > 0)):
        raise ValueError(f"{name} must be finite and greater than 0; got {short(values)}")
    return array


def _interval(values: Array) -> tuple[float, float]:
    low, high = np.quantile(values, (0.05, 0.95))
    return float(low), float(high)


def _ln_steps(b: Array, p: Array) -> Array:
    return np.logaddexp(p[:, :1], p[:, 1:] - np.log(b))


def _share(b: Array, p: Array) -> Array:
    """Share of the updates that an endless batch would need, too: (k, n)."""
    return np.exp(p[:, :1] - _ln_steps(b, p))


def _solve(b: Array, y: Array, start: Array | None = None) -> Array:
    """ln S_min and ln E_min (k, 2) for each row of y (k, n), by damped Gauss-Newton steps."""
    if start is None:
        start = np.array([y.min() - np.log(2), (y[0] + np.log(b)).min() - np.log(2)])
    p = np.tile(start, (len(y), 1))
    for _ in range(_ROUNDS):
        r = y - _ln_steps(b, p)
        weight = np.minimum(1, _HUBER / np.maximum(np.abs(r), 1e-300))
        j = np.stack([_share(b, p), 1 - _share(b, p)], axis=-1)
        normal = np.einsum("kn,kni,knj->kij", weight, j, j) + 1e-12 * np.eye(2)
        step = np.linalg.solve(normal, np.einsum("kn,kni,kn->ki", weight, j, r)[..., None])[..., 0]
        p = p + np.clip(step, -1.5, 1.5)
        if np.max(np.abs(step)) < 1e-10:
            break
    return p
