"""The multi-power law: a power of the sum of rates, less what every drop has gained. arXiv 2503.12811."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from workbench.laws.quadrature import Inputs
from workbench.params import Param
from workbench.registry import law

Array = NDArray[np.float64]


def _jacobian(
    x: Inputs, L0: float, A: float, alpha: float, B: float, C: float, beta: float, gamma: float
) -> tuple[Array, Array]:
    """Loss (n,) and its derivatives (n, 7) in the order of the law's parameters."""
    y = _reach(x, C, gamma)
    log = np.log1p(y)
    left = np.exp(-beta * log)
    slope = beta * left * y / (1 + y)
    power = x.s1**-alpha
    gain = x.total(1 - left)
    columns = (
        np.ones_like(power),
        power,
        -A * power * np.log(x.s1),
        gain,
        B / C * x.total(slope),
        B * x.total(left * log),
        -B * x.total(slope * x.log_rate),
    )
    return L0 + A * power + B * gain, np.stack(columns, axis=1)


@law(title="Multi-power law", paper="2503.12811", jacobian=_jacobian)
def multipower(
    x: Inputs,
    L0: Annotated[float, Param(0, 20, unit="nats", help="loss after an endless run at a constant rate")],
    A: Annotated[float, Param(1e-6, 1e3, log=True, slider=(0.3, 1.5), help="size of the power term")],
    alpha: Annotated[float, Param(1e-2, 3, log=True, slider=(0.2, 1), help="exponent of the sum of rates")],
    B: Annotated[
        float, Param(1e-3, 1e6, log=True, slider=(100, 1500), help="loss gained per unit of rate dropped")
    ],
    C: Annotated[float, Param(1e-4, 1e6, log=True, slider=(0.1, 30), help="how fast a drop pays off")],
    beta: Annotated[float, Param(1e-2, 10, log=True, slider=(0.2, 1.2), help="exponent of the pay-off")],
    gamma: Annotated[
        float, Param(1e-3, 3, log=True, slider=(0.2, 1), help="how the pay-off slows at low rates")
    ],
) -> Array:
    """Loss from a power of the sum of rates and the pay-off of each change of the rate.

    ``L(t) = L0 + A S1(t)^-alpha + B sum_k (rate_k - rate_{k-1}) G(rate_k^-gamma S_k(t))`` with
    ``G(y) = 1 - (1 + C y)^-beta``, S1 the sum of all rates up to t and S_k that from k to t. The
    increments of the warmup are inside the sum, as in the authors' code: their published parameters
    hold with this convention only.

    Parameters
    ----------
    x : Inputs
        Of n points.
    L0, A, alpha, B, C, beta, gamma : float
        Loss in nats per token, rates in the trainer's unit.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it to compare schedules at the peak rate of the runs that it was fitted on: it does not carry
    over to another peak. It overstates the gain of WSD over cosine (1.7 to 3.3 times on the public
    curves), and can be gamed by stairs of many small drops.

    References
    ----------
    Luo et al., "A Multi-Power Law for Loss Curve Prediction", ICLR 2025, arXiv 2503.12811.
    """
    return L0 + A * x.s1**-alpha + B * x.total(-np.expm1(-beta * np.log1p(_reach(x, C, gamma))))


def _reach(x: Inputs, C: float, gamma: float) -> Array:
    return C * np.exp(-gamma * x.log_rate) * x.area
