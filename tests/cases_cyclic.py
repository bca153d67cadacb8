"""Cases of schedules with restarts and cycles."""

from __future__ import annotations

from typing import Any

import cases_budgets
import oracles_cyclic as by
from case import FLOOR, PEAK, Case
from hypothesis import strategies as st
from oracles import Args, Oracle, cold, steps

_TWO = st.sampled_from(("cosine", "linear"))


@st.composite
def _sgdr(draw: st.DrawFn) -> dict[str, Any]:
    growth, cycles = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    rise, again, first = (draw(st.integers(low, high)) for low, high in ((0, 9), (0, 4), (1, 6)))
    again = again if cycles > 1 else 0
    total = rise + (cycles - 1) * again + first * sum(growth**i for i in range(cycles))
    return {
        "total": total,
        "peak": draw(PEAK),
        "warmup": rise / total,
        "cycles": cycles,
        "growth": float(growth),
        "gamma": draw(st.floats(0.3, 1)),
        "floor": draw(st.sampled_from((0.0, 0.02)) | st.floats(0, 0.3**3)),
        "rewarm": again / total,
        "start": draw(st.floats(0, 1)),
    }


@st.composite
def _multiplicative(draw: st.DrawFn) -> dict[str, Any]:
    growth, cycles, part = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 6))
    first = part * draw(st.integers(1, 2))
    return {
        "total": first * sum(growth**i for i in range(cycles)),
        "peak": draw(PEAK),
        "growth": float(growth),
        "cycles": cycles,
        # A whole number of updates in every cycle.
        "warmup": draw(st.integers(0, first - 1)) / first,
        "shape": draw(_TWO),
        "floor": draw(FLOOR),
    }


@st.composite
def _clr(draw: st.DrawFn) -> dict[str, Any]:
    cycles = draw(st.integers(1, 6))
    return {
        "total": 2 * cycles * draw(st.integers(1, 20)),
        "cycles": cycles,
        "peak": draw(PEAK),
        "base": draw(FLOOR),
        "mode": draw(st.sampled_from(("triangular", "triangular2", "exp_range"))),
        "height": draw(st.floats(1e-3, 1)),
    }


def half_way(args: dict[str, Any]) -> dict[str, Any]:
    """A warmup that leaves room for its mirror."""
    return {**args, "warmup": args["warmup"] / 2} if args["phases"] == 3 else args


@st.composite
def _momentum(draw: st.DrawFn) -> dict[str, Any]:
    low, high = sorted((draw(st.floats(0, 1)), draw(st.floats(0.01, 1))))
    phases, total = draw(st.integers(2, 3)), draw(st.integers(2, 120))
    rise = draw(st.integers(0, total if phases == 2 else (total + 1) // 2))
    more = {"low": low, "high": high, "shape": draw(_TWO), "phases": phases}
    return {"total": total, "warmup": rise / total, **more}


def _floor(args: Args) -> float:
    return args["floor"] * args["peak"]


CASES: dict[str, Case] = {
    **cases_budgets.CASES,
    "sgdr": Case(
        _sgdr(),
        {
            "torch CosineAnnealingWarmRestarts": Oracle(
                by.sgdr_torch, lambda a: by.fall_only({**a, "gamma": 1.0})
            ),
            "transformers": Oracle(by.sgdr_transformers, by.equal_cycles),
            "pytorch_optimizer": Oracle(by.sgdr_pytorch_optimizer, by.warm_cycles),
        },
        _floor,
        (
            (
                {"total": 6, "peak": 1.0, "cycles": 2, "growth": 2.0},
                {0: 1, 1: 0.5, 2: 1, 3: 0.8535533905932737, 4: 0.5, 5: 0.14644660940672624},
            ),
            (
                {
                    "total": 8,
                    "peak": 2.0,
                    "cycles": 2,
                    "growth": 1.0,
                    "gamma": 0.5,
                    "rewarm": 0.25,
                    "warmup": 0.25,
                },
                {0: 0, 1: 1, 2: 2, 3: 1, 4: 0, 5: 0.5, 6: 1, 7: 0.5},
            ),
        ),
        {"sgdr_schedule": Oracle(by.sgdr_optax, by.optax_cycles)},
    ),
    "multiplicative_cyclic": Case(
        _multiplicative(),
        {
            "closed form": Oracle(by.multiplicative),
            "torch CosineAnnealingWarmRestarts": Oracle(
                by.multiplicative_torch, lambda a: {**cold(a), "shape": "cosine"}
            ),
        },
        _floor,
        (
            (
                {"total": 12, "peak": 1.0, "cycles": 2, "growth": 2.0, "warmup": 0.25, "floor": 0.1},
                {0: 0.1, 1: 1, 2: 0.7, 3: 0.4, 4: 0.1, 5: 0.55, 6: 1, 7: 0.85, 11: 0.25},
            ),
        ),
        reaches=lambda a: round(a["warmup"] * a["total"] / sum(a["growth"] ** i for i in range(a["cycles"]))),
    ),
    "clr": Case(
        _clr(),
        {"torch CyclicLR": Oracle(by.clr_torch)},
        lambda a: a["base"] * a["peak"],
        (
            (
                {"total": 8, "peak": 1.0, "base": 0.2, "cycles": 2, "mode": "triangular2"},
                {0: 0.2, 1: 0.6, 2: 1, 3: 0.6, 4: 0.2, 5: 0.4, 6: 0.6, 7: 0.4},
            ),
            (
                {"total": 8, "peak": 1.0, "base": 0, "cycles": 1, "mode": "exp_range", "height": 2.0**-8},
                {0: 0, 1: 0.125, 2: 0.125, 4: 0.0625, 6: 0.0078125},
            ),
        ),
        reaches=lambda a: None if a["mode"] == "exp_range" else a["total"] // (2 * a["cycles"]),
    ),
    "range_test": Case(
        st.fixed_dictionaries(
            {
                "total": st.integers(2, 120),
                "peak": PEAK,
                "start": st.floats(1e-9, 1),
                "shape": st.sampled_from(("geometric", "linear")),
            }
        ),
        {
            "numpy": Oracle(by.range_numpy),
            "torch CyclicLR": Oracle(by.range_torch, lambda a: {**a, "shape": "linear"}),
        },
        lambda a: a["peak"],
        (
            ({"total": 5, "peak": 1.0, "start": 1e-4}, {0: 1e-4, 1: 1e-3, 2: 1e-2, 3: 0.1, 4: 1, 9: 1}),
            ({"total": 5, "peak": 2.0, "start": 0.5, "shape": "linear"}, {0: 1, 1: 1.25, 4: 2}),
        ),
        reaches=lambda a: a["total"] - 1,
    ),
    "one_cycle_momentum": Case(
        _momentum(),
        {"torch OneCycleLR": Oracle(by.momentum_torch, by.in_cycle)},
        lambda a: a["low"] if a["phases"] == 2 and steps(a, "warmup") == a["total"] else a["high"],
        (
            ({"total": 11, "warmup": 3 / 11}, {0: 0.95, 1: 0.9, 2: 0.85, 6: 0.9, 10: 0.95}),
            (
                {"total": 8, "warmup": 0.375, "phases": 3, "shape": "linear", "low": 0.75},
                {0: 0.95, 1: 0.85, 2: 0.75, 3: 0.85, 4: 0.95, 7: 0.95},
            ),
        ),
        reaches=lambda a: 0 if steps(a, "warmup") > 1 else a["total"] - 1,
        top=lambda a: a["high"],
        together=lambda a: half_way({**a, "low": min(a["low"], a["high"])}),
    ),
}
