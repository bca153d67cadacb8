"""Fewer points of a curve that look the same: of each stretch the lowest and the highest that it has."""

from __future__ import annotations

import numpy as np

from workbench.curve import Curve
from workbench.files import short


def thin(curve: Curve, points: int | None) -> Curve:
    """At most `points` of the curve's points: both ends, and of each stretch between its two extremes.

    Parameters
    ----------
    curve : Curve
        What was measured.
    points : int, optional
        At least 4; all of them where it is not given.

    Raises
    ------
    ValueError
        For less than 4 points.

    Notes
    -----
    Spikes stay, as in a drawing of all points; nothing is averaged. What is not finite counts as the highest,
    so that a divergence is not lost. Stretches have equally many points.
    """
    if points is None:
        return curve
    if isinstance(points, bool) or not isinstance(points, int) or points < 4:
        raise ValueError(f"points must be a whole number of at least 4, or None; got {short(points)}")
    n = len(curve)
    if n <= points:
        return curve
    loss = np.where(np.isfinite(curve.loss), curve.loss, np.inf)
    edges = np.linspace(1, n - 1, (points - 2) // 2 + 1).astype(np.int64)
    # The order within each stretch, found for all of them at once.
    stretch = np.searchsorted(edges, np.arange(1, n - 1), side="right")
    order = np.lexsort((loss[1:-1], stretch)) + 1
    at = np.unique(np.concatenate([[0, n - 1], order[edges[:-1] - 1], order[edges[1:] - 2]]))
    columns = (curve.step, curve.loss, curve.low, curve.high)
    return Curve(*(None if column is None else column[at] for column in columns))  # type: ignore[arg-type]
