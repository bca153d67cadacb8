"""The live figure as a value on the Python side: float32 buffers go out, and only what is new or changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from workbench.explore import hearing, routing
from workbench.explore.alone import alone
from workbench.explore.coalescing import PAUSE, Outbox
from workbench.explore.hearing import Points
from workbench.explore.line import Array, Line, once
from workbench.explore.thinning import Growing

__all__ = ["PAUSE", "Array", "Line", "LiveFigure"]

_STATIC = Path(__file__).parent / "static"
_SCRIPTS = ("lines", "scales", "draw", "tip", "legend", "pointer", "handles", "figure")


class LiveFigure(anywidget.AnyWidget):
    """Stacked panels over one axis: `update` draws lines, `append` adds points, and zoom survives both.

    Parameters
    ----------
    panels : iterable of dict
        From the top: height (pixels), yLabel, short (name of y in the hover box), xLabel, names (whether
        shades are named); xRange, yRange (from the data where it is not given), log, shades.

    Notes
    -----
    Messages are numbered: a view that misses one, or opens again, asks for everything. What is sent then
    is thinned to what a screen shows, at most 32 kB a line: 2.1 MB for 64 lines of 100,000 points.
    All methods are for the kernel's own thread; a training's thread gets there by `call_soon_threadsafe`.
    """

    # anywidget takes one module: these are put together, the last one renders.
    _esm = "\n".join((_STATIC / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
    _css = (_STATIC / "figure.css").read_text("utf-8")
    summary = traitlets.Unicode("").tag(sync=True)
    first = traitlets.Dict().tag(sync=True)

    def __init__(self, panels: Iterable[Mapping[str, Any]]) -> None:
        super().__init__()
        routing.keep()
        self.problem = ""
        """The last sentence that a browser's message or a call on it was refused with."""
        self._panels = [dict(panel) for panel in panels]
        self._lines: dict[str, Line] = {}
        self._grown: dict[str, Growing] = {}
        self._outbox = Outbox(self._tell)
        self._state: dict[str, Any] = {"rest": "", "mark": None, "handles": None, "spot": None, "label": ""}
        self._click: Callable[[str, float, float], None] | None = None
        self._drag: Callable[[Points, bool], None] | None = None
        self._number = 0
        self.on_msg(self._heard)

    @property
    def rest(self) -> str:
        """What is said under the panels while nothing is pointed at."""
        return self._state["rest"]

    @property
    @alone
    def lines(self) -> dict[str, Line]:
        """What is drawn now, by key; a line that was appended to is thinned to what a screen shows."""
        return {key: self._whole(key) for key in self._lines}

    @alone
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
        for key in (*gone, *(line.key for line in new)):
            self._grown.pop(key, None)
            self._outbox.drop(key)
        if panels is not None:
            for mine, changed in zip(self._panels, panels, strict=True):
                mine.update(changed)
        if rest is not None:
            self._state["rest"] = rest
        changed = {} if panels is None else {"panels": self._panels}
        rows, buffers = _sent(new)
        self._tell({"remove": gone, "rest": self._state["rest"], **changed, "lines": rows}, buffers)

    @alone
    def append(self, points: Mapping[str, Sequence[Any]]) -> None:
        """Add points at the end of drawn lines; they go out together, at most ten times a second.

        Parameters
        ----------
        points : dict
            Key of a drawn line -> (x, y), or (x, y, low, high) where it has a band; arrays of shape (n,).

        Raises
        ------
        ValueError
            For a key that is not drawn, lengths that differ, or an x that falls; nothing is added then.
        """
        checked = {key: self._columns(key, columns) for key, columns in points.items()}
        for key, columns in checked.items():
            self._growing(key).add(columns)
            self._outbox.add(key, columns)
        if checked:
            self._outbox.wake()

    def mark(self, x: float | None) -> None:
        """An upright line at `x` with the word "now": what is left of it has happened. None takes it away."""
        if x is not None and not math.isfinite(x):
            raise ValueError(f"x of the mark must be finite, or None; got {x!r}")
        self._put(mark=None if x is None else float(x))

    def handles(
        self, points: Sequence[Any] = (), key: str = "", *, panel: int = 0, lock: Sequence[int] = ()
    ) -> None:
        """Handles that can be dragged, moved with arrow keys or by touch; none takes them away.

        Parameters
        ----------
        points : sequence of (x, y)
            x does not fall, y is not negative. Those up to the mark are shown but cannot be moved.
        key : str
            Line whose colour they have, and which is dashed behind the mark.
        panel : int
            Where they are drawn.
        lock : sequence of int
            Places in `points` that move up and down only, such as the last.

        Raises
        ------
        ValueError
            For points that are no such pairs, or a panel or place that there is not.
        """
        pairs = hearing.pairs("points of the handles", [tuple(point) for point in points])
        if not 0 <= panel < len(self._panels):
            raise ValueError(f"panel must be from 0 to {len(self._panels) - 1}; got {panel!r}")
        bad = [i for i in lock if not 0 <= i < len(pairs)]
        if bad:
            raise ValueError(f"lock must be places of handles, 0 to {len(pairs) - 1}; got {bad[0]!r}")
        row = {"points": pairs, "key": str(key), "panel": panel, "lock": list(lock)}
        self._put(handles=row if pairs else None)

    def spot(self, key: str = "", x: float = 0.0, y: float = 0.0) -> None:
        """Put the marker of the last click on a point of a line; without a key, take it away."""
        if key and key not in self._lines:
            raise ValueError(f"key of the marker must be a drawn line; got {key!r}")
        self._put(spot={"key": key, "x": float(x), "y": float(y)} if key else None)

    def on_click(self, call: Callable[[str, float, float], None] | None, label: str = "Branch here") -> None:
        """Have `call(key, x, y)` called when a line is clicked, or Enter is pressed on it; None ends that.

        A ValueError that `call` raises is shown on the figure. `label` stands beside the marker.
        """
        self._click = call
        self._put(label=label if call else "")

    def on_drag(self, call: Callable[[Points, bool], None] | None) -> None:
        """Have `call(points, done)` called while handles are dragged, last with `done`; None ends that.

        A ValueError that `call` raises is shown on the figure, and the handles go back to where they were.
        """
        self._drag = call

    @alone
    def flush(self) -> None:
        """Send what was appended now."""
        self._outbox.flush()

    @alone
    def stand(self) -> None:
        """Put all that is drawn now into the widget's state, until a view has answered.

        The view that opens next draws it without asking: the kernel may be busy with other cells then.
        """
        self.flush()
        message, buffers = self._everything()
        self.first = {"message": {**message, "number": self._number}, "buffers": buffers}

    def _columns(self, key: str, columns: Sequence[Any]) -> tuple[Array, ...]:
        if key not in self._lines:
            raise ValueError(f"append needs lines that are drawn; got {key!r}: update draws it first")
        arrays = tuple(np.array(column, float, ndmin=1) for column in columns)
        want = len(self._lines[key].columns)
        if len(arrays) != want or len({array.shape for array in arrays}) > 1 or arrays[0].ndim != 1:
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise ValueError(f"append needs {want} columns of one length for {key!r}; got shapes {shapes}")
        x = arrays[0]
        last = self._growing(key).last
        if not np.all(np.isfinite(x)) or np.any(np.diff(x, prepend=last) < 0):
            raise ValueError(f"append needs a finite x that goes on from {last:g} for {key!r}; got {x[:3]}")
        return arrays

    def _growing(self, key: str) -> Growing:
        if key not in self._grown:
            self._grown[key] = Growing(self._lines[key].columns)
            self._lines[key] = self._whole(key)
        return self._grown[key]

    def _whole(self, key: str) -> Line:
        line = self._lines[key]
        if key not in self._grown:
            return line
        x, y, *ends = self._grown[key].columns
        low, high = ends or (None, None)
        return replace(line, x=x, y=y, low=low, high=high)

    @alone
    def _put(self, **changed: Any) -> None:
        self._state.update(changed)
        self._tell(changed)

    def _everything(self) -> tuple[dict[str, Any], list[bytes]]:
        rows, buffers = _sent(self.lines.values())
        return {**self._state, "panels": self._panels, "reset": True, "lines": rows}, buffers

    def _tell(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self._number += 1
        self.send({**message, "number": self._number}, buffers)

    @alone
    def _heard(self, _: Any, content: Any, __: Any) -> None:
        try:
            self._answer(content if isinstance(content, Mapping) else {})
        except ValueError as error:
            self.problem = str(error)
            self._tell({"say": self.problem, "handles": self._state["handles"]})

    def _answer(self, content: Mapping[str, Any]) -> None:
        kind = content.get("type")
        if kind in ("ready", "at"):
            self.first = {}  # for a view that opens later it would be old
        if kind == "ready" or (kind == "at" and content.get("number") != self._number):
            # A view that opens, or opens again after a reload, or has missed a message, knows nothing.
            self.flush()
            message, buffers = self._everything()
            self._number -= 1  # the others need not hear of it
            self._tell({**message, "to": str(content.get("view", ""))[:64]}, buffers)
        elif kind == "click" and self._click is not None:
            key, x, y = hearing.clicked(content, self._lines)
            self.spot(key, x, y)
            try:
                self._click(key, x, y)
            except ValueError:
                self.spot()
                raise
        elif kind == "drag" and self._state["handles"] is not None:
            row = self._state["handles"]
            points, done = hearing.dragged(content, row["points"], self._state["mark"])
            self._drag_to(points, done)

    def _drag_to(self, points: Points, done: bool) -> None:
        row = self._state["handles"]
        if self._drag is not None:
            self._drag(points, done)
        if done and self._state["handles"] is row:
            # The caller has not put other handles there: they stay where they were dragged to.
            self._put(handles={**row, "points": points})


def _sent(lines: Iterable[Line]) -> tuple[list[dict[str, Any]], list[bytes]]:
    packs = [line.pack() for line in lines]
    at, buffers = once(columns for _, columns in packs)
    return [{**row, "at": places} for (row, _), places in zip(packs, at, strict=True)], buffers
