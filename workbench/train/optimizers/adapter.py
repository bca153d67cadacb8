"""Any optimizer of torch, pytorch_optimizer or schedulefree, one for each lane."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from workbench.train.layout import Layout, Weight
from workbench.train.optimizers import check
from workbench.train.optimizers.clip import clip_
from workbench.train.optimizers.lane import Lane
from workbench.train.optimizers.library import arguments, drawing, line
from workbench.train.optimizers.value import Controls, Kept

_TRIED = 4
"""Updates of a trial."""


@dataclass(frozen=True)
class Library:
    """An optimizer that somebody else wrote: each lane has one of its own, so it is right, and slower.

    Parameters
    ----------
    library : str
        Package and class: "torch.optim.RMSprop", "pytorch_optimizer.Lion", "schedulefree.AdamWScheduleFree".
    arguments : mapping
        Its arguments but the rate, which the schedule sets: plain values.
    clip : float, optional
        Largest norm of a lane's gradient; None for no limit.

    Raises
    ------
    ValueError
        For a class that is not there, an argument that it does not take, and an optimizer that needs a
        closure (LBFGS, SAM), has no rate, fails in a trial, or cannot go on from what can be kept of it.

    Notes
    -----
    Weights that do not decay have weight_decay 0 where the class takes one; a weight's multiples of rate,
    decay and epsilon hold. A plan's momentum is its "momentum" or the first of its "betas", beta2 the second.
    Optimizers that judge an average (schedule-free ones) are measured at it. Random numbers that it
    draws depend on the step alone.
    """

    library: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    clip: float | None = None

    sparse = False
    __hash__ = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        check.limit(self.clip)
        object.__setattr__(self, "arguments", arguments(self.library, self.arguments))
        # Trials of equal values are one; a tuple and a list are told apart by their text.
        _try(self.library, repr(self.arguments), json.dumps(dict(self.arguments)))

    def open(self, layout: Layout, rows: Tensor, kept: Sequence[Kept] | None = None) -> _Mover:
        """See `workbench.train.optimizers.value.Optimizer`."""
        return _Mover(self.library, self.arguments, self.clip, layout, rows, kept)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, kept with a run."""
        return {
            "name": "Library",
            "library": self.library,
            "arguments": dict(self.arguments),
            "clip": self.clip,
        }


class _Mover:
    def __init__(
        self,
        library: str,
        arguments: Mapping[str, Any],
        clip: float | None,
        layout: Layout,
        rows: Tensor,
        kept: Sequence[Kept] | None,
    ) -> None:
        self.clip = clip
        # Some draw random numbers when they are made.
        with drawing(rows.device) as seed:
            seed(0)
            self.lanes = [
                Lane(library, arguments, layout, row, kept[i] if kept else None) for i, row in enumerate(rows)
            ]

    def step(self, rows: Tensor, gradient: Tensor, controls: Controls, t: int) -> None:
        if self.clip is not None:
            clip_(gradient, self.clip)
        # One transfer for each quantity, not one for each lane.
        told = {name: x[:, 0].tolist() for name, x in controls._asdict().items() if x is not None}
        with drawing(rows.device) as seed:
            for i, lane in enumerate(self.lanes):
                seed(t)
                lane.step(gradient[i], {name: values[i] for name, values in told.items()})

    def judged(self, rows: Tensor) -> Tensor:
        if not self.lanes[0].averages:
            return rows
        # There and back is not the same to the bit, and must not depend on when somebody looks.
        before = rows.clone()
        for lane in self.lanes:
            lane.optimizer.eval()
        judged = rows.clone()
        for lane in self.lanes:
            lane.optimizer.train()
        rows.copy_(before)
        return judged

    def kept(self, lane: int) -> Kept:
        return self.lanes[lane].kept()


@lru_cache(maxsize=256)
def _try(library: str, said: str, text: str) -> None:
    """Train a small model twice, once going on from what was kept half way, or raise ``ValueError``."""
    given = {name: tuple(x) if isinstance(x, list) else x for name, x in json.loads(text).items()}
    matrix, vector = Weight("matrix", (4, 3), decays=True), Weight("vector", (3,))
    # Some are for matrices alone.
    for weights in ((matrix, vector), (matrix,)):
        try:
            return _go_on(library, given, Layout(weights))
        except Exception as error:
            problem = line(error)
    raise ValueError(f"{library} cannot be used in lanes: {problem}")


def _go_on(library: str, given: Mapping[str, Any], layout: Layout) -> None:
    draw = torch.Generator().manual_seed(0)
    whole = torch.randn(1, layout.n_params, generator=draw)
    gradients = torch.randn(_TRIED, 1, layout.n_params, generator=draw)
    controls = Controls(torch.full((1, 1), 1e-2))
    mover, again, rows = _Mover(library, given, None, layout, whole, None), None, whole
    for t, gradient in enumerate(gradients):
        if t == _TRIED // 2:
            rows = whole.clone()
            again = _Mover(library, given, None, layout, rows, [mover.kept(0)])
        mover.step(whole, gradient.clone(), controls, t)
        if again is not None:
            again.step(rows, gradient.clone(), controls, t)
    if not torch.allclose(rows, whole, rtol=1e-5, atol=1e-7):
        raise ValueError("it remembers more than can be kept of it")
