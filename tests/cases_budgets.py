"""Cases of schedules over several budgets, and of those that continue a training."""

from __future__ import annotations

import math
from typing import Any

import oracles_budgets as by
from case import FLOOR, PEAK, Case, args_of
from hypothesis import strategies as st
from oracles import SHAPES, Args, Oracle, cosine_torch, steps

COOLDOWN = st.fixed_dictionaries(
    {
        "shape": st.sampled_from(SHAPES),
        "floor": FLOOR,
        "power": st.floats(0.2, 5),
        "drop": st.floats(0.1, 1),
        "half_life": st.floats(0.05, 2),
    }
).map(lambda d: {**d, "floor": max(d["floor"], 1e-6)} if d["shape"] in ("exp", "inverse_linear") else d)
"""A cooldown and all its arguments."""


def landing(args: Args, n: int) -> float:
    """Rate after a cooldown of n updates, as a share of the peak."""
    floor, life = args["floor"], args["half_life"]
    if n == 0 or args["shape"] != "half_life":
        return 1.0 if n == 0 else floor
    held = floor > 0 and math.ceil(-math.log2(floor) * life * n) < n
    return floor if held else 0.5 ** (1 / life)


def both(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda drawn: {key: value for part in drawn for key, value in part.items()})


@st.composite
def _budgets(draw: st.DrawFn) -> dict[str, Any]:
    """Budgets of whole tens of updates, so that tenths of them are whole too."""
    tens = sorted(draw(st.sets(st.integers(1, 12), min_size=1, max_size=5)))
    total = 10 * tens[-1]
    rise = draw(st.integers(0, 10 * tens[0]))
    shares = (*(10 * ten / total for ten in tens[:-1]), 1.0)
    return {"total": total, "peak": draw(PEAK), "budgets": shares, "warmup": rise / total}


@st.composite
def _infinite(draw: st.DrawFn) -> dict[str, Any]:
    level = draw(st.floats(0.01, 1))
    shaped = {"shape": draw(st.sampled_from(("cosine", "rsqrt"))), "alpha": draw(st.floats(0.1, 100))}
    drawn = draw(args_of("warmup", "cooldown", "anneal"))
    return {**drawn, **shaped, "level": level, "floor": level * draw(st.floats(1e-3, 1))}


def _end_of_budgets(args: Args) -> float:
    edges = [0, *by.stops(args)]
    whole = edges[-1] if args["counted"] == "total" else edges[-1] - edges[-2]
    start = steps(args, "warmup") if len(edges) == 2 else edges[-2]
    n = min(round(args["decay"] * whole), edges[-1] - start)
    return args["peak"] * landing(args, n)


def _end_of_infinite(args: Args) -> float:
    over = 1.0 if steps(args, "warmup") == args["total"] else args["level"]
    return args["peak"] * (args["floor"] if steps(args, "anneal") else over)


def _room(args: dict[str, Any]) -> dict[str, Any]:
    """A warmup no longer than the first budget."""
    return {**args, "warmup": min(args["warmup"], args["budgets"][0])}


def _after_warmup(args: Args) -> float:
    return _floor(args) if steps(args, "warmup") < args["total"] else args["peak"]


def _floor(args: Args) -> float:
    return args["floor"] * args["peak"]


