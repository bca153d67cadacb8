"""Cases of schedules that fall once."""

from __future__ import annotations

import math
from typing import Any

import oracles_decay as by
from case import FLOOR, PEAK, Case, args_of, shares
from hypothesis import strategies as st
from oracles import Args, Oracle, by_optax, cold, constant_torch, cosine_torch, steps, to_zero, warm

LAST = st.floats(1e-6, 1)


def _landing(args: Args) -> float:
    return (args["floor"] if steps(args, "warmup") < args["total"] else 1) * args["peak"]


def _cosine_at(args: Args, **values: Any) -> Args:
    """No warmup, and the values at which the family has the half cosine."""
    return {**cold(args), **values}


@st.composite
def _modernbert(draw: st.DrawFn) -> dict[str, Any]:
    args = {**draw(shares("warmup", "cooldown")), "peak": draw(PEAK), "cosine": 0.0}
    left = args["total"] - steps(args, "warmup") - steps(args, "cooldown")
    if left == 0:
        args["total"], left = args["total"] + 1, 1
        for name in ("warmup", "cooldown"):
            args[name] *= (args["total"] - 1) / args["total"]
    args["cosine"] = draw(st.integers(1, left)) / args["total"]
    # Of a cooldown the floor lies below where it begins, of which 0.02 always is.
    return {**args, "floor": draw(st.floats(0, 0.02) if steps(args, "cooldown") else FLOOR)}


def _modernbert_landing(args: Args) -> float:
    if steps(args, "cooldown"):
        return args["floor"] * args["peak"]
    longer = {**args, "total": args["total"] + 1}
    for name in ("warmup", "cosine"):
        longer[name] = args[name] * args["total"] / longer["total"]
    return by.modernbert(longer)[-1]


@st.composite
def _noam(draw: st.DrawFn) -> dict[str, Any]:
    return {
        **draw(shares("warmup", least=1)),
        "d_model": draw(st.integers(1, 10_000)),
        "scale": draw(st.floats(0.01, 10)),
    }


def _noam_top(args: Args) -> float:
    return args["scale"] / math.sqrt(args["d_model"] * max(1, int(args["warmup"] * args["total"] + 0.5)))


def _noam_landing(args: Args) -> float:
    return args["scale"] * args["d_model"] ** -0.5 * (args["total"] + 1) ** -0.5


def _inverse_landing(args: Args) -> float:
    rise = steps(args, "warmup")
    if rise == args["total"]:
        return args["peak"]
    fall = (1 + (args["total"] - rise) / (args["timescale"] * rise)) ** -args["p"]
    # The clamp holds where an update is there to hold it.
    last = (1 + (args["total"] - 1 - rise) / (args["timescale"] * rise)) ** -args["p"]
    return args["peak"] * (args["floor"] if last <= args["floor"] else fall)


