"""What was measured of each node of a tree, and the events that tell its lanes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from workbench.curve import Curve
from workbench.train import facts
from workbench.train.due import Due
from workbench.train.event import Event, Status
from workbench.train.keeper import Keeper
from workbench.train.lanes import batch_sizes
from workbench.train.log import joined
from workbench.train.problem import Problem
from workbench.train.seating import Seating


class Ledger:
    """Curves are kept only for a keeper of snapshots: whoever listens has them already.

    Parameters
    ----------
    problem : Problem
        What is trained.
    seating : Seating
        The lanes, how they share, and what is planned for each.
    due : Due
        Which points are a lane's own.
    about : mapping
        Facts of every run, plain values.
    keeper : Keeper, optional
        Who keeps snapshots.

    Attributes
    ----------
    ended : dict of int
        Lanes that were ended, each with the updates done then; they are told of it once.
    """

    def __init__(
        self,
        problem: Problem,
        seating: Seating,
        due: Due,
        about: Mapping[str, Any],
        keeper: Keeper | None,
    ) -> None:
        self.problem, self.tree, self.due = problem, seating.tree, due
        self.about, self.keeper = about, keeper
        sizes = map(batch_sizes, seating.values)
        self._samples = [None if each is None else np.append(0, each.cumsum()) for each in sizes]
        self._first = self.tree.start
        self.ended: dict[int, int] = {}
        self._over: set[int] = set()
        self._curves: dict[int, dict[str, list[Curve]]] = {}
        self._seconds: dict[int, float] = {}

    def note(self, node: int, curves: Mapping[str, Curve], seconds: float) -> None:
        """Take in what was measured of a node, and the time that was spent on it."""
        self._seconds[node] = self.seconds(node) + seconds
        if self.keeper is not None:
            kept = self._curves.setdefault(node, {})
            for name, curve in curves.items():
                kept.setdefault(name, []).append(curve)

    def restore(self, node: int, curves: Mapping[str, Curve], seconds: float) -> dict[str, Curve]:
        """Begin a node with what a snapshot has of it; the points that nobody was told of yet."""
        # A node that went on in another party was told of once already, up to there.
        before = self.curves(node)
        self._curves[node] = {name: [curve] for name, curve in curves.items()}
        self._seconds[node] = seconds
        return {name: _beyond(curve, before.get(name)) for name, curve in curves.items()}

    def curves(self, node: int) -> dict[str, Curve]:
        """All that was measured of a node."""
        whole = joined(self._curves.get(node, {}))
        # A training of days has a piece for every slice of it.
        self._curves[node] = {name: [curve] for name, curve in whole.items()}
        return whole

    def seconds(self, node: int) -> float:
        """Time spent on a node."""
        return self._seconds.get(node, 0.0)

    def tell(self, i: int, step: int, curves: Mapping[str, Curve], *, gone: bool) -> Iterator[Event]:
        """One event for each lane that passes through a node, with the points that it would have alone."""
        kept = {} if self.keeper is None else dict(self.keeper.facts)
        for lane in self.tree.nodes[i].lanes:
            if lane in self._over:
                continue
            total, end = self.tree.totals[lane], self.ended.get(lane)
            own = {name: self.due.own(lane, name, curve, self._first) for name, curve in curves.items()}
            own = {name: curve for name, curve in own.items() if len(curve)}
            status: Status = "diverged" if gone else "finished" if step == total else "running"
            at = step
            if end is not None and step >= end:
                own, status, at = {name: _before(curve, end) for name, curve in own.items()}, "stopped", end
                self._over.add(lane)
            seconds = sum(self.seconds(node) for node in self.tree.paths[lane])
            now = facts.now(self.problem, self._tokens(lane, at), seconds)
            place = {**kept, "lane": lane} if kept else {}
            yield Event(lane, at, total, own, status, {**self.about, **now, **place})

    def _tokens(self, lane: int, step: int) -> int:
        samples = self._samples[lane]
        if samples is None:
            return step * self.problem.tokens
        return int(samples[step]) * self.problem.sample_tokens


def _beyond(curve: Curve, before: Curve | None) -> Curve:
    """Points after those that were there before."""
    if before is None or not len(before):
        return curve
    keep = curve.step > before.step[-1]
    return Curve(curve.step[keep], curve.loss[keep])


def _before(curve: Curve, step: int) -> Curve:
    """Points of the first `step` updates."""
    keep = curve.step < step
    return curve if keep.all() else Curve(curve.step[keep], curve.loss[keep])
