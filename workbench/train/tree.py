"""Which lanes share their past: a tree over steps, known before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

import numpy as np
from numpy.typing import NDArray

from workbench.train.lanes import Lane


@dataclass(frozen=True)
class Node:
    """A stretch of updates, `start` to `stop`, that `lanes` have in common; `parent` came before it."""

    start: int
    stop: int
    lanes: tuple[int, ...]
    parent: int | None


@dataclass(frozen=True)
class Tree:
    """What is trained once, and where it forks.

    Parameters
    ----------
    nodes : tuple of Node
        Parents before children.
    totals : tuple of int
        Updates of each lane.
    """

    nodes: tuple[Node, ...]
    totals: tuple[int, ...]

    @property
    def start(self) -> int:
        """Step at which all lanes begin."""
        return min((node.start for node in self.nodes), default=0)

    @property
    def updates(self) -> int:
        """Updates that are trained."""
        return sum(node.stop - node.start for node in self.nodes)

    @property
    def separate(self) -> int:
        """Updates of as many separate trainings."""
        return sum(total - self.start for total in self.totals)

    @property
    def cost(self) -> float:
        """What is trained as a share of separate trainings."""
        return self.updates / self.separate

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """Of each node."""
        found: list[list[int]] = [[] for _ in self.nodes]
        for i, node in enumerate(self.nodes):
            if node.parent is not None:
                found[node.parent].append(i)
        return tuple(map(tuple, found))

    @property
    def roots(self) -> tuple[int, ...]:
        """Nodes that begin the training."""
        return tuple(i for i, node in enumerate(self.nodes) if node.parent is None)

    @cached_property
    def paths(self) -> tuple[tuple[int, ...], ...]:
        """Nodes of each lane from the first to the last."""
        found: list[list[int]] = [[] for _ in self.totals]
        for i, node in enumerate(self.nodes):
            for lane in node.lanes:
                found[lane].append(i)
        return tuple(map(tuple, found))

    def __str__(self) -> str:
        forks = sum(len(children) > 1 for children in self.children)
        return (
            f"{len(self.totals)} lanes with {forks} forks: {self.updates:,} updates, "
            f"{100 * self.cost:.0f} % of the {self.separate:,} of separate trainings"
        )

    def _repr_html_(self) -> str:
        return f"<div>{escape(str(self))}</div>{self._drawing()}"

    def _drawing(self, width: int = 480, row: int = 14) -> str:
        """Lines over steps: a node is a stroke, a fork is where strokes part."""
        height = {lane: row * (i + 0.5) for i, lane in enumerate(self._order())}
        scale = width / max(self.totals)
        lines = []
        for node in self.nodes:
            y = float(np.mean([height[lane] for lane in node.lanes]))
            left, right = node.start * scale, node.stop * scale
            if node.parent is not None:
                above = float(np.mean([height[lane] for lane in self.nodes[node.parent].lanes]))
                lines.append(f'<path d="M{left:.1f} {above:.1f}V{y:.1f}"/>')
            lines.append(
                f'<path d="M{left:.1f} {y:.1f}H{right:.1f}"><title>steps {node.start} to {node.stop}, '
                f"{len(node.lanes)} lanes</title></path>"
            )
        return (
            f'<svg viewBox="-2 0 {width + 4} {row * len(height)}" width="{width}" role="img" '
            f'aria-label="{escape(str(self))}" fill="none" stroke="currentColor" stroke-width="2">'
            f"{''.join(lines)}</svg>"
        )

    def _order(self) -> Iterator[int]:
        """Lanes from the top of the drawing down: those that share longest stand together."""
        waiting = list(reversed(self.roots))
        while waiting:
            node = waiting.pop()
            below = {lane for child in self.children[node] for lane in self.nodes[child].lanes}
            yield from (lane for lane in self.nodes[node].lanes if lane not in below)
            waiting += reversed(self.children[node])


def grow(lanes: Sequence[Lane], start: int = 0, *, share: bool = True) -> Tree:
    """The tree of `lanes` from step `start` on, at which all are assumed to be in one state.

    Parameters
    ----------
    lanes : sequence of Lane
        They share what they do alike from `start` on: same seed, same quantities, same values.
    start : int
        First step; a lane must be longer.
    share : bool
        Whether to share at all; without it every lane is a training of its own.
    """
    tables = [np.stack(list(lane.plan.array().values())) for lane in lanes]
    totals = tuple(len(lane.plan) for lane in lanes)
    nodes: list[Node] = []
    keys = [(lane.seed, tuple(lane.plan.quantities), None if share else i) for i, lane in enumerate(lanes)]
    # A group is lanes that agree at `begin`, and how far each agrees with the first of them.
    waiting: list[tuple[list[int], int, int | None]] = [
        (group, start, None) for group in _alike(range(len(lanes)), keys, tables, start)
    ]
    waiting.reverse()
    far: dict[tuple[int, int], int] = {}
    while waiting:
        group, begin, parent = waiting.pop()
        stop = min(totals[lane] for lane in group)
        for lane in group[1:]:
            pair = (group[0], lane)
            if pair not in far:
                far[pair] = _agree(tables[group[0]], tables[lane], begin)
            stop = min(stop, far[pair])
        nodes.append(Node(begin, stop, tuple(group), parent))
        rest = [lane for lane in group if totals[lane] > stop]
        parts = _alike(rest, keys, tables, stop)
        waiting += [(part, stop, len(nodes) - 1) for part in reversed(parts)]
    return Tree(tuple(nodes), totals)


def _alike(
    lanes: Sequence[int] | range, keys: Sequence[object], tables: Sequence[NDArray[np.float64]], step: int
) -> list[list[int]]:
    groups: dict[object, list[int]] = {}
    for lane in lanes:
        groups.setdefault((keys[lane], tables[lane][:, step].tobytes()), []).append(lane)
    return list(groups.values())


def _agree(a: NDArray[np.float64], b: NDArray[np.float64], begin: int) -> int:
    """First step from `begin` on at which two tables differ, or the length of the shorter."""
    length = min(a.shape[1], b.shape[1])
    differs = (a[:, begin:length] != b[:, begin:length]).any(axis=0)
    return begin + int(differs.argmax()) if differs.any() else length
