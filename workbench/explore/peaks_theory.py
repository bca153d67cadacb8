"""What theory says of the best peak over batch and width, beside public sweeps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import datasets
from workbench.explore.peaks_basin import Basin, basin
from workbench.files import short
from workbench.params import Param, number
from workbench.scaling import rules

Array = NDArray[np.float64]

RULES = {
    "linear": "linear (SGD)",
    "square_root": "square root (Adam)",
    "noise_scale": "noise scale",
    "surge": "surge",
}
"""Rules for the rate at another batch, and what they are called on the page."""
ADAM = 0.75
"""Exponent of the noise-scale rule for Adam: the middle of what its authors conjecture."""
_SEQUENCE = 2048
_POSITIVE = Param(0, 1e300, open_low=True)


def over_batch(rule: str, batch: ArrayLike, *, at: float, peak: float, noise: float) -> Array:
    """Best peak at each batch by a rule, from one that is known.

    Parameters
    ----------
    rule : str
        One of `RULES`.
    batch : array_like, shape (n,)
        Batches that are asked about.
    at, peak : float
        Batch at which the best peak is known, and that peak.
    noise : float
        Noise scale, in the unit of the batch; two of the rules use it.

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    ValueError
        For an unknown rule or a number that is not above 0.
    """
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}; got {short(rule)}")
    known: dict[str, float] = {"rate": peak, "batch": at}
    if rule in ("noise_scale", "surge"):
        known["noise"] = noise
    if rule == "noise_scale":
        known["alpha"] = ADAM
    function = rules.get(rule).function
    asked = np.atleast_1d(np.asarray(batch, dtype=float))
    return np.array([function(**known, new_batch=float(each)).rate for each in asked])


def over_width(width: ArrayLike, *, at: float, peak: float, mup: bool) -> Array:
    """Best peak of Adam at each width, from one that is known.

    With muP it stays; without it falls as ``at / width``, since an update of Adam moves every weight by the
    rate, and a sum over the width then moves by ``width rate``.

    Parameters
    ----------
    width : array_like, shape (n,)
        Widths that are asked about.
    at, peak : float
        Width at which the best peak is known, and that peak.
    mup : bool
        Whether the model is scaled with its width.

    Notes
    -----
    Both are limits for wide models, in which hidden matrices rule; narrow ones move less without muP.

    References
    ----------
    Yang et al., "Tensor Programs V", 2022, arXiv 2203.03466.
    """
    peak, at = number("peak", peak, _POSITIVE), number("at", at, _POSITIVE)
    asked = np.asarray(width, dtype=float)
    if not np.all(np.isfinite(asked) & (asked > 0)):
        raise ValueError(f"width must be finite and greater than 0; got {short(width)}")
    return np.full(asked.shape, peak) if mup else peak * at / asked


def sign_descent_rate(batch: ArrayLike, gradient: ArrayLike, noise: ArrayLike, hessian: ArrayLike) -> Array:
    """Rate of the largest expected decrease in one step of sign descent, exactly.

    With ``u_i = E sign(g_i) = erf(gradient_i / noise_i sqrt(B / 2))`` the expected loss changes by
    ``-rate g'u + rate^2 / 2 (tr H + sum_{i != j} H_ij u_i u_j)``, which is lowest at
    ``rate = g'u / (tr H + sum_{i != j} H_ij u_i u_j)``.

    Parameters
    ----------
    batch : array_like, shape (n,)
        Samples of a batch.
    gradient, noise : array_like, shape (d,)
        Mean gradient, and standard deviation of a sample's, independent and normal.
    hessian : array_like, shape (d, d)
        Symmetric.

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    ValueError
        For shapes that do not fit, values that are not finite, or noise or batches that are not above 0.

    Notes
    -----
    Sign descent stands for Adam. The rate grows as the square root of a small batch. It falls again at large
    ones only where the curvatures of different weights add up, off the diagonal of H: the surge. With a
    diagonal H it levels off.

    References
    ----------
    Li et al., "Surge Phenomenon in Optimal Learning Rate and Batch Size Scaling", 2024, arXiv 2405.14578.
    """
    from scipy.special import erf

    g, s, h, b = (np.asarray(each, dtype=float) for each in (gradient, noise, hessian, batch))
    d = len(g) if g.ndim == 1 else -1
    if s.shape != (d,) or h.shape != (d, d):
        raise ValueError(
            f"gradient, noise and hessian must be (d,), (d,) and (d, d); got {g.shape}, {s.shape}, {h.shape}"
        )
    if not all(np.all(np.isfinite(each)) for each in (g, s, h, b)) or np.any(s <= 0) or np.any(b <= 0):
        raise ValueError("gradient, noise, hessian and batch must be finite, noise and batch above 0")
    u = erf(g / s * np.sqrt(np.atleast_1d(b)[:, None] / 2))
    off = h - np.diag(np.diag(h))
    return (u @ g) / (np.trace(h) + np.einsum("ni,ij,nj->n", u, off, u))


def surging(batch: ArrayLike, coupling: float, weights: int = 100) -> Array:
    """`sign_descent_rate` of equal weights, ``H_ij = coupling`` off the diagonal, 1 on it, g = noise = 1."""
    ones = np.ones(weights)
    h = np.full((weights, weights), number("coupling", coupling, Param(0, 1)))
    np.fill_diagonal(h, 1.0)
    return sign_descent_rate(batch, 0.1 * ones, ones, h)


def public() -> dict[str, dict[float, Basin]]:
    """Basins of the Step Law's public sweep: for each model, batch in tokens and its basin of the peak.

    Cells whose basin cannot be fitted, or whose best peak lies beyond the rates that were tried, are left
    out, and so is the one model that was swept over five rates only.

    References
    ----------
    Li et al., "Predictable Scale: Part I, Step Law", 2025, arXiv 2503.04715.
    """
    runs: Any = datasets.load("steplaw")
    out: dict[str, dict[float, Basin]] = {}
    for (n, d), part in runs.groupby(["N", "D"]):
        if part["lr"].nunique() < 10:
            continue
        found = {}
        for sequences, cell in part.groupby("bs"):
            try:
                fit = basin(cell["lr"].to_numpy(), cell["smooth loss"].to_numpy())
            except ValueError:
                continue
            if not fit.beyond and np.isfinite(fit.high):
                found[float(sequences) * _SEQUENCE] = fit
        out[f"{n / 1e6:.0f}M on {d / 1e9:.0f}B tokens"] = found
    return out
