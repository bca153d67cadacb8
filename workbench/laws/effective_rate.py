"""Our law: a rate counts by the norm of the weights, which follows from the rates before it."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.laws.past import Past
from workbench.laws.quadrature import Inputs
from workbench.params import Param
from workbench.registry import law

Array = NDArray[np.float64]


def _jacobian(
    x: Inputs, L0: float, A: float, alpha: float, B: float, norm: float, decay: float, share: float
) -> tuple[Array, Array]:
    """Loss (n,) and its derivatives (n, 7) in the order of the law's parameters."""
    far, far_norm, far_decay = _joined([_progress(past, norm, decay) for past in x.pasts])
    noise, noise_start, noise_decay = _joined([_noise(past, share * norm, decay) for past in x.pasts])
    power = far**-alpha
    bend = -A * alpha * power / far
    columns = (
        np.ones_like(power),
        power,
        -A * power * np.log(far),
        noise,
        bend * far_norm + B * noise_start * share,
        bend * far_decay + B * noise_decay,
        B * noise_start * norm,
    )
    return L0 + A * power + B * noise, np.stack(columns, axis=1)


@law(title="Effective-rate law (ours)", jacobian=_jacobian, carry=0.015)
def effective_rate(
    x: Inputs,
    L0: Annotated[float, Param(0, 20, unit="nats", help="loss after an endless decay")],
    A: Annotated[float, Param(1e-6, 1e4, log=True, slider=(0.8, 6), help="size of the power term")],
    alpha: Annotated[
        float, Param(1e-2, 3, log=True, slider=(0.2, 0.9), help="exponent of the effective time")
    ],
    B: Annotated[float, Param(1e-4, 1e4, log=True, slider=(0.5, 5), help="loss per unit of effective rate")],
    norm: Annotated[
        float,
        Param(1e-4, 10, log=True, slider=(0.01, 0.1), help="RMS of the first weights over that of an update"),
    ],
    decay: Annotated[
        float, Param(1e-6, 10, log=True, slider=(0.03, 0.3), help="AdamW's weight decay, as in the trainer")
    ] = 0.1,
    share: Annotated[
        float,
        Param(1e-2, 10, log=True, slider=(0.25, 1), help="norm at first of what makes noise, of `norm`"),
    ] = 0.5,
) -> Array:
    """Loss from effective rates: the rate over the norm of the weights, as AdamW drives it.

    ``L(T) = L0 + A (sum_{k<=T} e_k)^-alpha + B (n_T + sum_{k<=T} n_k^2 / sum_{j=k..T} n_j)`` with
    ``e_k = rate_k / sqrt(q_k)``, ``q_{k+1} = q_k exp(-2 decay rate_k) + rate_k^2``, ``q_0 = norm^2``, and
    n_k the same for ``q_0 = (share norm)^2``.

    Parameters
    ----------
    x : Inputs
        Of n points.
    L0, A, alpha, B : float
        Loss in nats per token.
    norm : float
        Root mean square of the weights at the start over that of an update at rate 1. Adam's updates
        have one of .2 to 1, weights one of .02: about .03.
    decay : float
        Weight decay as AdamW takes it, multiplied by the rate.
    share : float
        Initial norm of the weights that make the noise, as a share of `norm`.

    Returns
    -------
    array, shape (n,)
        Loss in nats per token.

    Notes
    -----
    Use it to carry over to another peak, and wherever runs were trained with AdamW and a known weight
    decay. Behind a normalisation only the direction of a weight counts. An update of size `rate`,
    nearly orthogonal to it, turns it by rate / norm and adds rate^2 to its squared norm, of which
    weight decay takes 2 decay rate: that is q. Progress is a power of the angle turned; the noise is
    the kernel of the convex bound for the effective rates, in which a step counts by the inverse of the
    angle turned since. Where decay is not held, fits find .09 to .15 on runs whose trainer had .1.

    On public curves that it was not fitted on it predicts the gain of WSD over cosine within 15 %.

    Two things are not derived: that the noise belongs to weights that start smaller (`share`, chosen by
    leaving out one of three peaks), and the power itself. It fails within the first few thousand steps,
    and runs at one low peak do not tell how far the power goes: from them to a peak five or ten times
    as high the law is off by .03 to .06. To carry over from a single peak, hold what is known from
    elsewhere, ``fixed={"norm": .03, "alpha": .366}``: at a constant rate `alpha` is the exponent of the
    data, .366 in the fit of arXiv 2404.10102 to Chinchilla's runs. Of six carries from one peak to
    another five were then within .025 nats and one .038 off; at the fitted peak itself the law is up to
    three times worse for it. Batch size and optimizers other than AdamW have not been studied.
    """
    far = np.concatenate([_progress(past, norm, decay)[0] for past in x.pasts])
    noise = np.concatenate([_noise(past, share * norm, decay)[0] for past in x.pasts])
    return L0 + A * far**-alpha + B * noise


