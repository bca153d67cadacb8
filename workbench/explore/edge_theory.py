"""Where descent becomes unstable: thresholds of the sharpness, and how fast what lies above them grows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.curve import Curve
from workbench.files import short
from workbench.params import Param, number
from workbench.schedule import Schedule

Array = NDArray[np.float64]

_BETA = Param(0, 0.9999, help="momentum")
_AT = 0.1
"""A look is at the edge where the sharpness is within a tenth of the threshold."""


def threshold(rate: ArrayLike, momentum: float = 0.0, *, kind: str = "heavy ball") -> Array:
    """Sharpness above which descent on a quadratic is unstable at each rate.

    ``(2 + 2 beta) / rate`` for the heavy ball, which is 2 / rate without momentum;
    ``(2 + 2 beta) / (rate (1 + 2 beta))`` for Nesterov's momentum;
    ``(2 + 2 beta) / ((1 - beta) rate)`` for Adam with beta1 = beta, of the preconditioned sharpness.

    Parameters
    ----------
    rate : array_like, shape (n,)
        At least 0; at 0 the threshold is infinite.
    momentum : float
        beta, from 0 to 0.9999.
    kind : str
        "heavy ball", "nesterov" or "adam".

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    ValueError
        For rates below 0 or not finite, a momentum outside its range, or an unknown kind.

    Notes
    -----
    Exact for a quadratic and a rate that stands still; for Adam also the preconditioner must. On a network it
    is where training hovers: the curvature stops growing there.

    References
    ----------
    Cohen et al., "Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability", 2021,
    arXiv 2103.00065. Cohen et al., "Adaptive Gradient Methods at the Edge of Stability", 2022,
    arXiv 2207.14484.
    """
    beta = number("momentum", momentum, _BETA)
    eta = np.asarray(rate, dtype=float)
    if not np.all(np.isfinite(eta) & (eta >= 0)):
        raise ValueError(f"rate must be finite and at least 0; got {short(rate)}")
    top = {"heavy ball": 2 + 2 * beta, "nesterov": (2 + 2 * beta) / (1 + 2 * beta)}
    top["adam"] = (2 + 2 * beta) / (1 - beta)
    if kind not in top:
        raise ValueError(f"kind must be one of {', '.join(top)}; got {short(kind)}")
    with np.errstate(divide="ignore"):
        return top[kind] / eta


def growth(
    rate: ArrayLike, sharpness: ArrayLike, momentum: float = 0.0, *, kind: str = "heavy ball"
) -> Array:
    """Factor per update of the distance along a direction of this curvature, in the long run.

    The larger modulus of the roots of ``z^2 - (1 + beta - rate h) z + beta`` (heavy ball) or
    ``z^2 - (1 + beta)(1 - rate h) z + beta (1 - rate h)`` (Nesterov), which is ``|1 - rate h|`` without
    momentum. It is 1 at the threshold.

    Parameters
    ----------
    rate, sharpness : array_like, shapes that go together
        Rates and curvatures h.
    momentum : float
        From 0 to 0.9999.
    kind : str
        "heavy ball" or "nesterov".

    Returns
    -------
    array
        Below 1 where the direction shrinks.

    Raises
    ------
    ValueError
        As `threshold`, and for a curvature that is not finite.
    """
    threshold(rate, momentum, kind=kind)
    if kind == "adam":
        raise ValueError("kind must be one of heavy ball, nesterov; got 'adam', whose preconditioner moves")
    h = np.asarray(sharpness, dtype=float)
    if not np.all(np.isfinite(h)):
        raise ValueError(f"sharpness must be finite; got {short(sharpness)}")
    step = np.asarray(rate, dtype=float) * h
    trace = 1 + momentum - step if kind == "heavy ball" else (1 + momentum) * (1 - step)
    product = momentum * (np.ones_like(step) if kind == "heavy ball" else 1 - step)
    root = np.sqrt(np.asarray(trace**2 - 4 * product, dtype=complex))
    return np.maximum(np.abs(trace + root), np.abs(trace - root)) / 2


@dataclass(frozen=True)
class Meeting:
    """How sharpness and threshold went along one run.

    Parameters
    ----------
    step : array, shape (n,)
        Updates after which the sharpness was looked at.
    sharpness, threshold : array, shape (n,)
        There.
    """

    step: Array
    sharpness: Array
    threshold: Array

    @property
    def ratio(self) -> Array:
        """Sharpness over threshold, 0 where the rate is 0."""
        return np.where(np.isfinite(self.threshold), self.sharpness / self.threshold, 0.0)

    @property
    def arrived(self) -> float | None:
        """First look at which the sharpness is at the edge or above; None where it never is."""
        at = np.flatnonzero(self.ratio >= 1 - _AT)
        return float(self.step[at[0]]) if len(at) else None

    @property
    def share_at_edge(self) -> float:
        """Share of the looks at which it lies within a tenth of the threshold."""
        return float(np.mean(np.abs(self.ratio - 1) <= _AT))


def meeting(
    schedule: Schedule, sharpness: Curve, momentum: float = 0.0, *, kind: str = "heavy ball"
) -> Meeting:
    """Sharpness and threshold of a run at the looks of its probe.

    Parameters
    ----------
    schedule : Schedule
        What ran.
    sharpness : Curve
        Of the probe `workbench.train.probes.Sharpness`, or `PreconditionedSharpness` for Adam.
    momentum, kind
        As of `threshold`.

    Raises
    ------
    ValueError
        For a curve without a finite look, and as `threshold`.
    """
    keep = np.isfinite(sharpness.loss)
    if not keep.any():
        raise ValueError("sharpness must have a finite look: train with probes=[Sharpness()]")
    step = sharpness.step[keep]
    return Meeting(step, sharpness.loss[keep], threshold(schedule(step), momentum, kind=kind))
