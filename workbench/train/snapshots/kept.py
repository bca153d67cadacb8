"""Which training a run or a folder stands for, and the states of a lane that were kept."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from workbench.curve import Run
from workbench.files import short
from workbench.params import Param, number
from workbench.train.asked import Asked
from workbench.train.seating import Seating
from workbench.train.snapshots import about
from workbench.train.snapshots.header import Header
from workbench.train.snapshots.snapshots import sound
from workbench.train.task import plain

Source = Run | str | os.PathLike[str]
Made = TypeVar("Made")


class Kept(NamedTuple):
    """A folder, what was asked of its training, and which of its lanes is meant."""

    folder: Path
    asked: Asked
    lane: int

    def near(
        self, step: int, make: Callable[[Sequence[Header], Sequence[int], int, Header], Made]
    ) -> tuple[int, Made]:
        """The nearest sound snapshot at or before `step`: its step, and what `make` makes of it.

        Parameters
        ----------
        step : int
            Updates done.
        make : callable
            From all headers, the nodes that the lane passed before, its node there, and the snapshot;
            ``ValueError`` sends it to an earlier one, with a warning.

        Raises
        ------
        ValueError
            When none is early enough.
        """
        folder, asked, lane = self
        seating = Seating(asked.tree, [each.plan.array() for each in asked.lanes])
        headers, path = sound(folder, about.mark(asked), seating), asked.tree.paths[lane]
        found = [(header.step, node, header) for header in headers for node in path if node in header.rows]
        for begin, node, header in sorted(found, key=lambda each: each[:2], reverse=True):
            if begin <= step:
                try:
                    return begin, make(headers, path[: path.index(node)], node, header)
                except ValueError as error:
                    warnings.warn(f"{error}; an earlier one is used", stacklevel=5)
        later = [begin for begin, *_ in found if begin > step]
        said = f"the earliest sound one is at step {min(later)}" if later else "there is no sound one"
        raise ValueError(f"step must be at or after a kept snapshot of lane {lane}, and {said}; got {step}")


def opened(source: Source, lane: int | None) -> Kept:
    """What `source` stands for.

    Raises
    ------
    ValueError
        When it is neither a run with snapshots nor a folder of them, the folder is gone or holds another
        training, or there is no such lane.
    """
    folder, lane = _place(source, lane)
    asked = about.read(folder)
    lanes = asked.lanes
    lane = int(number("lane", lane, Param(0, len(lanes) - 1), integer=True))
    if isinstance(source, Run) and (
        source.schedule != lanes[lane].plan.learning_rate or dict(source.task) != dict(plain(asked.task))
    ):
        raise ValueError(f"source must be a run of the training in {folder}; another one is there now")
    return Kept(folder, asked, lane)


def _place(source: Source, lane: int | None) -> tuple[Path, int]:
    if not isinstance(source, Run):
        if not isinstance(source, str | os.PathLike) or not os.fspath(source):
            raise ValueError(f"source must be a Run or a folder of snapshots; got {short(source)}")
        return Path(source).expanduser().absolute(), 0 if lane is None else lane
    folder, own = source.facts.get("snapshots"), source.facts.get("lane")
    if not isinstance(folder, str) or isinstance(own, bool) or not isinstance(own, int):
        raise ValueError("source must be a run that was trained with snapshots=...; this one was not")
    if not Path(folder).is_dir():
        raise ValueError(f"the run's folder {folder} must be there; give the one it is in now, lane={own}")
    return Path(folder), own if lane is None else lane
