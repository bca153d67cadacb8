"""The largest curvature of the loss, by Lanczos iteration on products with the Hessian."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from workbench.params import Param, number
from workbench.train.probes import every
from workbench.train.probes.value import View
from workbench.train.problem import Problem

_SIZE = Param(1, 10**7, unit="samples", help="samples of the fixed batch")
_ITERATIONS = Param(2, 1000, help="products with the Hessian")


@dataclass(frozen=True)
class Sharpness:
    """Largest eigenvalue of the Hessian on a fixed batch, for every lane.

    Parameters
    ----------
    every : int
        Updates between two looks.
    size : int, optional
        Samples of the fixed batch; the task's own unless given.
    iterations : int
        Products with the Hessian of one look, each about two backward passes.

    Notes
    -----
    Curve "sharpness". Gradient descent is stable below ``2 / rate``, heavy-ball momentum below
    ``(2 + 2 beta) / rate``; training at a constant rate often hovers there.

    References
    ----------
    Cohen et al., "Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability", 2021,
    arXiv 2103.00065.
    """

    every: int = 100
    size: int | None = None
    iterations: int = 20

    names = ("sharpness",)
    history = 0

    def __post_init__(self) -> None:
        check(self.every, self.size, self.iterations)

    def due(self, total: int) -> Iterable[int]:
        """See `workbench.train.probes.value.Probe`."""
        return every.steps(total, self.every)

    def measure(self, view: View) -> dict[str, Tensor]:
        """See `workbench.train.probes.value.Probe`."""
        # One batch for all looks, so that what changes is the model.
        batch = view.problem.batch(0, (0,), self.size)
        product = hessian(view.problem, view.rows, batch)
        return {"sharpness": extremes(product, view.rows, self.iterations)[:, -1]}


def check(gap: int, size: int | None, iterations: int) -> None:
    """Refuse what no probe of a largest curvature can be asked for.

    Raises
    ------
    ValueError
        Naming the argument, what is allowed and what came.
    """
    every.checked(gap)
    number("iterations", iterations, _ITERATIONS, integer=True)
    if size is not None:
        number("size", size, _SIZE, integer=True)


def hessian(problem: Problem, rows: Tensor, batch: object) -> Callable[[Tensor], Tensor]:
    """The product of each lane's Hessian with a vector, from (lanes, n_params) to the same.

    Parameters
    ----------
    problem : Problem
        Whose `losses` can be differentiated twice.
    rows : Tensor
        Where, (lanes, n_params).
    batch : object
        Of the problem.
    """
    point = rows.detach().clone().requires_grad_()
    # Fused attention has no second derivative.
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        (slope,) = torch.autograd.grad(problem.losses(point, batch).sum(), point, create_graph=True)

    def product(vectors: Tensor) -> Tensor:
        with torch.enable_grad():
            (out,) = torch.autograd.grad((slope * vectors).sum(), point, retain_graph=True)
        return out

    return product


def extremes(product: Callable[[Tensor], Tensor], like: Tensor, iterations: int = 20) -> Tensor:
    """Ritz values of symmetric operators, one for each row of `like`, in increasing order.

    Lanczos iteration with full reorthogonalisation; the first and last values approach the extreme
    eigenvalues from inside.

    Parameters
    ----------
    product : callable
        From (lanes, n) to (lanes, n), each row by its own symmetric operator.
    like : Tensor
        Shape (lanes, n), of the type to work in.
    iterations : int
        At most n.

    Returns
    -------
    Tensor
        Shape (lanes, iterations), float64.
    """
    lanes, n = like.shape
    count = min(iterations, n)
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(n, generator=generator, dtype=torch.float64).to(like).expand(lanes, n)
    basis = [first / torch.linalg.vector_norm(first, dim=1, keepdim=True)]
    matrix = torch.zeros(lanes, count, count, dtype=torch.float64, device=like.device)
    # Below this share of the operator's size what is left of a new direction is rounding.
    least = 100 * torch.finfo(like.dtype).eps
    for k in range(count):
        new = product(basis[k])
        scale = torch.linalg.vector_norm(new, dim=1, keepdim=True)
        matrix[:, k, k] = (new * basis[k]).sum(dim=1).double()
        # Twice: once leaves what rounding brings back.
        for _ in range(2):
            known = torch.stack(basis, dim=1)
            new = new - torch.einsum("lk,lkn->ln", torch.einsum("lkn,ln->lk", known, new), known)
        size = torch.linalg.vector_norm(new, dim=1, keepdim=True)
        if k + 1 < count:
            # A lane whose directions are exhausted goes on with zeros: they add eigenvalues 0 apart.
            size = torch.where(size > least * scale, size, 0.0)
            matrix[:, k, k + 1] = matrix[:, k + 1, k] = size[:, 0].double()
            basis.append(torch.where(size > 0, new / size, 0.0))
    # What has diverged has no eigenvalues, and must not spoil those of the other lanes.
    lost = ~matrix.isfinite().flatten(1).all(dim=1)
    matrix[lost] = 0
    return torch.linalg.eigvalsh(matrix).masked_fill_(lost[:, None], torch.nan)
