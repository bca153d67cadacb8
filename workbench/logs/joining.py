"""Pieces of one training put together: the later one counts from its first step on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.logs.choosing import Chosen
from workbench.logs.extracting import Piece
from workbench.logs.order import Points
from workbench.logs.table import Log, counted

_LATE = 0.75
"""Share of a log behind which another must begin to be its continuation."""

_AGREE = 1e-3
"""How far the rates of two pieces may differ where both have them, as a share of the highest."""


@dataclass(frozen=True, eq=False)
class Joined:
    """The columns of a whole training.

    Parameters
    ----------
    logs : tuple of Log
        Its pieces in order.
    chosen : Chosen
        What its columns are.
    series : mapping of Points
        The columns.
    step : str
        Where the steps are.
    initial : mapping of float
        Losses before the first update.
    notes : list of str
        What was done, sentences.
    """

    logs: tuple[Log, ...]
    chosen: Chosen
    series: dict[str, Points]
    step: str
    initial: dict[str, float]
    notes: list[str] = field(default_factory=list)


def combine(pieces: Sequence[Piece], chosen: Chosen) -> Joined:
    """One training of its pieces, ordered by their first steps."""
    order = sorted(pieces, key=lambda piece: _begin(piece, chosen))
    series: dict[str, Points] = {}
    notes: list[str] = []
    initial: dict[str, float] = {}
    for piece in order:
        notes += [*piece.log.notes, *piece.notes]
        initial = piece.initial | initial
        start = _begin(piece, chosen)
        # A piece without the loss, such as the file of a last evaluation, takes nothing away.
        if chosen.loss in piece.series and series:
            cut = {name: points.until(start) for name, points in series.items()}
            lost = len(series.get(chosen.loss, ())) - len(cut.get(chosen.loss, ()))
            notes.append(_joint(piece, start, lost))
            series = cut
        for name, points in piece.series.items():
            before = series.get(name, Points(np.empty(0), np.empty(0)))
            kept = before.until(points.step[0]) if len(points) else before
            joined = (np.concatenate(pair) for pair in ((kept.step, points.step), (kept.value, points.value)))
            series[name] = Points(*joined)
    step = next((piece.step for piece in order if piece.step), "")
    logs = tuple(piece.log for piece in order)
    return Joined(logs, chosen, series, step, initial, list(dict.fromkeys([*chosen.notes, *notes])))


def _joint(piece: Piece, start: float, lost: int) -> str:
    over = f"; {counted(lost, 'earlier point')} from there on left out" if lost else ""
    return f"{piece.log.name} was joined at update {start:g}{over}."


def _begin(piece: Piece, chosen: Chosen) -> float:
    points = piece.series.get(chosen.loss) or next(iter(piece.series.values()), None)
    return float(points.step[0]) if points is not None and len(points) else np.inf


def chains(trainings: Sequence[Joined]) -> list[list[int]]:
    """Which of several logs are pieces of one training: lists of indices, the first piece first.

    A log continues another when it begins near that one's end or a little before, and the rates of both
    agree where both have them. One that several may continue, such as a trunk with its cooldowns, is
    part of each; where one may continue several, it stays alone.
    """
    parents = [_parent(each, trainings) for each in trainings]
    out = []
    for k in range(len(trainings)):
        if k in parents:
            continue
        chain = [k]
        while (before := parents[chain[0]]) is not None:
            chain.insert(0, before)
        out.append(chain)
    return out


def _parent(later: Joined, trainings: Sequence[Joined]) -> int | None:
    able = [k for k, earlier in enumerate(trainings) if earlier is not later and _continues(later, earlier)]
    starts = [trainings[k].series[trainings[k].chosen.loss].step[0] for k in able]
    latest = [k for k, start in zip(able, starts, strict=True) if start == max(starts)]
    return latest[0] if len(latest) == 1 else None


def _continues(later: Joined, earlier: Joined) -> bool:
    """Whether `later` goes on where `earlier` ended."""
    own = later.chosen
    if (own.loss, own.rate) != (earlier.chosen.loss, earlier.chosen.rate):
        return False
    a, b = (each.series.get(own.loss) for each in (earlier, later))
    if a is None or b is None or min(len(a), len(b)) < 2:
        return False
    first, last, start = a.step[0], a.step[-1], b.step[0]
    near = first + _LATE * (last - first) <= start <= last + 2 * max(a.gap, b.gap)
    if start <= first or not near or b.step[-1] <= last:
        return False
    if start > last:
        return True
    rates, others = (each.series.get(own.rate) if own.rate else None for each in (later, earlier))
    if rates is None or others is None or not len(others):
        return False
    common = rates.where(rates.step <= others.step[-1])
    off = np.abs(np.interp(common.step, others.step, others.value) - common.value)
    return bool(np.all(off <= _AGREE * np.max(others.value)))
