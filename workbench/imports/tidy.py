"""From pieces to phases: boundaries where the shapes themselves begin and end."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from workbench.imports.phases import form
from workbench.imports.resolve import Resolved, resolve
from workbench.imports.series import Series
from workbench.imports.simplify import points
from workbench.imports.split import Piece, attempt, breaks, smooth
from workbench.phase import Phase

_SHORT, _MANY = 5, 6


def tidy(series: Series, pieces: list[Piece], total: int) -> list[Phase]:
    """The phases of the pieces, in shares of the peak, from step 0 to `total`.

    A piece reaches as far as it can, which is a step too far where two curves touch, and many where
    they touch gently. So a boundary is looked for where the next shape begins by itself, where the
    last one ends, and where the two meet; the simplest phases win.
    """
    pieces = _merged(series, _unrecognised(series, pieces))
    while True:
        ends = [
            _beginnings(series, pieces[0]),
            *(_boundaries(series, a, b) for a, b in pairwise(pieces)),
            [total],
        ]
        spans = list(pairwise(_simplest(series, pieces, ends)))
        found = [
            None if piece.curve is None else resolve(series, *span, piece.curve, final=True)
            for piece, span in zip(pieces, spans, strict=True)
        ]
        failed = [
            Piece(piece.i, piece.j, None if made is None else piece.curve)
            for piece, made in zip(pieces, found, strict=True)
        ]
        if failed == pieces:
            break
        # What became of it may join its neighbours, so the boundaries are looked for again.
        pieces = _unrecognised(series, failed)
    phases = [
        _points(series, *span) if made is None else made.phase
        for made, span in zip(found, spans, strict=True)
    ]
    if len(pieces) > 1 and pieces[0].j == 1 and phases[0].steps > 1:
        phases[0] = _gap(series, phases[0].steps)
    if spans[0][0] > 0:
        # The first shape does not reach back to step 0: what came before it nobody logged.
        rate = float(phases[0].at(np.zeros(1))[0])
        phases.insert(0, Phase("unlogged", spans[0][0], rate, rate))
    return phases


def _gap(series: Series, steps: int) -> Phase:
    """One point before the first shape: whatever came in between, a straight way is the least."""
    (t0, t1), (y0, y1) = series.t[:2], series.y[:2]
    start = float(y0 - t0 * (y1 - y0) / (t1 - t0))
    if steps == t1 and start >= 0:
        return Phase("gap", steps, start, float(y1))
    if not t0:
        return Phase("gap", steps, float(y0), float(y1))
    args = {"u": (0.0, float(t0) / steps, 1.0), "rate": (max(start, 0.0), float(y0), float(y1))}
    return Phase("gap", steps, args["rate"][0], args["rate"][-1], "points", args=args)


def _beginnings(series: Series, piece: Piece) -> list[int]:
    """Steps at which the first shape may begin: 0, or where it does by itself, or where the log does."""
    first = round(float(series.t[0]))
    found = [0]
    if piece.curve is not None and piece.curve.family.ends[0] is not None:
        _, u0, u1, _ = form(piece.curve)
        found.append(round(piece.curve.origin - u0 * piece.curve.length / (u1 - u0)))
    return list(dict.fromkeys(step for step in [*found, first] if 0 <= step <= first))


def _points(series: Series, begin: int, end: int) -> Phase:
    i, j = np.searchsorted(series.t, [begin, end])
    after = float(series.y[min(j, len(series) - 1)])
    return points(begin, end, series.t[i:j], series.y[i:j], series.tol[i:j], after)


def _unrecognised(series: Series, pieces: list[Piece]) -> list[Piece]:
    """Pieces with the runs that only trace another curve joined into one without a curve."""
    joins = [smooth(series, a, b) or (a.curve is None and b.curve is None) for a, b in pairwise(pieces)]
    short = [piece.j - piece.i < _SHORT for piece in pieces]
    lost = [piece.curve is None for piece in pieces]
    run = 0
    for k in range(len(pieces) + 1):
        if k < len(pieces) and (short[k] or lost[k] or (k > 0 and joins[k - 1])):
            run += 1
            continue
        # A run of joins counts the piece before its first.
        begin = k - run - 1 if run and k - run > 0 and joins[k - run - 1] else k - run
        worth = sum(piece.curve is not None for piece in pieces[begin:k])
        if run and (run >= _MANY or any(lost[begin:k]) or (worth > 2 and all(joins[begin : k - 1]))):
            lost[begin:k] = [True] * (k - begin)
        run = 0
    out: list[Piece] = []
    for piece, gone in zip(pieces, lost, strict=True):
        if gone and out and out[-1].curve is None:
            out[-1] = Piece(out[-1].i, piece.j, None)
        else:
            out.append(Piece(piece.i, piece.j, None) if gone else piece)
    return out


def _merged(series: Series, pieces: list[Piece]) -> list[Piece]:
    """Neighbours that are one curve after all, joined: near its flat ends a curve is hard to tell."""
    out = pieces[:1]
    for piece in pieces[1:]:
        last = out[-1]
        if last.curve is not None and piece.curve is not None and not breaks(series, piece.i):
            for curve in (piece.curve, last.curve):
                if curve.family.size > 1 and (whole := attempt(series, curve.family, last.i, piece.j, curve)):
                    out[-1] = Piece(last.i, piece.j, whole)
                    break
            else:
                out.append(piece)
        else:
            out.append(piece)
    return out


def _boundaries(series: Series, left: Piece, right: Piece) -> list[int]:
    """Steps at which the right piece may begin, the likeliest first."""
    t, at = series.t, right.i
    least, most = float(t[left.i]) + 1, float(t[at])
    found: list[float] = []
    if right.curve is not None:
        _, u0, u1, _ = form(right.curve)
        if right.curve.family.ends[0] is not None:
            found.append(right.curve.origin - u0 * right.curve.length / (u1 - u0))
    if left.curve is not None:
        _, u0, u1, _ = form(left.curve)
        if left.curve.family.ends[1] is not None:
            found.append(left.curve.origin + (1 - u0) * left.curve.length / (u1 - u0))
    candidates = [round(step) for step in found if np.isfinite(step)]
    if left.curve is not None and right.curve is not None:
        candidates += _meeting(series, left, right)
    candidates.append(round(most))
    return list(dict.fromkeys(c for c in candidates if least <= c <= most))


def _meeting(series: Series, left: Piece, right: Piece) -> list[int]:
    """Where the right curve, followed backward, begins to hold, and where both curves meet."""
    assert left.curve is not None and right.curve is not None
    t, k = series.t, right.i
    while k > left.i + 1 and abs(right.curve(t[k - 1 : k])[0] - series.y[k - 1]) <= series.tol[k - 1]:
        k -= 1
        if right.i - k > 1000:
            break
    out = [round(float(t[k]))]
    gap = np.arange(t[k - 1], t[k] + 1) if t[k] - t[k - 1] < 1e5 else np.array([])
    apart = left.curve(gap) - right.curve(gap)
    crossing = np.flatnonzero(np.sign(apart[:-1]) * np.sign(apart[1:]) <= 0)
    if len(crossing) and len(gap) > 2:
        # The point of the crossing belongs to the right phase, which begins at its own rate.
        m = crossing[0]
        near = m if abs(apart[m]) <= abs(apart[m + 1]) * 1e-3 else m + 1
        out.insert(0, round(float(gap[near])))
    return out


def _simplest(series: Series, pieces: list[Piece], ends: list[list[int]]) -> list[int]:
    """One boundary of each list, such that the phases between them are simplest taken together."""

    @cache
    def cost(k: int, begin: int, end: int) -> float:
        if end <= begin:
            return np.inf
        curve = pieces[k].curve
        found: Resolved | None = None if curve is None else resolve(series, begin, end, curve)
        return 20.0 if found is None else found.cost

    best = {begin: (0.01 * rank, [begin]) for rank, begin in enumerate(ends[0])}
    for k in range(len(pieces)):
        after: dict[int, tuple[float, list[int]]] = {}
        for rank, end in enumerate(ends[k + 1]):
            # Alone in its list a boundary needs no comparison, so that long rows of breaks stay cheap.
            only = len(best) == 1 and len(ends[k + 1]) == 1
            rows = [
                (total + (0.0 if only else cost(k, begin, end)) + 0.01 * rank, path)
                for begin, (total, path) in best.items()
            ]
            total, path = min(rows, key=lambda row: row[0])
            after[end] = (total, [*path, end])
        best = after
    return min(best.values(), key=lambda row: row[0])[1]
