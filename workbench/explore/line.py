"""One drawn line as a value, and how it travels: a row of text, and float32 columns thinned for a screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.explore.thinning import thin

Array = NDArray[np.float64]
_WORDS = ("key", "panel", "label", "color", "width", "dash", "points", "raw", "legend")


@dataclass(frozen=True)
class Line:
    """One drawn line.

    Parameters
    ----------
    key : str
        Which line it replaces.
    panel : int
        Where it is drawn, from the top.
    x, y : array, shape (n,)
        Steps (or tokens, or sums of rates) and values; where y is not finite there is a gap.
    label : str
        Name in the hover text.
    color : str
        "#rrggbb", or "ink" for the colour of the text.
    low, high : array, shape (n,), optional
        Band behind the line.
    dash : bool
        Dashed: a prediction.
    points : bool
        A dot at every value while there is room for them: a measurement.
    legend : str
        Text of its button in the legend; lines of one `group` share it.
    raw : bool
        Faint and behind the others: what another line smooths.
    """

    key: str
    panel: int
    x: Array
    y: Array
    label: str = ""
    color: str = "ink"
    low: Array | None = None
    high: Array | None = None
    width: float = 1.5
    dash: bool = False
    points: bool = False
    group: str = ""
    legend: str = ""
    raw: bool = False

    @property
    def columns(self) -> tuple[Array, ...]:
        """x and y, and both ends of the band where there is one."""
        ends = (self.low, self.high) if self.low is not None and self.high is not None else ()
        return (self.x, self.y, *ends)

    def pack(self) -> tuple[dict[str, Any], list[bytes]]:
        """What is sent as text, and the columns as float32 bytes, as many points as a screen can show."""
        row = {name: getattr(self, name) for name in _WORDS}
        row.update(group=self.group or self.key, band=self.low is not None)
        return row, packed(thin(self.columns))


def packed(columns: tuple[Array, ...]) -> list[bytes]:
    """Columns as float32 bytes."""
    return [np.ascontiguousarray(column, dtype=np.float32).tobytes() for column in columns]


def once(lines: Iterable[Sequence[bytes]]) -> tuple[list[list[int]], list[bytes]]:
    """Places of every line's columns, and each different column once: lines often have one x."""
    places: dict[bytes, int] = {}
    at = [[places.setdefault(column, len(places)) for column in columns] for columns in lines]
    return at, list(places)