class _Turned(NamedTuple):
    """Mean inverse norms of the nodes (n, m) and the inverse norm at each point (n,), or a derivative."""

    nodes: Array
    point: Array


def _turned(past: Past, start: float, decay: float) -> tuple[_Turned, _Turned, _Turned]:
    """Inverse norms, and their derivatives in the first norm and the decay."""
    factor, added, factor_decay, added_decay = past.balance(decay)
    root = np.sqrt(start**2 * factor + added)
    # Exact for a norm whose square grows in proportion to the sum of rates.
    mean = 2 / (root[:, :-1] + root[:, 1:])
    point = 1 / root[:, -2]
    slopes = []
    for change in (2 * start * factor, start**2 * factor_decay + added_decay):
        of_root = change / (2 * root)
        slopes.append(
            _Turned(-(mean**2) / 2 * (of_root[:, :-1] + of_root[:, 1:]), -(point**2) * of_root[:, -2])
        )
    return _Turned(mean, point), slopes[0], slopes[1]


def _progress(past: Past, start: float, decay: float) -> tuple[Array, Array, Array]:
    """Sum of the effective rates, and its derivatives in the first norm and the decay."""
    far, in_start, in_decay = (
        np.einsum("nm,nm->n", past.sums, each.nodes) for each in _turned(past, start, decay)
    )
    return far, in_start, in_decay


def _noise(past: Past, start: float, decay: float) -> tuple[Array, Array, Array]:
    """Kernel sum of the effective rates, and its derivatives in the first norm and the decay."""
    (inverse, point), *slopes = _turned(past, start, decay)
    distance = _after(past.sums * inverse) + past.offset * inverse
    near = 1 / np.where(past.squares > 0, distance, 1.0)
    # The variance of the steps' distances in a node makes the mean of 1 / distance larger.
    spread = past.variance * (inverse * near) ** 2
    weight = past.squares * inverse * near
    noise = past.rate * point + np.einsum("nm,nm->n", weight * inverse, 1 + spread)
    by_inverse, by_distance = weight * (2 + 4 * spread), -weight * inverse * near * (1 + 3 * spread)
    in_start, in_decay = (
        past.rate * slope.point
        + np.einsum("nm,nm->n", by_inverse, slope.nodes)
        + np.einsum("nm,nm->n", by_distance, _after(past.sums * slope.nodes) + past.offset * slope.nodes)
        for slope in slopes
    )
    return noise, in_start, in_decay


def _after(values: Array) -> Array:
    """Sum of the nodes after each one, shape (n, m)."""
    return np.cumsum(values[:, ::-1], axis=1)[:, ::-1] - values


def _joined(parts: list[tuple[Array, Array, Array]]) -> tuple[Array, Array, Array]:
    first, second, third = (np.concatenate(column) for column in zip(*parts, strict=True))
    return first, second, third
