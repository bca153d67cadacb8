"""What the torch exports share: how a rate is set in a param group, and how groups differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.optim import Optimizer


def shares(optimizer: Optimizer, relative: bool) -> list[float]:
    """What the schedule's rate is multiplied by in each group: 1, or its lr over the largest."""
    if not relative:
        return [1.0] * len(optimizer.param_groups)
    # initial_lr is what a scheduler found; lr may by now be what it has made of it.
    own = [float(group.get("initial_lr", group["lr"])) for group in optimizer.param_groups]
    if not max(own) > 0:
        raise ValueError(f"relative needs a param group whose lr is greater than 0; got {own}")
    return [rate / max(own) for rate in own]


def put(group: dict[str, Any], key: str, value: float) -> None:
    """Set a number of a param group, in place where it is a tensor."""
    # A captured graph reads a rate that is a tensor from where it lies.
    if hasattr(group.get(key), "fill_"):
        group[key].fill_(value)
    else:
        group[key] = value
