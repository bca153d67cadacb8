"""The sentences of an answer: what it rests on, how sure it is, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """What came in, and how it fits.

    Parameters
    ----------
    points, runs : int
        Measured points, and the runs that they are of.
    level : float
        By how much their log loss is above the fit, on average.
    common : bool
        Whether that is taken as common to all runs.
    scale : float
        Factor on all deviations.
    contradicts : bool
        Whether the fit's errors leave less than one chance in a hundred for it.
    """

    points: int
    runs: int
    level: float
    common: bool
    scale: float
    contradicts: bool


def sentences(texts: Sequence[str]) -> list[str]:
    """Each text once, from a capital to a full stop."""
    return [text[0].upper() + text[1:] + "." for text in dict.fromkeys(texts)]


def nothing_yet(first: int | None) -> list[str]:
    """Where no point has come in; `first` is the step from which on the law describes a run."""
    if first is None:
        return []
    return [f"Nothing was measured from update {first:,} on yet: this is the fit's own prediction."]


def heard(what: Heard, before: Array, after: Array) -> list[str]:
    """Sentences for half widths of bands at the ends (n,), in log, before and after it came in."""
    of = f"{what.points:,} points of {what.runs} run{'s' if what.runs > 1 else ''}"
    out = []
    if len(after):
        old, new = (f"±{100 * np.expm1(float(np.median(half))):.2g} %" for half in (before, after))
        out.append(
            f"By the fit and {of} the 90 % band of a final loss is {new}; by the fit alone it was {old}."
        )
    side = "above" if what.level > 0 else "below"
    where = f"on average {100 * abs(np.expm1(what.level)):.2g} % {side} it"
    done = ["all runs are taken to be so"] if what.common else []
    done += [f"all deviations as {what.scale:.2g} times as large"] if what.scale > 1.05 else []
    if what.contradicts:
        rest = f"; {' and '.join(done)}" if done else ""
        out.append(f"What came in contradicts the fit, {where}, beyond its errors{rest}. Better fit afresh.")
    elif np.any(after > before * (1 + 1e-6)):
        why = f"what came in is {where}" if done else "single points scatter more than its errors"
        out.append(
            f"Some bands are wider than the fit's own: {why}{'; ' if done else ''}{' and '.join(done)}."
        )
    return out
