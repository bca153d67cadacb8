"""Axes that hold everything drawn and do not jump: round ends, in the unit that is looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.curve import Curve
from workbench.explore import drawing
from workbench.explore.figure import LiveFigure
from workbench.explore.line import Line
from workbench.explore.studio.axis import SUM, Axis
from workbench.schedule import Schedule

_SHADES = 40
"""Phases whose shades can still be told apart."""


class Axes:
    """The axes of a figure: sent when they change, and only then."""

    def __init__(self, figure: LiveFigure) -> None:
        self._figure = figure
        self._sent: list[dict[str, Any]] = []

    def set(self, panels: list[dict[str, Any]]) -> None:
        """Give the figure these ranges."""
        if panels != self._sent:
            self._sent = panels
            self._figure.update(panels=panels)


def seen(branches: Sequence[Any]) -> list[Line]:
    """What was measured, as lines over steps."""
    found = [branch.curves.get("loss") for branch in branches]
    out = []
    for curve in found:
        if curve is not None and len(curve):
            finite = np.isfinite(curve.loss)
            out += [Line("", 1, curve.step[finite], curve.loss[finite])] if finite.any() else []
    return out


def panels(
    axis: Axis,
    schedule: Schedule,
    others: Sequence[Schedule],
    curves: Sequence[Curve],
    lines: Sequence[Line],
    unit: str,
    *,
    log_rate: bool,
    log_loss: bool,
) -> list[dict[str, Any]]:
    """What changes of the two panels, for `LiveFigure.update`.

    Parameters
    ----------
    axis : Axis
        Unit of the horizontal axis.
    schedule : Schedule
        Its phases are shaded.
    others : sequence of Schedule
        Also drawn.
    curves : sequence of Curve
        Predicted losses, over steps.
    lines : sequence of Line
        Measured losses, over steps; see `seen`.
    unit : str
        Of the loss.
    log_rate, log_loss : bool
        Which axes are logarithmic.
    """
    every = [schedule, *others]
    last = max(len(each) for each in every)
    right = max(float(axis.x(each, len(each) - (axis.unit == SUM))) for each in every)
    peak = max(each.peak for each in every) or 1.0
    spans = schedule.spans()
    shades = [
        {"name": span.name, "from": float(a), "to": float(b)}
        for span, (a, b) in zip(
            spans,
            (axis.x(schedule, [span.start - (axis.unit == SUM), span.stop]) for span in spans),
            strict=True,
        )
    ]
    common = {"xRange": [0.0, right or 1.0], "shades": shades if len(shades) <= _SHADES else []}
    losses = drawing.loss_range(curves, last, lines) if curves else _measured(lines, last)
    if log_loss and losses[0] <= 0:
        losses = [losses[1] / 10, losses[1]]
    return [
        {**common, "yRange": [peak * 1e-4, 5 * peak] if log_rate else [0.0, 1.16 * peak], "log": log_rate},
        {
            **common,
            "yRange": losses,
            "log": log_loss,
            "yLabel": f"loss ({unit})" if unit else "loss",
            "xLabel": axis.label,
        },
    ]


def _measured(lines: Sequence[Line], last: int) -> list[float]:
    """Ends of the loss axis where no law says anything: what was measured, less where it begins."""
    if not lines:
        return [0.0, 1.0]
    late = [line.y[line.x >= min(last / 12, line.x[-1])] for line in lines]
    low, high = min(float(y.min()) for y in late), max(float(y[0]) for y in late)
    low, high = min(low, high), max(low, high)
    grain = 10 ** math.floor(math.log10(max(high - low, 1e-3, 1e-3 * abs(high)))) / 4
    return [math.floor(low / grain) * grain, math.ceil(high / grain + 1e-9) * grain]
