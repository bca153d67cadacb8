"""One row per schedule builder: valid arguments, what other libraries say, and values by hand.

A new builder gets a row here, or in the file of its family, and is then tested by every property in
test_builders.py.
"""

from __future__ import annotations

import cases_cyclic
import cases_decay
import cases_other
import cases_tokens
import transformers
from case import FLOOR, Case, args_of
from cases_budgets import COOLDOWN, both, landing
from cases_cyclic import half_way
from hypothesis import strategies as st
from oracles import (
    Args,
    Oracle,
    by_optax,
    cold,
    constant_torch,
    cosine_torch,
    cosine_transformers,
    factors,
    linear_torch,
    linear_transformers,
    one_cycle_optax,
    one_cycle_torch,
    polynomial_torch,
    steps,
    to_zero,
    warm,
    wsd_closed_form,
    wsd_there,
    wsd_transformers,
)
from oracles_budgets import by_pytorch_optimizer, rise_transformers
from oracles_cyclic import in_cycle, linear_one_cycle_optax, three_linear

RISE = st.sampled_from(("linear", "cosine", "sqrt"))


def wsd_to_zero(args: Args) -> Args:
    there = wsd_there({**args, "floor": 0.0})
    return {**there, "rise": "linear", "shape": "square" if args["shape"] == "square" else there["shape"]}


def roomy(args: Args) -> Args:
    """Two phases where three have no room."""
    return {**args, "phases": 2} if 2 * (steps(args, "warmup") - 1) > args["total"] - 1 else args


def one_cycle_end(args: Args) -> float:
    """Three phases may be over when they are back at the first rate, two at the peak."""
    rise = max(steps(args, "warmup") - 1, 0)
    if args["phases"] == 3 and rise and 2 * rise == args["total"] - 1:
        return args["peak"] / args["div"]
    over = steps(args, "warmup") == args["total"] and not (args["phases"] == 3 and rise)
    return args["peak"] if over else args["peak"] / args["div"] / args["final_div"]


def straight(args: Args) -> Args:
    """The same with a straight warmup from 0."""
    return {**args, "rise": "linear", **({"start": 0.0} if "start" in args else {})}