CASES: dict[str, Case] = {
    "rex": Case(
        args_of("warmup", floor=FLOOR, d=st.floats(0, 0.99)),
        {
            "pytorch_optimizer REXScheduler": Oracle(by.rex_theirs, lambda a: {**cold(a), "d": 0.5}),
            "profile": Oracle(by.rex_profile),
        },
        _landing,
        (
            ({"total": 10, "peak": 3.0}, {0: 3, 5: 2, 9: 6 / 11}),
            ({"total": 10, "peak": 1.0, "d": 0.9}, {5: 1 / 1.1, 9: 0.1 / 0.19}),
        ),
    ),
    "uba": Case(
        args_of("warmup", floor=FLOOR, phi=st.floats(0.01, 100)),
        {
            "formula": Oracle(by.uba_formula),
            "torch CosineAnnealingLR": Oracle(cosine_torch, lambda a: _cosine_at(a, phi=2.0)),
        },
        _landing,
        (
            ({"total": 2, "peak": 1.0, "phi": 1.0}, {0: 1, 1: 2 / 3}),
            ({"total": 2, "phi": 5.0}, {1: 2 / 7000}),
        ),
    ),
    "cosine_power": Case(
        args_of("warmup", floor=FLOOR, p=st.floats(1.01, 1e4)),
        {
            "formula": Oracle(by.cosine_power_formula),
            "torch CosineAnnealingLR": Oracle(cosine_torch, lambda a: _cosine_at(a, p=1.0)),
        },
        _landing,
        (({"total": 2, "peak": 3.0, "p": 4.0}, {0: 3, 1: 1}),),
    ),
    "damped_cosine": Case(
        args_of("warmup", floor=FLOOR, waves=st.integers(0, 8), damping=st.floats(0, 10)),
        {
            "formula": Oracle(by.damped_cosine_formula),
            "torch CosineAnnealingLR": Oracle(cosine_torch, lambda a: _cosine_at(a, waves=0, damping=0.0)),
        },
        _landing,
        (({"total": 3, "peak": 1.0, "waves": 1, "damping": 3.0}, {0: 1, 1: 0, 2: math.exp(-2)}),),
    ),
    "cosine_inverse_sqrt": Case(
        _modernbert(),
        {"ModernBERT": Oracle(by.modernbert)},
        _modernbert_landing,
        (
            (
                {"total": 8, "peak": 1.0, "warmup": 0, "cosine": 0.25, "cooldown": 0.25},
                {0: 1, 1: (1 + math.sqrt(0.5)) / 2, 2: 0.5, 4: 0.5 / math.sqrt(1 + math.pi)},
            ),
        ),
    ),
    "noam": Case(
        _noam(),
        {"formula": Oracle(by.noam_formula)},
        _noam_landing,
        (
            (
                {"total": 100_000, "d_model": 512, "warmup": 0.04},
                {
                    0: 512**-0.5 * 4000**-1.5,
                    3999: 512**-0.5 * 4000**-0.5,
                    15_999: 512**-0.5 / 126.49110640673517,
                },
            ),
        ),
        reaches=lambda a: steps(a, "warmup") - 1,
        top=_noam_top,
    ),
    "inverse_sqrt": Case(
        args_of("warmup", least=1, timescale=st.floats(0.01, 100), p=st.floats(0.1, 3), floor=FLOOR),
        {
            "transformers": Oracle(by.inverse_sqrt_transformers, lambda a: {**to_zero(a), "p": 0.5}),
            "lingua": Oracle(by.inverse_sqrt_lingua, lambda a: {**a, "timescale": 1.0}),
        },
        _inverse_landing,
        (
            ({"total": 20, "peak": 1.0, "warmup": 0.2}, {0: 0, 1: 0.25, 4: 1, 9: 2 / 3, 16: 0.5}),
            (
                {"total": 40, "peak": 1.0, "warmup": 0.05, "timescale": 3.0, "p": 1.0, "floor": 0.25},
                {1: 0.5, 2: 1, 5: 2 / 3, 8: 0.5, 14: 1 / 3, 20: 0.25, 21: 0.25, 39: 0.25},
            ),
        ),
    ),
    "slow_start_fast_decay": Case(
        args_of("warmup", start=st.floats(0, 1), floor=LAST),
        {"formula": Oracle(by.slow_start_formula)},
        _landing,
        (
            (
                {"total": 8, "peak": 1.0, "warmup": 0.5, "start": 0.2, "floor": 0.0625},
                {0: 0.2, 2: 0.6, 4: 1, 5: 0.5, 7: 0.125},
            ),
        ),
        {
            "warmup_exponential_decay_schedule": Oracle(
                lambda a: by_optax(
                    a,
                    "warmup_exponential_decay_schedule",
                    init_value=a["start"] * a["peak"],
                    peak_value=a["peak"],
                    warmup_steps=steps(a, "warmup"),
                    transition_steps=a["total"] - steps(a, "warmup"),
                    decay_rate=a["floor"],
                ),
                lambda a: warm(a, 1),
            )
        },
    ),
    "polynomial": Case(
        args_of("warmup", floor=FLOOR, power=st.floats(0.1, 5)),
        {
            "torch PolynomialLR": Oracle(by.polynomial_torch, lambda a: to_zero(cold(a))),
            # There the last rate must lie below the peak.
            "transformers": Oracle(
                by.polynomial_transformers, lambda a: {**warm(a, 1), "floor": min(a["floor"], 0.99)}
            ),
        },
        _landing,
        (({"total": 4, "peak": 1.0, "power": 2.0, "floor": 0.2}, {0: 1, 1: 0.65, 2: 0.4, 3: 0.25}),),
        {
            "polynomial_schedule": Oracle(
                lambda a: by_optax(
                    a,
                    "polynomial_schedule",
                    init_value=a["peak"],
                    end_value=a["floor"] * a["peak"],
                    power=a["power"],
                    transition_steps=a["total"],
                ),
                cold,
            )
        },
    ),
    "exponential": Case(
        args_of("warmup", floor=LAST),
        {
            "torch ExponentialLR": Oracle(by.exponential_torch, cold),
            "torch LinearLR": Oracle(constant_torch, lambda a: {**warm(a), "floor": 1.0}),
        },
        _landing,
        (({"total": 4, "peak": 2.0, "floor": 0.0625}, {0: 2, 1: 1, 2: 0.5, 3: 0.25}),),
        {
            "exponential_decay": Oracle(
                lambda a: by_optax(
                    a,
                    "exponential_decay",
                    init_value=a["peak"],
                    transition_steps=a["total"],
                    decay_rate=a["floor"],
                ),
                cold,
            )
        },
    ),
}