CASES: dict[str, Case] = {
    "wsd_s": Case(
        both(
            _budgets(),
            COOLDOWN,
            st.fixed_dictionaries(
                {
                    "decay": st.integers(0, 10).map(lambda i: i / 10),
                    "counted": st.sampled_from(("total", "segment")),
                }
            ),
        ),
        {"closed form": Oracle(by.wsd_s_closed_form)},
        _end_of_budgets,
        (
            (
                {
                    "total": 12,
                    "peak": 1.0,
                    "warmup": 0,
                    "budgets": (1 / 3, 1),
                    "decay": 0.5,
                    "shape": "linear",
                    "floor": 0.2,
                },
                {1: 1, 2: 1, 3: 0.6, 4: 1, 6: 1, 7: 1 - 0.8 / 6, 11: 1 - 0.8 * 5 / 6},
            ),
            (
                {
                    "total": 8,
                    "peak": 1.0,
                    "warmup": 0,
                    "budgets": (0.5, 1),
                    "decay": 0.5,
                    "counted": "segment",
                },
                {1: 1, 2: 1, 3: 1 / 5.5, 4: 1, 6: 1, 7: 1 / 5.5},
            ),
        ),
        reaches=lambda a: None if a["shape"] == "lowered_linear" else steps(a, "warmup"),
        together=_room,
    ),
    "cyclic_cosine": Case(
        both(_budgets(), st.fixed_dictionaries({"floor": FLOOR})),
        {"torch CosineAnnealingLR": Oracle(by.cyclic_cosine_torch)},
        lambda a: a["peak"] if steps(a, "warmup") == a["total"] else _floor(a),
        (
            (
                {"total": 8, "peak": 1.0, "warmup": 0, "budgets": (0.25, 1), "floor": 0},
                {0: 1, 1: 0.5, 2: 1, 4: 0.75, 5: 0.5, 6: 0.25},
            ),
        ),
        {"sgdr_schedule": Oracle(by.cyclic_cosine_optax, lambda a: {**a, "warmup": a["warmup"] / 2})},
        together=_room,
    ),
    "wsdc": Case(
        both(args_of("warmup", "decay", "hold"), COOLDOWN),
        {"transformers": Oracle(by.wsdc_transformers, by.wsdc_there)},
        lambda a: a["peak"] * landing(a, steps(a, "decay")),
        (
            (
                {"total": 10, "peak": 1.0, "warmup": 0.2, "decay": 0.2, "hold": 0.3, "floor": 0.5},
                {0: 0, 1: 0.5, 2: 1, 5: 1, 6: 0.75, 7: 0.5, 9: 0.5},
            ),
        ),
        reaches=lambda a: None if a["shape"] == "lowered_linear" else steps(a, "warmup"),
    ),
    "infinite": Case(
        _infinite(),
        {"closed form": Oracle(by.infinite_closed_form)},
        _end_of_infinite,
        (
            (
                {
                    "total": 10,
                    "peak": 1.0,
                    "warmup": 0.2,
                    "cooldown": 0.4,
                    "anneal": 0.2,
                    "level": 0.4,
                    "floor": 0.1,
                },
                {0: 0, 1: 0.5, 2: 1, 4: 0.7, 6: 0.4, 7: 0.4, 8: 0.4, 9: 0.2},
            ),
            (
                {
                    "total": 4,
                    "peak": 1.0,
                    "warmup": 0,
                    "cooldown": 0.5,
                    "anneal": 0,
                    "shape": "rsqrt",
                    "alpha": 3.0,
                },
                {0: 1, 1: 1 - 0.9 * (1 - 2.5**-0.5), 2: 0.55, 3: 0.55},
            ),
        ),
        reaches=lambda a: steps(a, "warmup") if steps(a, "cooldown") else None,
        together=lambda a: {**a, "floor": min(a["floor"], a["level"])},
    ),
    "rewarm": Case(
        args_of("warmup", floor=FLOOR, start=FLOOR),
        {"torch CosineAnnealingLR": Oracle(by.rewarm_torch)},
        _after_warmup,
        (
            (
                {"total": 6, "peak": 1.0, "warmup": 1 / 3, "start": 0.2, "floor": 0.2},
                {0: 0.2, 1: 0.6, 2: 1, 4: 0.6, 9: 0.6 - 0.4 * 0.7071067811865476},
            ),
        ),
        {"warmup_cosine_decay_schedule": Oracle(by.warm_start_optax)},
    ),
    "reuse": Case(
        args_of(floor=FLOOR),
        {"torch CosineAnnealingLR": Oracle(cosine_torch)},
        _floor,
        (({"total": 4, "peak": 1.0}, {0: 1, 2: 0.505}),),
        reaches=lambda a: 0,
    ),
    "truncated_cosine": Case(
        args_of("warmup", "decay", floor=FLOOR, horizon=st.floats(1, 5)),
        {"torch CosineAnnealingLR": Oracle(by.truncated_torch)},
        lambda a: 0.0 if steps(a, "decay") else by.cosine_at_end(a),
        (
            (
                {"total": 10, "peak": 1.0, "warmup": 0, "horizon": 1.6, "decay": 0.2, "floor": 0},
                {0: 1, 4: 0.8535533905932737, 8: 0.5, 9: 0.25},
            ),
        ),
    ),
    "cosine_constant": Case(
        args_of("warmup", "hold", floor=FLOOR, start=FLOOR),
        {"torch CosineAnnealingLR": Oracle(by.cosine_constant_torch)},
        _after_warmup,
        (
            (
                {"total": 8, "peak": 1.0, "warmup": 0.25, "start": 0.5, "hold": 0.25, "floor": 0.2},
                {0: 0.5, 1: 0.75, 2: 1, 4: 0.6, 6: 0.2, 7: 0.2},
            ),
        ),
        {"warmup_cosine_decay_schedule": Oracle(by.warm_start_optax)},
        reaches=lambda a: None if steps(a, "warmup") + steps(a, "hold") == a["total"] else steps(a, "warmup"),
    ),
}
