"""The live figure as a value on the Python side: lines go out as float32 buffers, only what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray

Array = NDArray[np.float64]
_STATIC = Path(__file__).parent / "static"


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
        Steps and values.
    label : str
        Name in the hover text.
    color : str
        "#rrggbb", or "ink" for the colour of the text.
    low, high : array, shape (n,), optional
        Band behind the line.
    legend : str
        Text of its button in the legend; lines of one `group` share it.
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

    def pack(self) -> tuple[dict[str, Any], list[bytes]]:
        """What is sent as text, and the arrays as float32 bytes."""
        names = ("key", "panel", "label", "color", "width", "dash", "points", "legend")
        row = {name: getattr(self, name) for name in names}
        row.update(group=self.group or self.key, band=self.low is not None)
        columns = [self.x, self.y, *([self.low, self.high] if self.low is not None else [])]
        return row, [np.ascontiguousarray(column, dtype=np.float32).tobytes() for column in columns]


class LiveFigure(anywidget.AnyWidget):
    """Stacked panels over one axis of steps; `update` draws what is new and nothing else."""

    # anywidget takes one module: the plotting library stands before our own code in it.
    _esm = "\n".join(
        (_STATIC / name).read_text("utf-8") for name in ("uplot.min.js", "short.js", "figure.js")
    )
    _css = "\n".join((_STATIC / name).read_text("utf-8") for name in ("uplot.min.css", "figure.css"))
    summary = traitlets.Unicode("").tag(sync=True)

    def __init__(self, panels: Iterable[Mapping[str, Any]]) -> None:
        super().__init__()
        self._panels = [dict(panel) for panel in panels]
        self._lines: dict[str, Line] = {}
        self._rest = ""
        self.on_msg(self._heard)

    @property
    def lines(self) -> dict[str, Line]:
        """What is drawn now, by key."""
        return dict(self._lines)

    def update(
        self,
        lines: Iterable[Line] = (),
        *,
        remove: Iterable[str] = (),
        panels: Iterable[Mapping[str, Any]] | None = None,
        rest: str | None = None,
    ) -> None:
        """Draw new or changed lines, take some away, change panels, in one message."""
        gone = [key for key in remove if self._lines.pop(key, None) is not None]
        new = list(lines)
        self._lines.update({line.key: line for line in new})
        if panels is not None:
            for mine, changed in zip(self._panels, panels, strict=True):
                mine.update(changed)
        if rest is not None:
            self._rest = rest
        self._post(new, remove=gone, **({} if panels is None else {"panels": self._panels}), rest=self._rest)

    def _post(self, lines: Iterable[Line], **message: Any) -> None:
        packed = [line.pack() for line in lines]
        buffers = [buffer for _, columns in packed for buffer in columns]
        self.send({**message, "lines": [row for row, _ in packed]}, buffers)

    def _heard(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        # A view that opens, or opens again after a reload, knows nothing yet.
        if content.get("type") == "ready":
            self._post(self._lines.values(), reset=True, panels=self._panels, rest=self._rest)
