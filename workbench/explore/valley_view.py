"""The valley as a map and as a surface, with walkers and a player: what a browser is told of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from workbench.explore.valley_track import Track
from workbench.sketch import spread
from workbench.train.tasks.valley import valley
from workbench.train.tasks.walking import Walk

_STATIC = Path(__file__).parent / "static"
_NUMBERS = 48_000
"""Positions of one flock that are sent, at most about: more would be slower than a slider."""
_FRAMES = 2001
_FARTHEST = 200.0


@dataclass(frozen=True, eq=False)
class Flock:
    """Walkers that are shown together.

    Parameters
    ----------
    name, color : str
        In the legend, and "#rrggbb".
    task : valley
        Where they walk.
    walk : Walk
        Their paths.
    track : Track
        The means of these.
    """

    name: str
    color: str
    task: valley
    walk: Walk
    track: Track

    def pack(self) -> tuple[dict[str, Any], list[bytes]]:
        """What is sent as text, and frames as float32 bytes: steps, positions, rates, means."""
        n, walkers = len(self.walk.rate), self.walk.x.shape[1]
        at = spread(0, n, max(2, min(_FRAMES, _NUMBERS // walkers)))
        step = self.track.step
        hill, place = (np.interp(at, step, part) for part in (self.track.hill, self.track.x))
        rate = self.walk.rate[np.minimum(at, n - 1)]
        columns = (at, self.walk.x[at], self.walk.y[at], rate, hill, place)
        row = {"name": self.name, "color": self.color, "walkers": walkers}
        return row, [np.ascontiguousarray(column, dtype=np.float32).tobytes() for column in columns]


class ValleyView(anywidget.AnyWidget):
    """Flocks of walkers on a map and on a surface of their valley; `step` is where the player is.

    Parameters
    ----------
    step : int
        Updates done in what is shown; it may be set.
    playing : bool
        Whether time runs; it may be set.
    scene : dict
        What is shown; see `show`.
    """

    # anywidget takes one module: these are put together, the last one renders.
    _esm = "\n".join(
        (_STATIC / f"{name}.js").read_text("utf-8") for name in ("short", "valley_scene", "valley")
    )
    _css = (_STATIC / "valley.css").read_text("utf-8")
    step = traitlets.Int(0).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    scene = traitlets.Dict().tag(sync=True)

    def show(self, flocks: Sequence[Flock]) -> None:
        """Show these, the first before the others, in the valley of the first."""
        # The last is drawn on top of the others.
        packed = [flock.pack() for flock in reversed(flocks)]
        self.scene = {
            "land": landscape(flocks[0].task),
            "span": span(flocks),
            "flocks": [row for row, _ in packed],
            "columns": [buffer for _, columns in packed for buffer in columns],
        }


def landscape(task: valley) -> dict[str, Any]:
    """The numbers that make the valley."""
    names = ("curvature", "width", "bends", "bed", "slope", "length")
    return {name: getattr(task, name) for name in names}


def span(flocks: Sequence[Flock]) -> dict[str, Any]:
    """What is seen of the valley, in round numbers, so that it does not jump with every slider.

    x and y of the map; z of the surface, from the lowest river bed to `top` above it, which is the height of
    the hill at a distance `u` from the river.
    """
    task = flocks[0].task
    x1 = round_up(min(1.03 * max(_farthest(one.walk) for one in flocks), _FARTHEST))
    bed = river(task, np.linspace(0, x1, 200))
    drop = float(bed.max() - bed.min())
    settled = [float(task.excess(one.walk.rate.max())) for one in flocks]
    high = max((each for each in settled if each < math.inf), default=0.0)
    top = round_up(max(0.8 * drop, 7 * high, 1e-6))
    u = math.sqrt(2 * top / task.curvature)
    y1 = math.ceil(4 * (max(task.width + 1.2 * u, 1.15) + 0.05)) / 4
    return {
        "x": [-0.03 * x1, x1],
        "y": [-y1, y1],
        "z": [float(bed.min()), float(bed.max()) + top],
        "u": u,
        "top": top,
    }


def river(task: valley, x: Any) -> np.ndarray:
    """Loss on the river bed at `x`."""
    x = np.asarray(x, dtype=float)
    return 0.5 * task.slope * np.square(x - task.length) if task.bed == "bowl" else -task.slope * x


def _farthest(walk: Walk) -> float:
    """How far nearly all walkers come; one that is thrown far away does not make the picture small."""
    last = walk.x[-1][np.isfinite(walk.x[-1])]
    return max(float(np.quantile(last, 0.95)) if len(last) else 0.0, 0.5)


def round_up(value: float) -> float:
    """The next of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten."""
    grain = 10.0 ** math.floor(math.log10(value))
    return next(
        n * grain for n in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if n * grain >= value * (1 - 1e-9)
    )
