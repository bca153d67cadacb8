"""Fewer points that look the same: of every bucket along x the lowest and the highest value are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int64]
BUCKETS = 2_048
"""Buckets along x, more than a figure has columns of pixels: a line keeps at most two points of each."""
MOST = 2 * BUCKETS
"""Points up to which a line is left as it is."""


def thin(columns: Sequence[Array], buckets: int = BUCKETS) -> tuple[Array, ...]:
    """Columns with at most two points of each bucket and column besides x, extremes and ends kept.

    Parameters
    ----------
    columns : sequence of arrays, shape (n,)
        x, which does not fall, and values over it.
    buckets : int
        Parts of equal width that the range of x is cut into.

    Returns
    -------
    tuple of arrays, shape (m,)
        The same columns at the points that are kept; all of them where x falls somewhere, or where there
        are no more than twice as many points as buckets.

    Notes
    -----
    For a line that is drawn on at most `buckets` columns of pixels: drawn whole or thinned, it covers the
    same pixels. Thinning what was thinned before keeps the extremes, so that a line may grow for ever.
    A bucket without a finite value keeps its first point, which is a gap.
    """
    columns = tuple(np.asarray(column) for column in columns)
    x = columns[0]
    if len(x) <= 2 * buckets or not np.all(np.diff(x) >= 0) or not x[-1] > x[0]:
        return columns
    bucket = np.minimum(((x - x[0]) * (buckets / (x[-1] - x[0]))).astype(np.int64), buckets - 1)
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))
    counts = np.diff(starts, append=len(x))
    kept = [np.array([0, len(x) - 1])]
    for column in columns[1:]:
        finite = np.isfinite(column)
        kept += [
            _first(np.where(finite, column, np.inf), np.minimum, starts, counts),
            _first(np.where(finite, column, -np.inf), np.maximum, starts, counts),
        ]
    at = np.unique(np.concatenate(kept))
    return tuple(column[at] for column in columns)


def _first(values: Array, extreme: np.ufunc, starts: Places, counts: Places) -> Places:
    """Place of the first extreme value of each bucket."""
    best = np.repeat(extreme.reduceat(values, starts), counts)
    places = np.flatnonzero(values == best)
    of = np.searchsorted(starts, places, side="right")
    return places[np.diff(of, prepend=0) > 0]


class Growing:
    """Columns that points are added to; what is kept is thinned whenever it has doubled.

    Parameters
    ----------
    columns : sequence of arrays, shape (n,)
        What there is at first: x, which does not fall, and values over it.
    """

    def __init__(self, columns: Sequence[Array]) -> None:
        self._parts = [thin([np.asarray(column, float) for column in columns])]
        self._count = len(self._parts[0][0])
        self.last = float(columns[0][-1]) if len(columns[0]) else -np.inf

    def add(self, columns: Sequence[Array]) -> None:
        """Points behind the last."""
        if not len(columns[0]):
            return
        self._parts.append(tuple(columns))
        self._count += len(columns[0])
        self.last = float(columns[0][-1])
        if self._count > 2 * MOST:
            self._parts = [thin(self.columns)]
            self._count = len(self._parts[0][0])

    @property
    def columns(self) -> tuple[Array, ...]:
        """What is kept."""
        if len(self._parts) > 1:
            self._parts = [tuple(np.concatenate(parts) for parts in zip(*self._parts, strict=True))]
        return self._parts[0]
