"""What the designer asks and draws: the laws to choose from, and lines for a schedule under one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench import registry
from workbench.curve import Curve
from workbench.design import Design
from workbench.explore import drawing
from workbench.explore.figure import Line
from workbench.explore.settings import SETTINGS
from workbench.files import short
from workbench.fitted import Fit
from workbench.laws.convex import bound_curve
from workbench.schedule import Schedule
from workbench.schedules import cosine, linear, wsd
from workbench.sketch import spread
from workbench.views import convex_bound

CONVEX = "convex"
_COLORS = {"best": "#0072B2", "WSD": "#D55E00", "cosine": "#009E73", "linear": "#CC79A7", "plain": "#E69F00"}
_LEGEND = {"WSD": "WSD (20 %)", "linear": "linear (D2Z)", "plain": "best in plain phases"}
_SHARE = 0.2


@dataclass(frozen=True)
class Choice:
    """A law that can be asked, with the sliders that suit it.

    Parameters
    ----------
    title : str
        Shown in the list.
    fit : Fit or None
        None for the bound of convex theory.
    unit : str
        Of the loss.
    args, ranges : mapping
        First values of the sliders, and what they offer.
    """

    title: str
    fit: Fit | None
    unit: str
    args: Mapping[str, Any]
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def about(self, found: Design) -> str:
        """Caption: data, split and law, and what of this schedule lies beyond it."""
        if self.fit is not None:
            return drawing.about(self.fit, found.schedule)
        words = (
            "Law: bound of the last iterate from convex theory (arXiv 2501.18965), for D = G = 1, every "
            "schedule at the peak that is best for it. No data, so no split and no interval."
        )
        return f'<div class="lrw-note">{words}</div>'


def choices(law: Any) -> dict[str, Choice]:
    """Every law of the settings, the bound of convex theory, and a fit that was given."""
    out = {
        key: Choice(
            setting.title,
            setting.fit(),
            setting.unit,
            {"total": setting.args["total"], "peak": setting.args["peak"], "warmup": 0.02, "floor": 0.0},
            setting.ranges,
        )
        for key, setting in SETTINGS.items()
    }
    args = {"total": 1000, "warmup": 0.0, "floor": 0.0}
    out[CONVEX] = Choice("Convex theory (no data)", None, "of the bound", args, {"total": (100, 5000)})
    if isinstance(law, Fit):
        out = {"given": _given(law), **out}
    elif not isinstance(law, str) or law not in out:
        raise ValueError(f"law must be one of {', '.join(out)}, or a Fit; got {short(law)}")
    return out


def among(found: Design) -> dict[str, Schedule]:
    """The schedules that it is compared with, and its own plain phases, with the same limits."""
    a = found.limits
    common = {"total": a.total, "peak": a.peak, "warmup": a.warmup, "floor": a.floor}
    others = {
        "WSD": wsd(**common, decay=min(_SHARE, 1 - a.warmup)),
        "cosine": cosine(**common),
        "linear": linear(**common),
        "plain": found.plain.schedule,
    }
    if found.fit is None:
        # A bound compares shapes, each at the factor that is best for it.
        others = {key: s * convex_bound(s).gamma for key, s in others.items()}
    return others


def curve_of(choice: Choice, s: Schedule, points: int) -> Curve:
    """Predicted loss with its interval, or the bound after every update."""
    if choice.fit is not None:
        return drawing.predicted(choice.fit, s, points)
    full = bound_curve(s)
    known = np.flatnonzero(np.isfinite(full))
    at = known[spread(0, len(known) - 1, points)]
    return Curve(at.astype(float), full[at])


def lines(key: str, s: Schedule, curve: Curve) -> list[Line]:
    """Rate and loss of one schedule."""
    step, rate = drawing.rates(s, 400)
    best = key == "best"
    common = {
        "label": key,
        "color": _COLORS[key],
        "group": key,
        "width": 2.4 if best else 1.4,
        "dash": key == "plain",
    }
    low, high = (curve.low, curve.high) if best else (None, None)
    legend = "best (90 % band)" if low is not None else _LEGEND.get(key, key)
    return [
        Line(f"{key} rate", 0, step, rate, legend=legend, **common),
        Line(f"{key} loss", 1, curve.step, curve.loss, low=low, high=high, **common),
    ]


def panels(choice: Choice, found: Design, curves: Sequence[Curve], log: bool) -> list[dict[str, Any]]:
    """Ranges of the axes, and the phases of the best as shades."""
    peak = found.limits.peak
    shades = [{"name": span.name, "from": span.start, "to": span.stop} for span in found.spans()]
    common = {"xRange": [0, len(found)], "shades": shades}
    rates = [peak * 1e-4, 5 * peak] if log else [0, 1.16 * peak]
    banded = [c if c.low is not None else Curve(c.step, c.loss, c.loss, c.loss) for c in curves]
    label = f"loss ({choice.unit})" if choice.fit is not None else "bound (D = G = 1)"
    losses = drawing.loss_range(banded, len(found))
    return [{**common, "yRange": rates, "log": log}, {**common, "yRange": losses, "yLabel": label}]


def _given(fit: Fit) -> Choice:
    facts = fit.facts
    total = int(facts.get("longest") or 1000)
    peaks = [float(peak) for peak in facts.get("peaks") or (1e-3,)]
    args = {"total": total, "peak": max(peaks), "warmup": 0.02, "floor": 0.0}
    ranges = {"total": (max(total // 4, 50), 4 * total), "peak": (min(peaks) / 3, 3 * max(peaks))}
    title = str(facts.get("title") or registry.get("law", fit.law).title)
    return Choice(f"Your fit: {title}", fit, "nats", args, ranges)
