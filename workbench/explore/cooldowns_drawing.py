"""Lines, axes and sentences of the cooldown page; and its figures for people who only read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.explore.cooldowns_shapes import COLORS, Curves
from workbench.explore.figure import Line
from workbench.schedules.cooldown import COOLDOWNS
from workbench.views.words import figure, percent

Array = NDArray[np.float64]

PANELS = (
    {"height": 130, "yLabel": "rate", "short": "rate", "xLabel": "", "names": False},
    {"height": 140, "yLabel": "bias", "short": "bias", "xLabel": "", "names": False},
    {"height": 140, "yLabel": "variance", "short": "variance", "xLabel": "", "names": False},
    {"height": 200, "yLabel": "loss = bias + variance", "short": "loss", "xLabel": "update", "names": False},
)
ACROSS = (
    {
        "height": 230,
        "yLabel": "final loss",
        "short": "final loss",
        "xLabel": "length of the cooldown (updates), all runs equally long",
        "names": False,
    },
)
_BOLD, _THIN = 3.2, 1.1
_RATES = 120
"""Points of a drawn rate."""


def lines(curves: Curves, chosen: str) -> list[Line]:
    """Rate, bias, variance and loss: the trunk, and every cooldown from its end."""
    begin, n = curves.total - curves.falling, curves.falling
    out: list[Line] = []
    trunk = curves.trunk
    if trunk is not None:
        x = trunk.step
        flat = np.full(len(x), curves.peak)
        rows = (flat, trunk.bias[0], trunk.variance[0], trunk.loss[0])
        out += [
            Line(f"trunk {i}", i, x, y, "constant", "ink", width=1.6, group="trunk")
            for i, y in enumerate(rows)
        ]
        first = np.array([[part[0, -1]] for part in (trunk.bias, trunk.variance)])
    else:
        out += [Line(f"trunk {i}", i, np.zeros(0), np.zeros(0)) for i in range(4)]
        first = np.array([[0.5 * float(curves.problem.first @ curves.problem.h)], [0.0]])
    at = np.unique(np.linspace(0, n - 1, min(n, _RATES)).round().astype(int))
    rates, cooled = curves.rates()[:, at], curves.cooled
    step = begin + np.concatenate([[0.0], cooled.step])
    for i, shape in enumerate(COOLDOWNS):
        bias = np.concatenate([first[0], cooled.bias[i]])
        variance = np.concatenate([first[1], cooled.variance[i]])
        look: dict[str, Any] = {"label": shape, "color": COLORS[shape], "group": shape}
        look["width"] = _BOLD if shape == chosen else _THIN
        out.append(Line(f"{shape} 0", 0, begin + at.astype(float), rates[i], legend=shape, **look))
        rows = (bias, variance, bias + variance)
        out += [Line(f"{shape} {k}", k, step, y, **look) for k, y in enumerate(rows, start=1)]
    return out


def panels(curves: Curves, drawn: list[Line], *, log: bool) -> list[dict[str, Any]]:
    """The end of the run: as much of the trunk as half the cooldown."""
    left = max(0.0, curves.total - 1.5 * curves.falling)
    out: list[dict[str, Any]] = [
        {"xRange": [left, curves.total], "yRange": [0, 1.08 * curves.peak], "shades": [], "log": False}
    ]
    for i in (1, 2, 3):
        seen = np.concatenate([line.y[line.x >= left] for line in drawn if line.panel == i])
        out.append({"xRange": [left, curves.total], "yRange": span(seen, log=log), "shades": [], "log": log})
    return out


def span(values: Array, *, log: bool) -> list[float]:
    """Ends of an axis that holds the values, at most six decades of them."""
    high = float(values.max())
    if not log:
        return [0.0, 1.08 * high if high > 0 else 1.0]
    low = float(values[values > 0].min()) if np.any(values > 0) else 1e-6
    high = max(high, low)
    return [max(low / 1.5, 1e-6 * high), 1.5 * high]


def across(curves: Curves, chosen: str) -> list[Line]:
    """Final loss against the length of the cooldown for every shape, and of the chosen one its parts."""
    found, out = curves.lengths, []
    x = found.count.astype(float)
    for i, shape in enumerate(COOLDOWNS):
        width = _BOLD if shape == chosen else _THIN
        out.append(
            Line(shape, 0, x, found.loss[i], shape, COLORS[shape], width=width, group=shape, legend=shape)
        )
    i = COOLDOWNS.index(chosen)
    look = {"color": COLORS[chosen], "width": 1.6, "dash": True}
    out.append(
        Line("bias", 0, x, found.bias[i], f"{chosen} bias", group="bias", legend="its bias, and", **look)
    )
    out.append(
        Line(
            "variance",
            0,
            x,
            found.variance[i],
            f"{chosen} variance",
            group="variance",
            legend="its variance",
            **look,
        )
    )
    return out


def across_panels(curves: Curves, drawn: list[Line], *, log: bool) -> list[dict[str, Any]]:
    """All lengths; the shade is the length that is chosen."""
    y = np.concatenate([line.y for line in drawn])
    limits = span(y, log=log)
    if not log:
        # Cooldowns of a few updates are as bad as none, and would flatten what is compared.
        limits[1] = min(limits[1], 1.08 * sum(curves.stayed))
    shade = {"name": "", "from": 0, "to": curves.falling}
    return [{"xRange": [0, curves.total], "yRange": limits, "shades": [shade], "log": log}]


def sentence(curves: Curves, chosen: str) -> str:
    """What the chosen shape ends at, beside the best one and none."""
    i, end = COOLDOWNS.index(chosen), curves.cooled.loss[:, -1]
    lowest = COOLDOWNS[int(end.argmin())]
    parts = (
        f"bias {figure(curves.cooled.bias[i, -1], 3)} + variance {figure(curves.cooled.variance[i, -1], 3)}"
    )
    best = (
        "the lowest of all shapes"
        if lowest == chosen
        else f"the lowest is {lowest}, {figure(float(end.min()), 3)}"
    )
    none = f"without a cooldown {figure(sum(curves.stayed), 3)}"
    return f"{chosen}: {parts} = {figure(float(end[i]), 3)}; {best}; {none}"


def best(curves: Curves, chosen: str) -> str:
    """Which length suits the chosen shape, and which shape and length are the best."""
    found = curves.lengths.best
    own, name = found[chosen], min(found, key=lambda shape: found[shape].loss)
    said = f"{chosen} is best over {percent(own.share(curves.total))} of the run: {figure(own.loss, 3)}"
    if name == chosen:
        return f"{said}, the best of all"
    other = found[name]
    where = f"{name} over {percent(other.share(curves.total))}"
    return f"{said}; the best of all is {where}: {figure(other.loss, 3)}"
