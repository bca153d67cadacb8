"""What was measured of one branch, kept once and read in parts."""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping

import numpy as np

from workbench.curve import Curve


class Line:
    """One curve that grows; each point carries the number of the round in which it came.

    Pieces are joined as in a binary counter: there are never more than a few dozen, and a point is copied
    a few dozen times at most.
    """

    def __init__(self) -> None:
        self.count = 0
        self._pieces: list[Curve] = []
        self._last = -1.0
        self._rounds, self._before = array("q"), array("q")

    def add(self, curve: Curve, round: int) -> bool:
        """Take in what lies beyond the last point; whether there was anything."""
        if not len(curve) or curve.step[-1] <= self._last:
            return False
        if curve.step[0] <= self._last:
            keep = curve.step > self._last
            curve = Curve(curve.step[keep], curve.loss[keep])
        if not self._rounds or self._rounds[-1] != round:
            self._rounds.append(round)
            self._before.append(self.count)
        self._pieces.append(curve)
        self.count += len(curve)
        self._last = float(curve.step[-1])
        while len(self._pieces) > 1 and len(self._pieces[-2]) <= 2 * len(self._pieces[-1]):
            last = self._pieces.pop()
            self._pieces[-1] = _joined([self._pieces[-1], last])
        return True

    def until(self, count: int) -> Curve:
        """The first `count` points."""
        if len(self._pieces) > 1:
            self._pieces = [_joined(self._pieces)]
        whole = self._pieces[0] if self._pieces else Curve(np.empty(0), np.empty(0))
        return whole if count == len(whole) else Curve(whole.step[:count], whole.loss[:count])

    def since(self, round: int) -> Curve | None:
        """Points that came after a round."""
        i = bisect_right(self._rounds, round)
        if i == len(self._rounds):
            return None
        wanted, found = self.count - self._before[i], []
        for piece in reversed(self._pieces):
            found.append(piece if wanted >= len(piece) else Curve(piece.step[-wanted:], piece.loss[-wanted:]))
            wanted -= len(found[-1])
            if not wanted:
                break
        return found[0] if len(found) == 1 else _joined(found[::-1])


class Lines:
    """All curves of a branch; safe to read while another thread adds to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[str, Line] = {}

    def add(self, curves: Mapping[str, Curve], round: int) -> bool:
        """Take in what is new in `curves`; whether there was anything."""
        with self._lock:
            new = [self._lines.setdefault(name, Line()).add(c, round) for name, c in curves.items()]
        return any(new)

    def since(self, round: int) -> dict[str, Curve]:
        """What came after a round, by name."""
        with self._lock:
            found = {name: line.since(round) for name, line in self._lines.items()}
        return {name: curve for name, curve in found.items() if curve is not None}

    def view(self) -> View:
        """All that there is now."""
        with self._lock:
            return View(self, {name: line.count for name, line in self._lines.items() if line.count})

    def read(self, name: str, count: int) -> Curve:
        """The first `count` points of a curve."""
        with self._lock:
            return self._lines[name].until(count)


class View(Mapping[str, Curve]):
    """The curves of one moment; nothing is copied until one is asked for."""

    def __init__(self, lines: Lines, counts: Mapping[str, int]) -> None:
        self._lines, self._counts = lines, counts

    def __getitem__(self, name: str) -> Curve:
        return self._lines.read(name, self._counts[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __repr__(self) -> str:
        return f"<curves: {', '.join(f'{name} ({n:,})' for name, n in self._counts.items()) or 'none'}>"


def _joined(pieces: list[Curve]) -> Curve:
    columns = [np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("step", "loss")]
    for column in columns:
        # What nobody can write to is taken as it is, without another copy.
        column.flags.writeable = False
    return Curve(*columns)
