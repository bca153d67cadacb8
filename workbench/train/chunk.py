"""Lanes that train together as one batched model, up to the step at which one of them forks or ends."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.train.lanes import batch_sizes
from workbench.train.layout import Layout
from workbench.train.log import Log, Points
from workbench.train.optimizers.value import Controls, Kept, Mover, Optimizer, taken
from workbench.train.probes.value import Probe, View
from workbench.train.problem import Problem

if TYPE_CHECKING:
    from workbench.train.control import Control

BLOCK = 4096
"""Updates whose rates are brought to the device at once."""


@dataclass
class Row:
    """State of one lane between two updates; `history` is weights that a probe is about to compare."""

    weights: Tensor
    kept: Kept
    history: tuple[Tensor, ...] = ()

    def on(self, device: torch.device) -> Row:
        """The same on a device."""
        tensors = {name: value.to(device) for name, value in self.kept.tensors.items()}
        history = tuple(each.to(device) for each in self.history)
        return Row(self.weights.to(device), Kept(tensors, self.kept.counters), history)

    def check(self, layout: Layout, optimizer: Optimizer) -> None:
        """Raise ``ValueError`` for the state of another model or optimizer."""
        for weights in (self.weights, *self.history):
            if weights.shape != (layout.n_params,) or weights.dtype != layout.dtype:
                raise ValueError(
                    f"its weights are {tuple(weights.shape)} of {weights.dtype}; "
                    f"the model has {(layout.n_params,)} of {layout.dtype}"
                )
        optimizer.open(layout, self.weights[None].clone(), [self.kept])


@dataclass(frozen=True)
class Seat:
    """What a chunk must know of one of its rows.

    Parameters
    ----------
    node : int
        Of the tree.
    values : mapping
        What is planned, (total,) by quantity; of any lane that passes through the node.
    seed : int
        Of the lane.
    stop : int
        Where the node ends.
    due : frozenset of int
        Steps at which it is measured.
    probed : tuple of frozenset
        Steps at which each probe looks.
    """

    node: int
    values: Mapping[str, NDArray[np.float64]]
    seed: int
    stop: int
    due: frozenset[int]
    probed: tuple[frozenset[int], ...] = ()


class Chunk:
    """Rows at one step; all lanes have the same quantities planned and the same batch sizes.

    After an error `whole` says whether the rows are as they were after `step` updates.
    """

    def __init__(
        self,
        problem: Problem,
        optimizer: Optimizer,
        seats: Sequence[Seat],
        rows: Sequence[Row],
        step: int,
        probes: Sequence[Probe] = (),
    ) -> None:
        self.problem, self.optimizer, self.probes = problem, optimizer, probes
        self.seats, self.step = tuple(seats), step
        self.stop = min(seat.stop for seat in seats)
        self.rows = torch.stack([row.weights for row in rows])
        self._out = torch.empty_like(self.rows)
        states = [row.kept for row in rows]
        fresh = step == 0 and not any(kept.tensors or kept.counters for kept in states)
        self.mover: Mover = optimizer.open(problem.layout, self.rows, None if fresh else states)
        self.seconds = 0.0
        self.whole = True
        self._due = frozenset[int]().union(*(seat.due for seat in seats))
        self._probed = [frozenset[int]().union(*(s.probed[i] for s in seats)) for i in range(len(probes))]
        self._history = [torch.stack(parts) for parts in zip(*(row.history for row in rows), strict=True)]
        self._sizes = batch_sizes(seats[0].values)
        seeds = [seat.seed for seat in seats]
        self._seeds = tuple(seeds) if len(set(seeds)) > 1 else (seeds[0],)
        self._controls: tuple[int, list[Controls]] = (-1, [])
        self._log = Log()

    @property
    def party(self) -> tuple[int, ...]:
        """Nodes of its rows."""
        return tuple(seat.node for seat in self.seats)

    def work(self, seconds: float, pause: int | None = None, control: Control | None = None) -> None:
        """Go on for a slice of time, at least one update, at most to `pause` or where one forks or ends."""
        began = time.perf_counter()
        stop = self.stop if pause is None else min(self.stop, pause)
        try:
            while True:
                self._update()
                if self.step >= stop or time.perf_counter() - began >= seconds:
                    return
                if control is not None and control.hurry:
                    return
        finally:
            self.seconds += time.perf_counter() - began

    def take(self) -> Points:
        """What was measured since the last call."""
        began = time.perf_counter()
        try:
            return self._log.take()
        finally:
            self.seconds += time.perf_counter() - began

    def row(self, i: int) -> Row:
        """State of a lane, in memory of its own."""
        return Row(self.rows[i].clone(), self.mover.kept(i), tuple(each[i].clone() for each in self._history))

    def _update(self) -> None:
        t = self.step
        size = None if self._sizes is None else int(self._sizes[t])
        batch = self.problem.batch(t, self._seeds, size)
        losses, gradient = self.problem.gradients(self.rows, batch, self._out)
        # Until here nothing has changed: what fails for want of memory can be tried again.
        self.whole = False
        self._remember(t)
        controls = self._controlled(t)
        self.mover.step(self.rows, taken(gradient, self.optimizer, controls, self._out), controls, t)
        if losses is not None:
            self._log.add("train", t, losses)
        if t in self._due:
            judged = self.mover.judged(self.rows)
            for name, values in self.problem.measure(judged).items():
                self._log.add(name, t, values)
        for probe, due in zip(self.probes, self._probed, strict=True):
            if t in due:
                view = View(
                    self.problem,
                    self.rows,
                    t,
                    self._seeds,
                    size,
                    controls,
                    self.optimizer,
                    self.mover.kept,
                    tuple(self._history),
                )
                for name, values in probe.measure(view).items():
                    self._log.add(name, t, values)
        self.step, self.whole = t + 1, True

    def _remember(self, t: int) -> None:
        """Keep the rows before this update where a probe will compare them."""
        depth = max((probe.history for probe in self.probes), default=0)
        if not depth:
            return
        near = any(
            t + later in due
            for probe, due in zip(self.probes, self._probed, strict=True)
            for later in range(probe.history)
        )
        self._history = [*self._history, self.rows.clone()][-depth:] if near else []

    def _controlled(self, t: int) -> Controls:
        first, controls = self._controls
        if not first <= t < first + len(controls):
            self._controls = first, controls = t, self._read(t, min(t + BLOCK, self.stop))
        return controls[t - first]

    def _read(self, first: int, stop: int) -> list[Controls]:
        names = [name for name in self.seats[0].values if name != "batch_size"]
        values = np.stack([[seat.values[name][first:stop] for seat in self.seats] for name in names])
        table = torch.from_numpy(values).to(self.rows.device, self.rows.dtype)
        columns = table.permute(2, 0, 1).unsqueeze(-1).unbind(0)
        keys = ["rate" if name == "learning_rate" else name for name in names]
        return [Controls(**dict(zip(keys, each.unbind(0), strict=True))) for each in columns]
