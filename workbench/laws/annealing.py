"""The annealing law: a power of the sum of rates, less the momentum of all drops. arXiv 2408.11029.

The paper counts drops from the peak on; it leaves open how the warmup enters, and fits differ by that.
Here are three laws, one for each convention.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from workbench.laws.quadrature import Inputs
from workbench.laws.terms import Exponent, Level, Size
from workbench.params import Param
from workbench.registry import law

Array = NDArray[np.float64]
Gain = Annotated[
    float, Param(1e-6, 1e4, log=True, slider=(0.1, 10), help="loss gained per unit of annealing area")
]
Memory = Annotated[
    float,
    Param(2, 1e6, unit="steps", log=True, slider=(100, 3000), help="steps in which a drop pays off"),
]
_PAPER = "2408.11029"


def momentum(age: Array, memory: float) -> tuple[Array, Array]:
    """What a change of 1, `age` updates ago, adds to S2, and its derivative in `memory`."""
    left = np.exp(age * np.log1p(-1 / memory))
    return memory * (1 - left), 1 - left - age * left / (memory - 1)


def area(x: Inputs, memory: float, warmup: bool) -> tuple[Array, Array]:
    """S2 with its sign turned, shape (n,), and its derivative in `memory`."""

    def sums() -> tuple[Array, Array]:
        kernel, slope = momentum(x.changes.age, memory)
        if not warmup:
            kernel, slope = kernel * x.changes.later, slope * x.changes.later
        return x.total(kernel), x.total(slope)

    return x.kept(("area", warmup), memory, sums)


def _value(s1: Array, s2: tuple[Array, Array], L0: float, A: float, alpha: float, C: float) -> Array:
    return L0 + A * s1**-alpha + C * s2[0]


def _slopes(
    s1: Array, s2: tuple[Array, Array], L0: float, A: float, alpha: float, C: float
) -> tuple[Array, Array]:
    power = s1**-alpha
    columns = (np.ones_like(power), power, -A * power * np.log(s1), s2[0], C * s2[1])
    return L0 + A * power + C * s2[0], np.stack(columns, axis=1)


def _both(x: Inputs, L0: float, A: float, alpha: float, C: float, memory: float) -> tuple[Array, Array]:
    return _slopes(x.s1, area(x, memory, True), L0, A, alpha, C)


def _real(x: Inputs, L0: float, A: float, alpha: float, C: float, memory: float) -> tuple[Array, Array]:
    return _slopes(x.s1, area(x, memory, False), L0, A, alpha, C)


def _peak(x: Inputs, L0: float, A: float, alpha: float, C: float, memory: float) -> tuple[Array, Array]:
    return _slopes(x.s1_peak, area(x, memory, False), L0, A, alpha, C)


@law(title="Annealing law, warmup in both sums", paper=_PAPER, jacobian=_both, estimator="raw")
def annealing(x: Inputs, L0: Level, A: Size, alpha: Exponent, C: Gain, memory: Memory) -> Array:
    """Loss from a power of the sum of rates and the momentum of every change, the warmup's too.

    ``L(s) = L0 + A S1^-alpha - C S2`` with ``S2 = sum_{i<=s} m_i``, ``m_i = lambda m_{i-1} + rate_{i-1} -
    rate_i`` and ``lambda = 1 - 1 / memory``. S1 sums all rates up to s; the warmup's rises are in m.

    Parameters
    ----------
    x : Inputs
        Of n points.
    L0, A, alpha, C : float
        Loss in nats per token, rates in the trainer's unit.
    memory : float
        ``1 / (1 - lambda)`` in steps: 1000 for the published .999.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it for runs of one peak; of the three conventions it predicts left-out curves best. The momentum
    counts steps, not rates, so a decay pays off as fast at a low rate as at a high one.

    References
    ----------
    Tissue, Wang, Wang, "Scaling Law with Learning Rate Annealing", 2024, arXiv 2408.11029.
    """
    return _value(x.s1, area(x, memory, True), L0, A, alpha, C)


@law(title="Annealing law, warmup in the sum of rates only", paper=_PAPER, jacobian=_real, estimator="raw")
def annealing_s1(x: Inputs, L0: Level, A: Size, alpha: Exponent, C: Gain, memory: Memory) -> Array:
    """Loss from a power of the sum of rates and the momentum of the changes after the warmup.

    ``L(s) = L0 + A S1^-alpha - C S2`` as for `annealing`, with m = 0 up to the end of the warmup.

    Parameters
    ----------
    x : Inputs
        Of n points.
    L0, A, alpha, C, memory : float
        As for `annealing`.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it to compare with fits that leave the warmup out of the annealing area: a constant run then
    gains nothing, whatever its peak.

    References
    ----------
    Tissue, Wang, Wang, "Scaling Law with Learning Rate Annealing", 2024, arXiv 2408.11029.
    """
    return _value(x.s1, area(x, memory, False), L0, A, alpha, C)


@law(title="Annealing law, warmup counted at the peak", paper=_PAPER, jacobian=_peak, estimator="raw")
def annealing_peak(x: Inputs, L0: Level, A: Size, alpha: Exponent, C: Gain, memory: Memory) -> Array:
    """Loss as if the run had begun at its peak.

    ``L(s) = L0 + A S1^-alpha - C S2`` as for `annealing`, with the warmup's steps at the peak in S1 and
    m = 0 up to its end.

    Parameters
    ----------
    x : Inputs
        Of n points.
    L0, A, alpha, C, memory : float
        As for `annealing`.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it to compare with fits made in this convention; it predicts left-out curves worst of the three.

    References
    ----------
    Tissue, Wang, Wang, "Scaling Law with Learning Rate Annealing", 2024, arXiv 2408.11029.
    """
    return _value(x.s1_peak, area(x, memory, False), L0, A, alpha, C)
