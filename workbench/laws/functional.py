"""The functional scaling law in its practical form: drops pay off, and more so early. arXiv 2509.19189."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from workbench.laws.quadrature import Inputs
from workbench.laws.terms import Exponent, Level, Size
from workbench.params import Param
from workbench.registry import law

Array = NDArray[np.float64]


def _jacobian(
    x: Inputs, L0: float, c1: float, s: float, c2: float, c3: float, c4: float, gamma: float
) -> tuple[Array, Array]:
    """Loss (n,) and its derivatives (n, 7) in the order of the law's parameters."""
    power, log_s1 = x.s1**-s, np.log(x.s1)
    since, drop, log_then = x.kept("drops", None, lambda: _drops(x))
    then = np.exp(-s * log_then)
    log = np.log1p(c4 * since)
    left = np.exp(-gamma * log)
    paid = drop * (1 - left)
    level = x.total(paid * (c3 + then))
    columns = (
        np.ones_like(power),
        power,
        -c1 * power * log_s1 - c2 * x.total(paid * then * log_then),
        level,
        c2 * x.total(paid),
        c2 * x.total(drop * (c3 + then) * gamma * left * since / (1 + c4 * since)),
        c2 * x.total(drop * (c3 + then) * left * log),
    )
    return L0 + c1 * power + c2 * level, np.stack(columns, axis=1)


@law(title="Functional scaling law, practical form", paper="2509.19189", jacobian=_jacobian)
def functional(
    x: Inputs,
    L0: Level,
    c1: Size,
    s: Exponent,
    c2: Annotated[
        float,
        Param(1e-4, 1e6, log=True, slider=(50, 1000), help="gain of a drop, beside what is left to learn"),
    ],
    c3: Annotated[float, Param(1e-6, 1e4, log=True, slider=(0.1, 10), help="gain that stays late")],
    c4: Annotated[float, Param(1e-4, 1e6, log=True, slider=(0.3, 100), help="how fast a drop pays off")],
    gamma: Annotated[float, Param(1e-2, 10, log=True, slider=(0.2, 1.5), help="exponent of the pay-off")],
) -> Array:
    """Loss from a power of the sum of rates and the pay-off of each drop, larger while much is to learn.

    ``L(T) = L0 + c1 T^-s - c2 sum_k (rate_{k-1} - rate_k)_+ (c3 + T_k^-s) (1 - (1 + c4 (T - T_k))^-gamma)``
    with T the sum of all rates and T_k that up to step k.

    Parameters
    ----------
    x : Inputs
        Of n points.
    L0, c1, s, c2, c3, c4, gamma : float
        Loss in nats per token, rates in the trainer's unit.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it beside the multi-power law, whose form without gamma it shares. Rises of the rate, the
    warmup's too, cost nothing here, so it does not describe a rate that is raised again. This practical
    form is known from others' code, not from the paper.

    References
    ----------
    Li et al., "Functional Scaling Laws in Kernel Regression", 2025, arXiv 2509.19189, appendix B.2.
    """
    since, drop, log_then = x.kept("drops", None, lambda: _drops(x))
    kernel = drop * (c3 + np.exp(-s * log_then)) * -np.expm1(-gamma * np.log1p(c4 * since))
    return L0 + c1 * x.s1**-s + c2 * x.total(kernel)


def _drops(x: Inputs) -> tuple[Array, Array, Array]:
    """Sum of rates since each change, whether it is a drop, and the log of the sum up to it."""
    nodes = x.changes
    since = np.maximum(nodes.area - np.exp(nodes.log_rate), 0)
    drop = (nodes.change < 0).astype(float)
    return since, drop, np.log(np.maximum(x.s1[nodes.row] - since, 1e-12 * x.s1[nodes.row]))
