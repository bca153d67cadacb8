"""The lines of one lane: its rate, done and planned, and what has been measured of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.curve import Curve
from workbench.explore import drawing
from workbench.explore.line import Line
from workbench.explore.studio.axis import Axis
from workbench.explore.studio.smoothing import Smoother

Array = NDArray[np.float64]
POINTS = 600
"""Points of a drawn rate."""
PLAN, RATE, LOSS, SMOOTH, TRAIN = "plan", "rate", "loss", "smooth", "train"


@dataclass(frozen=True)
class Look:
    """How a lane is drawn.

    Parameters
    ----------
    axis : Axis
        What runs along the horizontal axis.
    color, group, legend : str
        Of all its lines; `legend` is empty where another lane of the colour has the button.
    smoothing : float
        See `Smoother`; 0 draws what was measured.
    train : bool
        Whether the loss of the batches is drawn too.
    seeds : bool
        Whether it is one of several seeds, whose mean stands before it.
    chosen : bool
        Whether it stands out.
    """

    axis: Axis
    color: str
    group: str
    legend: str = ""
    smoothing: float = 0.0
    train: bool = False
    seeds: bool = False
    chosen: bool = False


def name(key: str, part: str) -> str:
    """Key of a line of a branch."""
    return f"{key} {part}"


def branch_of(line: str) -> tuple[str, str]:
    """Key of the branch and part of it that a line draws."""
    key, _, part = line.partition(" ")
    return key, part


def shared(names: Sequence[str]) -> str:
    """What names of several seeds have in common: "wsd" of "wsd, seed 0" and "wsd, seed 1"."""
    if len(names) < 2:
        return names[0]
    return os.path.commonprefix(list(names)).removesuffix("seed ").rstrip(" ,") or names[0]


def rate(branch: Any, look: Look) -> list[Line]:
    """The plan as a whole, thin and dashed, and what is done of it, solid."""
    step, rates = drawing.rates(branch.schedule, POINTS)
    done, used = past(branch, -1)
    common = {"color": look.color, "group": look.group}
    x = look.axis.x(branch.schedule, step)
    wide = 3.0 if look.chosen else 2.0
    return [
        Line(name(branch.key, PLAN), 0, x, rates, f"{branch.name} plan", dash=True, width=1.2, **common),
        Line(
            name(branch.key, RATE),
            0,
            look.axis.x(branch.schedule, done),
            used,
            branch.name,
            width=wide,
            legend=look.legend,
            **common,
        ),
    ]


def past(branch: Any, after: float) -> tuple[Array, Array]:
    """Steps and rates of the updates done behind step `after`, as many as can be told apart."""
    here = branch.step - 1
    if here <= after:
        return np.empty(0), np.empty(0)
    step = drawing.steps(branch.schedule, POINTS)
    done = np.append(step[(step > after) & (step < here)], float(here))
    return done, branch.schedule(done)


def measured(branch: Any, look: Look, smoothers: dict[str, Smoother]) -> list[Line]:
    """Losses that came in so far; `smoothers` are filled so that points can be added later."""
    out = []
    for part, curve_name in ((LOSS, "loss"), (TRAIN, "train")):
        curve = branch.curves.get(curve_name)
        if curve is None or (part == TRAIN and not look.train):
            continue
        out += _curve(branch, part, curve, look, smoothers)
    return out


def _curve(branch: Any, part: str, curve: Curve, look: Look, smoothers: dict[str, Smoother]) -> list[Line]:
    key, x = name(branch.key, part), look.axis.x(branch.schedule, curve.step)
    label = branch.name if part == LOSS else f"{branch.name} train"
    full = 3.0 if look.chosen else 2.0
    width = 1.0 if part == TRAIN or look.seeds else full
    smooth = look.smoothing > 0
    # Of several seeds the mean stands in front; a smoothed curve has what it smooths behind it.
    raw = smooth or look.seeds or part == TRAIN
    common = {"color": look.color, "group": look.group}
    lines = [Line(key, 1, x, curve.loss, label, width=width, points=part == LOSS, raw=raw, **common)]
    if smooth:
        smoothers[key] = Smoother(look.smoothing)
        y = smoothers[key].add(curve.loss)
        lines.append(Line(smoothed(key), 1, x, y, f"{label} smoothed", width=width, raw=look.seeds, **common))
    return lines


def smoothed(line: str) -> str:
    """Key of the line that smooths `line`."""
    return f"{line} {SMOOTH}"