_BASICS: dict[str, Case] = {
    "constant": Case(
        args_of("warmup", rise=RISE, start=FLOOR),
        {
            "transformers": Oracle(
                lambda a: factors(
                    a, transformers.get_constant_schedule_with_warmup, num_warmup_steps=steps(a, "warmup")
                ),
                straight,
            ),
            "transformers' WSD": Oracle(lambda a: rise_transformers(a, fall="")),
            "torch LinearLR": Oracle(constant_torch, lambda a: warm(straight(a))),
        },
        lambda a: a["peak"],
        (
            ({"total": 10, "peak": 2.0, "warmup": 0.5}, {0: 0, 1: 0.4, 4: 1.6, 5: 2, 9: 2, 50: 2}),
            ({"total": 3, "peak": 0.1}, {0: 0.1, 2: 0.1}),
            ({"total": 8, "peak": 1.0, "warmup": 0.5, "rise": "sqrt", "start": 0.2}, {0: 0.2, 3: 0.6, 4: 1}),
            ({"total": 8, "peak": 1.0, "warmup": 0.5, "rise": "cosine"}, {0: 0, 2: 0.5, 4: 1}),
        ),
        {
            "warmup_constant_schedule": Oracle(
                lambda a: by_optax(
                    a,
                    "warmup_constant_schedule",
                    init_value=0.0,
                    peak_value=a["peak"],
                    warmup_steps=steps(a, "warmup"),
                ),
                warm,
            )
        },
    ),
    "linear": Case(
        args_of("warmup", floor=FLOOR, rise=RISE),
        {
            "torch LinearLR": Oracle(linear_torch, cold),
            "torch PolynomialLR": Oracle(polynomial_torch, lambda a: to_zero(cold(a))),
            "transformers": Oracle(linear_transformers, lambda a: to_zero(straight(a))),
            "transformers' WSD": Oracle(rise_transformers, to_zero),
        },
        lambda a: a["floor"] * a["peak"] if steps(a, "warmup") < a["total"] else a["peak"],
        (
            (
                {"total": 10, "peak": 1.0, "warmup": 0.2, "floor": 0.0},
                {0: 0, 1: 0.5, 2: 1, 3: 0.875, 6: 0.5, 9: 0.125, 10: 0.125},
            ),
            ({"total": 4, "peak": 2.0, "warmup": 0, "floor": 0.5}, {0: 2, 1: 1.75, 2: 1.5, 3: 1.25}),
        ),
        {
            "linear_schedule": Oracle(
                lambda a: by_optax(
                    a,
                    "linear_schedule",
                    init_value=a["peak"],
                    end_value=a["floor"] * a["peak"],
                    transition_steps=a["total"],
                ),
                cold,
            )
        },
    ),
    "cosine": Case(
        args_of("warmup", floor=FLOOR, rise=RISE),
        {
            "torch CosineAnnealingLR": Oracle(cosine_torch, cold),
            "transformers": Oracle(cosine_transformers, lambda a: warm(straight(a), 1)),
            "transformers' WSD": Oracle(lambda a: rise_transformers(a, "cosine"), to_zero),
        },
        lambda a: a["floor"] * a["peak"] if steps(a, "warmup") < a["total"] else a["peak"],
        (
            (
                {"total": 8, "peak": 1.0, "warmup": 0, "floor": 0},
                {0: 1, 2: 0.8535533905932737, 4: 0.5, 6: 0.14644660940672624},
            ),
            ({"total": 12, "peak": 3.0, "warmup": 1 / 3, "floor": 0.1}, {0: 0, 2: 1.5, 4: 3, 8: 1.65}),
        ),
        {
            "warmup_cosine_decay_schedule": Oracle(
                lambda a: by_optax(
                    a,
                    "warmup_cosine_decay_schedule",
                    init_value=0.0,
                    peak_value=a["peak"],
                    warmup_steps=steps(a, "warmup"),
                    decay_steps=a["total"],
                    end_value=a["floor"] * a["peak"],
                ),
                lambda a: warm(a, 1),
            )
        },
    ),
    "wsd": Case(
        both(args_of("warmup", "decay", rise=RISE), COOLDOWN),
        {
            "transformers": Oracle(wsd_transformers, wsd_there),
            "pytorch_optimizer": Oracle(by_pytorch_optimizer, wsd_to_zero),
            "closed form": Oracle(wsd_closed_form),
        },
        lambda a: a["peak"] * landing(a, steps(a, "decay")),
        (
            (
                {"total": 10, "peak": 1.0, "warmup": 0.2, "decay": 0.4, "shape": "sqrt"},
                {0: 0, 1: 0.5, 2: 1, 6: 1, 7: 0.5, 8: 0.2928932188134524, 9: 0.1339745962155614},
            ),
            (
                {"total": 8, "peak": 1.0, "warmup": 0, "decay": 0.5, "shape": "exp", "floor": 0.0625},
                {3: 1, 4: 1, 5: 0.5, 6: 0.25, 7: 0.125},
            ),
            (
                {"total": 4, "peak": 1.0, "warmup": 0, "decay": 1, "shape": "lowered_linear", "drop": 0.7},
                {0: 0.7, 1: 0.525, 2: 0.35, 3: 0.175},
            ),
            (
                {"total": 4, "peak": 1.0, "warmup": 0, "decay": 1, "shape": "inverse_linear", "floor": 0.1},
                {0: 1, 1: 1 / 3.25, 2: 1 / 5.5, 3: 1 / 7.75},
            ),
            (
                {"total": 8, "peak": 1.0, "warmup": 0, "decay": 1, "shape": "half_life", "floor": 0.3},
                {0: 1, 1: 0.5**0.5, 2: 0.5, 3: 0.5**1.5, 4: 0.3, 7: 0.3},
            ),
            (
                {"total": 4, "peak": 1.0, "warmup": 0, "decay": 1, "shape": "half_life", "half_life": 0.5},
                {0: 1, 1: 0.5**0.5, 2: 0.5, 3: 0.5**1.5},
            ),
        ),
        reaches=lambda a: None if a["shape"] == "lowered_linear" else steps(a, "warmup"),
    ),
    "one_cycle": Case(
        args_of(
            "warmup",
            div=st.floats(1, 1e3),
            final_div=st.floats(1, 1e6),
            shape=st.sampled_from(("cosine", "linear")),
            phases=st.sampled_from((2, 3)),
        ).map(roomy),
        {"torch OneCycleLR": Oracle(one_cycle_torch, in_cycle)},
        one_cycle_end,
        (
            (
                {"total": 11, "peak": 1.0, "warmup": 3 / 11, "div": 25.0, "final_div": 1e4},
                {0: 0.04, 1: 0.52, 2: 1, 6: (1 + 4e-6) / 2, 10: 4e-6, 30: 4e-6},
            ),
            (
                {"total": 5, "peak": 1.0, "warmup": 0.6, "div": 2.0, "final_div": 2.0, "shape": "linear"},
                {0: 0.5, 1: 0.75, 2: 1, 3: 0.625, 4: 0.25},
            ),
            (
                {"total": 8, "peak": 1.0, "warmup": 0.375, "div": 4.0, "final_div": 4.0, "phases": 3},
                {0: 0.25, 1: 0.625, 2: 1, 3: 0.625, 4: 0.25, 7: 0.0625, 20: 0.0625},
            ),
        ),
        {
            "cosine_onecycle_schedule": Oracle(one_cycle_optax, lambda a: warm(a, 2)),
            "linear_onecycle_schedule": Oracle(linear_one_cycle_optax, three_linear),
        },
        reaches=lambda a: max(steps(a, "warmup") - 1, 0),
        together=half_way,
    ),
}

_FAMILIES = (cases_cyclic, cases_decay, cases_tokens, cases_other)
CASES: dict[str, Case] = _BASICS | {name: case for each in _FAMILIES for name, case in each.CASES.items()}
