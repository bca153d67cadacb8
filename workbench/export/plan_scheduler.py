"""A scheduler for PyTorch that sets several quantities at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench import files
from workbench.export.groups import put, shares
from workbench.plan import Plan

if TYPE_CHECKING:
    from torch.optim import Optimizer

_PLACES = {"momentum": ("betas", "momentum"), "beta2": ("betas",), "weight_decay": ("weight_decay",)}


class PlanScheduler:
    """Sets what a plan holds in every param group, one update after the other.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Momentum is ``momentum`` or the first of ``betas``, whichever its groups have.
    plan : Plan
        Learning rate, momentum, beta2 and weight decay are set in the optimizer.
    relative : bool
        Whether ratios of the groups' learning rates stay.

    Attributes
    ----------
    values : dict
        What the coming update uses; the batch size is here for the data loader to read.

    Raises
    ------
    ValueError
        For a quantity that this optimizer has no place for.

    Notes
    -----
    Where some groups have weight decay and others none, those without keep 0: they were left out of
    it on purpose.
    """

    def __init__(self, optimizer: Optimizer, plan: Plan, relative: bool = False):
        groups = optimizer.param_groups
        for name in plan.quantities:
            _check_place(name, groups)
        self.optimizer, self.plan = optimizer, plan
        self._shares = shares(optimizer, relative)
        decays = [bool(group.get("weight_decay")) for group in groups]
        self._decays = decays if any(decays) else [True] * len(groups)
        self._step = 0
        self._apply()

    def step(self) -> None:
        """Go on to the next update; call it after each ``optimizer.step()``."""
        self._step += 1
        self._apply()

    def state_dict(self) -> dict[str, Any]:
        """Plain values: the update, and how the groups differ."""
        return {"step": self._step, "shares": list(self._shares), "decays": list(self._decays)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken; the optimizer's groups are set at once."""
        files.fields(state, "a state of PlanScheduler", needs=("step", "shares", "decays"))
        count = len(self.optimizer.param_groups)
        if len(state["shares"]) != count or len(state["decays"]) != count:
            raise ValueError(f"the state must be of {count} param groups; got {len(state['shares'])}")
        self._step = int(state["step"])
        self._shares, self._decays = list(state["shares"]), list(state["decays"])
        self._apply()

    def _apply(self) -> None:
        self.values = self.plan(self._step)
        rows = zip(self.optimizer.param_groups, self._shares, self._decays, strict=True)
        for group, share, decays in rows:
            for name, value in self.values.items():
                if name == "learning_rate":
                    put(group, "lr", share * value)
                elif name == "weight_decay":
                    put(group, "weight_decay", value if decays else 0.0)
                elif name == "momentum" and "betas" not in group:
                    put(group, "momentum", value)
                elif name == "momentum":
                    group["betas"] = (value, *group["betas"][1:])
                elif name == "beta2":
                    group["betas"] = (group["betas"][0], value, *group["betas"][2:])


def _check_place(name: str, groups: Sequence[Mapping[str, Any]]) -> None:
    keys = _PLACES.get(name)
    if keys and not all(any(key in group for key in keys) for group in groups):
        raise ValueError(f"{name} has no place in this optimizer, whose param groups have no {keys[-1]}")
