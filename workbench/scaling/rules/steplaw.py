"""Rate and batch from model size and data: the Step Law. arXiv 2503.04715."""

from __future__ import annotations

import math

import numpy as np

from workbench.registry import rule
from workbench.scaling.rules.advice import Advice, beyond
from workbench.scaling.rules.terms import NParams, Tokens

_RATE = (math.log(1.79), -0.713, 0.307)
_BATCH = (math.log(0.58), 0.571)
_Z = 1.6448536269514722
# Covariance of (constant, ln N, ln D) over the authors' 1,000 bootstrap rows; of (constant, ln D) below.
_RATE_COVARIANCE = np.array(
    [
        [3.89062111e-01, -1.35589390e-02, -5.13249353e-03],
        [-1.35589390e-02, 8.91485737e-04, -1.74331789e-04],
        [-5.13249353e-03, -1.74331789e-04, 3.66311843e-04],
    ]
)
_BATCH_COVARIANCE = np.array([[0.19117964, -0.00815157], [-0.00815157, 0.00034852]])


@rule("Step Law", "2503.04715", family="data", gives=("rate", "batch_tokens"))
def steplaw(n_params: NParams, tokens: Tokens) -> Advice:
    """Best rate from size and data, best batch from data alone.

    ``rate = 1.79 N^-0.713 D^0.307``; ``batch = 0.58 D^0.571`` tokens.

    Parameters
    ----------
    n_params : float
        Parameters without embeddings.
    tokens : float
        Tokens of the run.

    Returns
    -------
    Advice
        With 90 % intervals from the authors' bootstrap.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it for a dense decoder with AdamW and a cosine to a fixed last rate of 1e-5, as in its runs: on
    the 17 public cells its advice is at most 0.31 % above the lowest loss of the grid.

    References
    ----------
    Li et al., "Predictable Scale: Part I, Step Law", 2025, arXiv 2503.04715.
    """
    x = np.array([1.0, math.log(n_params), math.log(tokens)])
    ln_rate, ln_batch = float(x @ _RATE), float(x[[0, 2]] @ _BATCH)
    far = _Z * math.sqrt(x @ _RATE_COVARIANCE @ x)
    wide = _Z * math.sqrt(x[[0, 2]] @ _BATCH_COVARIANCE @ x[[0, 2]])
    return Advice(
        rate=math.exp(ln_rate),
        batch_tokens=math.exp(ln_batch),
        intervals={
            "rate": (math.exp(ln_rate - far), math.exp(ln_rate + far)),
            "batch_tokens": (math.exp(ln_batch - wide), math.exp(ln_batch + wide)),
        },
        notes=beyond(n_params=(n_params, 2.1e8, 1.1e9), tokens=(tokens, 4e9, 1e11)),
    )
