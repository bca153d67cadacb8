"""The law of Chinchilla: a floor and a power of size and of data. Hoffmann et al., 2022, arXiv 2203.15556."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.registry import scaling
from workbench.scaling.laws.parts import Exponent, Floor, Size
from workbench.scaling.powersum import PowerSum, Term
from workbench.scaling.table import Points

FORM = PowerSum((Term("E"), Term("A", "alpha", "n_params"), Term("B", "beta", "tokens")))


@scaling(title="Chinchilla", paper="2203.15556", form=FORM)
def chinchilla(x: Points, E: Floor, A: Size, alpha: Exponent, B: Size, beta: Exponent) -> NDArray[np.float64]:
    """Loss from size and data, each with a power of its own.

    ``L(N, D) = E + A / N^alpha + B / D^beta``

    Parameters
    ----------
    x : Points
        Of n runs.
    E, A, alpha, B, beta : float
        Loss in nats per token, N in parameters, D in tokens.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it first. It holds for runs whose schedule ends where their tokens do, and for rates and batches
    tuned by size. Published constants: `workbench.scaling.constants`.

    References
    ----------
    Hoffmann et al., "Training Compute-Optimal Large Language Models", 2022, arXiv 2203.15556.
    Besiroglu, Erdil, Barnett, You, "Chinchilla Scaling: A Replication Attempt", 2024, arXiv 2404.10102.
    """
    return E + A / x.n_params**alpha + B / x.tokens**beta
