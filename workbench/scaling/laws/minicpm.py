"""The law of MiniCPM: Chinchilla's form with sizes and tokens in billions. Hu et al., arXiv 2404.06395."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.registry import scaling
from workbench.scaling.laws.parts import Exponent, Floor, Size
from workbench.scaling.powersum import PowerSum, Term
from workbench.scaling.table import Points

BILLION = 1e9
FORM = PowerSum(
    (
        Term("C_N", "alpha", "n_params", unit=BILLION),
        Term("C_D", "beta", "tokens", unit=BILLION),
        Term("L0"),
    )
)


@scaling(title="MiniCPM", paper="2404.06395", form=FORM)
def minicpm(
    x: Points, C_N: Size, alpha: Exponent, C_D: Size, beta: Exponent, L0: Floor
) -> NDArray[np.float64]:
    """Loss from size and data, both in billions.

    ``L(N, D) = C_N (N / 1e9)^-alpha + C_D (D / 1e9)^-beta + L0``

    Parameters
    ----------
    x : Points
        Of n runs; the paper counts parameters without embeddings.
    C_N, alpha, C_D, beta, L0 : float
        The paper's own values are of a loss per byte, averaged over five sets.

    Returns
    -------
    array, shape (n,)
        Loss in the unit of the table.

    Notes
    -----
    The same family as `chinchilla`, so it fits as well; use it to compare with the paper's numbers. The
    paper measured it with WSD runs, whose cooldowns start from one stable phase. That its sizes and
    tokens are in billions is inferred from its optima.

    References
    ----------
    Hu et al., "MiniCPM", 2024, arXiv 2404.06395, section 4.5.
    """
    return C_N * (x.n_params / BILLION) ** -alpha + C_D * (x.tokens / BILLION) ** -beta + L0
