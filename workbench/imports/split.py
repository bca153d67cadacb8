"""Cut a series into the fewest pieces that a family each describes: as far as one goes, then the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.imports.families import CUT, FAMILIES, WHOLE, Family
from workbench.imports.fit import Fit, fit
from workbench.imports.series import Series

Array = NDArray[np.float64]

_SHORT = 5
"""Points below which a piece says nothing about the curve."""

_ALL = 60
"""Pieces that say nothing, all in all, after which the rest is not looked at."""

_SLOWEST = 2
"""Families of WHOLE that take longest to be found from the beginning on."""

_FEW = 8
"""Pieces after which the rest is no longer tried as one whole shape."""

_PATIENCE = 6
"""Pieces in a row that say nothing before the recogniser looks further on."""


@dataclass(frozen=True)
class Piece:
    """Points i..j-1 and their curve; `curve` is None where none was recognised."""

    i: int
    j: int
    curve: Fit | None


def split(series: Series, *, whole: bool = False) -> list[Piece] | None:
    """Pieces that cover the series, each as long as one family reaches.

    Every family holds on a part of what it holds on, so that going as far as possible, again and
    again, gives the fewest pieces. Where pieces stay short, or join so smoothly that they only trace
    a curve which is none of the families, growing stretches are left unrecognised. With `whole` the
    answer is None as soon as there is one.
    """
    pieces: list[Piece] = []
    first = max(16, len(series) // 100)
    i, poor, lost, skip = 0, 0, 0, first
    while i < len(series):
        if poor == 0 and len(pieces) < _FEW and (found := _to_the_end(series, i)) is not None:
            return [*pieces, found]
        piece = longest(series, i, pieces[-2:])
        ends = piece.j == len(series) or (piece.j - i >= _SHORT and breaks(series, piece.j))
        if not ends and poor < 2 and (piece.j - i < _SHORT or _bent(piece)):
            piece = _whole(series, i, piece.j) or piece
        last = pieces[-1] if pieces else None
        traces = last is not None and smooth(series, last, piece)
        poor = poor + 1 if traces or piece.j - i < _SHORT else 0
        lost += poor > 0
        if lost > _ALL:
            return None if whole else [*pieces, Piece(i, len(series), None)]
        if poor > _PATIENCE and piece.j < len(series):
            j = min(len(series), max(piece.j, i + skip))
            skip = min(2 * skip, max(first, len(series) // 8))
            piece = Piece(i, j, None)
            if whole:
                return None
        elif poor == 0:
            skip = first
        pieces.append(piece)
        i = piece.j
    return pieces


def longest(series: Series, i: int, before: list[Piece]) -> Piece:
    """The piece from point `i` that reaches furthest; of families that reach about as far, the simplest.

    `before` are pieces that may come again, as in cycles.
    """
    n = len(series)
    j, curve = i + 1, fit(FAMILIES[0], series, i, i + 1)
    for piece in before:
        stop = i + piece.j - piece.i
        if piece.curve is not None and _bent(piece) and stop <= n:
            again = attempt(series, piece.curve.family, i, stop, piece.curve)
            if again is not None and again.family.size > curve.family.size:
                j, curve = stop, again
    family: Family | None = FAMILIES[0]
    while family is not None:
        j, curve = _grow(series, curve, i, j)
        if j - i > 3 and breaks(series, j):
            break
        # A family with more parameters always bends a few points further: it must gain more than these.
        wanted = max(j + 2, i + int(np.ceil(1.25 * (j - i))))
        if wanted > n and n - j < 3:
            break
        wanted = min(wanted, n)
        family = None
        for other in FAMILIES:
            # With a point or two to spare: through as many points as it has parameters anything goes.
            stop = max(wanted, i + other.size + (2 if other.size > 2 else 1))
            if other is not curve.family and stop <= n:
                trial = attempt(series, other, i, stop)
                if trial is not None:
                    family, j, curve = other, stop, trial
                    break
    return Piece(i, j, curve)


def _bent(piece: Piece) -> bool:
    return piece.curve is not None and piece.curve.family.size > 2


def _to_the_end(series: Series, i: int) -> Piece | None:
    """All that is left as one whole shape with many parameters, where it is bent from its first points on."""
    n = len(series)
    if (
        n - i < 16
        or _settled(series, i, n)
        or attempt(series, FAMILIES[1], i, i + max(6, (n - i) // 100)) is not None
    ):
        return None
    for family, fixed in WHOLE[:_SLOWEST]:
        curve = fit(family, series, i, n, fixed=fixed)
        if curve.excess <= 1 and curve.holds(series, i, n):
            return Piece(i, n, curve)
    return None


def _whole(series: Series, i: int, least: int) -> Piece | None:
    """A whole shape with more parameters than a short window can tell, up to the end or a break."""
    bend = np.abs(np.diff(np.diff(series.y[least - 1 :]) / np.diff(series.t[least - 1 :])))
    # Beside the end, where the slope first changes much: the point of a kink belongs to either side.
    sharp = least + int(np.argmax(bend > 0.3 * bend.max())) if len(bend) else least
    ends = dict.fromkeys([len(series), sharp, sharp + 1, sharp + 2])
    for j in (j for j in ends if max(least + 1, i + 8) <= j <= len(series)):
        # The end of the series may be in the middle of the shape; a break is not.
        for family, fixed in WHOLE if j < len(series) else (*WHOLE, *CUT):
            for begin in dict.fromkeys((float(series.t[i]), max(0.0, float(series.t[i]) - 1))):
                curve = fit(family, series, i, j, fixed=fixed, begin=begin)
                if family.name == "damped_cosine" and curve.excess < np.inf:
                    waves = {0: float(round(curve.q[0]))}
                    curve = fit(family, series, i, j, fixed=waves, begin=begin, start=curve.q)
                if curve.excess <= 1 and curve.holds(series, i, j):
                    return Piece(i, j, curve)
    return None


def breaks(series: Series, j: int) -> bool:
    """Whether there is a jump or a kink just before point `j` that no family has inside.

    The slope there, or its change, stands out from those on both sides.
    """
    i, k = max(0, j - 4), min(len(series), j + 4)
    if j - i < 2 or k - j < 2:
        return False
    noise = 30 * float(series.tol[i:k].max())
    slope = np.diff(series.y[i:k]) / np.diff(series.t[i:k])
    if _stands_out(np.abs(slope), j - i - 1, 0, noise):
        return True
    return j - i >= 4 and k - j >= 4 and _stands_out(np.abs(np.diff(slope)), j - i - 2, 1, noise)


def _stands_out(size: Array, at: int, more: int, noise: float) -> bool:
    """Whether size[at], or one of the `more` after it, is far above those around them all."""
    inside = size[at : at + 1 + more]
    outside = np.concatenate([size[:at], size[at + 1 + more :]])
    return bool(inside.max() > 30 * outside.max() + noise)


def smooth(series: Series, left: Piece, right: Piece) -> bool:
    """Whether two bent pieces join without a jump and without a kink, on a slope."""
    if left.curve is None or right.curve is None:
        return left.curve is not None or right.curve is not None
    if 1 in (left.curve.family.size, right.curve.family.size):
        return False
    t = np.array([-1.0, 0.0, 1.0]) + series.t[right.i]
    a, b = left.curve(t), right.curve(t)
    rise, noise = b[2] - b[0], 4 * float(series.tol[right.i])
    scale = max(abs(a[2] - a[0]), abs(rise))
    if not np.isfinite([*a, *b]).all() or scale <= noise:
        return False
    jump, kink = abs(a[1] - b[1]), abs((a[2] - a[0]) - rise)
    return bool(jump < 0.1 * scale + noise and kink < 0.1 * scale + noise)


def _grow(series: Series, curve: Fit, i: int, j: int) -> tuple[int, Fit]:
    """The furthest end of a piece of the same family, with its curve."""
    n, stride, beyond = len(series), 1, len(series) + 1
    while j < min(n, beyond - 1):
        # The curve itself goes on for a while; whether it is still a phase is for the new fit to say.
        reached = min(beyond - 1, curve.reach(series, j, min(n, i + 4 * (j - i) + 4)))
        stop = max(reached, j + stride if beyond > n else (j + beyond) // 2)
        stop = min(stop, n, beyond - 1)
        trial = attempt(series, curve.family, i, stop, curve)
        if trial is not None:
            stride = 2 * (stop - j)
            j, curve = stop, trial
            continue
        beyond, stride = stop, 1
        # What does not hold one point further does not hold beyond that either.
        near = attempt(series, curve.family, i, j + 1, curve) if stop > j + 1 else None
        if near is None:
            break
        j, curve = j + 1, near
    return j, curve


def attempt(series: Series, family: Family, i: int, j: int, near: Fit | None = None) -> Fit | None:
    """The member of `family` that meets every point i..j-1, or None; `near` is where to look first."""
    if family.size == 1:
        # The middle of what is allowed, so that a constant reaches as far as any can.
        low, high = np.max(series.y[i:j] - series.tol[i:j]), np.min(series.y[i:j] + series.tol[i:j])
        return _level(family, series, i, j, low, high) if low <= high else None
    if family.size > 2 and _settled(series, i, j):
        return None
    found = fit(family, series, i, j, start=None if near is None else near.q)
    return found if found.excess <= 1 and _lands(found, series, j) and found.holds(series, i, j) else None


def _settled(series: Series, i: int, j: int) -> bool:
    """Whether all that moves is in the first third: steep curves can hide a step in that, then stay flat."""
    rest = slice(i + (j - i + 2) // 3, j)
    low, high = np.max(series.y[rest] - series.tol[rest]), np.min(series.y[rest] + series.tol[rest])
    return bool(low <= high)


def _level(family: Family, series: Series, i: int, j: int, low: float, high: float) -> Fit:
    length = float(series.t[j - 1] - series.t[i]) + 1
    return Fit(family, np.zeros(0), float(low + high) / 2, 0.0, float(series.t[i]), length, 1.0)


def _lands(curve: Fit, series: Series, j: int) -> bool:
    """Whether the curve is still a rate one step after its last, where that is the end of its phase."""
    if curve.family.ends[1] is not None:
        return True
    return bool(curve(series.t[j - 1 : j] + 1)[0] >= -series.tol[j - 1])
