"""What the page of predictions draws: measured curves, what a law makes of them, and what is left over."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from workbench import judge
from workbench.curve import Curve, Run
from workbench.explore import drawing
from workbench.explore.figure import Line
from workbench.explore.outcome import Outcome
from workbench.explore.pins import COLORS, NOW
from workbench.fitted import Fit
from workbench.fitted.evaluation import about_run
from workbench.judge import rise_end
from workbench.schedule import Schedule
from workbench.sketch import spread

PANELS = (
    {"height": 280, "yLabel": "loss", "short": "loss", "xLabel": "", "names": False},
    {
        "height": 200,
        "yLabel": "off by (%)",
        "short": "off by %",
        "xLabel": "step (updates)",
        "names": False,
    },
)
_POINTS = 300
_BAND = "#7F7F7F"
_COLORS = (*COLORS, NOW)


def lines(outcome: Outcome) -> list[Line]:
    """Of each run what was measured, what is predicted, and the residuals; held-out runs stand out."""
    out: list[Line] = []
    longest: tuple[str, Curve] | None = None
    for i, (name, run) in enumerate(zip(outcome.curves.names, outcome.curves.runs, strict=True)):
        step, loss = judge.usable(run, name, outcome.fit.burn_in)
        at = spread(0, len(step) - 1, _POINTS)
        step, loss = step[at], loss[at]
        curve = outcome.fit.predict(run.schedule, step, **about_run(run))
        held = name in outcome.held_out
        if held and (longest is None or step[-1] > longest[1].step[-1]):
            longest = (name, curve)
        out += _of_run(name, _COLORS[i % len(_COLORS)], curve, loss, held)
    return [*([] if longest is None else [_zero(*longest)]), *out]


def _of_run(name: str, color: str, curve: Curve, loss: np.ndarray, held: bool) -> list[Line]:
    band = {"low": curve.low, "high": curve.high} if held else {}
    legend = f"{name}, held out" if held else name
    width = 2.2 if held else 1.2
    x, off = curve.step, 100 * (curve.loss / loss - 1)
    return [
        Line(f"{name} measured", 0, x, loss, f"{name} measured", width=1, group=name),
        Line(
            f"{name} loss",
            0,
            x,
            curve.loss,
            f"{name} predicted",
            color,
            width=width,
            dash=True,
            group=name,
            legend=legend,
            **band,
        ),
        Line(f"{name} off", 1, x, off, name, color, width=width, group=name),
    ]


def _zero(name: str, curve: Curve) -> Line:
    """The interval of the longest held-out run around what is predicted."""
    assert curve.low is not None and curve.high is not None
    low, high = 100 * (curve.low / curve.loss - 1), 100 * (curve.high / curve.loss - 1)
    return Line(
        "interval", 1, curve.step, 0 * curve.step, f"90 % interval of {name}", _BAND, low, high, width=1
    )


def panels(drawn: list[Line], unit: str) -> list[dict[str, Any]]:
    """Axis ranges in round numbers."""
    last = max(float(line.x[-1]) for line in drawn)
    measured = [line for line in drawn if line.key.endswith(" measured")]
    predicted = [Curve(line.x, line.y, line.low, line.high) for line in drawn if line.key.endswith(" loss")]
    late = [line.y[line.x >= last / 12] for line in drawn if line.key.endswith(" off")]
    most = max(float(np.quantile(np.abs(part), 0.99)) for part in late if len(part)) if late else 1.0
    grain = 10 ** math.floor(math.log10(max(most, 1e-3))) / 2
    edge = math.ceil(1.15 * most / grain) * grain
    losses = drawing.loss_range(predicted, int(last), measured)
    common = {"xRange": [0, last], "shades": []}
    return [{**common, "yRange": losses, "yLabel": f"loss ({unit})"}, {**common, "yRange": [-edge, edge]}]


def predicted(fit: Fit, schedule: Schedule, points: int, about: Any) -> Curve:
    """The predicted curve of a new schedule at about `points` steps, from where the law describes it."""
    burn_in = fit.burn_in if 2 * fit.burn_in < len(schedule) else 0
    first = min(max(rise_end(schedule), burn_in), len(schedule) - 1)
    return fit.predict(schedule, spread(first, len(schedule) - 1, points), **about)


def thinned(run: Run) -> Curve:
    """What was measured, at a few hundred points."""
    at = spread(0, len(run.curve) - 1, _POINTS)
    return Curve(run.curve.step[at], run.curve.loss[at])
