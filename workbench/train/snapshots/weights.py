"""The model of a training at any of its snapshots."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from workbench.params import Param, number
from workbench.train.model import CPU, Weights
from workbench.train.snapshots import saved
from workbench.train.snapshots.header import Header
from workbench.train.snapshots.kept import Source, opened


def weights(source: Source, step: int | None = None, lane: int | None = None) -> Weights:
    """The model of an earlier run, or of one that still trains, as it was after `step` updates.

    Parameters
    ----------
    source : Run, str or Path
        A run that was trained with `snapshots`, or the folder of such a training.
    step : int, optional
        The nearest kept snapshot at or before it is read; the latest where it is not given.
    lane : int, optional
        Which lane of a folder, 0 unless given; a run knows its own.

    Returns
    -------
    Weights
        Its `step` says at which snapshot it is. `workbench.train.probes.line` and ``plane`` take it.

    Raises
    ------
    ValueError
        When the folder is gone or holds another training, no sound snapshot is early enough, or `step` is
        outside the run.

    Notes
    -----
    Use it to look at a model between two points of a run, or across two branches. For the state at a step
    of which no snapshot was kept, `workbench.train.branch` trains the updates in between.
    """
    kept = opened(source, lane)
    which = kept.asked.lanes[kept.lane]
    total = len(which.plan)
    step = total if step is None else int(number("step", step, Param(1, total), integer=True))

    def judged(_all: Sequence[Header], _before: Sequence[int], node: int, header: Header) -> Tensor:
        row = saved.read(header, [node]).rows[node]
        rows = row.weights[None].clone()
        mover = kept.asked.optimizer.open(kept.asked.task.problem(CPU).layout, rows, [row.kept])
        return mover.judged(rows)[0].clone()

    begin, row = kept.near(step, judged)
    return Weights(row, begin, kept.lane, which.seed, kept.asked.task)
