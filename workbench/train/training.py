"""One training under way: chunks of lanes take turns, and part where their schedules do."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.curve import Curve
from workbench.train import facts
from workbench.train.chunk import Chunk, Row, Seat
from workbench.train.device import settled
from workbench.train.due import Due
from workbench.train.event import Event, Status
from workbench.train.keeper import Keeper, Snapshot, Start
from workbench.train.lanes import Lane
from workbench.train.log import joined
from workbench.train.optimizers.value import Kept, Optimizer
from workbench.train.probes.value import Probe
from workbench.train.problem import Problem, Task
from workbench.train.seating import Party, Seating
from workbench.train.tree import Tree

SLICE = 0.1
"""Seconds that a chunk works before it reports, and another takes its turn."""

Points = Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]


class Training:
    """State of a training; `events` runs it.

    Parameters
    ----------
    task, problem, optimizer
        What is trained, made ready, and with what.
    lanes : sequence of Lane
        What was asked for.
    tree : Tree
        How they share.
    probes, at_once, deterministic, keeper
        As in `workbench.train.events`.
    start : Start, optional
        Where a tree begins that does not begin at step 0.
    about : mapping, optional
        Further facts for every run, plain values.
    """

    def __init__(
        self,
        task: Task,
        problem: Problem,
        optimizer: Optimizer,
        lanes: Sequence[Lane],
        tree: Tree,
        *,
        probes: Sequence[Probe] = (),
        at_once: int | None = None,
        deterministic: bool = False,
        keeper: Keeper | None = None,
        start: Start | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.problem, self.optimizer, self.lanes, self.tree = problem, optimizer, lanes, tree
        self.probes, self.deterministic, self.keeper = probes, deterministic, keeper
        self.at_once = problem.at_once if at_once is None else at_once
        self._facts = {**facts.constant(problem, optimizer, deterministic=deterministic), **(about or {})}
        self.seating = Seating(tree, [lane.plan.array() for lane in lanes])
        self._due = Due(task.measurements, probes, tree.totals)
        self._chunks: list[Chunk] = []
        self._curves: dict[int, dict[str, list[Curve]]] = {}
        self._seconds: dict[int, float] = {}
        self.start = start
        self._found: dict[Party, Snapshot] = {}

    def events(self) -> Generator[Event, None, None]:
        """Train; see `workbench.train.events`."""
        if self.keeper is not None:
            found = self.keeper.found(self.seating, self.at_once, self._check)
            self._found = {snapshot.party: snapshot for snapshot in found}
        try:
            yield from self._begin()
            while self._chunks:
                # All is settled before it is told: whoever stops between two events stops at a whole state.
                yield from self._turn(min(self._chunks, key=lambda chunk: chunk.step))
        except GeneratorExit:
            if self.keeper is not None and not sys.is_finalizing():
                for chunk in self._chunks:
                    self.keeper.keep(self._snapshot(chunk, {}))
            raise

    def _begin(self) -> list[Event]:
        roots, nodes = self.tree.roots, self.tree.nodes
        first = nodes[roots[0]].start
        if self.start is not None:
            self._check(self.start.row)
        for party in self.seating.parties(roots, self.at_once):
            if self.start is not None and party not in self._found:
                rows, curves = dict.fromkeys(party, self.start.row), dict.fromkeys(party, self.start.curves)
                seconds = dict.fromkeys(party, self.start.seconds)
                self._found[party] = Snapshot(party, first, rows, curves, seconds, {}, self.at_once)
                if self.keeper is not None:
                    # The snapshot that this one began from may be dropped where it lies.
                    self.keeper.keep(self._found[party])
        kept = {node for party in self._found for node in party}
        seeds = {root: self.lanes[nodes[root].lanes[0]].seed for root in roots}
        if first and not kept.issuperset(roots):
            raise ValueError(
                f"the state at step {first} that this training begins from is missing or damaged"
            )
        rows = {root: Row(self.problem.first(seeds[root]), Kept()) for root in roots if root not in kept}
        return self._open(first, {root: rows.get(root) for root in roots}, self.at_once)

    def _check(self, row: Row) -> None:
        """Refuse the state of another model or optimizer."""
        layout = self.problem.layout
        for weights in (row.weights, *row.history):
            if weights.shape != (layout.n_params,) or weights.dtype != layout.dtype:
                raise ValueError(
                    f"its weights are {tuple(weights.shape)} of {weights.dtype}; "
                    f"the model has {(layout.n_params,)} of {layout.dtype}"
                )
        self.optimizer.open(layout, row.weights[None].clone(), [row.kept])

    def _open(self, step: int, ready: Mapping[int, Row | None], at_once: int) -> list[Event]:
        """Seat nodes that are at one step, or go at once as far as snapshots lead."""
        told = []
        for party in self.seating.parties(ready, at_once):
            snapshot = self._found.pop(party, None)
            if snapshot is None:
                self._seat(party, step, ready)
            else:
                told += self._restore(snapshot)
        return told

    def _restore(self, snapshot: Snapshot) -> list[Event]:
        self.at_once = min(self.at_once, snapshot.at_once)
        told = []
        for node in snapshot.party:
            before, curves = joined(self._curves.get(node, {})), snapshot.curves[node]
            # A node that went on in another party was told of once already, up to there.
            new = {name: _beyond(curve, before.get(name)) for name, curve in curves.items()}
            self._curves[node] = {name: [curve] for name, curve in curves.items()}
            self._seconds[node] = snapshot.seconds[node]
            told += self._tell(node, snapshot.gone.get(node, snapshot.step), new, node in snapshot.gone)
        if self.seating.parts(snapshot):
            return told + self._part(snapshot)
        self._seat(snapshot.party, snapshot.step, snapshot.rows)
        return told

    def _seat(self, party: Party, step: int, rows: Mapping[int, Row | None]) -> None:
        seats = [self._seat_of(node) for node in party]
        states = [row.on(self.problem.device) for node in party if (row := rows[node]) is not None]
        self._chunks.append(Chunk(self.problem, self.optimizer, seats, states, step, self.probes))

    def _seat_of(self, i: int) -> Seat:
        node = self.tree.nodes[i]
        due, probed = self._due.loss(node.lanes), self._due.probed(node.lanes)
        return Seat(i, self.seating.planned(i), self.lanes[node.lanes[0]].seed, node.stop, due, probed)

    def _turn(self, chunk: Chunk) -> list[Event]:
        spent = chunk.seconds
        pause = None if self.keeper is None else self.keeper.pause(chunk.step)
        try:
            with settled(self.problem.device, deterministic=self.deterministic):
                chunk.work(SLICE, pause)
                points = chunk.take()
        except torch.OutOfMemoryError:
            return self._halve(chunk)
        gone, told = {}, []
        for i, seat in enumerate(chunk.seats):
            curves, bad = self._of_row(points, i)
            self._note(seat.node, curves, chunk.seconds - spent)
            if bad is not None:
                gone[seat.node] = bad + 1
            told += self._tell(seat.node, gone.get(seat.node, chunk.step), curves, bad is not None)
        due = self.keeper is not None and self.keeper.due(chunk.party, chunk.step)
        ends = chunk.step == chunk.stop or bool(gone)
        if due or ends:
            snapshot = self._snapshot(chunk, gone)
            if self.keeper is not None:
                self.keeper.keep(snapshot if due else self._ended(snapshot))
            if ends:
                self._chunks.remove(chunk)
                told += self._part(snapshot)
        return told

    def _part(self, snapshot: Snapshot) -> list[Event]:
        """Seat anew who goes on after a party: nodes that follow ended ones, and the others as they are."""
        follow = self.seating.follow(snapshot.party, snapshot.step, snapshot.gone)
        ready = {node: snapshot.rows.get(source) for node, source in follow.items()}
        return self._open(snapshot.step, ready, snapshot.at_once)

    def _halve(self, chunk: Chunk) -> list[Event]:
        """Go on with half as many lanes at once: an update that found no memory has changed nothing."""
        count = len(chunk.seats)
        if count == 1:
            raise ValueError(
                f"the model does not fit: one lane of {self.problem.layout.n_params:,} parameters and "
                f"{self.problem.tokens:,} tokens per update is too much for {self.problem.device}; "
                "take a smaller preset, batch or context"
            ) from None
        self._chunks.remove(chunk)
        self.at_once = -(-count // 2)
        snapshot = self._snapshot(chunk, {})
        del chunk
        if self.problem.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.keeper is not None:
            self.keeper.keep(snapshot)
        return self._part(snapshot)

    def _of_row(self, points: Points, i: int) -> tuple[dict[str, Curve], int | None]:
        """Curves of one row, and the step that showed that it diverged."""
        judged = {name: part for name, part in points.items() if name in ("loss", "train")}
        # Written so that NaN counts as bad.
        found = [steps[~(values[:, i] <= self.problem.ceiling)] for steps, values in judged.values()]
        steps = np.concatenate(found) if found else np.empty(0, dtype=int)
        bad = int(steps.min()) if len(steps) else None
        curves = {}
        for name, (steps, values) in points.items():
            loss = values[:, i]
            # The step that showed the divergence belongs to what was measured, where it is a number.
            keep = np.isfinite(loss) & (steps <= bad) if bad is not None else slice(None)
            curves[name] = Curve(steps[keep].astype(float), loss[keep])
        return curves, bad

    def _note(self, node: int, curves: Mapping[str, Curve], seconds: float) -> None:
        self._seconds[node] = self._seconds.get(node, 0.0) + seconds
        if self.keeper is not None:
            kept = self._curves.setdefault(node, {})
            for name, curve in curves.items():
                kept.setdefault(name, []).append(curve)

    def _tell(self, i: int, step: int, curves: Mapping[str, Curve], gone: bool) -> Iterator[Event]:
        """One event for each lane that passes through a node, with the points that it would have alone."""
        first = self.tree.nodes[self.tree.roots[0]].start
        for lane in self.tree.nodes[i].lanes:
            total = self.tree.totals[lane]
            own = {name: self._due.own(lane, name, curve, first) for name, curve in curves.items()}
            own = {name: curve for name, curve in own.items() if len(curve)}
            status: Status = "diverged" if gone else "finished" if step == total else "running"
            seconds = sum(self._seconds.get(node, 0.0) for node in self.tree.path(lane))
            more = facts.now(self.problem, step, seconds)
            kept = {} if self.keeper is None else {**self.keeper.facts, "lane": lane}
            yield Event(lane, step, total, own, status, {**self._facts, **more, **kept})

    def _ended(self, snapshot: Snapshot) -> Snapshot:
        """The same without the rows that go on: they are kept when their time comes."""
        nodes = self.tree.nodes
        rows = {node: row for node, row in snapshot.rows.items() if nodes[node].stop == snapshot.step}
        return replace(snapshot, rows=rows)

    def _snapshot(self, chunk: Chunk, gone: Mapping[int, int]) -> Snapshot:
        """State of a party with the rows of all that go on, or end here."""
        rows = {seat.node: chunk.row(i) for i, seat in enumerate(chunk.seats) if seat.node not in gone}
        return Snapshot(
            chunk.party,
            chunk.step,
            rows,
            {node: joined(self._curves.get(node, {})) for node in chunk.party},
            {node: self._seconds.get(node, 0.0) for node in chunk.party},
            gone,
            self.at_once,
        )


def _beyond(curve: Curve, before: Curve | None) -> Curve:
    """Points after those that were there before."""
    if before is None or not len(before):
        return curve
    keep = curve.step > before.step[-1]
    return Curve(curve.step[keep], curve.loss[keep])
