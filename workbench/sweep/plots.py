"""The plots of a report: the figure over each parameter, and the loss curves of the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from workbench.sweep.chart import Axis, Point, Series, chart
from workbench.sweep.collected import SEED, Group, Results
from workbench.sweep.folder import Folder
from workbench.sweep.publish import RUNS
from workbench.sweep.task import shown, words

_COLOURED = 8
_CURVES = 8
_POINTS = 300
_DECADES = 12.0


def figures(found: Results, folder: Folder) -> str:
    """All plots; nothing where no task has a figure."""
    groups = found.groups()
    if not groups:
        return ""
    names = [n for n in found.names if n != SEED and len({str(g.parameters[n]) for g in groups}) > 1]
    drawn = [over(groups, name, _colour(groups, names, name), found.metric) for name in names]
    curves = _curves(found, folder)
    return f'<div class="figures">{"".join(drawn)}{curves}</div>' if drawn or curves else ""


def over(groups: Sequence[Group], name: str, colour: str, metric: str) -> str:
    """The figure over the parameter `name`, coloured by another."""
    values = [group.parameters[name] for group in groups]
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    places = tuple(dict.fromkeys(str(v) for v in values))
    log = numeric and min(values) > 0 and max(values) / min(values) >= _DECADES
    series: dict[str, list[Point]] = {}
    # Colours go with the values where these are numbers, and with the rank where they are not.
    for group in sorted(groups, key=lambda one: _rank(one.parameters.get(colour))):
        value = group.parameters[name]
        at = float(value) if numeric else float(places.index(str(value)))
        tip = f"{metric} {group.mean:.5g}: {words(group.parameters)}"
        point = Point(at, group.mean, group.low, group.high, tip)
        series.setdefault(shown(group.parameters[colour]) if colour else metric, []).append(point)
    lines = [Series(f"{colour}={key}" if colour else key, tuple(points)) for key, points in series.items()]
    return chart(Axis(name, log, () if numeric else places), Axis(metric), lines)


def _rank(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _colour(groups: Sequence[Group], names: Sequence[str], name: str) -> str:
    """The other parameter with the fewest values, where its values can be told apart."""
    counts = {other: len({str(g.parameters[other]) for g in groups}) for other in names if other != name}
    few = {other: count for other, count in counts.items() if count <= _COLOURED}
    return min(few, key=lambda other: few[other]) if few else ""


def _curves(found: Results, folder: Folder) -> str:
    """Loss curves of the best tasks, one seed each."""
    chosen: list[tuple[str, str]] = []
    for group in found.groups()[:_CURVES]:
        own = (r for r in found.finished if all(r["parameters"][n] == v for n, v in group.parameters.items()))
        record = next((r for r in own if r["runs"]), None)
        if record is not None:
            chosen.append((words(group.parameters), record["runs"][0]))
    if not chosen:
        return ""
    from workbench.store import Store

    store = Store(f"{folder.address}/{RUNS}")
    series = []
    for name, id in chosen:
        curve: Any = store.load(id).curve
        skip = max(1, len(curve) // _POINTS)
        pairs = zip(curve.step[::-skip][::-1], curve.loss[::-skip][::-1], strict=True)
        points = tuple(Point(float(x), float(y)) for x, y in pairs if math.isfinite(y))
        if points:
            series.append(Series(name, points, joined=True))
    return chart(Axis("step (updates)"), Axis("loss (nats per token)"), series) if series else ""
