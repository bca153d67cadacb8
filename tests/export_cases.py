"""Schedules that every export is tried on: each builder's own, cuts, free curves, and long ones."""

from __future__ import annotations

import numpy as np

import workbench as wb
from workbench import Phase, Schedule

TOTAL = 1000
LONG = 1_000_000


def phase(shape: str, start: float = 1e-3, end: float = 1e-5, steps: int = 400, **args: object) -> Schedule:
    return Schedule((Phase("decay", steps, start, end, shape, args=args),))


def formula(text: str, steps: int = 500) -> Schedule:
    return phase("expression", 0, 0, steps, text=text, total=steps, peak=1e-3)


def _free() -> dict[str, Schedule]:
    knots = phase("points", 1e-3, 1e-5, 700, u=[0, 0.1237, 0.5, 0.9, 1], rate=[1e-3, 2e-3, 1.5e-3, 0, 1e-5])
    drawn = wb.from_array(np.random.default_rng(0).random(300))
    return {
        "points": knots,
        "points cut": knots.after(33).until(600),
        "sampled": drawn,
        "sampled cut": drawn.after(17).until(200),
        "formula": formula("peak * (1 - x)**2 * exp(-x) if x > 0.25 else peak * 4 * x"),
        "formula that jumps": formula("peak * 0.5**floor(x * 7) + 1e-5 * (t % 3)"),
        "formula of everything": formula(
            "peak * max(0.1, min(1, abs(sin(6 * x)) + cos(x)**2 - tanh(x) + sqrt(x) / (1 + log(1 + x))"
            " + (t // 9) % 2 - e / pi / total + (1 if -x <= -0.5 else +x)))"
        ),
        "formula stretched": formula("peak * (t % 50) / 50 + x * 1e-4").after(13).stretch(901),
        "formula cut": formula("peak * (1 - x)**1.5").after(50).until(400),
    }


def _shaped() -> dict[str, Schedule]:
    made = {
        "mirror_cosine": phase("mirror_cosine"),
        "square": phase("square"),
        "power": phase("power", p=2.5),
        "exp to a floor": phase("exp", ratio=1e-3).with_floor(0.1),
        "exp up": phase("exp", 1e-6, 1e-3, ratio=1e3),
        "exp flat": phase("exp", ratio=1.0),
        "inverse_power": phase("inverse_power", alpha=30.0, p=0.7),
        "inverse_power flat": phase("inverse_power", alpha=1e-9, p=3.0),
        "rex": phase("rex", d=0.9),
        "uba": phase("uba", phi=0.3),
        "cosine_power": phase("cosine_power", p=10.0),
        "cosine_power flat": phase("cosine_power", p=1.0),
        "damped_cosine": phase("damped_cosine", waves=7, damping=2.0),
        "exp_rise": phase("exp_rise", ratio=3.0),
        "exp_fall": phase("exp_fall", ratio=0.3),
    }
    return {**made, **{f"{name} cut": each.after(61).until(300) for name, each in made.items()}}


def _named(total: int) -> dict[str, Schedule]:
    return {name: wb.schedules.build({"name": name, "total": total}) for name in wb.schedules.names()}


def _joined() -> dict[str, Schedule]:
    cosine, wsd = (wb.schedules.get(name).function(total=700) for name in ("cosine", "wsd"))
    free = _free()
    product = cosine * free["points"]
    return {
        "cosine set too long": wb.schedules.cosine(total=TOTAL).until(800),
        "the rest of a cosine": wb.schedules.cosine(total=TOTAL).after(300),
        "cut and joined again": wsd.until(650).then(wsd.after(650)),
        "product": product,
        "product with a floor": product.with_floor(0.1),
        "product cut": product.after(101).until(500),
        "product of a product": (product * wsd).after(5).stretch(333),
        "one update": wb.hold(1, 1e-3),
        "several lengths": wsd.then(cosine).stretch(777),
    }


SHORT = {**_named(TOTAL), **_free(), **_shaped(), **_joined()}
"""By name; each at most some thousand steps."""


def millions() -> dict[str, Schedule]:
    """The same at a million steps, but for those that are sampled."""
    cosine = wb.schedules.cosine(total=LONG)
    shaped = {name: each.stretch(LONG) for name, each in _shaped().items() if "cut" not in name}
    more = {"cut": cosine.after(123_457).until(700_001), "points": _free()["points"].stretch(LONG)}
    return {**_named(LONG), **shaped, **more, "product": cosine * more["points"]}


def some_steps(schedule: Schedule) -> np.ndarray:
    """The first and last updates, one beyond the end, those beside each joint, and a spread between."""
    last = len(schedule) - 1
    edges = [edge for span in schedule.spans() for edge in (span.start, span.stop)][:400]
    near = [edge + shift for edge in edges for shift in (-1, 0, 1)]
    spread = np.linspace(0, last, 500).astype(int).tolist()
    return np.unique([0, 1, 2, last - 1, last, last + 1, *near, *spread]).clip(0)
