"""The annealing law over model sizes: a power of the size beside, and one inside the annealing term."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from workbench.laws.annealing import Gain, Memory, area
from workbench.laws.quadrature import Inputs
from workbench.laws.terms import Exponent, Level, Size
from workbench.params import Param
from workbench.registry import law

Array = NDArray[np.float64]
UNIT = 1e8
"""Sizes count in units of so many parameters."""


def _jacobian(
    x: Inputs, L0: float, A: float, alpha: float, B: float, beta: float, C: float, gamma: float, memory: float
) -> tuple[Array, Array]:
    """Loss (n,) and its derivatives (n, 8) in the order of the law's parameters."""
    power, log = x.s1**-alpha, np.log(x.n_params / UNIT)
    small, more = np.exp(-beta * log), np.exp(gamma * log)
    s2, slope = area(x, memory, True)
    columns = (
        np.ones_like(power),
        power,
        -A * power * np.log(x.s1),
        small,
        -B * small * log,
        more * s2,
        C * more * s2 * log,
        C * more * slope,
    )
    return L0 + A * power + B * small + C * more * s2, np.stack(columns, axis=1)


@law(title="Annealing law over model sizes", paper="2408.11029", jacobian=_jacobian)
def annealing_size(
    x: Inputs,
    L0: Level,
    A: Size,
    alpha: Exponent,
    B: Annotated[float, Param(1e-6, 1e2, log=True, slider=(0.1, 1), help="loss that 100M parameters leave")],
    beta: Annotated[float, Param(1e-2, 3, log=True, slider=(0.1, 0.6), help="exponent of the size")],
    C: Gain,
    gamma: Annotated[float, Param(-2, 2, help="exponent of the size in the gain of a decay")],
    memory: Memory,
) -> Array:
    """Loss of models of several sizes from their schedules.

    ``L(s, N) = L0 + A S1^-alpha + B N^-beta - C N^gamma S2``, N in units of 100M parameters, S1 and S2
    as for `annealing`.

    Parameters
    ----------
    x : Inputs
        Of n points, with the size of the model of each.
    L0, A, alpha, B, beta, C, gamma, memory : float
        Loss in nats per token, rates in the trainer's unit.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Raises
    ------
    ValueError
        When the inputs do not say how large each model is.

    Notes
    -----
    Use it for runs of three sizes or more; with less its exponents are not determined. The form of this
    extension is known from memory only: trust it less than the law itself.

    References
    ----------
    Tissue, Wang, Wang, "Scaling Law with Learning Rate Annealing", 2024, arXiv 2408.11029.
    """
    size = x.n_params / UNIT
    gain = C * size**gamma * area(x, memory, True)[0]
    return L0 + A * x.s1**-alpha + B * size**-beta + gain
