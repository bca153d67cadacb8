"""The plain power of the sum of rates: what any law of the schedule has to beat."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from workbench.laws.quadrature import Inputs
from workbench.laws.terms import Exponent, Size
from workbench.params import Param
from workbench.registry import law

Array = NDArray[np.float64]


def _jacobian(x: Inputs, L0: float, A: float, alpha: float) -> tuple[Array, Array]:
    """Loss (n,) and its derivatives (n, 3) in the order of the law's parameters."""
    power = x.s1**-alpha
    return L0 + A * power, np.stack([np.ones_like(power), power, -A * power * np.log(x.s1)], axis=1)


@law(title="Power of the sum of rates", jacobian=_jacobian)
def power(
    x: Inputs,
    L0: Annotated[float, Param(0, 20, unit="nats", help="loss after an endless run")],
    A: Size,
    alpha: Exponent,
) -> Array:
    """Loss from the sum of rates alone.

    ``L(t) = L0 + A S1(t)^-alpha``, S1 the sum of all rates up to t.

    Parameters
    ----------
    x : Inputs
        Of n points.
    L0, A, alpha : float
        Loss in nats per token, rates in the trainer's unit.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it as the floor for other laws: it knows no decay, so it puts schedules of one sum at one loss.
    """
    return L0 + A * x.s1**-alpha
