"""Which lanes train together, and who follows where some of them fork, end or diverge."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.train.tree import Tree

Party = tuple[int, ...]
"""Nodes that train as one batched model, in order."""


class State(Protocol):
    """How far a party has come, as `workbench.train.keeper.Snapshot` says it."""

    @property
    def party(self) -> Party: ...
    @property
    def step(self) -> int: ...
    @property
    def gone(self) -> Mapping[int, int]: ...
    @property
    def at_once(self) -> int: ...
    @property
    def ended(self) -> Mapping[int, int]: ...


class Seating(NamedTuple):
    """Depends on the tree and the plans alone, so that a training that goes on is seated as it was.

    Parameters
    ----------
    tree : Tree
        Of the lanes.
    values : sequence of mapping
        What is planned for each lane, (total,) by quantity.
    """

    tree: Tree
    values: Sequence[Mapping[str, NDArray[np.float64]]]

    def parties(self, nodes: Iterable[int], at_once: int) -> list[Party]:
        """Nodes that are at one step as parties of at most `at_once`."""
        groups: dict[Any, list[int]] = {}
        for node in sorted(nodes):
            planned = self.planned(node)
            sizes = planned.get("batch_size")
            key = (tuple(planned), None if sizes is None else sizes.tobytes())
            groups.setdefault(key, []).append(node)
        return [
            tuple(group[i : i + at_once]) for group in groups.values() for i in range(0, len(group), at_once)
        ]

    def planned(self, node: int) -> Mapping[str, NDArray[np.float64]]:
        """What is planned for a node: any lane's that passes through."""
        return self.values[self.tree.nodes[node].lanes[0]]

    def stop(self, party: Party) -> int:
        """First step at which one of a party forks or ends."""
        return min(self.tree.nodes[node].stop for node in party)

    def parts(self, state: State) -> bool:
        """Whether a party does not go on as it is."""
        ends = state.step == self.stop(state.party)
        return ends or bool(state.gone) or len(state.party) > state.at_once

    def follow(
        self, party: Party, step: int, gone: Collection[int], ended: Collection[int] = ()
    ) -> dict[int, int]:
        """Who trains on after `party` at `step`, each with whose state it takes.

        Nodes that are `gone` do not, nor those of which all lanes were `ended` before they begin.
        """
        on = {}
        for node in party:
            if node not in gone:
                here = self.tree.nodes[node].stop == step
                on |= dict.fromkeys(self.tree.children[node], node) if here else {node: node}
        return {node: source for node, source in on.items() if not self.over(node, ended)}

    def over(self, node: int, ended: Collection[int]) -> bool:
        """Whether all lanes that pass through a node are among those `ended`."""
        return bool(ended) and all(lane in ended for lane in self.tree.nodes[node].lanes)
