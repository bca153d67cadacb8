"""Kaplan's powers of one quantity, and of size and updates. Kaplan et al., 2020, arXiv 2001.08361.

The formulas are as they are usually quoted, from memory: confidence high, not read in the paper.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.registry import scaling
from workbench.scaling.laws.parts import Exponent, Scale
from workbench.scaling.powersum import PowerSum, Term
from workbench.scaling.table import Points

Array = NDArray[np.float64]
PF_DAY = 8.64e19
"""FLOPs of one petaFLOP/s over a day."""
SIZE = PowerSum((Term("N_c", "alpha_N", "n_params", scaled=True),))
TOKENS = PowerSum((Term("D_c", "alpha_D", "tokens", scaled=True),))
COMPUTE = PowerSum((Term("C_c", "alpha_C", "compute", scaled=True, unit=PF_DAY),))
STEPS = PowerSum(
    (Term("N_c", "alpha_N", "n_params", scaled=True), Term("S_c", "alpha_S", "steps", scaled=True))
)


@scaling(title="Kaplan, size", paper="2001.08361", form=SIZE)
def kaplan_size(x: Points, N_c: Scale, alpha_N: Exponent) -> Array:
    """Loss of models trained to convergence on as much data as they take.

    ``L(N) = (N_c / N)^alpha_N``

    Parameters
    ----------
    x : Points
        Of n runs; N without embeddings.
    N_c, alpha_N : float
        Published: 8.8e13 and 0.076.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    It has no floor, so that it goes to 0: use it only near the sizes that were fitted.

    References
    ----------
    Kaplan et al., "Scaling Laws for Neural Language Models", 2020, arXiv 2001.08361.
    """
    return (N_c / x.n_params) ** alpha_N


@scaling(title="Kaplan, data", paper="2001.08361", form=TOKENS)
def kaplan_tokens(x: Points, D_c: Scale, alpha_D: Exponent) -> Array:
    """Loss of large models stopped early on limited data.

    ``L(D) = (D_c / D)^alpha_D``

    Parameters
    ----------
    x : Points
        Of n runs.
    D_c, alpha_D : float
        Published: 5.4e13 and 0.095.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    As for `kaplan_size`: no floor.

    References
    ----------
    Kaplan et al., "Scaling Laws for Neural Language Models", 2020, arXiv 2001.08361.
    """
    return (D_c / x.tokens) ** alpha_D


@scaling(title="Kaplan, compute", paper="2001.08361", form=COMPUTE)
def kaplan_compute(x: Points, C_c: Scale, alpha_C: Exponent) -> Array:
    """Lowest loss for a budget of compute.

    ``L(C) = (C_c / C)^alpha_C``, C in petaFLOP/s-days of 8.64e19 FLOPs.

    Parameters
    ----------
    x : Points
        The best run of each budget.
    C_c, alpha_C : float
        Published for the smallest compute that reaches a loss: 3.1e8 and 0.050.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Fit it to the frontier alone, such as `workbench.scaling.envelope` finds it.

    References
    ----------
    Kaplan et al., "Scaling Laws for Neural Language Models", 2020, arXiv 2001.08361.
    """
    return (C_c / (x.compute / PF_DAY)) ** alpha_C


@scaling(title="Kaplan, size and updates", paper="2001.08361", form=STEPS)
def kaplan_steps(x: Points, N_c: Scale, alpha_N: Exponent, S_c: Scale, alpha_S: Exponent) -> Array:
    """Loss from size and the number of updates.

    ``L(N, S) = (N_c / N)^alpha_N + (S_c / S_min)^alpha_S``

    Parameters
    ----------
    x : Points
        Of n runs with the column `steps`: the least number of updates, at a batch far above the critical one.
    N_c, alpha_N, S_c, alpha_S : float
        Published: 6.5e13, 0.077, 2.1e3, 0.76.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it for curves of one batch size; the paper corrects updates for the batch by its critical size.

    References
    ----------
    Kaplan et al., "Scaling Laws for Neural Language Models", 2020, arXiv 2001.08361.
    """
    return (N_c / x.n_params) ** alpha_N + (S_c / x.column("steps")) ** alpha_S
