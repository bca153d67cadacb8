"""Clipping of gradients, each lane by its own norm."""

from __future__ import annotations

import torch
from torch import Tensor


def clip_(gradient: Tensor, limit: float) -> Tensor:
    """Scale each row of `gradient` (lanes, n_params) in place to a norm of at most `limit`.

    The factor is ``min(1, limit / (norm + 1e-6))``, torch's own. Returns the norms (lanes, 1).
    """
    norm = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
    gradient.mul_((limit / (norm + 1e-6)).clamp_(max=1.0))
    return norm
