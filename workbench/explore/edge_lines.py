"""What the edge page draws: rates, the sharpness with the threshold that they set, and the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.curve import Curve
from workbench.explore.drawing import rates
from workbench.explore.edge_lanes import Descent
from workbench.explore.figure import Line
from workbench.explore.pins import COLORS, NOW
from workbench.schedule import Schedule

PANELS = (
    {"height": 150, "yLabel": "learning rate", "short": "rate", "xLabel": "", "names": True},
    {"height": 270, "yLabel": "sharpness", "short": "sharpness", "xLabel": "", "names": False, "log": True},
    {"height": 160, "yLabel": "loss of a batch", "short": "loss", "xLabel": "step (updates)", "names": False,
     "log": True},
)  # fmt: skip
_POINTS = 400
MOST = len(COLORS)
"""Lanes that can be told apart by colour."""
_FIRST = (20.0, 200.0)
"""Sharpness that is shown while nothing is measured."""
_LEAST = 1e-5
"""Losses below are all the same to a reader."""


@dataclass(frozen=True)
class Lane:
    """A training as the page sees it.

    Parameters
    ----------
    name : str
        Of its legend.
    place : int
        Among all trainings of the session, which gives it its colour for good.
    descent : Descent
        How it descends.
    schedule : Schedule
        What ran, and what is planned.
    step : int
        Updates done.
    curves : mapping of Curve
        Whole, by name.
    """

    name: str
    place: int
    descent: Descent
    schedule: Schedule
    step: int
    curves: Mapping[str, Curve]

    @property
    def sharpness(self) -> Curve | None:
        """The finite looks at it, None before the first."""
        curve = self.curves.get(self.descent.curve)
        if curve is None:
            return None
        keep = np.isfinite(curve.loss) & (curve.loss > 0)
        return Curve(curve.step[keep], curve.loss[keep]) if keep.any() else None


def planned(schedule: Schedule, descent: Descent) -> list[Line]:
    """Rate of the sliders' schedule, and the sharpness that it allows."""
    step, rate = rates(schedule, _POINTS)
    look: dict[str, Any] = {"group": "now"}
    return [
        Line("now rate", 0, step, rate, "now", NOW, width=2, legend="now, dashed: what it allows", **look),
        Line(
            "now allowed",
            1,
            step,
            _drawn(descent.threshold(rate)),
            "now allows",
            NOW,
            dash=True,
            width=2,
            **look,
        ),
    ]


def lanes(every: Sequence[Lane]) -> list[Line]:
    """Rate, threshold, sharpness and loss of each training."""
    out = []
    for lane in every:
        color, group = COLORS[lane.place % MOST], f"lane {lane.place}"
        look: dict[str, Any] = {"group": group}
        step, rate = rates(lane.schedule, _POINTS)
        done = step < max(lane.step, 1)
        rated = step[done], rate[done]
        out.append(Line(f"{group} rate", 0, *rated, lane.name, color, width=1.6, legend=lane.name, **look))
        allowed = _drawn(lane.descent.threshold(rate[done]))
        out.append(
            Line(f"{group} allowed", 1, step[done], allowed, f"{lane.name} allows", color, dash=True, **look)
        )
        seen = lane.sharpness
        if seen is not None:
            dots = {"width": 1.8, "points": True, **look}
            out.append(Line(f"{group} sharpness", 1, seen.step, seen.loss, lane.name, color, **dots))
        loss = lane.curves.get("train")
        if loss is not None and len(loss):
            y = np.where(np.isfinite(loss.loss), np.maximum(loss.loss, _LEAST), np.nan)
            out.append(Line(f"{group} loss", 2, loss.step, y, lane.name, color, width=1.2, **look))
    return out


def panels(schedule: Schedule, descent: Descent, every: Sequence[Lane], lines: Sequence[Line]) -> list[Any]:
    """Axes wide enough for all that is drawn; a threshold that is endless leaves the picture."""
    last = max([len(schedule), *(len(lane.schedule) for lane in every)])
    peak = max([schedule.peak, *(lane.schedule.peak for lane in every)])
    least = float(descent.threshold(max(schedule.peak, 1e-12)))
    seen = [line.y for line in lines if line.key.endswith("sharpness")]
    low = min([least, *(float(y.min()) for y in seen)] if seen else [least, _FIRST[0]])
    # The first look of Adam is far above all that follows.
    top = max([least, *(float(np.quantile(y, 0.95)) for y in seen)] if seen else [least, _FIRST[1]])
    losses = [line.y[np.isfinite(line.y)] for line in lines if line.key.endswith("loss")]
    ends = np.concatenate([*losses, [0.1, 1.0]])
    shades = [{"name": span.name, "from": span.start, "to": span.stop} for span in schedule.spans()]
    common = {"xRange": [0, last], "shades": shades if len(shades) <= 40 else []}
    return [
        {**common, "yRange": [0, 1.16 * peak]},
        {**common, "yRange": [low / 1.6, 2.2 * top], "log": True},
        {**common, "yRange": [float(ends.min()) / 1.3, min(float(ends.max()) * 1.3, 30.0)], "log": True},
    ]


def _drawn(allowed: np.ndarray) -> np.ndarray:
    """Thresholds with a gap where they are endless."""
    return np.where(np.isfinite(allowed), allowed, np.nan)
