"""A small picture for each notebook, drawn from the schedules and laws that it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench import defaults, design, schedules, shapes, views
from workbench.laws import convex
from workbench.plots import COLORS
from workbench.scaling import constants, planner, rules

Array = NDArray[np.float64]

WIDTH, HEIGHT = 160, 84
_PAD = 6
_POINTS = 120
_BLUE, _RED, _GREEN, _PINK = COLORS[:4]
_USUAL = ("constant", "cosine", "linear", "wsd")


@dataclass(frozen=True)
class Stroke:
    """A line of a picture: `x` and `y` (n,) in units of its own, scaled to the box; `part` 0 is above 1."""

    x: ArrayLike
    y: ArrayLike
    color: str
    dash: str = ""
    part: int = 0


def svg(name: str, title: str) -> str:
    """The picture of the notebook called `name`, in colours that suit a light and a dark page."""
    strokes = PICTURES[name]()
    parts = 1 + max(stroke.part for stroke in strokes)
    room = HEIGHT / parts
    drawn = "".join(
        _drawn([stroke for stroke in strokes if stroke.part == part], part * room, room)
        for part in range(parts)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" '
        f'fill="none" stroke-width="1.6" stroke-linejoin="round"><title>{escape(title)}</title>{drawn}</svg>'
    )


def _drawn(strokes: Sequence[Stroke], top: float, room: float) -> str:
    x = [np.asarray(stroke.x, dtype=float) for stroke in strokes]
    y = [np.asarray(stroke.y, dtype=float) for stroke in strokes]
    left, right = min(map(np.min, x)), max(map(np.max, x))
    low, high = min(map(np.min, y)), max(map(np.max, y))
    foot = top + room - _PAD
    out = [
        f'<path stroke="currentColor" opacity=".35" stroke-width="1" d="M{_PAD} {foot:.1f}H{WIDTH - _PAD}"/>'
    ]
    for stroke, a, b in zip(strokes, x, y, strict=True):
        px = _PAD + (a - left) / (right - left or 1.0) * (WIDTH - 2 * _PAD)
        py = foot - 1 - (b - low) / (high - low or 1.0) * (room - 2 * _PAD - 1)
        path = "L".join(f"{u:.1f} {v:.1f}" for u, v in zip(px, py, strict=True))
        dash = f' stroke-dasharray="{stroke.dash}"' if stroke.dash else ""
        out.append(f'<path stroke="{stroke.color}"{dash} d="M{path}"/>')
    return "".join(out)


def _at(total: int) -> Array:
    return np.unique(np.linspace(0, total - 1, _POINTS).round())


def _predicted(names: Sequence[str], first: int = 250) -> list[Stroke]:
    """Rates above and the losses that the law of the small GPT predicts below."""
    fit, at = defaults.load("gpt/0.1M"), _at(1000)
    late = at[at >= first].astype(int)
    out = []
    for color, name in zip(COLORS, names, strict=False):
        s = schedules.build({"name": name, "total": 1000, "peak": 5e-3, "warmup": 0.03})
        out += [Stroke(at, s(at), color), Stroke(late, fit.predict(s, late).loss, color, "4 2", 1)]
    return out


def _start() -> list[Stroke]:
    return _predicted(("cosine", "wsd"))


def _gpt() -> list[Stroke]:
    names = ("constant", "cosine", "linear", "wsd", "rex", "one_cycle", "polynomial", "wsd_s")
    drawn = _predicted(names, first=600)
    return [replace(stroke, part=0, dash="") for stroke in drawn if stroke.part == 1]


def _schedules() -> list[Stroke]:
    at = _at(1000)
    names = ("wsd", "sgdr", "cosine", "inverse_sqrt", "one_cycle")
    made = [schedules.build({"name": name, "total": 1000}) for name in names]
    return [Stroke(at, s(at) / s.peak, color) for color, s in zip(COLORS, made, strict=False)]


def _predict() -> list[Stroke]:
    fit, at = defaults.load("multipower/100M"), _at(24_000)
    late = at[at >= 4000].astype(int)
    usual = {"total": 24_000, "peak": 3e-4, "warmup": 0.09}
    made = [schedules.build({"name": name, **usual}) for name in _USUAL]
    return [
        Stroke(late, fit.predict(s, late).loss, color, "4 2") for color, s in zip(COLORS, made, strict=False)
    ]


def _design() -> list[Stroke]:
    best = design.optimise(defaults.load("gpt/0.1M"), 400, peak=5e-3, phases=2)
    others = (schedules.cosine(400, 5e-3, floor=0.0), schedules.linear(400, 5e-3))
    at = _at(400)
    grey = [Stroke(at, s(at), COLORS[-1], "3 2") for s in others]
    return [*grey, Stroke(at, best(at), _BLUE)]


def _convex() -> list[Stroke]:
    out = []
    for color, name in zip(COLORS, _USUAL, strict=False):
        s = schedules.build({"name": name, "total": 400, "peak": 1.0, "warmup": 0.0})
        bound = convex.bound_curve(s * views.convex_bound(s).gamma)
        out.append(Stroke(np.arange(60, 400), bound[60:], color))
    return out


def _planner() -> list[Stroke]:
    out = []
    for color, flops in zip(COLORS, (1e20, 1e21, 1e22), strict=False):
        sizing = planner.plan("besiroglu", flops=flops)
        n = sizing.n_params * np.geomspace(0.12, 8, 60)
        out.append(Stroke(np.log10(n), sizing.loss_at(n), color))
    return out


def _chinchilla() -> list[Stroke]:
    compute = np.geomspace(1e18, 1e25, 30)
    names = ("kaplan", "hoffmann", "besiroglu")
    sizes = [np.log10([constants.get(name).best(c)[0][0] for c in compute]) for name in names]
    return [Stroke(np.log10(compute), n, color) for color, n in zip(COLORS, sizes, strict=False)]


def _batch() -> list[Stroke]:
    batch = np.geomspace(0.05, 20, 60)
    return [
        Stroke(np.log10(batch), np.log10(1 + 1 / batch), _BLUE),
        Stroke(np.log10(batch), np.log10(1 + batch), _RED),
    ]


def _peaks() -> list[Stroke]:
    batch = np.geomspace(16, 16_384, 60)
    moved = {
        _BLUE: [rules.square_root(1.0, 256.0, float(b)).rate for b in batch],
        _GREEN: [rules.noise_scale(1.0, 256.0, float(b), 1024.0).rate for b in batch],
        _RED: [rules.surge(1.0, 256.0, float(b), 1024.0).rate for b in batch],
    }
    x = np.log10(batch)
    return [Stroke(x, np.log10(np.asarray(rate, dtype=float)), color) for color, rate in moved.items()]


def _runs() -> list[Stroke]:
    out, factor = [], np.geomspace(0.3, 3.5, 40)
    best = views.convex_bound(schedules.linear(400, 1.0, warmup=0.0)).gamma
    for color, name in zip(COLORS, _USUAL, strict=False):
        bound = views.convex_bound(schedules.build({"name": name, "total": 400, "peak": 1.0, "warmup": 0.0}))
        out.append(Stroke(np.log10(factor), [bound.at(best * float(f)) for f in factor], color))
    return out


def _valley() -> list[Stroke]:
    """A walker across the valley: each step shrinks its height by the rate and adds noise in proportion."""
    s, at = schedules.wsd(240, 1.0, warmup=0.02, decay=0.35), np.arange(240)
    rates, noise = s.array() * 0.15, np.random.default_rng(3).standard_normal(240)
    height = np.empty(240)
    now = 1.5
    for t, (rate, kick) in enumerate(zip(rates, noise, strict=True)):
        now = (1 - rate) * now + rate * kick
        height[t] = now
    bed = 0.8 * np.sin(at / 40.0)
    return [Stroke(at, bed, COLORS[-1], "3 2"), Stroke(at, bed + height, _BLUE)]


def _cooldown() -> list[Stroke]:
    u = np.linspace(0, 1, 50)
    names = ("linear", "cosine", "sqrt", "square")
    before, after = np.array([-0.6]), 1.0
    return [
        Stroke(np.append(before, u), np.append(after, 1 - shapes.SHAPES[name](u)), color)
        for color, name in zip(COLORS, names, strict=False)
    ]


def _wsds() -> list[Stroke]:
    at = np.arange(0, 1000, 4).astype(float)
    s = schedules.wsd_s(1000, 1.0)
    return [Stroke(at, s(at), _BLUE)]


def _edge() -> list[Stroke]:
    """Twice the inverse rate, and a sharpness that grows until it meets it."""
    s, at = schedules.wsd(400, 1.0, warmup=0.15, decay=0.25, floor=0.3), np.arange(20.0, 400.0, 3.0)
    edge = np.minimum(2 / s(at), 7.0)
    grown = 0.7 + 6.5 * (1 - np.exp(-at / 260))
    return [Stroke(at, edge, _RED, "4 2"), Stroke(at, np.minimum(grown, edge), _BLUE)]


PICTURES: Mapping[str, Callable[[], list[Stroke]]] = {
    "batch": _batch,
    "chinchilla": _chinchilla,
    "convex": _convex,
    "cooldown": _cooldown,
    "design": _design,
    "edge": _edge,
    "peak_and_batch": _peaks,
    "planner": _planner,
    "predict": _predict,
    "river_valley": _valley,
    "runs": _runs,
    "schedules": _schedules,
    "small_gpt": _gpt,
    "start": _start,
    "wsds": _wsds,
}
"""What draws the picture of each notebook."""
