"""The tree of branches as rows: parents before their children, each a line over its steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any


def rows(branches: Iterable[Any], color: Callable[[Any], str]) -> list[dict[str, Any]]:
    """One plain row for each branch, in the order in which they are drawn from the top.

    Parameters
    ----------
    branches : iterable of Branch
        Of one session, in any order.
    color : callable
        Colour of a branch.

    Returns
    -------
    list of dict
        Keys "key", "name", "level" (1 for a root), "parent" (row of the parent, -1 for a root), "from" and
        "to" (steps of the solid line), "total", "status", "loss" (text), "color". A branch whose parent
        is gone stands as a root, from the step at which it left.
    """
    every = list(branches)
    keys = {branch.key for branch in every}
    children: dict[str | None, list[Any]] = {}
    for branch in every:
        children.setdefault(branch.parent if branch.parent in keys else None, []).append(branch)
    out: list[dict[str, Any]] = []

    def visit(branch: Any, level: int, parent: int) -> None:
        out.append(_row(branch, level, parent, color(branch)))
        at = len(out) - 1
        for child in sorted(children.get(branch.key, []), key=lambda each: (each.left, _order(each.key))):
            visit(child, level + 1, at)

    for root in children.get(None, []):
        visit(root, 1, -1)
    return out


def descendants(branches: Sequence[Any], key: str) -> list[str]:
    """Keys of all branches that come from the one with this key, children before grandchildren."""
    out: list[str] = []
    wave = {key}
    while wave:
        found = [branch.key for branch in branches if branch.parent in wave and branch.key not in out]
        out += found
        wave = set(found)
    return out


def last_loss(branch: Any) -> float:
    """The last measured loss of a branch; not a number before the first."""
    curve = branch.curves.get("loss")
    return float(curve.loss[-1]) if curve is not None and len(curve) else math.nan


def _row(branch: Any, level: int, parent: int, color: str) -> dict[str, Any]:
    loss = last_loss(branch)
    return {
        "key": branch.key,
        "name": branch.name,
        "level": level,
        "parent": parent,
        "from": int(branch.left),
        "to": int(branch.step),
        "total": len(branch.schedule),
        "status": branch.status,
        "loss": "" if math.isnan(loss) else f"{loss:.4f}",
        "color": color,
    }


def _order(key: str) -> tuple[int, str]:
    return (int(key), key) if key.isdigit() else (1 << 62, key)
