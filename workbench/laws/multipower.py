"""The multi-power law: a power of the sum of rates, less what every drop has gained. arXiv 2503.12811."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from workbench.laws.quadrature import Inputs
from workbench.laws.terms import Exponent, Level, Size
from workbench.params import Param
from workbench.registry import law

Array = NDArray[np.float64]
Gain = Annotated[
    float, Param(1e-3, 1e6, log=True, slider=(100, 1500), help="loss gained per unit of rate dropped")
]
Speed = Annotated[float, Param(1e-4, 1e6, log=True, slider=(0.1, 30), help="how fast a drop pays off")]
PayOff = Annotated[float, Param(1e-2, 10, log=True, slider=(0.2, 1.2), help="exponent of the pay-off")]
Slowing = Annotated[
    float, Param(1e-3, 3, log=True, slider=(0.2, 1), help="how the pay-off slows at low rates")
]
# Every drop pays off at once: B is then the slope of the loss in the rate.
_SIMPLE = {"C": 1e6, "beta": 10.0, "gamma": 1e-3}


def _jacobian(
    x: Inputs, L0: float, A: float, alpha: float, B: float, C: float, beta: float, gamma: float
) -> tuple[Array, Array]:
    """Loss (n,) and its derivatives (n, 7) in the order of the law's parameters."""
    return _slopes(x, x.total, L0, A, alpha, B, C, beta, gamma)


def _later_jacobian(x: Inputs, *parameters: float, **named: float) -> tuple[Array, Array]:
    """The same over the changes after the warmup."""
    return _slopes(x, lambda kernel: x.total(kernel * x.changes.later), *parameters, **named)


def _slopes(
    x: Inputs,
    total: Callable[[Array], Array],
    L0: float,
    A: float,
    alpha: float,
    B: float,
    C: float,
    beta: float,
    gamma: float,
) -> tuple[Array, Array]:
    y = _reach(x, C, gamma)
    log = np.log1p(y)
    left = np.exp(-beta * log)
    slope = beta * left * y / (1 + y)
    power = x.s1**-alpha
    gain = total(1 - left)
    columns = (
        np.ones_like(power),
        power,
        -A * power * np.log(x.s1),
        gain,
        B / C * total(slope),
        B * total(left * log),
        -B * total(slope * x.log_rate),
    )
    return L0 + A * power + B * gain, np.stack(columns, axis=1)


@law(
    title="Multi-power law",
    paper="2503.12811",
    jacobian=_jacobian,
    simple=_SIMPLE,
    anchors=("B",),
    estimator="soft 1 %",
)
def multipower(
    x: Inputs, L0: Level, A: Size, alpha: Exponent, B: Gain, C: Speed, beta: PayOff, gamma: Slowing
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


@law(
    title="Multi-power law, without the warmup's changes",
    paper="2503.12811",
    jacobian=_later_jacobian,
    simple=_SIMPLE,
    anchors=("B",),
    estimator="soft 3 %",
)
def multipower_later(
    x: Inputs, L0: Level, A: Size, alpha: Exponent, B: Gain, C: Speed, beta: PayOff, gamma: Slowing
) -> Array:
    """Loss from a power of the sum of rates and the pay-off of each change after the warmup.

    ``L(t) = L0 + A S1(t)^-alpha + B sum_k (rate_k - rate_{k-1}) G(rate_k^-gamma S_k(t))`` as for
    `multipower`, over the changes after the end of the warmup only, as the paper writes it.

    Parameters
    ----------
    x : Inputs
        Of n points.
    L0, A, alpha, B, C, beta, gamma : float
        Loss in nats per token, rates in the trainer's unit. The published parameters do not hold here.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it to compare with fits in this convention. A run at a constant rate is then a plain power,
    whatever its peak, so it knows less of another peak than `multipower`.

    References
    ----------
    Luo et al., "A Multi-Power Law for Loss Curve Prediction", ICLR 2025, arXiv 2503.12811.
    """
    gain = -np.expm1(-beta * np.log1p(_reach(x, C, gamma))) * x.changes.later
    return L0 + A * x.s1**-alpha + B * x.total(gain)


def _reach(x: Inputs, C: float, gamma: float) -> Array:
    return C * np.exp(-gamma * x.log_rate) * x.area
