"""What a folder of snapshots knows of each lane, without a model being made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from workbench.curve import Curve
from workbench.train.due import Due
from workbench.train.event import Status
from workbench.train.log import joined
from workbench.train.seating import Seating
from workbench.train.snapshots import about, saved
from workbench.train.snapshots.header import Header
from workbench.train.snapshots.snapshots import sound


class Found(NamedTuple):
    """How far a lane had come when it was last kept, and all that was measured of it up to there."""

    step: int
    status: Status
    curves: Mapping[str, Curve]


def lanes(folder: Path, wanted: Iterable[int]) -> dict[int, Found]:
    """What is known of some lanes of the training in a folder; nothing of those that were never kept.

    Raises
    ------
    ValueError
        When the folder holds no training that can be read. Damaged snapshots are named in warnings, and
        earlier ones used.
    """
    asked = about.read(folder)
    tree = asked.tree
    seating = Seating(tree, [lane.plan.array() for lane in asked.lanes])
    due = Due(asked.task.measurements, asked.probes, tree.totals)
    latest: dict[int, Header] = {}
    ended: dict[int, int] = {}
    for header in sorted(sound(folder, about.mark(asked), seating), key=lambda header: header.step):
        latest |= dict.fromkeys(header.party, header)
        ended |= header.ended
    read = {header.path: saved.read(header, ()) for header in latest.values()}
    found = {}
    for lane in wanted:
        path = [node for node in tree.paths[lane] if node in latest]
        if not path:
            continue
        header, parts = latest[path[-1]], dict[str, list[Curve]]()
        step = min(header.gone.get(path[-1], header.step), ended.get(lane, header.step))
        for node in path:
            for name, curve in read[latest[node].path].curves[node].items():
                own = due.own(lane, name, curve, asked.begin)
                keep = own.step < step
                parts.setdefault(name, []).append(Curve(own.step[keep], own.loss[keep]))
        status: Status = "finished" if step == tree.totals[lane] else "running"
        if lane in ended:
            status = "stopped"
        elif path[-1] in header.gone:
            status = "diverged"
        found[lane] = Found(step, status, joined(parts))
    return found
