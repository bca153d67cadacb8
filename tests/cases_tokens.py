"""Cases of schedules whose clock is tokens."""

from __future__ import annotations

import math
from typing import Any

import oracles_decay as by
from case import FLOOR, Case, args_of, shares
from hypothesis import strategies as st
from oracles import Args, Oracle, steps


@st.composite
def _power(draw: st.DrawFn) -> dict[str, Any]:
    args = {
        **draw(shares("warmup", "decay")),
        "peak": draw(st.floats(1e-4, 0.1)),
        "batch": draw(st.sampled_from((1, 64, 1024, 16_384))),
        "sequence": draw(st.sampled_from((1, 512, 4096, 8192))),
        "a": draw(st.floats(3, 5)),
        "b": draw(st.floats(-0.6, -0.4)),
    }
    end = by.power_law(args, args["total"] - steps(args, "decay"))
    return {**args, "floor": draw(st.floats(0, 1)) * end / args["peak"] * (1 - 1e-12)}


def _power_landing(args: Args) -> float:
    return args["floor"] * args["peak"] if steps(args, "decay") else by.power_law(args, args["total"])


def _dolomite(args: Args) -> Args:
    """No decay and no start without a warmup there; the batch counts in sequences of 4,096 tokens."""
    total = args["total"] + 1
    rise = min(steps(args, "warmup") + 1, total)
    return {**args, "total": total, "warmup": rise / total, "decay": 0.0, "floor": 0.0, "sequence": 4096}


def _growing() -> st.SearchStrategy[dict[str, Any]]:
    return args_of(
        "grow",
        warmup=st.floats(0, 1),
        floor=FLOOR,
        shape=st.sampled_from(("linear", "cosine", "sqrt")),
        kept=st.floats(0.01, 1),
        layers=st.floats(0, 1),
        stages=st.integers(1, 12),
    )


CASES: dict[str, Case] = {
    "power": Case(
        _power(),
        {
            "paper": Oracle(by.power_formula),
            "dolomite PowerScheduler": Oracle(by.power_dolomite, _dolomite),
        },
        _power_landing,
        (
            (
                {"total": 100, "peak": 1.0, "decay": 0.5, "batch": 1, "sequence": 4096, "a": 64.0, "b": -0.5},
                {
                    0: 0,
                    1: 1,
                    4: 0.5,
                    25: 0.2,
                    50: 0.02**0.5,
                    75: 0.02**0.5 * (math.exp(0.5) - 1) / (math.e - 1),
                },
            ),
            (
                {"total": 64, "peak": 0.5, "warmup": 0.5, "decay": 0, "batch": 1, "a": 64.0, "b": -0.5},
                {16: 0.5 / 32**0.5, 32: 1 / 32**0.5, 50: 0.02**0.5},
            ),
        ),
        reaches=None,
    ),
    "layer_token": Case(
        _growing(),
        {"loop over steps": Oracle(by.layer_token_loop)},
        lambda a: a["peak"] * (a["floor"] if by.layer_token_clock(a)[1] < a["total"] else 1),
        (
            (
                {"total": 4, "warmup": 0, "peak": 1.0, "kept": 0.5, "layers": 1, "grow": 0.5, "stages": 1},
                {0: 1, 1: 5 / 6, 2: 4 / 6, 3: 2 / 6},
            ),
        ),
        reaches=lambda a: by.layer_token_clock(a)[1],
    ),
}
