"""The bound of convex theory as a law of a loss curve. arXiv 2501.18965."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from workbench.laws.quadrature import Inputs
from workbench.params import Param
from workbench.registry import law

Array = NDArray[np.float64]


def _jacobian(x: Inputs, L0: float, scale: float, gamma: float) -> tuple[Array, Array]:
    """Loss (n,) and its derivatives (n, 3) in the order of the law's parameters."""
    far, noise = 1 / (2 * x.s1), x.bound / 2
    omega = far / gamma + noise * gamma
    columns = (np.ones_like(omega), omega, scale * (noise - far / gamma**2))
    return L0 + scale * omega, np.stack(columns, axis=1)


@law(title="Bound of convex theory", paper="2501.18965", jacobian=_jacobian, estimator="raw")
def bound(
    x: Inputs,
    L0: Annotated[float, Param(0, 20, unit="nats", help="loss that the bound counts from")],
    scale: Annotated[float, Param(1e-4, 1e3, log=True, slider=(0.5, 20), help="nats per unit of the bound")],
    gamma: Annotated[
        float, Param(1e-4, 1e4, log=True, slider=(1, 30), help="factor of the rates, as G over D")
    ],
) -> Array:
    """Loss as an affine function of what convex theory proves of the last iterate.

    ``L(T) = L0 + scale Omega_T`` with ``Omega_T = 1 / (2 gamma S_T) + gamma / 2 (rate_T +
    sum_{k<T} rate_k^2 / (S_T - S_k))``, S_k the sum of rates up to k.

    Parameters
    ----------
    x : Inputs
        Of n points.
    L0, scale, gamma : float
        Loss in nats per token, rates in the trainer's unit. The bound is that of D = G = 1 for rates
        multiplied by `gamma`.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it to see how much of a loss curve plain convex theory explains. Its 1 / S is too steep for
    language models: other laws, with an exponent of their own, predict better.

    References
    ----------
    Schaipp et al., "The Surprising Agreement Between Convex Optimization Theory and Learning-Rate
    Scheduling", 2025, arXiv 2501.18965.
    """
    return L0 + scale * (1 / (2 * gamma * x.s1) + gamma / 2 * x.bound)
