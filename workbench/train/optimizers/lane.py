"""A library's optimizer at work on the weights of one lane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from workbench.train.layout import Layout
from workbench.train.optimizers.library import find, line
from workbench.train.optimizers.nested import apart, together
from workbench.train.optimizers.value import Kept

_OWN = frozenset(vars(torch.optim.SGD([torch.zeros(1)], lr=0.0)))
"""What every optimizer of torch has, and keeps by other ways."""


class Lane:
    """One optimizer over leaves that lie in the memory of one row.

    Parameters
    ----------
    library, arguments
        As of `workbench.train.optimizers.Library`.
    layout : Layout
        Of the model.
    row : Tensor
        Weights (n_params,), changed in place.
    kept : Kept, optional
        What it remembers from before.
    """

    def __init__(
        self, library: str, arguments: Mapping[str, Any], layout: Layout, row: Tensor, kept: Kept | None
    ) -> None:
        found = find(library)
        self.library, self.layout = library, layout
        self.views = _parts(layout, row)
        self.params = [torch.nn.Parameter(view) for view in self.views]
        groups: dict[tuple[bool, float, float, float], list[Tensor]] = {}
        for weight, param in zip(layout.weights, self.params, strict=True):
            key = (weight.decays, weight.rate, weight.decay if weight.decays else 0.0, weight.eps)
            groups.setdefault(key, []).append(param)
        # Multiples of rate and decay, of each group.
        self.multiples = [(rate, decay) for _, rate, decay, _ in groups]
        default = {**found.takes, **arguments}
        rows = [{"params": params, **_scaled(default, *key[2:])} for key, params in groups.items()]
        try:
            self.optimizer: Any = found.make(rows, **arguments)
        except Exception as error:
            raise ValueError(f"{library} cannot train this model: {line(error)}") from None
        self.averages = all(callable(getattr(self.optimizer, name, None)) for name in ("train", "eval"))
        if kept is not None and (kept.tensors or kept.counters):
            self._go_on(kept)
        elif self.averages:
            self.optimizer.train()

    def step(self, gradient: Tensor, told: Mapping[str, float]) -> None:
        """One update with what a plan says of it."""
        for group, (rate, decay) in zip(self.optimizer.param_groups, self.multiples, strict=True):
            self._set(group, {**told, "rate": told["rate"] * rate}, decay)
        for param, part in zip(self.params, _parts(self.layout, gradient), strict=True):
            param.grad = part
        self.optimizer.step()
        for param, view in zip(self.params, self.views, strict=True):
            if param.data_ptr() != view.data_ptr():
                # It put new memory in place of the row's.
                view.copy_(param.detach())
                param.data = view

    def kept(self) -> Kept:
        """Everything that it remembers, in memory of its own."""
        optimizer, tensors = self.optimizer, {}
        index = {id(param): i for i, param in enumerate(self.params)}
        state = {index.get(id(key), key): value for key, value in optimizer.state.items()}
        groups = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
        own = {name: value for name, value in vars(optimizer).items() if name not in _OWN}
        remembered: dict[str, Any] = {"state": state, "groups": groups}
        counters = {name: apart(value, name, tensors) for name, value in remembered.items()}
        counters["own"] = {}
        for name, value in own.items():
            # Functions and the like are as they were made.
            try:
                counters["own"][name] = apart(value, f"own.{name}", tensors)
            except ValueError:
                continue
        return Kept(tensors, counters)

    def _go_on(self, kept: Kept) -> None:
        try:
            state, groups = (together(kept.counters[name], kept.tensors) for name in ("state", "groups"))
            own = {name: together(value, kept.tensors) for name, value in kept.counters["own"].items()}
            for group, values in zip(self.optimizer.param_groups, groups, strict=True):
                # Some add names at their first update.
                if "params" in values or not set(group) - {"params"} <= set(values):
                    raise ValueError("its groups have other names")
                group.update(values)
            for key, value in state.items():
                self.optimizer.state[self.params[key] if isinstance(key, int) else key] = value
            if not set(own) <= set(vars(self.optimizer)):
                raise ValueError("it has other attributes")
            vars(self.optimizer).update(own)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"what was kept of a lane must be of {self.library}: {line(error)}") from None

    def _set(self, group: dict[str, Any], told: Mapping[str, float], decay: float) -> None:
        for name, value in told.items():
            betas = group.get("betas")
            place = {"momentum": 0, "beta2": 1}.get(name)
            if name == "rate":
                group["lr"] = value
            elif name == "weight_decay" and name in group:
                group[name] = value * decay
            elif name in group and name != "weight_decay":
                group[name] = value
            elif place is not None and isinstance(betas, tuple | list) and len(betas) > place:
                group["betas"] = type(betas)([*betas[:place], value, *betas[place + 1 :]])
            else:
                raise ValueError(f"{self.library} has no {name} that a plan could set")


def _parts(layout: Layout, row: Tensor) -> list[Tensor]:
    return [part[0] for part in layout.views(row[None]).values()]


def _scaled(default: Mapping[str, Any], decay: float, eps: float) -> dict[str, float]:
    """Weight decay and epsilon of a group, where the class takes them."""
    own = {}
    for name, multiple in (("weight_decay", decay), ("eps", eps)):
        value = default.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and multiple != 1:
            own[name] = value * multiple
    return own
