"""One training under way: chunks of lanes take turns, and part where their schedules do."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from workbench.train import facts
from workbench.train.chunk import Chunk, Row, Seat
from workbench.train.control import Control
from workbench.train.desk import Desk
from workbench.train.device import settled, short_of_memory
from workbench.train.due import Due
from workbench.train.event import Event
from workbench.train.keeper import Keeper, Snapshot, Start
from workbench.train.lanes import Lane
from workbench.train.ledger import Ledger
from workbench.train.log import by_lane
from workbench.train.optimizers.value import Kept, Optimizer
from workbench.train.probes.value import Probe
from workbench.train.problem import Problem, Task
from workbench.train.seating import Party, Seating
from workbench.train.tree import Tree

SLICE = 0.1
"""Seconds that a chunk works before it reports, and another takes its turn."""
_TELLING = 50
"""A chunk works so many times as long as it takes to tell of it, up to 100 slices."""
_HOST = torch.device("cpu")


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
    control : Control, optional
        What may be asked of it while it goes on.
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
        control: Control | None = None,
    ) -> None:
        self.problem, self.optimizer, self.lanes, self.tree = problem, optimizer, lanes, tree
        self.probes, self.deterministic, self.keeper, self.start = probes, deterministic, keeper, start
        self.at_once = problem.at_once if at_once is None else at_once
        self.seating = Seating(tree, [lane.plan.array() for lane in lanes])
        self._due = Due(task.measurements, probes, tree.totals)
        constant = {**facts.constant(problem, optimizer, deterministic=deterministic), **(about or {})}
        self._ledger = Ledger(problem, self.seating, self._due, constant, keeper)
        self._desk = None if control is None else Desk(control, self._ledger, self.seating)
        self._chunks: list[Chunk] = []
        self._found: dict[Party, Snapshot] = {}
        self._told = 0.0

    def events(self) -> Generator[Event, None, None]:
        """Train; see `workbench.train.events`."""
        if self.keeper is not None:
            found = self.keeper.found(self.seating, self.at_once, self._check)
            self._found = {snapshot.party: snapshot for snapshot in found}
        try:
            yield from self._begin()
            while self._chunks:
                # All is settled before it is told: whoever stops between two events stops at a whole state.
                desk = self._desk
                told = self._serve(desk) if desk is not None and desk.open() else []
                yield from told or self._turn()
        except GeneratorExit:
            if self.keeper is not None and not sys.is_finalizing():
                for chunk in self._chunks:
                    self.keeper.keep(self._snapshot(chunk, {}, _HOST))
            raise

    def _begin(self) -> list[Event]:
        roots, nodes, first = self.tree.roots, self.tree.nodes, self.tree.start
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
        row.check(self.problem.layout, self.optimizer)

    def _open(self, step: int, ready: Mapping[int, Row | None], at_once: int) -> list[Event]:
        """Seat nodes that are at one step, or go at once as far as snapshots lead."""
        told = []
        for party in self.seating.parties(ready, at_once):
            snapshot = self._found.pop(party, None)
            if snapshot is None:
                told += self._seat(party, step, {node: row for node in party if (row := ready[node])})
            else:
                told += self._restore(snapshot)
        return told

    def _restore(self, snapshot: Snapshot) -> list[Event]:
        self.at_once = min(self.at_once, snapshot.at_once)
        self._ledger.ended |= snapshot.ended
        told = []
        for node in snapshot.party:
            new = self._ledger.restore(node, snapshot.curves[node], snapshot.seconds[node])
            gone = node in snapshot.gone
            told += self._ledger.tell(node, snapshot.gone.get(node, snapshot.step), new, gone=gone)
        if self.seating.parts(snapshot):
            return told + self._part(snapshot)
        return told + self._seat(snapshot.party, snapshot.step, snapshot.rows)

    def _seat(self, party: Party, step: int, rows: Mapping[int, Row]) -> list[Event]:
        seats = [self._seat_of(node) for node in party]
        try:
            states = [rows[node].on(self.problem.device) for node in party]
            self._chunks.append(Chunk(self.problem, self.optimizer, seats, states, step, self.probes))
            return []
        except (RuntimeError, MemoryError) as error:
            if not short_of_memory(error):
                raise
        # Out here, where the error no longer holds what had found memory.
        states = []
        return self._halve(self._measured(party, step, {node: rows[node].on(_HOST) for node in party}, {}))

    def _seat_of(self, i: int) -> Seat:
        node = self.tree.nodes[i]
        due, probed = self._due.loss(node.lanes), self._due.probed(node.lanes)
        return Seat(i, self.seating.planned(i), self.lanes[node.lanes[0]].seed, node.stop, due, probed)

    def _turn(self) -> list[Event]:
        """Let the chunk that is behind the others, of those that may go on, work for a slice of time."""
        desk = self._desk
        free = [chunk for chunk in self._chunks if desk is None or desk.free(chunk)]
        if desk is not None and not free:
            return desk.idle(self._chunks[0])
        chunk = min(free, key=lambda chunk: chunk.step)
        step, spent, short = chunk.step, chunk.seconds, False
        pauses = [desk and desk.most(chunk), self.keeper and self.keeper.pause(step)]
        pause = min((each for each in pauses if each is not None), default=None)
        control = None if desk is None else desk.control
        try:
            with settled(self.problem.device, deterministic=self.deterministic):
                chunk.work(min(max(SLICE, _TELLING * self._told), 100 * SLICE), pause, control)
        except (RuntimeError, MemoryError) as error:
            if not short_of_memory(error):
                raise
            short = True
        points = chunk.take()
        told, gone = self._tell(chunk, points, chunk.seconds - spent) if chunk.step > step else ([], {})
        due = self.keeper is not None and self.keeper.due(chunk.party, chunk.step)
        ends = short or chunk.step == chunk.stop or bool(gone)
        if not (due or ends):
            return told
        if not chunk.whole:
            raise ValueError(
                f"{self.problem.device} has too little memory to measure {len(chunk.seats)} lanes at once; "
                "give a smaller at_once, or leave out probes"
            )
        # What goes on at once stays on the device, unless there is no room for a copy.
        snapshot = self._snapshot(chunk, gone, _HOST if short or not ends else self.problem.device)
        if ends:
            self._chunks.remove(chunk)
            del chunk
        if short:
            return told + self._halve(snapshot)
        if self.keeper is not None:
            self.keeper.keep(snapshot if due else self._ended(snapshot))
        return told + self._part(snapshot) if ends else told

    def _serve(self, desk: Desk) -> list[Event]:
        """Do what is asked at the whole states that there are now, and seat anew who goes on."""
        told: list[Event] = []
        for chunk in list(self._chunks):
            said, gone, ended = desk.serve(chunk)
            told += said
            if not ended:
                continue
            snapshot = self._snapshot(chunk, gone, self.problem.device if gone else _HOST)
            if self.keeper is not None:
                self.keeper.keep(snapshot)
            if gone:
                self._chunks.remove(chunk)
                told += self._part(snapshot)
        return told

    def _tell(self, chunk: Chunk, points: Any, seconds: float) -> tuple[list[Event], dict[int, int]]:
        """Note what a slice measured; the events, and the updates done of nodes that have diverged."""
        began, told, gone = time.perf_counter(), [], {}
        found = by_lane(points, len(chunk.seats), self.problem.ceiling)
        for seat, (curves, bad) in zip(chunk.seats, found, strict=True):
            self._ledger.note(seat.node, curves, seconds / len(chunk.seats))
            if bad is not None:
                gone[seat.node] = bad + 1
            told += self._ledger.tell(
                seat.node, gone.get(seat.node, chunk.step), curves, gone=bad is not None
            )
        self._told = time.perf_counter() - began
        return told, gone

    def _part(self, snapshot: Snapshot) -> list[Event]:
        """Seat anew who goes on after a party: nodes that follow ended ones, and the others as they are."""
        follow = self.seating.follow(snapshot.party, snapshot.step, snapshot.gone, snapshot.ended)
        ready = {node: snapshot.rows.get(source) for node, source in follow.items()}
        return self._open(snapshot.step, ready, snapshot.at_once)

    def _halve(self, snapshot: Snapshot) -> list[Event]:
        """Go on with half as many lanes at once from a state before the update that found no memory."""
        count = len(snapshot.party)
        if count == 1:
            others = sum(len(chunk.seats) for chunk in self._chunks)
            raise ValueError(
                f"the model does not fit: one lane of {self.problem.layout.n_params:,} parameters and "
                f"{self.problem.tokens:,} tokens per update is too much for {self.problem.device}"
                f"{f' beside {others} others' if others else ''}; take a smaller preset, batch or context"
                f"{', or fewer lanes' if others else ''}"
            )
        self.at_once = -(-count // 2)
        snapshot = replace(snapshot, at_once=self.at_once)
        if self.problem.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.keeper is not None:
            self.keeper.keep(snapshot)
        return self._part(snapshot)

    def _ended(self, snapshot: Snapshot) -> Snapshot:
        """The same without the rows that go on: they are kept when their time comes."""
        nodes = self.tree.nodes
        rows = {node: row for node, row in snapshot.rows.items() if nodes[node].stop == snapshot.step}
        return replace(snapshot, rows=rows)

    def _snapshot(self, chunk: Chunk, gone: Mapping[int, int], device: torch.device) -> Snapshot:
        """State of a party with the rows, on a device, of all that go on, or end here and are to be kept."""
        ended = self._ledger.ended
        on = set(self.seating.follow(chunk.party, chunk.step, gone, ended).values())
        lost = {node for node in gone if not self.seating.over(node, ended)}
        wanted = on if self.keeper is None else set(chunk.party) - lost
        rows = {
            seat.node: chunk.row(i).on(device) for i, seat in enumerate(chunk.seats) if seat.node in wanted
        }
        return self._measured(chunk.party, chunk.step, rows, gone)

    def _measured(
        self, party: Party, step: int, rows: Mapping[int, Row], gone: Mapping[int, int]
    ) -> Snapshot:
        curves = {node: self._ledger.curves(node) for node in party}
        seconds = {node: self._ledger.seconds(node) for node in party}
        return Snapshot(party, step, rows, curves, seconds, gone, self.at_once, dict(self._ledger.ended))
