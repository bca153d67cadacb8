"""What the explorer draws: lines, axis ranges that do not jump, and the sentences under the figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from workbench.curve import Curve
from workbench.explore.figure import Line
from workbench.explore.pins import NOW, Pin
from workbench.fitted import Fit
from workbench.judge import rise_end
from workbench.schedule import Schedule
from workbench.sketch import spread

PANELS = (
    {"height": 170, "yLabel": "learning rate", "short": "rate", "xLabel": "", "names": True},
    {"height": 300, "yLabel": "loss", "short": "loss", "xLabel": "step (updates)", "names": False},
)


def predicted(fit: Fit, schedule: Schedule, points: int) -> Curve:
    """The predicted curve at about `points` steps, from where the law begins to describe it."""
    full = fit.predict(schedule)
    # Of a very short run the law describes next to nothing; something must be drawn all the same.
    burn_in = fit.burn_in if 2 * fit.burn_in < len(schedule) else 0
    first = min(max(rise_end(schedule), burn_in), len(schedule) - 1)
    at = spread(first, len(schedule) - 1, points)
    assert full.low is not None and full.high is not None
    return Curve(full.step[at], full.loss[at], full.low[at], full.high[at])


def now(schedule: Schedule, curve: Curve) -> list[Line]:
    """Rate and predicted loss of the schedule that the sliders show."""
    step, rate = rates(schedule, len(curve))
    return [
        Line(
            "now rate",
            0,
            step,
            rate,
            "now",
            NOW,
            width=2,
            group="now",
            legend="now (dashed: predicted, 90 % band)",
        ),
        Line(
            "now loss",
            1,
            curve.step,
            curve.loss,
            "now",
            NOW,
            curve.low,
            curve.high,
            2,
            dash=True,
            group="now",
        ),
    ]


def ghost(i: int, pin: Pin, points: int) -> list[Line]:
    """Rate and predicted loss of a pin."""
    step, rate = rates(pin.schedule, points)
    group = f"pin{i}"
    curve = pin.predicted
    return [
        Line(f"{group} rate", 0, step, rate, pin.name, pin.color, width=1.3, group=group, legend=pin.name),
        Line(
            f"{group} loss", 1, curve.step, curve.loss, pin.name, pin.color, width=1.3, dash=True, group=group
        ),
    ]


def measured(i: int, pin: Pin, new: Mapping[str, Curve], drawn: Mapping[str, Line]) -> list[Line]:
    """The measured loss of a pin, grown by what is `new`."""
    key = f"measured{i}"
    fresh = new.get("loss")
    if fresh is None or not len(fresh):
        return []
    step, loss = fresh.step, fresh.loss
    if key in drawn:
        step, loss = np.concatenate([drawn[key].x, step]), np.concatenate([drawn[key].y, loss])
    return [
        Line(key, 1, step, loss, f"{pin.name} measured", pin.color, width=2, points=True, group=f"pin{i}")
    ]


def panels(
    schedule: Schedule, curve: Curve, pins: Sequence[Pin], lines: Mapping[str, Line], unit: str, log: bool
) -> list[dict[str, Any]]:
    """Axis ranges and shades: wide enough for everything drawn, in round numbers so that nothing jumps."""
    every = [schedule, *(pin.schedule for pin in pins)]
    last = max(len(each) for each in every)
    peak = max(each.peak for each in every)
    seen = [line for key, line in lines.items() if key.startswith("measured") and len(line.x)]
    losses = loss_range([curve, *(pin.predicted for pin in pins)], last, seen)
    shades = [{"name": span.name, "from": span.start, "to": span.stop} for span in schedule.spans()]
    rate_range = [peak * 1e-4, 5 * peak] if log else [0, 1.16 * peak]
    common = {"xRange": [0, last], "shades": shades if len(shades) <= 40 else []}
    return [
        {**common, "yRange": rate_range, "log": log},
        {**common, "yRange": losses, "yLabel": f"loss ({unit})"},
    ]


def loss_range(curves: Sequence[Curve], last: int, seen: Sequence[Line] = ()) -> list[float]:
    """Round ends of an axis for predicted `curves` and measured lines over `last` steps."""
    lows = [float(each.low.min()) for each in curves if each.low is not None]
    lows += [float(line.y.min()) for line in seen]
    # Where a curve starts is of no interest and would flatten the rest: begin at a twelfth of the run.
    tops = [_at(each.step, each.high if each.high is not None else each.loss, last / 12) for each in curves]
    # A training that diverges may leave the picture; the others must stay readable in it.
    most = 4 * max(tops)
    tops += [min(_at(line.x, line.y, last / 12), most) for line in seen]
    low, high = min(lows), max(tops)
    grain = 10 ** math.floor(math.log10(max(high - low, 1e-3))) / 4
    return [math.floor(low / grain) * grain, math.ceil(high / grain) * grain]


def ends(curve: Curve, unit: str) -> str:
    """Where a predicted curve ends, in words."""
    assert curve.low is not None and curve.high is not None
    interval = f"90 % interval {curve.low[-1]:.4f} to {curve.high[-1]:.4f}"
    return f"now: predicted final loss {curve.loss[-1]:.4f} {unit}, {interval}"


def about(fit: Fit, schedule: Schedule) -> str:
    """What the prediction rests on, and what of this schedule lies beyond it."""
    facts = fit.facts
    text = [f"Law: {escape(str(facts.get('title', fit.law)))}. {escape(str(facts.get('provenance', '')))}"]
    text += [f"<b>Beware:</b> {escape(warning)}." for warning in fit.warnings(schedule)]
    return f'<div class="lrw-note">{" ".join(text)}</div>'


def rates(schedule: Schedule, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps and rates, evenly spread, with both ends of every phase."""
    step = steps(schedule, points)
    return step, schedule(step)


def steps(schedule: Schedule, points: int) -> np.ndarray:
    """Steps of `rates`."""
    even = spread(0, len(schedule) - 1, points)
    edges = [step for span in schedule.spans()[:200] for step in (span.start, span.stop - 1)]
    return np.unique(np.concatenate([even, edges])).astype(float)


def _at(x: np.ndarray, y: np.ndarray, where: float) -> float:
    # A curve that is not there yet counts with its first point, so that the axis moves once, not always.
    return float(y[np.searchsorted(x, where)] if x[-1] >= where else y[0])
