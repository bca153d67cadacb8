"""Rate with the square root of the batch, as for Adam: the SDE rule. arXiv 2205.10287."""

from __future__ import annotations

from typing import Annotated

from workbench.params import Param
from workbench.registry import rule
from workbench.scaling.rules.advice import Advice
from workbench.scaling.rules.terms import Batch, Eps, Rate

_BETA = Param(0, 1, slider=(0.8, 0.999), help="decay of an average of Adam, below 1")


@rule("Square-root rule", "2205.10287", family="batch", gives=("rate", "eps"), confidence="theory")
def square_root(rate: Rate, batch: Batch, new_batch: Batch, eps: Eps = 1e-8) -> Advice:
    """Change the rate of Adam as the batch is changed by a factor of kappa.

    ``new rate = rate sqrt(kappa)``; with it ``1 - beta -> kappa (1 - beta)`` for both betas
    (`sde_betas`) and ``eps -> eps / sqrt(kappa)``.

    Parameters
    ----------
    rate, batch : float
        What is known to be good.
    new_batch : float
        In the same unit.
    eps : float
        Of Adam, at `batch`.

    Returns
    -------
    Advice
        Rate and eps.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it for Adam well below the critical batch. The three changes belong together: they keep the
    stochastic differential equation of the run, time counted in samples.

    References
    ----------
    Malladi et al., "On the SDEs and Scaling Rules for Adaptive Gradient Algorithms", 2022,
    arXiv 2205.10287.
    """
    kappa = new_batch / batch
    return Advice(rate=rate * kappa**0.5, eps=eps / kappa**0.5)


@rule("Betas of the square-root rule", "2205.10287", family="batch", gives=("betas",), confidence="theory")
def sde_betas(
    batch: Batch,
    new_batch: Batch,
    beta1: Annotated[float, _BETA] = 0.9,
    beta2: Annotated[float, _BETA] = 0.95,
) -> tuple[float, float]:
    """Both betas of Adam at another batch.

    ``1 - beta -> kappa (1 - beta)``.

    Parameters
    ----------
    batch, new_batch : float
        In one unit.
    beta1, beta2 : float
        At `batch`, below 1.

    Returns
    -------
    tuple of float
        beta1 and beta2 at `new_batch`.

    Raises
    ------
    ValueError
        Where a beta would fall below 0: the batch grows by more than the rule can follow.

    Notes
    -----
    See `square_root`, to which it belongs.

    References
    ----------
    Malladi et al., 2022, arXiv 2205.10287.
    """
    kappa = new_batch / batch
    out = (1 - kappa * (1 - beta1), 1 - kappa * (1 - beta2))
    if min(out) < 0:
        most = batch / (1 - min(beta1, beta2))
        raise ValueError(f"new_batch must be at most {most:.4g} for betas of at least 0; got {new_batch:g}")
    return out
