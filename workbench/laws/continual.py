"""The continual-pretraining law: annealing in two stages, the data shift between. arXiv 2505.07796."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from workbench.laws.annealing import Gain, Memory, momentum
from workbench.laws.quadrature import Inputs
from workbench.laws.terms import Exponent, Level, Size
from workbench.params import Param
from workbench.registry import law

Array = NDArray[np.float64]


def _jacobian(
    x: Inputs,
    L0: float,
    A: float,
    alpha: float,
    C1: float,
    C2: float,
    memory: float,
    B: float,
    E: float,
    beta: float,
) -> tuple[Array, Array]:
    """Loss (n,) and its derivatives (n, 9) in the order of the law's parameters."""
    power = x.s1**-alpha
    first, second = _areas(x, memory)
    log = np.log1p(E * x.s1_joined)
    left = np.exp(-beta * log)
    columns = (
        np.ones_like(power),
        power,
        -A * power * np.log(x.s1),
        first[0],
        second[0],
        C1 * first[1] + C2 * second[1],
        1 - left,
        B * beta * left * x.s1_joined / (1 + E * x.s1_joined),
        B * left * log,
    )
    return L0 + A * power + C1 * first[0] + C2 * second[0] + B * (1 - left), np.stack(columns, axis=1)


@law(title="Continual-pretraining law", paper="2505.07796", jacobian=_jacobian)
def continual(
    x: Inputs,
    L0: Level,
    A: Size,
    alpha: Exponent,
    C1: Gain,
    C2: Gain,
    memory: Memory,
    B: Annotated[
        float, Param(-10, 10, slider=(-1, 1), unit="nats per shift", help="loss that the shift adds")
    ],
    E: Annotated[float, Param(1e-4, 1e6, log=True, slider=(0.1, 30), help="how fast the shift comes")],
    beta: Annotated[float, Param(1e-2, 10, log=True, slider=(0.1, 1), help="exponent of the shift")],
) -> Array:
    """Loss of a run that goes on with other data.

    ``L(t) = L0 + A S1^-alpha - C1 S2_1 - C2 S2_2 + B (1 - (1 + E S1_2)^-beta)``, S1 the sum of all rates,
    S1_2 that since the join, S2_1 and S2_2 the annealing areas, as for `annealing`, of the changes before
    and from the join on.

    Parameters
    ----------
    x : Inputs
        Of n points; `join` of `inputs` is the first step on the new data.
    L0, A, alpha, C1, C2, memory, B, E, beta : float
        Loss in nats per token, rates in the trainer's unit.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it for the loss on one validation set: B is above 0 on the old data, which are forgotten, and
    below 0 on the new. Without a join it is the annealing law. C1 = C2 is the form with one gain; the
    accounts of the paper differ on that.

    References
    ----------
    Wang et al., "Learning Dynamics in Continual Pre-Training for LLMs", 2025, arXiv 2505.07796.
    """
    first, second = _areas(x, memory)
    shift = -np.expm1(-beta * np.log1p(E * x.s1_joined))
    return L0 + A * x.s1**-alpha + C1 * first[0] + C2 * second[0] + B * shift


def _areas(x: Inputs, memory: float) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """S2 of each stage with its sign turned, and its derivative in `memory`."""
    kernel, slope = momentum(x.changes.age, memory)
    new = x.changes.joined
    return tuple((x.total(kernel * part), x.total(slope * part)) for part in (~new, new))  # type: ignore[return-value]
